/*
 * words_test.c - the table is whole; values, permissions, sets, sentences
 */
#include <check.h>
#include <string.h>

#include "manifests/header.h"
#include "manifests/perms.h"
#include "manifests/table.h"
#include "manifests/test_run.h"

/* ---- the table ---------------------------------------------------------------- */

START_TEST(every_word_has_a_row)
{
	for (unsigned w = 0; w < PERM_WORDS; w++) {
		const struct perm_row *row = perm_row((enum perm_word)w);

		ck_assert_ptr_nonnull(row->name);
		ck_assert_ptr_nonnull(row->help);
		ck_assert_msg(row->choices || row->sentence ||
			      w == PERM_FILES, "%s has no sentence", row->name);
		ck_assert_str_eq(row->name, perm_word_name((enum perm_word)w));
		for (const struct choice *c = row->choices; c && c->text; c++)
			ck_assert_ptr_nonnull(c->sentence);
	}
}
END_TEST

/* Whether a row of the map of permissions leads to this word. */
static bool is_reachable(enum perm_word word)
{
	const struct key_row *rows;
	size_t n;

	rows = key_rows(&n);
	for (size_t i = 0; i < n; i++)
		if ((rows[i].key == KEY_PERM || rows[i].key == KEY_FILES) &&
		    rows[i].perm == word)
			return true;
	return false;
}

START_TEST(every_word_can_be_asked_for)
{
	for (unsigned w = 0; w < PERM_WORDS; w++)
		ck_assert_msg(is_reachable((enum perm_word)w), "%s",
			      perm_word_name((enum perm_word)w));
}
END_TEST

START_TEST(every_key_is_whole)
{
	const struct key_row *rows;
	size_t n;

	rows = key_rows(&n);
	for (size_t i = 0; i < n; i++) {
		const struct key_row *r = &rows[i];

		ck_assert_msg(key_find(r->in, r->name) == r, "%s twice", r->name);
		ck_assert(r->takes && r->help && r->key < KEYS);
		ck_assert_int_eq(r->help[strlen(r->help) - 1], '.');
		if (r->value == VALUE_CHOICE)
			ck_assert_ptr_nonnull(r->choices);
		if (r->takes & (TAKES_MAP | TAKES_MAPS))
			ck_assert_int_gt(r->map, MAP_TOP);
	}
}
END_TEST

/* ---- values ------------------------------------------------------------------- */

