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

static void resolves_to(const char *rel, const char *want)
{
	CLEANUP_FREE char *path = path_join(dir, rel);
	CLEANUP_FREE char *expected = want[0] == '/' ? strdup(want) :
						       path_join(dir, want);
	CLEANUP_FREE char *got = path_resolve_most(path, NULL);

	ck_assert_msg(got && !strcmp(got, expected), "%s: %s, not %s", rel,
		      got, expected);
}

START_TEST(resolves_as_far_as_it_exists)
{
	CLEANUP_STRLIST struct strlist links = { 0 };
	CLEANUP_FREE char *path = path_join(dir, "a/in/x");
	CLEANUP_FREE char *link = path_join(dir, "a/in");
	CLEANUP_FREE char *real = NULL;

	ck_assert_int_eq(symlinkat("a", dir_fd, "loop-a"), 0);
	ck_assert_int_eq(symlinkat("self", dir_fd, "self"), 0);
	resolves_to("a/in/file", "a/b/file");
	resolves_to("a/in/missing/deeper", "a/b/missing/deeper");
	resolves_to("a/out/x", "/etc/x");
	resolves_to("a/in/../b", "a/b");
	resolves_to("none/../a", "a");
	resolves_to("loop-a/up/a", "a");
	real = path_resolve_most(path, &links);
	ck_assert_ptr_nonnull(real);
	ck_assert_uint_eq(links.n, 1);
	ck_assert_str_eq(links.v[0], link);
	free(real);
	free(path);
	path = path_join(dir, "self/x");
	real = path_resolve_most(path, NULL);
	ck_assert_ptr_null(real);
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
	tcase_add_test(t, resolves_as_far_as_it_exists);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
