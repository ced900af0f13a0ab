/*
 * manifest_test.c - manifests that are good, and bounds that need no file
 *
 * Broken ones are in tests/manifests-bad (manifest_bad_test.c).
 */
#include <check.h>
#include <string.h>

#include "manifests/manifest.h"
#include "manifests/test_run.h"
#include "manifests/yaml_tree.h"

#define LEAST \
	"schema: 1\n" \
	"id: org.jqlang.jq\n" \
	"version: 1.10\n" \
	"command: jq\n" \
	"sources:\n" \
	"  - debian: [jq]\n"

static int read_text(const char *text, size_t len, struct manifest *m,
		     struct buf *report)
{
	struct err err = { 0 };

	return manifest_read("holdall.yaml", text, len, m, report, &err);
}

static void read_good(const char *text, struct manifest *m)
{
	CLEANUP_BUF struct buf report = BUF_INIT;

	ck_assert_msg(read_text(text, strlen(text), m, &report) == 0, "%s",
		      buf_text(&report));
	ck_assert_uint_eq(report.len, 0);
}

static void check_bad(const char *text, size_t len, const char *message)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf report = BUF_INIT;

	ck_assert_int_eq(read_text(text, len, &m, &report), -EINVAL);
	ck_assert_msg(strstr(buf_text(&report), message), "%s",
		      buf_text(&report));
	ck_assert_ptr_null(m.id);
}

START_TEST(least)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good(LEAST, &m);
	ck_assert_str_eq(m.id, "org.jqlang.jq");
	ck_assert_str_eq(m.version, "1.10");
	ck_assert_str_eq(m.name, "jq");
	ck_assert_str_eq(m.file, "holdall.yaml");
	ck_assert_uint_eq(m.text_len, strlen(LEAST));
	ck_assert_str_eq(m.text, LEAST);
	ck_assert_int_eq(m.kind, KIND_FULL);
	ck_assert_uint_eq(m.n_commands, 1);
	ck_assert_str_eq(m.commands[0].argv.v[0], "jq");
	ck_assert_uint_eq(m.n_sources, 1);
	ck_assert_int_eq(m.sources[0].kind, SOURCE_DEBIAN);
	ck_assert_uint_eq(m.sources[0].line, 6);
	ck_assert_str_eq(m.sources[0].items.v[0], "jq");
	ck_assert(!m.has_display && !m.has_portals && !m.has_services);
	ck_assert_uint_eq(m.perms.n, 0);
}
END_TEST

static const char everything[] =
	"---\n"
	"schema: 1\n"
	"id: org.example.Tool\n"
	"commands:\n"
	"  first: [tool, --first, \"\"]\n"
	"  second: other\n"
	"command: [/usr/bin/tool, \"a b\"]\n"
	"version: '1:2.0~rc1'\n"
	"name: \"A \\u00e9 tool\"\n"
	"kind: thin\n"
	"sandbox: required\n"
	"base: none\n"
	"exclude: /usr/share/doc\n"
	"keep: [\"*.la\", /usr/share/doc/tool]\n"
	"locales: [de, pt_BR]\n"
	"environment:\n"
	"  LANG: C.UTF-8\n"
	"  EMPTY: \"\"\n"
	"  TWO: |\n"
	"    a\n"
	"    b\n"
	"workdir: /usr/share/tool\n"
	"home-skeleton: /etc/skel\n"
	"desktop: none\n"
	"icon: ./tool.svg\n"
	"services:\n"
	"  db: {command: [daemon, --foreground], restart: always}\n"
	"sources:\n"
	"  - debian:\n"
	"      packages: [tool, libtool1]\n"
	"      suite: bookworm\n"
	"      uris: [https://deb.debian.org/debian]\n"
	"      keyring: ./keys.gpg\n"
	"  - dir: ./tree\n"
	"  - dir: {path: ../data, to: /usr/share/tool}\n"
	"  - files: [/usr/bin/jq, /usr/bin/less]\n"
	"permissions:\n"
	"  display: [wayland, x11-isolated]\n"
	"  sound: record\n"
	"  network: isolated\n"
	"  gpu: true\n"
	"  devices: gamepad\n"
	"  files:\n"
	"    - {path: cwd, access: rw}\n"
	"    - path: ~/Games\n"
	"    - \"/srv/a:b:create\"\n"
	"  bus:\n"
	"    presets: [tray]\n"
	"    session: {see: [], talk: [org.example.Service], own: org.example.A}\n"
	"    system:\n"
	"      call: [\"org.example.B=org.example.B.Open@/b/*\"]\n"
	"  portals: false\n"
	"  sockets: [printing]\n"
	"  extra: [debug]\n"
	"limits: {memory: require 2GiB, cpu: 150%, tasks: 512, time: 60s, "
	"io: low}\n"
	"...\n";

