/*
 * profile_test.c - the text of a launch profile: one spelling, and what is refused
 */
#include "launcher/profile.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "manifests/test_run.h"

#define FIRST PROFILE_FIRST_LINE "\n"

static struct err err;

static int parse(const char *text, struct profile *ret)
{
	return profile_parse("start.profile", text, strlen(text), ret, &err);
}

START_TEST(it_is_written_as_it_was_read)
{
	static const char text[] = FIRST "node /\nlist /\nlist /usr/bin\n"
		"node /usr/bin/a%20b%25\nread /usr/bin/a%20b%25 0\n"
		"read /usr/bin/a%20b%25 4-9\nread /x 16777215\n"
		"node /%C3%A4%0A\n";
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;

	ck_assert_msg(parse(text, &p) == 0, "%s", err.text);
	ck_assert_uint_eq(p.n, 8);
	ck_assert_str_eq(p.v[0].path, "");
	ck_assert_str_eq(p.v[3].path, "usr/bin/a b%");
	ck_assert_int_eq(p.v[5].kind, TRACE_READ);
	ck_assert_uint_eq(p.v[5].first, 4);
	ck_assert_uint_eq(p.v[5].last, 9);
	profile_format(&p, &out);
	ck_assert_str_eq(buf_text(&out), text);
}
END_TEST

START_TEST(blocks_in_a_row_are_one_line)
{
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	static const struct {
		const char *path;
		uint32_t block;
	} reads[] = { { "a", 0 }, { "a", 1 }, { "a", 2 }, { "b", 3 },
		      { "a", 3 }, { "a", 5 }, { "a", 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
		ck_assert_int_eq(profile_add(&p, TRACE_READ, reads[i].path,
					     reads[i].block, &err), 0);
	ck_assert_int_eq(profile_add(&p, TRACE_NODE, "a", 0, &err), 0);
	profile_format(&p, &out);
	ck_assert_str_eq(buf_text(&out), FIRST "read /a 0-2\nread /b 3\n"
			 "read /a 3\nread /a 5\nread /a 4\nnode /a\n");
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{ "", "start.profile:1: not a launch profile (the first line is not "
	  "'holdall-profile 1')" },
	{ "holdall-profile 12\n", "start.profile:1: a profile of another "
	  "version; record it again with this holdall" },
	{ "schema: 1\n", "start.profile:1: not a launch profile (the first "
	  "line is not 'holdall-profile 1')" },
	{ PROFILE_FIRST_LINE, "start.profile:1: the last line has no end: the "
	  "file is cut off" },
	{ FIRST "node /a\nnode /b", "start.profile:3: the last line has no "
	  "end: the file is cut off" },
	{ FIRST "open /a\n", "start.profile:2: a line begins with list, node "
	  "or read" },
	{ FIRST "\n", "start.profile:2: a line begins with list, node or "
	  "read" },
	{ FIRST "node a\n", "start.profile:2: a path begins with a slash" },
	{ FIRST "node\n", "start.profile:2: a path begins with a slash" },
	{ FIRST "node /a/../b\n", "start.profile:2: the path is too long, or "
	  "has an empty part, '.' or '..'" },
	{ FIRST "node /a/\n", "start.profile:2: the path is too long, or has "
	  "an empty part, '.' or '..'" },
	{ FIRST "node //a\n", "start.profile:2: the path is too long, or has "
	  "an empty part, '.' or '..'" },
	{ FIRST "node /a%2\n", "start.profile:2: the path is not escaped as "
	  "holdall writes it" },
	{ FIRST "node /%41\n", "start.profile:2: the path is not escaped as "
	  "holdall writes it" },
	{ FIRST "node /%00\n", "start.profile:2: the path is not escaped as "
	  "holdall writes it" },
	{ FIRST "node /\xff\n", "start.profile:2: the path is not escaped as "
	  "holdall writes it" },
	{ FIRST "node /a b\n", "start.profile:2: there is something behind the "
	  "last word" },
	{ FIRST "read /a 1 2\n", "start.profile:2: there is something behind "
	  "the last word" },
	{ FIRST "read /a\n", "start.profile:2: behind the path of a read stands "
	  "a block, or two with a dash" },
	{ FIRST "read /a -1\n", "start.profile:2: behind the path of a read "
	  "stands a block, or two with a dash" },
	{ FIRST "read /a 1-\n", "start.profile:2: behind the dash stands the "
	  "last block" },
	{ FIRST "read /a 2-1\n", "start.profile:2: a block beyond the largest "
	  "file, or blocks that go backwards" },
	{ FIRST "read /a 16777216\n", "start.profile:2: a block beyond the "
	  "largest file, or blocks that go backwards" },
};

START_TEST(faults_name_the_line)
{
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;

	ck_assert_int_eq(parse(bad[_i].text, &p), -EINVAL);
	ck_assert_str_eq(err.text, bad[_i].message);
	ck_assert_ptr_null(p.v);
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
	static const char text[] = FIRST "node /a\0b\n";
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;

	ck_assert_int_eq(profile_parse("x", text, sizeof(text) - 1, &p, &err),
			 -EINVAL);
}
END_TEST

START_TEST(lines_have_a_limit)
{
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, FIRST);
	for (unsigned i = 0; i < PROFILE_LINES_MAX; i++)
		buf_adds(&text, "node /a\n");
	ck_assert_int_eq(profile_parse("x", text.data, text.len, &p, &err), 0);
	ck_assert_uint_eq(p.n, PROFILE_LINES_MAX);
	profile_free(&p);
	buf_adds(&text, "node /a\n");
	ck_assert_int_eq(profile_parse("x", text.data, text.len, &p, &err),
			 -EINVAL);
	ck_assert_str_eq(err.text, "x:65538: more lines than a profile may "
			 "have");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("profile");
	TCase *t = tcase_create("profile");

	tcase_add_test(t, it_is_written_as_it_was_read);
	tcase_add_test(t, blocks_in_a_row_are_one_line);
	tcase_add_loop_test(t, faults_name_the_line, 0, ARRAY_SIZE(bad));
	tcase_add_test(t, nul_bytes_are_refused);
	tcase_add_test(t, lines_have_a_limit);
	suite_add_tcase(s, t);
	return run_suite(s);
}
