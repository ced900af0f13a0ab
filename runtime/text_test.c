/*
 * text_test.c - escaping, lists, lines, quoting, names, numbers
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "runtime/text.h"

/* ---- escaping ---- */

START_TEST(every_byte_survives_escaping)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *back = NULL;
	char all[256] = "";

	for (unsigned i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	text_escape(&out, all, 255);
	for (size_t i = 0; i < out.len; i++)
		ck_assert(out.data[i] > 0x20 && out.data[i] < 0x7f);
	ck_assert_int_eq(text_unescape(out.data, out.len, &back), 0);
	ck_assert_uint_eq(strlen(back), 255);
	ck_assert_mem_eq(back, all, 255);
}
END_TEST

START_TEST(escapes_as_described)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	text_escape(&out, "a b%\n\xc3\xa9~!", 9);
	ck_assert_str_eq(out.data, "a%20b%25%0A%C3%A9~!");
}
END_TEST

static const char *const bad_escapes[] = {
	"%", "a%", "%2", "%0", "%2g", "%zz", "%0a" /* lower case */,
	"%41" /* needless */, "%7E", "%00", "a b", "a\n", "\x7f", "\xc3\xa9",
	"%%", "%25%2",
};

START_TEST(refuses_other_spellings)
{
	char *back = NULL;

	ck_assert_int_eq(text_unescape(bad_escapes[_i],
				       strlen(bad_escapes[_i]), &back),
			 -EINVAL);
	ck_assert_ptr_null(back);
}
END_TEST

/* ---- lists ---- */

static const struct {
	const char *items[4];
	size_t n;
	const char *text;
} lists[] = {
	{ { 0 }, 0, "" },
	{ { "" }, 1, "%" },
	{ { "a" }, 1, "a" },
	{ { "a", "b c", "d" }, 3, "a b%20c d" },
	{ { "", "", "" }, 3, "% % %" },
	{ { "%", "%25" }, 2, "%25 %2525" },
};

START_TEST(lists_round_trip)
{
	CLEANUP_STRLIST struct strlist list = { 0 };
	CLEANUP_STRLIST struct strlist back = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < lists[_i].n; i++)
		ck_assert_int_eq(strlist_add(&list, lists[_i].items[i]), 0);
	text_write_list(&out, &list);
	ck_assert_str_eq(buf_text(&out), lists[_i].text);
	ck_assert_int_eq(text_read_list(buf_text(&out), out.len, &back), 0);
	ck_assert_uint_eq(back.n, lists[_i].n);
	for (size_t i = 0; i < back.n; i++)
		ck_assert_str_eq(back.v[i], lists[_i].items[i]);
	if (back.n)
		ck_assert_ptr_null(back.v[back.n]);
}
END_TEST

START_TEST(lists_refuse_other_spellings)
{
	static const char *const bad[] = { " ", "a ", " a", "a  b", "%%", "a %4" };
	struct strlist list = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(text_read_list(bad[i], strlen(bad[i]), &list) ==
			      -EINVAL, "'%s'", bad[i]);
	ck_assert_ptr_null(list.v);
}
END_TEST

START_TEST(strlist_grows_and_copies)
{
	CLEANUP_STRLIST struct strlist list = { 0 };
	CLEANUP_STRLIST struct strlist copy = { 0 };
	char name[16];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		ck_assert_int_eq(strlist_add(&list, name), 0);
		ck_assert_ptr_null(list.v[list.n]);
	}
	ck_assert_int_eq(strlist_copy(&copy, &list), 0);
	ck_assert_uint_eq(copy.n, 1000);
	ck_assert(strlist_has(&copy, "n999"));
	ck_assert(!strlist_has(&copy, "n1000"));
	ck_assert_ptr_ne(copy.v[5], list.v[5]);
	ck_assert_int_eq(strlist_add_steal(&list, NULL), -ENOMEM);
}
END_TEST

/* ---- lines ---- */

