/*
 * header_test.c - the header's grammar: what is written is read, and nothing else
 */
#include <check.h>
#include <string.h>

#include "manifests/header.h"
#include "manifests/test_run.h"

static const char least[] =
	"arch=x86_64\ncommand=jq\nid=org.jqlang.jq\nname=jq\nversion=1.6\n";

static const char full[] =
	"arch=x86_64\n"
	"command=/usr/bin/tool -v a%20b %\n"
	"commands=other-one other\n"
	"commands=two tool --two\n"
	"environment=A=\n"
	"environment=LANG=C.UTF-8%20x=y\n"
	"graphical=true\n"
	"home-skeleton=/etc/skel\n"
	"id=org.example.Tool\n"
	"image-etc=true\n"
	"image-var=true\n"
	"kind=thin\n"
	"limit.cpu=150\n"
	"limit.io=low\n"
	"limit.memory=2147483648 require\n"
	"limit.time=60\n"
	"name=A%20Tool\n"
	"needs=0.1\n"
	"permission.bus-session-talk=org.example.Service\n"
	"permission.display=wayland\n"
	"permission.display=x11-fallback\n"
	"permission.files=cwd:rw\n"
	"permission.gpu=true\n"
	"permission.network=host\n"
	"sandbox=required\n"
	"top=bin usr/bin\n"
	"top=usr\n"
	"version=1.10\n"
	"workdir=/usr/share/tool\n";

static int parse(const char *text, struct header *h, struct err *err)
{
	return header_parse(text, strlen(text), h, err);
}

static void check_round(const char *text)
{
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = { 0 };

	ck_assert_msg(parse(text, &h, &err) == 0, "%s", err.text);
	ck_assert_msg(header_format(&h, &out, &err) == 0, "%s", err.text);
	ck_assert_str_eq(buf_text(&out), text);
}

START_TEST(written_as_read)
{
	check_round(least);
	check_round(full);
}
END_TEST

START_TEST(fields_are_filled)
{
	CLEANUP_HEADER struct header h = { 0 };
	const struct header_command *c;
	struct err err;

	ck_assert_int_eq(parse(full, &h, &err), 0);
	ck_assert_str_eq(h.id, "org.example.Tool");
	ck_assert_str_eq(h.name, "A Tool");
	ck_assert_str_eq(h.version, "1.10");
	ck_assert_int_eq(h.kind, KIND_THIN);
	ck_assert(h.graphical && h.sandbox_required && h.image_var &&
		  h.image_etc);
	ck_assert_uint_eq(h.n_commands, 3);
	ck_assert_str_eq(h.commands[0].name, "");
	ck_assert_str_eq(h.commands[0].argv.v[2], "a b");
	ck_assert_str_eq(h.commands[0].argv.v[3], "");
	c = header_command(&h, "two");
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->argv.v[1], "--two");
	ck_assert_ptr_null(header_command(&h, "three"));
	ck_assert_ptr_eq(header_command(&h, NULL), &h.commands[0]);
	ck_assert_str_eq(h.environment.v[1], "LANG=C.UTF-8 x=y");
	ck_assert_uint_eq(h.n_limits, 4);
	ck_assert_str_eq(h.limits[2].word, "memory");
	ck_assert(h.limits[2].require && !h.limits[0].require);
	ck_assert_uint_eq(h.n_top, 2);
	ck_assert_str_eq(h.top[0].target, "usr/bin");
	ck_assert_ptr_null(h.top[1].target);
	ck_assert(perms_has(&h.perms, PERM_FILES, "cwd:rw"));
}
END_TEST

/* The least header with one line put in at its place, or with a line changed. */
static const struct {
	const char *text, *message;
} bad[] = {
	{ "", "the key \"id\" is missing" },
	{ "arch=x86_64\nid=a.b.c\nname=c\nversion=1\n",
	  "the key \"command\" is missing" },
	{ "arch=x86_64\ncommand=\nid=a.b.c\nname=c\nversion=1\n",
	  "the command is empty" },
	{ "arch=x86_64\ncommand=%\nid=a.b.c\nname=c\nversion=1\n",
	  "is not a program's name" },
	{ "arch=x86_64\ncommand=a/b\nid=a.b.c\nname=c\nversion=1\n",
	  "is not a program's name" },
	{ "arch=x86_64\ncommand=a  b\nid=a.b.c\nname=c\nversion=1\n",
	  "not in canonical form" },
	{ "arch=x86_64\ncommand=a\ncommands=x\nid=a.b.c\nname=c\nversion=1\n",
	  "not a name and a command" },
	{ "arch=x86_64\ncommand=a\ncommands=x a\ncommands=x b\nid=a.b.c\n",
	  "stands twice" },
	{ "arch=x86_64\ncommand=a\ncommand=b\n", "stands twice" },
	{ "arch=x86-64\n", "is not a machine's name" },
	{ "environment=1A=x\n", "is not a variable's name" },
	{ "environment=HOME=/x\n", "is set by holdall itself" },
	{ "environment=A\n", "has no value" },
	{ "environment=A=1\nenvironment=A=2\n", "stands twice" },
	{ "graphical=false\n", "is not \"true\"" },
	{ "graphical=true\ngraphical=true\n", "not in ascending order" },
	{ "home-skeleton=skel\n", "is not an absolute path" },
	{ "home-skeleton=/a/../b\n", "is not a clean path" },
	{ "id=jq\n", "is not an app id" },
	{ "id=a.b.c\nid=a.b.d\n", "stands twice" },
	{ "kind=full\n", "a full bundle has no such line" },
	{ "limit.memory=2GiB\n", "is not a limit" },
	{ "limit.memory=2147483648 x\n", "perhaps \"require\"" },
	{ "limit.memory=2147483648\nlimit.memory=3147483648\n", "stands twice" },
	{ "limit.cpu=0\n", "is not a limit" },
	{ "name=a%0Ab\n", "holds a control character" },
	{ "name=%FF\n", "is not UTF-8" },
	{ "name=%61\n", "not in canonical form" },
	{ "name=\n", "the text is empty" },
	{ "permission.network=lan\n", "is not known here" },
	{ "permission.network=host\npermission.network=none\n", "twice" },
	{ "permission.files=/a/../b:ro\n", "is not a clean path" },
	{ "permission.gpu=false\n", "is not known here" },
	{ "top=a/b\n", "is not a name of an entry of the root" },
	{ "top=..\n", "is not a name of an entry of the root" },
	{ "top=proc\n", "the launcher's own directory" },
	{ "top=bin usr/../..\n", "does not lead to a clean path" },
	{ "top=bin\ntop=bin usr/bin\n", "stands twice" },
	{ "workdir=.\n", "is not an absolute path" },
	{ "version=-1\n", "is not a version" },
	{ "version=1", "newline" },
	{ "name=a\nid=a.b.c\n", "not in ascending order" },
};

