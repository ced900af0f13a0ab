/*
 * pack_test.c - manifests to bundles, and every way in which that fails
 *
 * The stub is this test program itself: it carries the note of stubs, because it
 * links the reader of bundles.
 */
#include <errno.h>

#include "bundler/test_kit.h"

#include "bundler/lint.h"
#include "bundler/pack.h"
#include "bundler/stub.h"
#include "manifests/header.h"
#include "runtime/bundle.h"

static char dir[64];
static struct err err;
static struct buf report;
static char notes_said[4096];

static void setup(void)
{
	kit_make(dir);
	report = BUF_INIT;
	ck_assert_int_eq(setenv("XDG_DATA_HOME", dir, 1), 0);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
	ck_assert_int_eq(kit_run("mkdir -p %s/t/bin %s/t/data && "
				 "printf '#!/bin/sh\\n' >%s/t/bin/tool && "
				 "chmod 755 %s/t/bin/tool && "
				 "cp /bin/true %s/t/bin/sh", dir, dir, dir,
				 dir, dir), 0);
}

static void teardown(void)
{
	buf_free(&report);
	kit_remove(dir);
}

static void keep_note(void *arg, const char *text)
{
	(void)arg;
	(void)strncat(notes_said, text, sizeof(notes_said) -
		      strlen(notes_said) - 1);
}

static void manifest(const char *command, const char *rest)
{
	char text[2048];
	int n = snprintf(text, sizeof(text), "schema: 1\nid: org.example.Tool\n"
			 "version: \"1.0\"\ncommand: %s\n%s\n", command, rest);

	kit_write(dir, "holdall.yaml", text, (size_t)n);
}

#define TREE "sources:\n  - dir: ./t\n"

/* Packs dir/holdall.yaml into dir/`out`. */
static int run_pack(const char *out, unsigned jobs, const char *epoch)
{
	CLEANUP_PACK_RESULT struct pack_result result = { 0 };
	CLEANUP_FD int stub_fd = -1;
	CLEANUP_FD int rules_fd = open("bundler/rules/files.rules", O_RDONLY);
	struct notes notes = { .note = keep_note };
	char yaml[96], path[96];
	struct pack_options o = { .manifest = yaml, .output = path,
				  .fast = true, .jobs = jobs, .epoch = epoch,
				  .rules_fd = rules_fd,
				  .rules_path = "files.rules" };

	notes_said[0] = '\0';
	ck_assert_int_ge(rules_fd, 0);
	ck_assert_ok(stub_open_file("/proc/self/exe", &stub_fd, &err));
	o.stub_fd = stub_fd;
	(void)snprintf(yaml, sizeof(yaml), "%s/holdall.yaml", dir);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, out);
	return pack_run(&o, &notes, &result, &report, &err);
}

static void open_bundle(const char *out, struct bundle *b, struct header *h)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, out);
	ck_assert_ok(bundle_open(path, b, &err));
	ck_assert_ok(bundle_verify(b, NULL, NULL, &err));
	ck_assert_ok(header_parse(b->seal.header, b->seal.header_len, h,
				  &err));
}

static bool has_top(const struct header *h, const char *name)
{
	for (size_t i = 0; i < h->n_top; i++)
		if (!strcmp(h->top[i].name, name))
			return true;
	return false;
}

START_TEST(test_dir)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_FREE char *text = NULL;
	const struct section *s;
	size_t len;

	manifest("tool", TREE);
	ck_assert_ok(run_pack("a", 1, NULL));
	open_bundle("a", &b, &h);
	ck_assert_str_eq(h.id, "org.example.Tool");
	ck_assert_str_eq(h.name, "Tool");
	ck_assert_str_eq(h.commands[0].argv.v[0], "tool");
	ck_assert(!h.graphical && h.image_etc && !h.image_var);
	ck_assert(has_top(&h, "usr") && has_top(&h, "bin") &&
		  !has_top(&h, "data") && !has_top(&h, "tmp"));
	ck_assert_str_eq(b.seal.codec.library, "zstd");
	s = seal_section(&b.seal, SECTION_MANIFEST);
	ck_assert_ptr_nonnull(s);
	ck_assert_ok(bundle_read_section(&b, s, &text, &len, &err));
	ck_assert_msg(strstr(text, "org.example.Tool"), "%s", text);
	/* The tree's bin/ went where the root's links point. */
	ck_assert_int_eq(kit_run("cd %s && unsquashfs -q -n -o %llu -d out a "
				 "&& cmp out/usr/bin/tool t/bin/tool && "
				 "test \"$(readlink out/bin)\" = usr/bin && "
				 "test -d out/proc -a -d out/media", dir,
				 (unsigned long long)b.payload_start), 0);
	ck_assert_int_eq(kit_run("test -x %s/a", dir), 0);
}
END_TEST