/* Joins what the walk gives as "key>value;", or the error. */
static const char *walk(const char *text, bool strict, struct buf *out)
{
	struct text_lines it = TEXT_LINES(text, strlen(text), strict);
	struct text_line line;
	struct err err;
	int r;

	while ((r = text_next_line(&it, &line, &err)) > 0) {
		buf_add(out, line.key, line.key_len);
		buf_addc(out, '>');
		buf_add(out, line.value, line.value_len);
		buf_addc(out, ';');
	}
	if (r < 0)
		buf_addf(out, "!%s", err.text);
	return buf_text(out);
}

static const struct {
	const char *text, *strict, *lax;	/* NULL: the same */
} texts[] = {
	{ "", "", NULL },
	{ "a=1\nb=2\n", "a>1;b>2;", NULL },
	{ "a=\n", "a>;", NULL },
	{ "a=1=2\n", "a>1=2;", NULL },
	{ "a=1\na=2\n", "a>1;a>2;", NULL },
	{ "a-b.c9=x y\n", "a-b.c9>x y;", NULL },
	/* a shorter key comes first, though '=' comes behind '.' */
	{ "a=1\na.b=1\n", "a>1;a.b>1;", NULL },
	{ "a.b=1\na=1\n", "a.b>1;!line 2: not in ascending order, or twice",
	  "a.b>1;a>1;" },
	{ "a=2\na=1\n", "a>2;!line 2: not in ascending order, or twice",
	  "a>2;a>1;" },
	{ "a=1\na=1\n", "a>1;!line 2: not in ascending order, or twice",
	  "a>1;a>1;" },
	{ "a=1\na=10\na=2\n", "a>1;a>10;a>2;", NULL },
	{ "a=1", "!line 1: does not end in a newline", "a>1;" },
	{ "\n", "!line 1: no '='; write key=value", "" },
	{ "# a=1\n \t\n  b = 2 \r\n",
	  "!line 1: a key holds only a-z, 0-9, '.' and '-'", "b>2;" },
	/* app ids stand in the keys of settings */
	{ "A_b=1\n", "!line 1: a key holds only a-z, 0-9, '.' and '-'",
	  "A_b>1;" },
	{ "a/b=1\n", "!line 1: a key holds only a-z, 0-9, '.' and '-'",
	  "!line 1: a key holds only a-z, A-Z, '_', 0-9, '.' and '-'" },
	{ "=1\n", "!line 1: no key before '='", NULL },
	{ "a=1\nhello\n", "a>1;!line 2: no '='; write key=value", NULL },
	{ "a=\xc3\xa9\n", "!line 1: byte 0xc3 in the value; write it as %C3",
	  NULL },
	{ "a=\tx\n", "!line 1: byte 0x09 in the value; write it as %09",
	  "a>x;" },
	{ "a=\x7f\n", "!line 1: byte 0x7f in the value; write it as %7F",
	  NULL },
};

START_TEST(lines_are_walked)
{
	CLEANUP_BUF struct buf strict = BUF_INIT;
	CLEANUP_BUF struct buf lax = BUF_INIT;
	const char *want = texts[_i].lax ? texts[_i].lax : texts[_i].strict;

	ck_assert_str_eq(walk(texts[_i].text, true, &strict),
			 texts[_i].strict);
	ck_assert_str_eq(walk(texts[_i].text, false, &lax), want);
}
END_TEST

START_TEST(lines_hold_no_nul)
{
	struct text_lines it = TEXT_LINES("a=x\0y\n", 6, true);
	struct text_line line;
	struct err err;

	ck_assert_int_eq(text_next_line(&it, &line, &err), -EINVAL);
}
END_TEST

START_TEST(lines_have_a_limit)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct text_lines it;
	struct text_line line;
	struct err err;
	unsigned n = 0;
	int r;

	for (unsigned i = 0; i < TEXT_LINES_MAX + 5; i++)
		buf_adds(&text, "a=1\n");
	it = TEXT_LINES(text.data, text.len, false);
	while ((r = text_next_line(&it, &line, &err)) > 0)
		n++;
	ck_assert_int_eq(r, -E2BIG);
	ck_assert_uint_eq(n, TEXT_LINES_MAX);
}
END_TEST

