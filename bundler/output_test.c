/*
 * output_test.c - a file that appears whole or not at all
 */
#include <errno.h>

#include "bundler/test_kit.h"

#include "bundler/output.h"
#include "runtime/fd.h"

static char dir[64], path[96];
static struct err err;

static void setup(void)
{
	kit_make(dir);
	(void)snprintf(path, sizeof(path), "%s/out", dir);
}

static void teardown(void)
{
	kit_remove(dir);
}

static void expect(const char *text, int files)
{
	ck_assert_int_eq(kit_run("test $(ls -A %s | wc -l) = %d", dir, files),
			 0);
	if (text)
		ck_assert_int_eq(kit_run("test \"$(cat %s)\" = '%s'", path,
					 text), 0);
}

/* With and without O_TMPFILE (loop test). */
START_TEST(test_commit)
{
	CLEANUP_OUTPUT struct output o = OUTPUT_INIT;
	mode_t old = umask(027);
	struct stat st;

	kit_write(dir, "out", "old", 3);
	ck_assert_ok(output_open(path, _i == 1, &o, &err));
	ck_assert_int_eq(fd_write_all(o.fd, "new", 3), 0);
	expect("old", _i == 1 ? 2 : 1);
	ck_assert_ok(output_commit(&o, &err));
	(void)umask(old);
	expect("new", 1);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
}
END_TEST

START_TEST(test_drop)
{
	struct output o = OUTPUT_INIT;

	ck_assert_ok(output_open(path, _i == 1, &o, &err));
	ck_assert_int_eq(fd_write_all(o.fd, "new", 3), 0);
	output_free(&o);
	expect(NULL, 0);
	kit_write(dir, "out", "old", 3);
	ck_assert_ok(output_open(path, _i == 1, &o, &err));
	output_free(&o);
	expect("old", 1);
}
END_TEST

START_TEST(test_links_are_replaced)
{
	CLEANUP_OUTPUT struct output o = OUTPUT_INIT;

	kit_write(dir, "target", "old", 3);
	ck_assert_int_eq(kit_run("ln -s target %s", path), 0);
	ck_assert_ok(output_open(path, false, &o, &err));
	ck_assert_ok(output_commit(&o, &err));
	ck_assert_int_eq(kit_run("test ! -L %s && test -s %s/target", path,
				 dir), 0);
}
END_TEST

START_TEST(test_refused)
{
	struct output o = OUTPUT_INIT;

	ck_assert_int_eq(output_open(dir, false, &o, &err), -EISDIR);
	ck_assert_int_eq(output_open("/tmp/", false, &o, &err), -EISDIR);
	ck_assert_int_eq(output_open("/", false, &o, &err), -EISDIR);
	ck_assert_int_eq(output_open("..", false, &o, &err), -EISDIR);
	ck_assert_int_eq(output_open("/dev/null", false, &o, &err), -EINVAL);
	ck_assert_int_eq(output_open("/nowhere/x", false, &o, &err), -ENOENT);
	ck_assert_int_eq(o.fd, -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("output");
	TCase *c = tcase_create("output");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test_commit, 0, 2);
	tcase_add_loop_test(c, test_drop, 0, 2);
	tcase_add_test(c, test_links_are_replaced);
	tcase_add_test(c, test_refused);
	suite_add_tcase(s, c);
	return kit_main(s);
}