START_TEST(test_same_bytes)
{
	manifest("tool", TREE "  - files: [/bin/true]\n");
	ck_assert_ok(run_pack("a", 1, NULL));
	/* Another folder with the same content, made in another order. */
	ck_assert_int_eq(kit_run("cd %s && mv t old && mkdir -p t/data t/bin && "
				 "cp old/bin/tool t/bin/tool && "
				 "cp old/bin/sh t/bin/sh && "
				 "touch -d 2002-02-02 t/bin/tool", dir), 0);
	ck_assert_ok(run_pack("b", 2, NULL));
	ck_assert_int_eq(kit_run("cmp %s/a %s/b", dir, dir), 0);
	ck_assert_ok(run_pack("c", 2, "1700000000"));
	ck_assert_int_eq(kit_run("cmp -s %s/a %s/c", dir, dir), 1);
	ck_assert_int_lt(run_pack("d", 2, "soon"), 0);
	ck_assert_int_lt(run_pack("d", 2, "4294967296"), 0);
}
END_TEST

START_TEST(test_output_among_the_sources)
{
	manifest("tool", TREE);
	ck_assert_ok(run_pack("t/a", 1, NULL));
	ck_assert_int_eq(kit_run("cp %s/t/a %s/first", dir, dir), 0);
	ck_assert_ok(run_pack("t/a", 1, NULL));
	ck_assert_msg(strstr(notes_said, "left out a"), "%s", notes_said);
	ck_assert_int_eq(kit_run("cmp %s/t/a %s/first", dir, dir), 0);
}
END_TEST

START_TEST(test_graphical)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_FREE char *icon = NULL;
	size_t len;

	ck_assert_int_eq(kit_run("cd %s/t && mkdir -p usr/share/applications "
		"usr/share/icons/hicolor/48x48/apps && "
		"printf '[Desktop Entry]\\nName=A Tool\\nName[de]=Ein\\n"
		"Exec=tool\\nIcon=it\\n[Other]\\nTerminal=true\\n' "
		">usr/share/applications/org.example.Tool.desktop && "
		"printf '\\211PNG\\r\\n\\032\\n' >usr/share/icons/hicolor/48x48/apps/it.png", dir),
		0);
	manifest("tool", TREE);
	ck_assert_ok(run_pack("a", 1, NULL));
	open_bundle("a", &b, &h);
	ck_assert(h.graphical);
	ck_assert_str_eq(h.name, "A Tool");
	ck_assert(perms_has(&h.perms, PERM_DISPLAY, "wayland"));
	ck_assert(perms_has(&h.perms, PERM_DISPLAY, "x11-fallback"));
	ck_assert(perms_has(&h.perms, PERM_PORTALS, "true"));
	ck_assert_ptr_nonnull(seal_section(&b.seal, SECTION_DESKTOP));
	ck_assert_ok(bundle_read_section(&b, seal_section(&b.seal,
							  SECTION_ICON),
					 &icon, &len, &err));
	ck_assert_int_eq(memcmp(icon, "\x89PNG", 4), 0);
}
END_TEST

START_TEST(test_not_graphical)
{
	static const char *const rests[] = {
		TREE "desktop: none\n", TREE "desktop: ./x.desktop\n",
	};

	kit_write(dir, "x.desktop", "[Desktop Entry]\nTerminal=true\n", 30);
	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
		CLEANUP_HEADER struct header h = { 0 };

		manifest("tool", rests[i]);
		ck_assert_ok(run_pack("a", 1, NULL));
		open_bundle("a", &b, &h);
		ck_assert(!h.graphical);
		ck_assert(!perms_find(&h.perms, PERM_DISPLAY));
		ck_assert((seal_section(&b.seal, SECTION_DESKTOP) != NULL) ==
			  (i == 1));
	}
}
END_TEST

START_TEST(test_thin)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_HEADER struct header h = { 0 };

	manifest("/app/bin/tool", "kind: thin\nsources:\n"
		 "  - dir: {path: ./t, to: /app}\n");
	ck_assert_ok(run_pack("a", 1, NULL));
	open_bundle("a", &b, &h);
	ck_assert_int_eq(h.kind, KIND_THIN);
	ck_assert(has_top(&h, "app") && h.n_top == 1 && !h.image_etc);
	manifest("tool", "kind: thin\n" TREE);
	ck_assert_int_eq(run_pack("b", 1, NULL), -EINVAL);
	ck_assert_msg(strstr(err.text, "/app"), "%s", err.text);
}
END_TEST

