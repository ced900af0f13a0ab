/*
 * image_jail_test.c - what the jail forbids kills, what it allows works
 */
#include <check.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image_child.h"

/* Each returns without harm outside the jail: that is tested too. */
static void try_open(void)
{
	(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void try_socket(void)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void try_fork(void)
{
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(0);
}

static void try_exec_memory(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_protect(void)
{
	(void)mprotect(NULL, 0, PROT_READ | PROT_EXEC);
}

static void try_kill(void)
{
	(void)kill(getpid(), 0);
}

static void try_write_at(void)
{
	(void)pwrite(-1, "", 1, 0);
}

static void try_send(void)
{
	(void)send(-1, "", 1, 0);
}

static void try_ioctl(void)
{
	(void)syscall(SYS_ioctl, -1, 0, 0);
}

static void try_x32(void)
{
#ifdef __x86_64__
	(void)syscall(SYS_read | 0x40000000, -1, 0, 0);
#else
	(void)syscall(SYS_openat, -1, 0, 0);
#endif
}

static void try_dup(void)
{
	(void)dup(0);
}

static void try_map_file(void)
{
	(void)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0);
}

static void try_futex_pi(void)
{
	(void)syscall(SYS_futex, NULL, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

/* The kernel does not look at the upper half, so nobody may hide there. */
static void try_futex_requeue(void)
{
	(void)syscall(SYS_futex, NULL, (1ul << 32) | FUTEX_CMP_REQUEUE_PI, 0,
		      NULL, NULL, 0);
}

static void try_advise(void)
{
	(void)madvise(NULL, 0, MADV_WILLNEED);
}

static void (*const forbidden[])(void) = {
	try_open, try_socket, try_fork, try_exec_memory, try_protect, try_kill,
	try_write_at, try_send, try_ioctl, try_x32, try_dup,
	try_map_file, try_futex_pi, try_futex_requeue, try_advise,
};

/* The wait status of fn in a child, in the jail or not. */
static int run_child(void (*fn)(void), bool jailed)
{
	struct err err;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (jailed && (image_jail_drop(&err) < 0 ||
			       image_jail_filter_calls(&err) < 0))
			_exit(99);
		fn();
		_exit(0);
	}
	ck_assert_int_eq(child_wait(pid, &status), 0);
	return status;
}

START_TEST(forbidden_kills)
{
	int status;

	ck_assert_int_eq(run_child(forbidden[_i], false), 0);
	status = run_child(forbidden[_i], true);
	/* Test builds under a sanitizer have no filter. */
#ifdef HOLDALL_SAN
	ck_assert_int_eq(status, 0);
#else
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		      "case %d: status %x", _i, status);
#endif
}
END_TEST

static int sock[2];

static void use_what_is_allowed(void)
{
	char byte, *p;
	int fd = -1;

	if (fd_recv(sock[1], &fd, &byte, 1) < 0 || fd < 0)
		_exit(10);
	p = malloc(1 << 20);
	if (!p || fd_pread_all(fd, p, 100, 0) < 0)
		_exit(11);
	free(p);
	/* The limit holds: nothing fits beyond it. */
	if (malloc((size_t)1 << 30))
		_exit(12);
	(void)close(fd);
}

/* A descriptor still arrives, memory can be had, but not without bound. */
START_TEST(allowed_works)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int r;

	ck_assert_int_ge(fd, 0);
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock);
	ck_assert_int_eq(r, 0);
	ck_assert_int_lt(sock[1], 7);
	ck_assert_int_eq(fd_send(sock[0], fd, "F", 1), 0);
#ifndef HOLDALL_SAN
	ck_assert_int_eq(run_child(use_what_is_allowed, true), 0);
#endif
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_jail");
	TCase *t = tcase_create("jail");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, forbidden_kills, 0, (int)ARRAY_SIZE(forbidden));
	tcase_add_test(t, allowed_works);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