START_TEST(sorting_makes_the_strict_order)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	text_write_line(&text, "files", "a b");
	text_write_line(&text, "a.b", "1");
	text_write_line(&text, "files", "a!b");
	text_write_line(&text, "a", "2");
	ck_assert_int_eq(text_sort(&text, &err), 0);
	ck_assert_str_eq(text.data, "a=2\na.b=1\nfiles=a!b\nfiles=a%20b\n");
	ck_assert_str_eq(walk(text.data, true, &out),
			 "a>2;a.b>1;files>a!b;files>a%20b;");
	text.len = 0;
	ck_assert_int_eq(text_sort(&text, &err), 0);
}
END_TEST

/* ---- for people ---- */

static const struct {
	const char *name, *shown;
} quotes[] = {
	{ "plain-1.0_x/y", "plain-1.0_x/y" },
	{ "", "''" },
	{ "a b", "'a b'" },
	{ "it's", "'it\\'s'" },
	{ "a\\b", "'a\\\\b'" },
	{ "\x1b[31m", "'\\x1B[31m'" },
	{ "a\nb", "'a\\x0Ab'" },
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "bad\xff", "'bad\\xFF'" },
	{ "\xc2\x9b", "'\\xC2\\x9B'" },			/* C1: CSI */
	{ "\xe2\x80\xae", "'\\xE2\\x80\\xAE'" },	/* right to left */
	{ "\xe2\x81\xa6", "'\\xE2\\x81\\xA6'" },
	{ "\xc0\xaf", "'\\xC0\\xAF'" },			/* overlong */
};

START_TEST(names_are_quoted)
{
	char space[100], small[8];

	ck_assert_str_eq(text_quoted(space, sizeof(space), quotes[_i].name),
			 quotes[_i].shown);
	text_quoted(small, sizeof(small), quotes[_i].name);
	ck_assert_uint_lt(strlen(small), sizeof(small));
}
END_TEST

START_TEST(long_names_are_cut)
{
	char space[10];

	ck_assert_str_eq(text_quoted(space, 10, "abcdefghi"), "abcdefghi");
	ck_assert_str_eq(text_quoted(space, 10, "abcdefghij"), "abcdef...");
	/* not in the middle of a character */
	ck_assert_str_eq(text_quoted(space, 10, "abcde\xc3\xa9xxxx"),
			 "abcde...");
	ck_assert_str_eq(text_quoted(space, 1, "abcdefghij"), "");
	ck_assert_str_eq(text_quoted(space, 3, "abcdefghij"), "");
}
END_TEST

