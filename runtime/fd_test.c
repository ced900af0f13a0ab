/*
 * fd_test.c - descriptors over a socket, and whose errno is whose (see fd.h)
 */
#include "runtime/fd.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/raw_syscall.h"

START_TEST(a_descriptor_arrives_with_its_data)
{
	int ends[2], got = -1;
	char data[4];
	char path[] = "/dev/null";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    ends), 0);
	ck_assert_int_eq(fd_send(ends[1], fd, "data", 4), 0);
	ck_assert_int_eq(fd_recv(ends[0], &got, data, 4), 0);
	ck_assert_mem_eq(data, "data", 4);
	ck_assert_int_eq(fcntl(got, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fd_send(ends[1], fd, "longer", 6), 0);
	ck_assert_int_eq(fd_recv(ends[0], &got, data, 4), -EPROTO);
	(void)close(ends[1]);
	ck_assert_int_eq(fd_recv(ends[0], &got, data, 4), -ENODATA);
	(void)close(ends[0]);
	(void)close(fd);
}
END_TEST

/* Children that share memory send: a failure there is not the maker's errno. */
START_TEST(a_failed_send_leaves_errno_alone)
{
	errno = ETXTBSY;
	ck_assert_int_eq(fd_send(-1, 0, "x", 1), -EBADF);
	if (RAW_SYSCALL_PURE)
		ck_assert_int_eq(errno, ETXTBSY);
	errno = ETXTBSY;
	ck_assert_int_eq(raw_syscall(SYS_openat, AT_FDCWD, (long)"/nowhere/",
				     O_RDONLY, 0), -ENOENT);
	if (RAW_SYSCALL_PURE)
		ck_assert_int_eq(errno, ETXTBSY);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fd");
	TCase *c = tcase_create("fd");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, c);
	tcase_add_test(c, a_descriptor_arrives_with_its_data);
	tcase_add_test(c, a_failed_send_leaves_errno_alone);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
