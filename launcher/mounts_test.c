/*
 * mounts_test.c - binds and their attributes, with mount_setattr and without
 *
 * Each case runs in a user and mount namespace of its own (Check forks).  Where the
 * machine refuses that, the case fails: CI must have it.
 */
#include "launcher/mounts.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/executor.h"
#include "runtime/path.h"

static int root_fd;

static void enter_namespaces(void)
{
	struct plan p = { .uid = geteuid(), .gid = getegid() };
	struct err err = { 0 };

	ck_assert_msg(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "%s",
		      strerror(errno));
	ck_assert_msg(executor_identity(&p, &err) == 0, "%s", err.text);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL), 0);
	ck_assert_int_eq(mount("t", "/tmp", "tmpfs", 0, "mode=0755"), 0);
	root_fd = open("/tmp", O_PATH | O_DIRECTORY);
	ck_assert_int_ge(root_fd, 0);
	ck_assert_int_eq(mkdirat(root_fd, "source", 0755), 0);
	ck_assert_int_eq(mkdirat(root_fd, "source/sub", 0755), 0);
	ck_assert_int_eq(mkdirat(root_fd, "target", 0755), 0);
	ck_assert_int_eq(mount("s", "/tmp/source/sub", "tmpfs", 0, NULL), 0);
}

static int write_to(const char *rel)
{
	int fd = openat(root_fd, rel, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

START_TEST(read_only_bind_covers_what_is_mounted_below)
{
	int source;

	enter_namespaces();
	mounts_no_setattr = _i == 1;
	source = openat(root_fd, "source", O_PATH);
	ck_assert_int_eq(mount_bind(source, root_fd, "target",
				    ATTR_RO | ATTR_NODEV | ATTR_NOSUID), 0);
	ck_assert_int_eq(write_to("target/x"), EROFS);
	ck_assert_int_eq(write_to("target/sub/x"), EROFS);
	ck_assert_int_eq(write_to("source/sub/x"), 0);
}
END_TEST

START_TEST(restricting_the_root_leaves_mounts_below_alone)
{
	CLEANUP_FD int top = -1;

	enter_namespaces();
	mounts_no_setattr = _i == 1;
	top = path_try_beneath(root_fd, ".", O_PATH, 0);
	ck_assert_int_eq(mount_restrict(top, ATTR_RO), 0);
	ck_assert_int_eq(write_to("x"), EROFS);
	ck_assert_int_eq(write_to("source/sub/x"), 0);
}
END_TEST

START_TEST(no_mount_through_a_link)
{
	int source;

	enter_namespaces();
	source = openat(root_fd, "source", O_PATH);
	ck_assert_int_eq(symlinkat("/tmp/target", root_fd, "link"), 0);
	ck_assert_int_eq(mount_bind(source, root_fd, "link", 0), -ELOOP);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mounts");
	TCase *t = tcase_create("mounts");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, read_only_bind_covers_what_is_mounted_below, 0,
			    2);
	tcase_add_loop_test(t, restricting_the_root_leaves_mounts_below_alone,
			    0, 2);
	tcase_add_test(t, no_mount_through_a_link);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
