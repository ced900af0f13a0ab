/*
 * path_test.c - the door: beneath, no links, both ways of opening
 *
 * Every case runs with openat2 and with the fall-back for older kernels.
 */
#include "runtime/path.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static char dir[64];
static int dir_fd;

static void make_file(const char *rel)
{
	int fd = openat(dir_fd, rel, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static void set_up(void)
{
	strcpy(dir, "/tmp/holdall-path-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dir_fd = open(dir, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(mkdirat(dir_fd, "a", 0700), 0);
	ck_assert_int_eq(mkdirat(dir_fd, "a/b", 0700), 0);
	make_file("a/b/file");
	ck_assert_int_eq(symlinkat("/etc", dir_fd, "a/out"), 0);
	ck_assert_int_eq(symlinkat("b", dir_fd, "a/in"), 0);
	ck_assert_int_eq(symlinkat("..", dir_fd, "a/up"), 0);
}

static void tear_down(void)
{
	char command[128];

	(void)close(dir_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void expect(const char *rel, int flags, int want)
{
	int fd = path_try_beneath(dir_fd, rel, flags, 0);

	if (want == 0)
		ck_assert_msg(fd >= 0, "%s: %d", rel, fd);
	else
		ck_assert_msg(fd == -want, "%s: %d, not %d", rel, fd, -want);
	if (fd >= 0)
		(void)close(fd);
}

/* _i chooses the way. */
START_TEST(opens_what_lies_beneath_and_nothing_else)
{
	path_no_openat2 = _i == 1;
	expect("", O_PATH, 0);
	expect(".", O_PATH, 0);
	expect("a/b/file", O_RDONLY, 0);
	expect("a//b/file", O_RDONLY, 0);
	expect("a/./b/file", O_RDONLY, 0);
	expect("a/b/none", O_RDONLY, ENOENT);
	expect("a/b/file/x", O_RDONLY, _i ? ELOOP : ENOTDIR);
	expect("a/out", O_PATH, ELOOP);
	expect("a/out/passwd", O_RDONLY, ELOOP);
	expect("a/in/file", O_RDONLY, ELOOP);
	expect("a/up/a", O_PATH, ELOOP);
	expect("..", O_PATH, EXDEV);
	expect("/etc/passwd", O_RDONLY, EXDEV);
}
END_TEST

START_TEST(makes_directories_without_following)
{
	struct err err;
	int fd = -1;

	path_no_openat2 = _i == 1;
	ck_assert_int_eq(path_mkdir_beneath(dir_fd, "x/y/z", 0700, &fd, &err),
			 0);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	expect("x/y/z", O_PATH | O_DIRECTORY, 0);
	ck_assert_int_lt(path_mkdir_beneath(dir_fd, "a/out/evil", 0700, NULL,
					    &err), 0);
	ck_assert_int_lt(path_mkdir_beneath(dir_fd, "../evil", 0700, NULL,
					    &err), 0);
	ck_assert_int_ne(access("/etc/evil", F_OK), 0);
}
END_TEST

START_TEST(text_arithmetic)
{
	static const struct {
		const char *in, *out;
	} n[] = {
		{ "/", "/" }, { "/a/../b", "/b" }, { "/../..", "/" },
		{ "/a//b/./c/", "/a/b/c" }, { "a/../..", "." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		CLEANUP_FREE char *s = path_normalise(n[i].in);

		ck_assert_str_eq(s, n[i].out);
	}
	ck_assert(path_is_clean("/a/b", true));
	ck_assert(!path_is_clean("/a/../b", true));
	ck_assert(!path_is_clean("/a/", true));
	ck_assert(!path_is_clean("a/b", true));
	ck_assert(path_is_clean("a/b", false));
	ck_assert(!path_is_clean("", false));
	ck_assert_str_eq(path_below("/a/b", "/a"), "b");
	ck_assert_str_eq(path_below("/a", "/a"), "");
	ck_assert_str_eq(path_below("/a", "/"), "a");
	ck_assert_ptr_null(path_below("/ab", "/a"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("path");
	TCase *t = tcase_create("path");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, opens_what_lies_beneath_and_nothing_else, 0, 2);
	tcase_add_loop_test(t, makes_directories_without_following, 0, 2);
	tcase_add_test(t, text_arithmetic);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