START_TEST(commands)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good(everything, &m);
	ck_assert_uint_eq(m.n_commands, 3);
	ck_assert_str_eq(m.commands[0].name, "");
	ck_assert_str_eq(m.commands[0].argv.v[1], "a b");
	ck_assert_str_eq(m.commands[1].name, "first");
	ck_assert_uint_eq(m.commands[1].argv.n, 3);
	ck_assert_str_eq(m.commands[1].argv.v[2], "");
	ck_assert_str_eq(m.commands[2].name, "second");
}
END_TEST

START_TEST(texts)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good(everything, &m);
	ck_assert_str_eq(m.name, "A \xc3\xa9 tool");
	ck_assert_str_eq(m.version, "1:2.0~rc1");
	ck_assert_int_eq(m.kind, KIND_THIN);
	ck_assert(m.sandbox_required && m.base_none && m.has_services);
	ck_assert_str_eq(m.exclude.v[0], "/usr/share/doc");
	ck_assert_uint_eq(m.keep.n, 2);
	ck_assert_str_eq(m.locales.v[1], "pt_BR");
	ck_assert_uint_eq(m.environment.n, 3);
	ck_assert_str_eq(m.environment.v[1], "EMPTY=");
	ck_assert_str_eq(m.environment.v[2], "TWO=a\nb\n");
	ck_assert_str_eq(m.workdir, "/usr/share/tool");
	ck_assert_str_eq(m.home_skeleton, "/etc/skel");
	ck_assert_str_eq(m.desktop, "none");
	ck_assert_str_eq(m.icon, "./tool.svg");
}
END_TEST

START_TEST(sources)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good(everything, &m);
	ck_assert_uint_eq(m.n_sources, 4);
	ck_assert_str_eq(m.sources[0].items.v[1], "libtool1");
	ck_assert_str_eq(m.sources[0].suite, "bookworm");
	ck_assert_str_eq(m.sources[0].uris.v[0],
			 "https://deb.debian.org/debian");
	ck_assert_str_eq(m.sources[0].keyring, "./keys.gpg");
	ck_assert_int_eq(m.sources[1].kind, SOURCE_DIR);
	ck_assert_str_eq(m.sources[1].path, "./tree");
	ck_assert_str_eq(m.sources[1].to, "/");
	ck_assert_str_eq(m.sources[2].to, "/usr/share/tool");
	ck_assert_int_eq(m.sources[3].kind, SOURCE_FILES);
	ck_assert_str_eq(m.sources[3].items.v[1], "/usr/bin/less");
}
END_TEST

START_TEST(permissions)
{
	static const char *const expected[] = {
		"display=wayland", "display=x11-isolated", "sound=record",
		"network=isolated", "gpu=true", "devices=gamepad",
		"files=/srv/a:b:create", "files=cwd:rw", "files=~/Games:ro",
		"bus-preset=tray", "bus-session-talk=org.example.Service",
		"bus-session-own=org.example.A",
		"bus-system-call=org.example.B=org.example.B.Open@/b/*",
		"sockets=printing", "extra=debug",
	};
	CLEANUP_MANIFEST struct manifest m = { 0 };
	char got[128];

	read_good(everything, &m);
	ck_assert_uint_eq(m.perms.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < m.perms.n; i++) {
		(void)snprintf(got, sizeof(got), "%s=%s",
			       perm_word_name(m.perms.v[i].word),
			       m.perms.v[i].value);
		ck_assert_str_eq(got, expected[i]);
	}
	ck_assert(m.has_display && m.has_portals);
}
END_TEST

START_TEST(limits)
{
	static const struct {
		const char *word, *value;
	} expected[] = {
		{ "memory", "2147483648" }, { "cpu", "150" },
		{ "tasks", "512" }, { "time", "60" }, { "io", "low" },
	};
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good(everything, &m);
	ck_assert_uint_eq(m.n_limits, ARRAY_SIZE(expected));
	for (size_t i = 0; i < m.n_limits; i++) {
		ck_assert_str_eq(m.limits[i].word, expected[i].word);
		ck_assert_str_eq(m.limits[i].value, expected[i].value);
		ck_assert_int_eq(m.limits[i].require, i == 0);
	}
}
END_TEST