static const struct {
	enum value_kind kind;
	const char *text, *canonical;	/* NULL: refused */
} values[] = {
	{ VALUE_MEMORY, "2GiB", "2147483648" },
	{ VALUE_MEMORY, "512MB", "512000000" },
	{ VALUE_MEMORY, "1048576", "1048576" },
	{ VALUE_MEMORY, "512", NULL },
	{ VALUE_MEMORY, "2 GiB", NULL },
	{ VALUE_MEMORY, "2G", NULL },
	{ VALUE_MEMORY, "-1MiB", NULL },
	{ VALUE_MEMORY, "18446744073709551615TiB", NULL },
	{ VALUE_MEMORY, "99999999999999999999", NULL },
	{ VALUE_MEMORY, "", NULL },
	{ VALUE_CPU, "150%", "150" },
	{ VALUE_CPU, "150", NULL },
	{ VALUE_CPU, "0%", NULL },
	{ VALUE_TASKS, "512", "512" },
	{ VALUE_TASKS, "0", NULL },
	{ VALUE_TASKS, "0512", NULL },
	{ VALUE_TIME, "60s", "60" },
	{ VALUE_TIME, "2h", "7200" },
	{ VALUE_TIME, "1d", "86400" },
	{ VALUE_TIME, "60", NULL },
	{ VALUE_TIME, "5m", NULL },
	{ VALUE_FILES, "cwd:rw", "cwd:rw" },
	{ VALUE_FILES, "~:ro", "~:ro" },
	{ VALUE_FILES, "~/a:b:create", "~/a:b:create" },
	{ VALUE_FILES, "/:ro", "/:ro" },
	{ VALUE_FILES, "/srv/x y:ro", "/srv/x y:ro" },
	{ VALUE_FILES, "cwd", NULL },
	{ VALUE_FILES, "cwd:", NULL },
	{ VALUE_FILES, "cwd:RW", NULL },
	{ VALUE_FILES, ":ro", NULL },
	{ VALUE_FILES, "~/:ro", NULL },
	{ VALUE_FILES, "~root:ro", NULL },
	{ VALUE_FILES, "~/../x:ro", NULL },
	{ VALUE_FILES, "/a//b:ro", NULL },
	{ VALUE_FILES, "/a\nb:ro", NULL },
	{ VALUE_FILES, "rel/path:ro", NULL },
	{ VALUE_FILES, "xdg-documents/x:ro", NULL },
	{ VALUE_BUS_NAME, "org.example.Service", "org.example.Service" },
	{ VALUE_BUS_NAME, "org.example.*", "org.example.*" },
	{ VALUE_BUS_NAME, "org.*", NULL },
	{ VALUE_BUS_NAME, "*", NULL },
	{ VALUE_BUS_NAME, "org", NULL },
	{ VALUE_BUS_NAME, "org..x", NULL },
	{ VALUE_BUS_NAME, "org.1x", NULL },
	{ VALUE_BUS_NAME, "org.x.", NULL },
	{ VALUE_BUS_NAME, ":1.5", NULL },
	{ VALUE_BUS_NAME, "org.x*", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=org.x.I.M@/p/*", "org.x.Y=org.x.I.M@/p/*" },
	{ VALUE_BUS_RULE, "org.x.Y=*", "org.x.Y=*" },
	{ VALUE_BUS_RULE, "org.x.Y=org.x.*", "org.x.Y=org.x.*" },
	{ VALUE_BUS_RULE, "org.x.Y=@/", "org.x.Y=@/" },
	{ VALUE_BUS_RULE, "org.x.*=*@/*", "org.x.*=*@/*" },
	{ VALUE_BUS_RULE, "org.x.Y", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=*@", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=*@p", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=*@/p/", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=*@//", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=I.M", NULL },
	{ VALUE_BUS_RULE, "org.x.Y=org.*", NULL },
	{ VALUE_BUS_RULE, "=*", NULL },
	{ VALUE_APP_ID, "org.example.Editor", "org.example.Editor" },
	{ VALUE_APP_ID, "example.Editor", NULL },
	{ VALUE_VERSION, "1:2.0~rc1+b-3", "1:2.0~rc1+b-3" },
	{ VALUE_VERSION, "", NULL },
	{ VALUE_VERSION, "a b", NULL },
	{ VALUE_GLOB, "/usr/share/doc/**", "/usr/share/doc/**" },
	{ VALUE_GLOB, "/a/[ab]", "/a/[ab]" },
	{ VALUE_GLOB, "/a/[ab", NULL },
	{ VALUE_GLOB, "/a/\\", NULL },
	{ VALUE_GLOB, "*.la", "*.la" },
	{ VALUE_GLOB, "a/", NULL },
	{ VALUE_GLOB, "../a", NULL },
	{ VALUE_GLOB, "/", NULL },
	{ VALUE_PACKAGE, "libc6", "libc6" },
	{ VALUE_PACKAGE, "libstdc++6:amd64", "libstdc++6:amd64" },
	{ VALUE_PACKAGE, "jq=1.6-2.1", "jq=1.6-2.1" },
	{ VALUE_PACKAGE, "JQ", NULL },
	{ VALUE_PACKAGE, "-jq", NULL },
	{ VALUE_PACKAGE, "", NULL },
	{ VALUE_PACKAGE, "jq --force", NULL },
	{ VALUE_URI, "https://deb.debian.org/debian",
	  "https://deb.debian.org/debian" },
	{ VALUE_URI, "ftp://x/", NULL },
	{ VALUE_URI, "https://", NULL },
	{ VALUE_SCHEMA, "1", "1" },
	{ VALUE_SCHEMA, "01", NULL },
	{ VALUE_SCHEMA, "2", NULL },
	{ VALUE_PROGRAM, "/usr/bin/a b", "/usr/bin/a b" },
	{ VALUE_PROGRAM, "bin/a", NULL },
	{ VALUE_PROGRAM, "/", NULL },
	{ VALUE_PROGRAM, "-x", NULL },
	{ VALUE_ENV_NAME, "LD_PRELOAD", "LD_PRELOAD" },
	{ VALUE_ENV_NAME, "HOME", NULL },
	{ VALUE_ENV_NAME, "HOLDALL_X", NULL },
	{ VALUE_ENV_NAME, "A-B", NULL },
	{ VALUE_INSIDE, "/", "/" },
	{ VALUE_INSIDE, "/a/", NULL },
	{ VALUE_BESIDE, "../x", "../x" },
	{ VALUE_BESIDE, "~/x", NULL },
	{ VALUE_BOOL, "yes", NULL },
	{ VALUE_ICON, "tool.png", "tool.png" },
	{ VALUE_ICON, "tool.xpm", NULL },
	{ VALUE_ICON, "/a//tool.png", NULL },
	{ VALUE_DESKTOP, "none", "none" },
	{ VALUE_DESKTOP, "tool", NULL },
	{ VALUE_DESKTOP, "~/x.desktop", NULL },
};

START_TEST(values_are_read)
{
	CLEANUP_FREE char *got = NULL;
	struct err err = { 0 };
	int r = value_read(values[_i].kind, NULL, values[_i].text, &got, &err);

	if (!values[_i].canonical) {
		ck_assert_msg(r == -EINVAL, "%s was read", values[_i].text);
		ck_assert_ptr_null(got);
		ck_assert(err.text[0]);
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(got, values[_i].canonical);
	ck_assert(value_is_canonical(values[_i].kind, NULL, got));
}
END_TEST

START_TEST(long_values_are_refused)
{
	char text[VALUE_MAX + 2];
	CLEANUP_FREE char *got = NULL;
	struct err err;

	memset(text, 'a', sizeof(text));
	text[VALUE_MAX + 1] = '\0';
	ck_assert_int_eq(value_read(VALUE_TEXT, NULL, text, &got, &err),
			 -EINVAL);
	text[VALUE_MAX] = '\0';
	ck_assert_int_eq(value_read(VALUE_TEXT, NULL, text, &got, &err), 0);
}
END_TEST

START_TEST(limits_are_read)
{
	struct header_limit l = { 0 };
	struct err err;

	ck_assert_int_eq(limit_parse("memory", "require 2GiB", &l, &err), 0);
	ck_assert(l.require);
	ck_assert_str_eq(l.value, "2147483648");
	limit_free(&l);
	ck_assert_int_eq(limit_parse("memroy", "2GiB", &l, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean \"memory\"?"));
	ck_assert_int_eq(limit_parse("io", "high", &l, &err), -EINVAL);
	ck_assert_ptr_null(l.word);
}
END_TEST

/* ---- permissions -------------------------------------------------------------- */

static const struct {
	const char *text, *message;	/* NULL: good */
} words[] = {
	{ "network=host", NULL },
	{ "gpu=true", NULL },
	{ "gpu", NULL },
	{ "files=/a=b:ro", NULL },
	{ "bus-session-call=org.x.Y=*", NULL },
	{ "network", "write network=VALUE" },
	{ "netwrk=host", "did you mean \"network\"?" },
	{ "network=hots", "did you mean \"host\"?" },
	{ "network=lan", "write none, loopback, host or isolated" },
	{ "files=cdw:ro", "did you mean \"cwd\"?" },
	{ "files=cwd:wr", "is not a way to access files" },
	{ "=host", "unknown permission ''" },
	{ "", "unknown permission ''" },
	{ "net\x1b[1mwork=host", "unknown permission 'net\\x1B[1mwork'" },
};

START_TEST(permissions_are_parsed)
{
	CLEANUP(perm_free) struct permission p = { 0 };
	struct err err = { 0 };
	int r = perm_parse(words[_i].text, &p, &err);

	if (!words[_i].message) {
		ck_assert_msg(r == 0, "%s", err.text);
		return;
	}
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_msg(strstr(err.text, words[_i].message), "%s", err.text);
	ck_assert_ptr_null(p.value);
}
END_TEST

static void add(struct perms *set, const char *text)
{
	CLEANUP(perm_free) struct permission p = { 0 };
	struct err err = { 0 };

	ck_assert_msg(perm_parse(text, &p, &err) == 0, "%s", err.text);
	ck_assert_msg(perms_add(set, &p, &err) == 0, "%s", err.text);
}

START_TEST(sets_are_sorted)
{
	CLEANUP_PERMS struct perms set = { 0 }, copy = { 0 };
	struct err err;

	add(&set, "files=cwd:rw");
	add(&set, "display=x11");
	add(&set, "files=/a:ro");
	add(&set, "display=wayland");
	add(&set, "files=cwd:rw");
	ck_assert_uint_eq(set.n, 4);
	ck_assert_str_eq(set.v[0].value, "wayland");
	ck_assert_str_eq(set.v[3].value, "cwd:rw");
	ck_assert_str_eq(perms_find(&set, PERM_FILES)->value, "/a:ro");
	ck_assert_ptr_null(perms_find(&set, PERM_GPU));
	ck_assert_int_eq(perms_copy(&copy, &set, &err), 0);
	perms_remove(&set, PERM_FILES, "/a:ro");
	perms_remove(&set, PERM_FILES, "/b:ro");
	ck_assert(!perms_has(&set, PERM_FILES, "/a:ro"));
	ck_assert(perms_has(&copy, PERM_FILES, "/a:ro"));
	ck_assert_uint_eq(set.n, 3);
	ck_assert_uint_eq(copy.n, 4);
}
END_TEST

START_TEST(single_words_are_replaced)
{
	CLEANUP_PERMS struct perms set = { 0 };

	add(&set, "sound=record");
	add(&set, "network=host");
	add(&set, "network=loopback");
	ck_assert_uint_eq(set.n, 2);
	ck_assert_str_eq(perms_find(&set, PERM_NETWORK)->value, "loopback");
}
END_TEST

START_TEST(sets_are_bounded)
{
	CLEANUP_PERMS struct perms set = { 0 };
	struct permission p = { .word = PERM_FILES };
	char value[32];
	struct err err;

	p.value = value;
	for (unsigned i = 0; i < PERMS_MAX; i++) {
		(void)snprintf(value, sizeof(value), "/f%u:ro", i);
		ck_assert_int_eq(perms_add(&set, &p, &err), 0);
	}
	(void)snprintf(value, sizeof(value), "/more:ro");
	ck_assert_int_eq(perms_add(&set, &p, &err), -E2BIG);
	ck_assert_uint_eq(set.n, PERMS_MAX);
}
END_TEST

static const struct {
	const char *text, *sentence;
	enum perm_risk risk;
} sentences[] = {
	{ "network=host",
	  "use the network, and reach services on this computer", RISK_ASK },
	{ "network=loopback",
	  "use a network of its own that reaches nothing outside",
	  RISK_HARMLESS },
	{ "sound=playback", "play sound", RISK_HARMLESS },
	{ "sound=record", "play sound and listen to the microphone", RISK_ASK },
	{ "gpu", "use the graphics card", RISK_HARMLESS },
	{ "devices=usb", "use every USB device directly", RISK_ASK },
	{ "files=cwd:rw", "read and change the files in the current folder",
	  RISK_ASK },
	{ "files=~/Games:create",
	  "read, change and create the files at '~/Games'", RISK_ASK },
	{ "files=/srv/x:ro", "read the files at /srv/x", RISK_ASK },
	{ "files=~:ro", "read the files in your whole home folder", RISK_ASK },
	{ "bus-session-talk=org.x.Y",
	  "use everything that org.x.Y offers on the session bus", RISK_ASK },
	{ "bus-preset=tray", "show an icon in the tray", RISK_HARMLESS },
	{ "extra=debug", "trace and debug its own processes", RISK_ASK },
};

START_TEST(sentences_are_plain)
{
	CLEANUP(perm_free) struct permission p = { 0 };
	char space[256];
	struct err err = { 0 };

	ck_assert_int_eq(perm_parse(sentences[_i].text, &p, &err), 0);
	ck_assert_str_eq(perm_sentence(&p, space, sizeof(space)),
			 sentences[_i].sentence);
	ck_assert_int_eq(perm_risk(&p), sentences[_i].risk);
}
END_TEST

START_TEST(files_are_split_at_the_last_colon)
{
	CLEANUP_FREE char *path = NULL;
	enum file_access access = ACCESS_RO;
	struct err err;

	ck_assert_int_eq(perm_files_split("/a:b:create", &path, &access, &err),
			 0);
	ck_assert_str_eq(path, "/a:b");
	ck_assert_int_eq(access, ACCESS_CREATE);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("words");
	Suite *s = suite_create("words");

	tcase_add_test(t, every_word_has_a_row);
	tcase_add_test(t, every_word_can_be_asked_for);
	tcase_add_test(t, every_key_is_whole);
	tcase_add_loop_test(t, values_are_read, 0, (int)ARRAY_SIZE(values));
	tcase_add_test(t, long_values_are_refused);
	tcase_add_test(t, limits_are_read);
	tcase_add_loop_test(t, permissions_are_parsed, 0,
			    (int)ARRAY_SIZE(words));
	tcase_add_test(t, sets_are_sorted);
	tcase_add_test(t, single_words_are_replaced);
	tcase_add_test(t, sets_are_bounded);
	tcase_add_loop_test(t, sentences_are_plain, 0,
			    (int)ARRAY_SIZE(sentences));
	tcase_add_test(t, files_are_split_at_the_last_colon);
	suite_add_tcase(s, t);
	return run_suite(s);
}