START_TEST(refused)
{
	CLEANUP_HEADER struct header h = { 0 };
	struct err err = { 0 };

	ck_assert_int_ne(parse(bad[_i].text, &h, &err), 0);
	ck_assert_msg(strstr(err.text, bad[_i].message), "%s: %s",
		      bad[_i].text, err.text);
	ck_assert_msg(strstr(err.text, "the bundle's header is not valid"),
		      "%s", err.text);
	ck_assert_ptr_null(h.id);
}
END_TEST

START_TEST(newer_key_names_the_version)
{
	CLEANUP_HEADER struct header h = { 0 };
	struct err err;

	ck_assert_int_eq(parse("future=1\nneeds=9.0\n", &h, &err), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "holdall 9.0 or newer is needed"));
	ck_assert_int_eq(parse("future=1\n", &h, &err), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "a newer holdall is needed"));
	ck_assert_int_eq(parse("permission.hologram=true\n", &h, &err),
			 -ENOTSUP);
	ck_assert_int_eq(parse("limit.gpu=1\n", &h, &err), -ENOTSUP);
	ck_assert_int_eq(parse("arch=x86_64\ncommand=jq\nid=a.b.c\nname=c\n"
			       "needs=0.1.1\nversion=1\n", &h, &err),
			 -ENOTSUP);
}
END_TEST

START_TEST(extensions_are_ignored)
{
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	struct err err;

	buf_adds(&text, least);
	buf_adds(&text, "x-vendor.note=anything\n");
	ck_assert_int_eq(parse(buf_text(&text), &h, &err), 0);
	ck_assert_int_eq(header_format(&h, &out, &err), 0);
	ck_assert_str_eq(buf_text(&out), least);
}
END_TEST

static void add_lines(struct buf *text, const char *format, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_addf(text, format, i);
}

START_TEST(bounds)
{
	static const struct {
		const char *format;
		unsigned n;
	} rows[] = {
		{ "commands=c%04u x\n", HEADER_COMMANDS_MAX },
		{ "environment=E%04u=x\n", HEADER_ENVIRONMENT_MAX },
		{ "permission.files=/f%04u:ro\n", 1024 },
		{ "top=t%04u\n", HEADER_TOP_MAX },
	};
	CLEANUP_BUF struct buf good = BUF_INIT, more = BUF_INIT;
	CLEANUP_HEADER struct header h = { 0 };
	struct err err = { 0 };

	add_lines(&good, rows[_i].format, rows[_i].n);
	add_lines(&more, rows[_i].format, rows[_i].n + 1);
	ck_assert_int_eq(parse(buf_text(&more), &h, &err), -E2BIG);
	ck_assert_int_eq(parse(buf_text(&good), &h, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "\"id\" is missing"));
}
END_TEST

START_TEST(format_refuses_what_parse_refuses)
{
	char id[] = "jq", version[] = "1", name[] = "x", arch[] = "x86_64";
	struct header h = { .id = id, .version = version, .name = name,
			    .arch = arch };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	ck_assert_int_eq(header_format(&h, &out, &err), -EINVAL);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("header");
	Suite *s = suite_create("header");

	tcase_add_test(t, written_as_read);
	tcase_add_test(t, fields_are_filled);
	tcase_add_loop_test(t, refused, 0, (int)ARRAY_SIZE(bad));
	tcase_add_test(t, newer_key_names_the_version);
	tcase_add_test(t, extensions_are_ignored);
	tcase_add_loop_test(t, bounds, 0, 4);
	tcase_add_test(t, format_refuses_what_parse_refuses);
	suite_add_tcase(s, t);
	return run_suite(s);
}
