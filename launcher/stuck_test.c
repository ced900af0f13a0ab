/*
 * stuck_test.c - a process that waits for a FUSE server that never answers
 *
 * In a user and mount namespace of its own; the server is this test, which takes the
 * questions and keeps them.
 */
#include "launcher/stuck.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/child.h"
#include "runtime/image.h"

static void write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

/* /dev/fuse of a mount at `point`. */
static int mount_silent(const char *point)
{
	const struct image_owner owner = { 0, 0 };
	unsigned uid = geteuid(), gid = getegid();
	char text[128];
	int fd;

	ck_assert_int_eq(unshare(CLONE_NEWUSER | CLONE_NEWNS), 0);
	write_map("/proc/self/setgroups", "deny");
	(void)snprintf(text, sizeof(text), "0 %u 1", uid);
	write_map("/proc/self/uid_map", text);
	(void)snprintf(text, sizeof(text), "0 %u 1", gid);
	write_map("/proc/self/gid_map", text);
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	ck_assert_int_ge(fd, 0);
	image_mount_options(text, sizeof(text), fd, owner);
	ck_assert_int_eq(mount("silent", point, "fuse", MS_NOSUID | MS_NODEV,
			       text), 0);
	return fd;
}

/* The kernel says what it is and wants to know what we are. */
static void answer_init(int fd)
{
	static char space[1 << 17];
	const struct fuse_in_header *q = (const void *)space;
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} a = { .head = { .len = sizeof(a) }, .init = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096 } };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_gt(read(fd, space, sizeof(space)), 0);
	ck_assert_uint_eq(q->opcode, FUSE_INIT);
	a.head.unique = q->unique;
	ck_assert_int_eq(write(fd, &a, sizeof(a)), sizeof(a));
}

/* Takes the next question and keeps it. */
static void keep_question(int fd)
{
	static char space[1 << 17];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_gt(read(fd, space, sizeof(space)), 0);
}

START_TEST(killed_and_waiting_is_stuck)
{
	char point[] = "/tmp/stuck.XXXXXX", inside[64];
	struct stat st;
	bool stuck = false;
	pid_t pid;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(point));
	(void)snprintf(inside, sizeof(inside), "%s/x", point);
	fd = mount_silent(point);
	answer_init(fd);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)close(fd);
		_exit(stat(inside, &st) < 0);
	}
	keep_question(fd);
	/* It only waits. */
	ck_assert(!stuck_in_kernel(pid));
	ck_assert(!stuck_in_kernel(getpid()));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	for (int i = 0; i < 1000 && !stuck; i++) {
		stuck = stuck_in_kernel(pid);
		(void)usleep(5000);
	}
	ck_assert(stuck);
	/* As its parent sees it too. */
	ck_assert(stuck_in_kernel(getpid()));
	/* The server's end ends it. */
	(void)close(fd);
	ck_assert_int_eq(child_wait(pid, NULL), 0);
	ck_assert(!stuck_in_kernel(getpid()));
	(void)umount2(point, MNT_DETACH);
	(void)rmdir(point);
}
END_TEST

START_TEST(gone_is_not_stuck)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(child_wait(pid, NULL), 0);
	ck_assert(!stuck_in_kernel(pid));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stuck");
	TCase *t = tcase_create("stuck");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_test(t, killed_and_waiting_is_stuck);
	tcase_add_test(t, gone_is_not_stuck);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