/* What the manifest says is what the header may say. */
START_TEST(goes_into_a_header)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_HEADER struct header again = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	char arch[] = "x86_64";
	struct err err = { 0 };
	struct header h = { .arch = arch };

	read_good(everything, &m);
	h.id = m.id;
	h.version = m.version;
	h.name = m.name;
	h.kind = m.kind;
	h.commands = m.commands;
	h.n_commands = m.n_commands;
	h.environment = m.environment;
	h.workdir = m.workdir;
	h.home_skeleton = m.home_skeleton;
	h.perms = m.perms;
	h.limits = m.limits;
	h.n_limits = m.n_limits;
	ck_assert_msg(header_format(&h, &out, &err) == 0, "%s", err.text);
	ck_assert_int_eq(header_parse(out.data, out.len, &again, &err), 0);
	ck_assert_uint_eq(again.perms.n, m.perms.n);
	ck_assert_uint_eq(again.n_limits, m.n_limits);
}
END_TEST

START_TEST(windows_text_is_read)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good("\xef\xbb\xbfschema: 1\r\nid: org.jqlang.jq\r\nversion: 1\r\n"
		  "command: jq\r\nsources:\r\n  - debian: [jq]\r\n", &m);
	ck_assert_str_eq(m.id, "org.jqlang.jq");
	ck_assert_str_eq(m.version, "1");
}
END_TEST

/* Empty lists ask for nothing, and say so. */
START_TEST(empty_lists)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };

	read_good(LEAST "exclude: []\npermissions: {display: [], files: [], "
		  "bus: {}}\nlimits: {}\n", &m);
	ck_assert_uint_eq(m.perms.n, 0);
	ck_assert(m.has_display);
}
END_TEST

/* `LEAST`, then comments up to a size. */
static void add_comments(struct buf *out, size_t size)
{
	buf_adds(out, LEAST);
	while (out->len < size - 1)
		buf_addc(out, '#');
	buf_addc(out, '\n');
}

START_TEST(size_is_bounded)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf good = BUF_INIT, bad = BUF_INIT;

	add_comments(&good, YAML_SIZE_MAX);
	add_comments(&bad, YAML_SIZE_MAX + 1);
	read_good(buf_text(&good), &m);
	check_bad(bad.data, bad.len, "the file is larger than 1 MiB");
}
END_TEST

START_TEST(nodes_are_bounded)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, LEAST "exclude: [");
	for (unsigned i = 0; i < YAML_NODES_MAX; i++)
		buf_adds(&text, "a,");
	buf_adds(&text, "a]\n");
	check_bad(text.data, text.len, "more than 65536 values");
}
END_TEST

START_TEST(keys_are_bounded)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, LEAST "environment:\n");
	for (unsigned i = 0; i <= YAML_KEYS_MAX; i++)
		buf_addf(&text, "  E%u: x\n", i);
	check_bad(text.data, text.len, "more than 4096 keys in one map");
}
END_TEST

START_TEST(counts_are_bounded)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, LEAST "environment:\n");
	for (unsigned i = 0; i <= HEADER_ENVIRONMENT_MAX; i++)
		buf_addf(&text, "  E%u: x\n", i);
	check_bad(text.data, text.len, "more than 1024 variables");
}
END_TEST

START_TEST(levels_are_bounded)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, LEAST "exclude: ");
	for (unsigned i = 0; i < 100000; i++)
		buf_addc(&text, '[');
	check_bad(text.data, text.len, "more than 64 levels");
}
END_TEST

START_TEST(nul_byte)
{
	static const char text[] = LEAST "name: a\0b\n";

	check_bad(text, sizeof(text) - 1, "a control character");
}
END_TEST

START_TEST(file_name_cannot_drive_the_terminal)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf report = BUF_INIT;
	struct err err;

	ck_assert_int_eq(manifest_read("a\x1b[31m.yaml", "", 0, &m, &report,
				       &err), -EINVAL);
	ck_assert_ptr_null(strchr(buf_text(&report), '\x1b'));
	ck_assert_ptr_null(strchr(err.text, '\x1b'));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("manifest");
	Suite *s = suite_create("manifest");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, least);
	tcase_add_test(t, commands);
	tcase_add_test(t, texts);
	tcase_add_test(t, sources);
	tcase_add_test(t, permissions);
	tcase_add_test(t, limits);
	tcase_add_test(t, goes_into_a_header);
	tcase_add_test(t, windows_text_is_read);
	tcase_add_test(t, empty_lists);
	tcase_add_test(t, size_is_bounded);
	tcase_add_test(t, nodes_are_bounded);
	tcase_add_test(t, keys_are_bounded);
	tcase_add_test(t, counts_are_bounded);
	tcase_add_test(t, levels_are_bounded);
	tcase_add_test(t, nul_byte);
	tcase_add_test(t, file_name_cannot_drive_the_terminal);
	suite_add_tcase(s, t);
	return run_suite(s);
}
