/*
 * contents_test.c - the section of packages
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/contents.h"

static struct err err;

START_TEST(there_and_back)
{
	static const char text[] =
		"package=debian jq 1.6-2.1 3 400\n"
		"package=dir ./a%20tree % 1 7\n"
		"package=holdall holdall % 0 0\n";
	CLEANUP_CONTENTS struct contents c = { 0 };
	CLEANUP_CONTENTS struct contents d = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;

	ck_assert_int_eq(contents_add(&c, "holdall", "holdall", "", 0, 0,
				      &err), 0);
	ck_assert_int_eq(contents_add(&c, "dir", "./a tree", "", 1, 7, &err),
			 0);
	ck_assert_int_eq(contents_add(&c, "debian", "jq", "1.6-2.1", 3, 400,
				      &err), 0);
	ck_assert_int_eq(contents_format(&c, &out, &err), 0);
	ck_assert_str_eq(buf_text(&out), text);
	ck_assert_int_eq(contents_parse(text, strlen(text), &d, &err), 0);
	contents_sort(&d);
	ck_assert_uint_eq(d.n, 3);
	ck_assert_str_eq(d.v[0].name, "jq");
	ck_assert_uint_eq(d.v[0].bytes, 400);
	ck_assert_str_eq(d.v[1].name, "./a tree");
	ck_assert_str_eq(d.v[2].version, "");
}
END_TEST

START_TEST(refused)
{
	static const char *const texts[] = {
		"package=debian jq 1 1\n", "package=debian jq 1 1 1 1\n",
		"package=snap jq 1 1 1\n", "package=debian % 1 1 1\n",
		"package=debian jq 1 01 1\n", "package=debian jq 1 -1 1\n",
		"package=debian jq 1 1 999999999999999999999\n",
		"package=debian jq 1 1 281474976710657\n",
		"package=debian jq 1 1 1", "packages=debian jq 1 1 1\n",
		"package=debian jq 1 1 1\npackage=debian ab 1 1 1\n",
		"package=debian jq 1 1 1\npackage=debian jq 1 1 1\n",
		"package=debian j%6A 1 1 1\n", "# x\n",
		"package=debian jq 1\t1 1\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct contents c = { 0 };

		ck_assert_msg(contents_parse(texts[i], strlen(texts[i]), &c,
					     &err) < 0, "%s", texts[i]);
		ck_assert_uint_eq(c.n, 0);
	}
	ck_assert_int_eq(contents_parse("package=debian a%00b 1 1 1\n", 27,
					&(struct contents){ 0 }, &err) < 0, 1);
}
END_TEST

START_TEST(bounded)
{
	CLEANUP_CONTENTS struct contents c = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (unsigned i = 0; i <= CONTENTS_ROWS_MAX; i++)
		buf_addf(&b, "package=debian p%06u 1 1 1\n", i);
	ck_assert_int_eq(contents_parse(buf_text(&b), b.len, &c, &err),
			 -E2BIG);
	ck_assert_uint_eq(c.n, 0);
	while (b.len <= CONTENTS_MAX)
		buf_adds(&b, "package=debian zzzzzzzzzzzzzzzzzzzzz 1 1 1\n");
	ck_assert_int_eq(contents_parse(buf_text(&b), b.len, &c, &err),
			 -EFBIG);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("contents");
	TCase *c = tcase_create("contents");
	SRunner *r;
	int failed;

	tcase_add_test(c, there_and_back);
	tcase_add_test(c, refused);
	tcase_add_test(c, bounded);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