START_TEST(near_words_are_found)
{
	static const char *const words[] = { "display", "sound", "network",
					     "gpu", "files", "ro", "rw" };
	size_t n = ARRAY_SIZE(words);

	ck_assert_str_eq(text_nearest("netwrok", words, n), "network");
	ck_assert_str_eq(text_nearest("gup", words, n), "gpu");
	ck_assert_str_eq(text_nearest("file", words, n), "files");
	ck_assert_ptr_null(text_nearest("xyz", words, n));
	ck_assert_ptr_null(text_nearest("", words, n));
	ck_assert_ptr_null(text_nearest("permissions", words, n));
	ck_assert_uint_eq(text_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(text_distance("", "abc"), 3);
	ck_assert_uint_eq(text_distance("abc", "abc"), 0);
}
END_TEST

START_TEST(sizes_are_shown)
{
	static const struct {
		uint64_t bytes;
		const char *shown;
	} sizes[] = {
		{ 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" },
		{ 1049, "1.0 kB" }, { 1050, "1.1 kB" }, { 999949, "999.9 kB" },
		{ 999950, "1.0 MB" }, { 12345678, "12.3 MB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	char space[32];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		ck_assert_str_eq(text_size(space, sizeof(space),
					   sizes[i].bytes), sizes[i].shown);
}
END_TEST

/* ---- names and numbers ---- */

START_TEST(app_ids)
{
	static const char *const good[] = {
		"org.example.Editor", "a.b.c", "_a.b-c.d1", "org.x.y.z" };
	static const char *const bad[] = {
		"", "a.b", "a..b.c", ".a.b.c", "a.b.c.", "a.b.1c", "a.b.c d",
		"a.b.\xc3\xa9", "a.b.c/d", "a.b.c\n" };
	char longest[258];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(text_is_app_id(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!text_is_app_id(bad[i]), "%s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "a.b.", 4);
	longest[255] = '\0';
	ck_assert(text_is_app_id(longest));
	longest[255] = 'a';
	longest[256] = '\0';
	ck_assert(!text_is_app_id(longest));
}
END_TEST

START_TEST(utf8)
{
	ck_assert(text_is_utf8("", 0));
	ck_assert(text_is_utf8("\xf4\x8f\xbf\xbf", 4));
	ck_assert(text_is_utf8("\xee\x80\x80", 3));
	ck_assert(!text_is_utf8("\xf4\x90\x80\x80", 4));	/* > 10FFFF */
	ck_assert(!text_is_utf8("\xed\xa0\x80", 3));	/* surrogate */
	ck_assert(!text_is_utf8("\xe0\x9f\xbf", 3));	/* overlong */
	ck_assert(!text_is_utf8("\xf0\x8f\xbf\xbf", 4));
	ck_assert(!text_is_utf8("\xc1\xbf", 2));
	ck_assert(!text_is_utf8("\x80", 1));
	ck_assert(!text_is_utf8("\xc3", 1));
	ck_assert(!text_is_utf8("\xe2\x82", 2));
	ck_assert(!text_is_utf8("\xe2\x82\x41", 3));
}
END_TEST

START_TEST(numbers)
{
	static const char *const bad[] = { "", "00", "01", "-1", "+1", " 1",
					   "1 ", "1a", "0x1" };
	uint64_t n = 7;

	ck_assert_int_eq(text_read_u64("0", 1, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(text_read_u64("18446744073709551615", 20, &n), 0);
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert_int_eq(text_read_u64("18446744073709551616", 20, &n),
			 -ERANGE);
	ck_assert_int_eq(text_read_u64("99999999999999999999", 20, &n),
			 -ERANGE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(text_read_u64(bad[i], strlen(bad[i]), &n),
				 -EINVAL);
	ck_assert_uint_eq(n, UINT64_MAX);
}
END_TEST

START_TEST(hex)
{
	static const uint8_t bytes[3] = { 0x00, 0x9a, 0xff };
	uint8_t back[3] = { 1, 2, 3 };
	char out[7];

	text_hex(out, bytes, 3);
	ck_assert_str_eq(out, "009aff");
	ck_assert_int_eq(text_unhex("009AFF", 6, back, 3), -EINVAL);
	ck_assert_int_eq(text_unhex("009af", 5, back, 3), -EINVAL);
	ck_assert_int_eq(text_unhex("009aff0", 7, back, 3), -EINVAL);
	ck_assert_uint_eq(back[0], 1);
	ck_assert_int_eq(text_unhex(out, 6, back, 3), 0);
	ck_assert_mem_eq(back, bytes, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("text");
	SRunner *r;
	int failed;

	tcase_add_test(t, every_byte_survives_escaping);
	tcase_add_test(t, escapes_as_described);
	tcase_add_loop_test(t, refuses_other_spellings, 0,
			    ARRAY_SIZE(bad_escapes));
	tcase_add_loop_test(t, lists_round_trip, 0, ARRAY_SIZE(lists));
	tcase_add_test(t, lists_refuse_other_spellings);
	tcase_add_test(t, strlist_grows_and_copies);
	tcase_add_loop_test(t, lines_are_walked, 0, ARRAY_SIZE(texts));
	tcase_add_test(t, lines_hold_no_nul);
	tcase_add_test(t, lines_have_a_limit);
	tcase_add_test(t, sorting_makes_the_strict_order);
	tcase_add_loop_test(t, names_are_quoted, 0, ARRAY_SIZE(quotes));
	tcase_add_test(t, long_names_are_cut);
	tcase_add_test(t, near_words_are_found);
	tcase_add_test(t, sizes_are_shown);
	tcase_add_test(t, app_ids);
	tcase_add_test(t, utf8);
	tcase_add_test(t, numbers);
	tcase_add_test(t, hex);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