/* Each fails with its words, and leaves the old file and nothing else. */
START_TEST(test_refusals)
{
	static const struct { const char *command, *rest, *words; } v[] = {
		{ "tol", TREE, "did you mean tool?" },
		{ "/usr/bin/tooll", TREE, "did you mean /usr/bin/tool?" },
		{ "data", TREE, "no command data" },
		{ "/data", TREE, "is a folder" },
		{ "plain", TREE, "not executable" },
		{ "text", TREE, "neither an ELF program nor a script" },
		{ "foreign", TREE, "made for aarch64" },
		{ "lost", TREE, "needs /no/where" },
		{ "tool", "sources:\n  - dir: ./nope\n",
		  "holdall.yaml:6: cannot open the source folder ./nope" },
		{ "tool", "sources:\n  - files: [/no/pe]\n",
		  "holdall.yaml:6: cannot find /no/pe" },
		{ "tool", "sources:\n  - debian: {packages: [xx], suite: t, "
		  "uris: [\"file:/no\"]}\n",
		  "holdall.yaml:6: cannot fetch the package index" },
		{ "tool", TREE "home-skeleton: /no\n", "no folder /no" },
		{ "tool", TREE "icon: ./no.png\n", "icon" },
	};

	ck_assert_int_eq(kit_run("cd %s/t/bin && echo x >plain && "
		"echo x >text && chmod 755 text && cp /bin/true foreign && "
		"printf '\\267' | dd of=foreign bs=1 seek=18 conv=notrunc "
		"2>/dev/null && printf '#!/no/where -x\\n' >lost && "
		"chmod 755 lost", dir), 0);
	kit_write(dir, "a", "old", 3);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		manifest(v[i].command, v[i].rest);
		ck_assert_msg(run_pack("a", 1, NULL) < 0, "%s", v[i].words);
		ck_assert_msg(strstr(err.text, v[i].words), "%s: %s",
			      v[i].words, err.text);
		ck_assert_ptr_null(strchr(err.text, '\n'));
	}
	ck_assert_int_eq(kit_run("cd %s && rm -r holdall && "
		"test \"$(cat a)\" = old && "
				 "test \"$(ls -A | sort | tr '\\n' ' ')\" = "
				 "'a holdall.yaml t '", dir), 0);
}
END_TEST

START_TEST(test_bad_manifest)
{
	manifest("tool", TREE "comand: x\n");
	ck_assert_int_lt(run_pack("a", 1, NULL), 0);
	ck_assert_msg(strstr(buf_text(&report), "command"), "%s",
		      buf_text(&report));
}
END_TEST

START_TEST(test_full_disk)
{
	/* A file size limit fails like a full disk, in the middle. */
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(kit_run("mkdir %s/small && mount -t tmpfs -o size=256k "
				 "none %s/small", dir, dir), 0);
	manifest("tool", TREE "  - files: [/bin/bash]\n");
	ck_assert_int_lt(run_pack("small/a", 2, NULL), 0);
	ck_assert_msg(strstr(err.text, "No space left"), "%s", err.text);
	ck_assert_int_eq(kit_run("test -z \"$(ls -A %s/small)\"; r=$?; "
				 "umount %s/small; exit $r", dir, dir), 0);
}
END_TEST

START_TEST(test_stubs)
{
	char path[96];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/a", dir);
	manifest("tool", TREE);
	ck_assert_ok(run_pack("a", 1, NULL));
	ck_assert_int_lt(stub_open_file(path, &fd, &err), 0);
	ck_assert_msg(strstr(err.text, "itself a bundle"), "%s", err.text);
	ck_assert_int_lt(stub_open_file("/bin/true", &fd, &err), 0);
	ck_assert_int_lt(stub_open_file("/etc/passwd", &fd, &err), 0);
	ck_assert_int_lt(stub_open_file("/tmp", &fd, &err), 0);
}
END_TEST

START_TEST(test_lint)
{
	struct notes notes = { .note = keep_note };
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/holdall.yaml", dir);
	manifest("tool", TREE);
	notes_said[0] = '\0';
	ck_assert_ok(lint_run(path, &notes, &report, &err));
	ck_assert_str_eq(notes_said, "");
	manifest("tool", "sources:\n  - dir: ./nope\n  - files: [/no/pe]\n"
		 "  - debian: [jq]\n");
	ck_assert_ok(lint_run(path, &notes, &report, &err));
	ck_assert_msg(strstr(notes_said, ":6: cannot open the source folder") &&
		      strstr(notes_said, ":7: /no/pe is not on this host"),
		      "%s", notes_said);
	manifest("tool", "");
	ck_assert_int_lt(lint_run(path, &notes, &report, &err), 0);
	ck_assert_uint_gt(report.len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pack");
	TCase *c = tcase_create("pack");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_dir);
	tcase_add_test(c, test_same_bytes);
	tcase_add_test(c, test_output_among_the_sources);
	tcase_add_test(c, test_graphical);
	tcase_add_test(c, test_not_graphical);
	tcase_add_test(c, test_thin);
	tcase_add_test(c, test_refusals);
	tcase_add_test(c, test_bad_manifest);
	tcase_add_test(c, test_full_disk);
	tcase_add_test(c, test_stubs);
	tcase_add_test(c, test_lint);
	suite_add_tcase(s, c);
	return kit_main(s);
}
