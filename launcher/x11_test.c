/*
 * x11_test.c - names of displays, cookies, and a server that answers anything
 */
#include "launcher/x11_wire.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher/desktop_window.h"

static struct err err;

START_TEST(names)
{
	static const struct {
		const char *text, *host;
		int number, screen;	/* -1: refused */
	} cases[] = {
		{ ":0", "", 0, 0 }, { ":12.3", "", 12, 3 },
		{ "unix:1", "", 1, 0 }, { "localhost:10.0", "localhost", 10, 0 },
		{ ":65535", "", 65535, 0 },
		{ "", "", -1, 0 }, { "0", "", -1, 0 }, { ":", "", -1, 0 },
		{ ":0.", "", -1, 0 }, { ":-1", "", -1, 0 },
		{ ":65536", "", -1, 0 }, { ":0x1", "", -1, 0 },
		{ ":0/../../run", "", -1, 0 }, { "/tmp/s:0", "", -1, 0 },
		{ ":99999999999999999999", "", -1, 0 }, { ":00", "", -1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct x11_name n = { .number = 7 };
		int r = x11_name_parse(cases[i].text, &n, &err);

		if (cases[i].number < 0) {
			ck_assert_msg(r < 0, "%s is taken", cases[i].text);
			ck_assert_uint_eq(n.number, 7);
			continue;
		}
		ck_assert_msg(r == 0, "%s: %s", cases[i].text, err.text);
		ck_assert_str_eq(n.host, cases[i].host);
		ck_assert_int_eq((int)n.number, cases[i].number);
		ck_assert_int_eq((int)n.screen, cases[i].screen);
	}
}
END_TEST

/* ---- cookies ---- */

static struct buf file;

static void part(const char *data, size_t len)
{
	buf_addc(&file, (char)(len >> 8));
	buf_addc(&file, (char)len);
	buf_add(&file, data, len);
}

static void entry(unsigned family, const char *address, const char *number,
		  const char *name, const char *data)
{
	buf_addc(&file, (char)(family >> 8));
	buf_addc(&file, (char)family);
	part(address, strlen(address));
	part(number, strlen(number));
	part(name, strlen(name));
	part(data, strlen(data));
}

static void expect_cookie(const char *wanted)
{
	const struct x11_name name = { .number = 1 };
	struct x11_cookie c;

	x11_auth_find(file.data, file.len, &name, "here", &c);
	ck_assert_uint_eq(c.len, strlen(wanted));
	ck_assert_mem_eq(c.data, wanted, c.len);
}

static void new_file(void)
{
	buf_free(&file);
	file = BUF_INIT;
}

START_TEST(cookie_of_this_display_is_found)
{
	new_file();
	entry(256, "here", "0", X11_COOKIE_NAME, "other display");
	entry(0, "\x7f\x01", "1", X11_COOKIE_NAME, "through the network");
	entry(256, "here", "1", "XDM-AUTHORIZATION-1", "other kind");
	expect_cookie("");
	entry(256, "elsewhere", "1", X11_COOKIE_NAME, "old host name");
	expect_cookie("old host name");
	entry(65535, "", "", X11_COOKIE_NAME, "any display");
	expect_cookie("any display");
	entry(256, "here", "1", X11_COOKIE_NAME, "the one");
	entry(256, "here", "1", X11_COOKIE_NAME, "too late");
	expect_cookie("the one");
}
END_TEST

START_TEST(damaged_cookie_file_ends_at_its_damage)
{
	size_t whole;

	new_file();
	entry(256, "here", "1", X11_COOKIE_NAME, "good");
	whole = file.len;
	entry(256, "here", "1", X11_COOKIE_NAME, "second");
	for (size_t cut = 0; cut < whole; cut++) {
		file.len = cut;
		expect_cookie("");
	}
	file.len = whole + 3;
	expect_cookie("good");
	/* A length that points behind the end. */
	file.data[2] = (char)0xff;
	expect_cookie("");
}
END_TEST

START_TEST(written_cookie_fits_any_host_and_one_display)
{
	const struct x11_name right = { .number = 100 }, wrong = { 0 };
	struct x11_cookie in = { .len = 4, .data = "\0\1\2\3" }, out;
	CLEANUP_BUF struct buf b = BUF_INIT;

	x11_auth_write(&b, 100, &in);
	x11_auth_find(b.data, b.len, &right, "any", &out);
	ck_assert_uint_eq(out.len, 4);
	ck_assert_mem_eq(out.data, in.data, 4);
	x11_auth_find(b.data, b.len, &wrong, "any", &out);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* ---- a server of ours ---- */

/* What a server that says `data` makes of the opening. */
static int answer(const void *data, size_t len, bool hang)
{
	struct x11_conn c = X11_CONN_INIT;
	int pair[2], r;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq((int)write(pair[1], data, len), (int)len);
	if (!hang)
		(void)shutdown(pair[1], SHUT_WR);
	c.fd = pair[0];
	r = x11_read_setup(&c, hang ? 50 : 1000, &err);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return r;
}

START_TEST(refusal_is_told_with_its_reason)
{
	static const char text[] = "\0\x05\x0b\0\0\0\x02\0nope\n\0\0\0";

	ck_assert_int_eq(answer(text, 16, false), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.text, "nope"));
	ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

START_TEST(hostile_servers)
{
	/* Success, but too short, no screen, a vendor behind the end. */
	static const char shorty[] = "\1\0\x0b\0\0\0\1\0xxxx";
	unsigned char setup[8 + 72] = { 1, 0, 11, 0, 0, 0, 18, 0 };

	ck_assert_int_eq(answer(shorty, 12, false), -EPROTO);
	ck_assert_int_eq(answer(setup, sizeof(setup), false), -EPROTO);
	setup[8 + 20] = 1;
	ck_assert_int_eq(answer(setup, sizeof(setup), false), 0);
	setup[8 + 16] = 1;	/* 4 bytes of vendor: the screen does not fit */
	ck_assert_int_eq(answer(setup, sizeof(setup), false), -EPROTO);
	setup[8 + 16] = setup[8 + 17] = 0xff;
	ck_assert_int_eq(answer(setup, sizeof(setup), false), -EPROTO);
	setup[8 + 16] = setup[8 + 17] = 0;
	setup[8 + 21] = 0xff;
	ck_assert_int_eq(answer(setup, sizeof(setup), false), -EPROTO);
	/* Another protocol, the end in the middle, silence. */
	ck_assert_int_eq(answer("HTTP/1.1 400 Bad", 16, false) < 0, 1);
	ck_assert_int_eq(answer(setup, 20, false), -ECONNRESET);
	ck_assert_int_eq(answer(setup, 20, true), -ETIMEDOUT);
	ck_assert_int_eq(answer("", 0, true), -ETIMEDOUT);
}
END_TEST

/* ---- the window's text ---- */

START_TEST(text_is_cut_into_lines)
{
	char lines[WINDOW_LINES][WINDOW_COLUMNS + 1];
	char text[4000];

	ck_assert_uint_eq(window_lines("", lines), 0);
	ck_assert_uint_eq(window_lines("one two\nthree\x1b[1m\xc3\xa4", lines),
			  2);
	ck_assert_str_eq(lines[0], "one two");
	ck_assert_str_eq(lines[1], "three?[1m??");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_uint_eq(window_lines(text, lines), WINDOW_LINES);
	ck_assert_uint_eq(strlen(lines[0]), WINDOW_COLUMNS);
	text[40] = ' ';
	ck_assert_uint_eq(window_lines(text, lines), WINDOW_LINES);
	ck_assert_uint_eq(strlen(lines[0]), 40);
	ck_assert_int_eq(lines[1][0], 'a');
}
END_TEST

int main(void)
{
	Suite *s = suite_create("x11");
	TCase *t = tcase_create("x11");
	SRunner *runner;
	int failed;

	file = BUF_INIT;
	tcase_add_test(t, names);
	tcase_add_test(t, cookie_of_this_display_is_found);
	tcase_add_test(t, damaged_cookie_file_ends_at_its_damage);
	tcase_add_test(t, written_cookie_fits_any_host_and_one_display);
	tcase_add_test(t, refusal_is_told_with_its_reason);
	tcase_add_test(t, hostile_servers);
	tcase_add_test(t, text_is_cut_into_lines);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	buf_free(&file);
	return failed ? 1 : 0;
}
