/*
 * init_test.c - guessed ids, the text of a first manifest, and files that stay
 *
 * Packages need an archive: tests/infer_test.sh.
 */
#include <errno.h>

#include "bundler/test_kit.h"

#include "bundler/desktop_entry.h"
#include "bundler/init_verb.h"
#include "manifests/manifest.h"

static struct err err;

START_TEST(homepages)
{
	static const struct { const char *url, *name, *id; } v[] = {
		{ "https://github.com/stedolan/jq", "jq",
		  "io.github.stedolan.jq" },
		{ "https://github.com/a/b.git", "b", "io.github.a.b" },
		{ "https://jqlang.github.io/jq/", "jq",
		  "io.github.jqlang.jq" },
		{ "http://www.vim.org/", "vim", "org.vim.vim" },
		{ "https://docs.xfce.org/apps/mousepad/start", "mousepad",
		  "org.xfce.mousepad" },
		{ "https://kcalc.kde.org/", "kcalc", "org.kde.kcalc" },
		{ "https://sourceforge.net/projects/etr/", "etr",
		  "net.sourceforge.etr" },
		{ "https://7-zip.org", "7zip", "org._7-zip._7zip" },
		{ "https://example.org:8080/x", "lib++", "org.example.lib__" },
		{ "https://github.com/", "x", NULL },
		{ "ftp://example.org", "x", NULL },
		{ "http://", "x", NULL }, { "nonsense", "x", NULL },
		{ "http://localhost/", "x", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		CLEANUP_FREE char *id = init_id_of_homepage(v[i].url,
							    v[i].name);

		if (v[i].id)
			ck_assert_msg(id && !strcmp(id, v[i].id), "%s: %s",
				      v[i].url, id ? id : "none");
		else
			ck_assert_msg(!id, "%s: %s", v[i].url, id);
	}
}
END_TEST

static void check_id(const char *appstream, const char *stem,
		     const char *homepage, const char *name, const char *id,
		     enum init_id from)
{
	CLEANUP_FREE char *got = NULL;
	enum init_id got_from;

	ck_assert_ok(init_guess_id(appstream, appstream ? strlen(appstream) :
				   0, stem, homepage, name, &got, &got_from,
				   &err));
	ck_assert_str_eq(got, id);
	ck_assert_int_eq(got_from, from);
}

START_TEST(ids)
{
	check_id("<component type=\"desktop\"><id> org.a.B.desktop\n</id>",
		 "org.c.D", "http://e.org", "b", "org.a.B",
		 INIT_ID_APPSTREAM);
	/* Not an id of three parts, cut off, empty: the next best. */
	check_id("<id>b.desktop</id>", "org.c.D", "http://e.org", "b",
		 "org.c.D", INIT_ID_DESKTOP);
	check_id("<id", "app", "http://e.org", "b", "org.e.b",
		 INIT_ID_HOMEPAGE);
	check_id("<id>", "app", NULL, "7zip", "org.debian._7zip",
		 INIT_ID_OTHER);
	check_id("<id>a.b.\x1b[c</id>", NULL, NULL, "libstdc++6",
		 "org.debian.libstdc__6", INIT_ID_OTHER);
}
END_TEST

/* The comments about permissions, taken out of their comment. */
static void uncomment(struct buf *b)
{
	char *p = strstr(b->data, "# permissions:"), *to = p;

	ck_assert_ptr_nonnull(p);
	while (*p) {
		size_t len = strcspn(p, "\n") + 1;

		memmove(to, p + 2, len - 2);
		to += len - 2;
		p += len;
	}
	*to = '\0';
	b->len = (size_t)(to - b->data);
}

static void check_manifest(const struct buf *b, struct manifest *m)
{
	CLEANUP_BUF struct buf report = BUF_INIT;

	ck_assert_msg(manifest_read("x", b->data, b->len, m, &report, &err) ==
		      0, "%s\n%s", b->data, buf_text(&report));
}

static char words[1024];

START_TEST(whole_text)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_MANIFEST struct manifest m2 = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct init_facts f = {
		.what = "calc", .package = (char *)"calc",
		.id = (char *)"org.example.Calc",
		.version = (char *)"1.10", .whole_version = (char *)"1.10-2",
		.summary = (char *)"an \x1b[31mapp: # of \"words\"",
		.has_desktop = true, .graphical = true,
	};

	(void)snprintf(words, sizeof(words), "AudioVideo;Game;Chat;Graphics;"
		       "Office;Network;");
	f.entry.categories = words;
	ck_assert_int_eq(strlist_add(&f.argv, "office"), 0);
	ck_assert_int_eq(strlist_add(&f.argv, "--a b=\"c\\d\""), 0);
	ck_assert_ok(init_text(&f, &b, &err));
	check_manifest(&b, &m);
	ck_assert_ptr_null(strchr(b.data, '\x1b'));
	ck_assert_str_eq(m.version, "1.10");
	ck_assert_str_eq(m.commands[0].argv.v[1], "--a b=\"c\\d\"");
	ck_assert_uint_eq(m.perms.n, 0);
	uncomment(&b);
	check_manifest(&b, &m2);
	ck_assert(perms_has(&m2.perms, PERM_SOUND, "playback"));
	ck_assert(perms_has(&m2.perms, PERM_NETWORK, "host"));
	ck_assert(perms_has(&m2.perms, PERM_DEVICES, "gamepad"));
	strlist_free(&f.argv);
}
END_TEST

START_TEST(text_without_command)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_MANIFEST struct manifest m2 = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct init_facts f = {
		.what = "server", .package = (char *)"server",
		.id = (char *)"org.debian.server", .id_from = INIT_ID_OTHER,
		.version = (char *)"15+248", .choices = (char *)"two\nlines",
	};

	ck_assert_ok(init_text(&f, &b, &err));
	check_manifest(&b, &m);
	ck_assert_uint_eq(m.n_commands, 0);
	ck_assert_ptr_null(m.version);
	uncomment(&b);
	check_manifest(&b, &m2);
}
END_TEST

/* Nobody is told to ask for what the program does not use, nor promised what
 * this version cannot. */
START_TEST(network_only_where_used)
{
	static const struct { const char *section, *depends; bool net; } v[] = {
		{ "utils", "libc6 (>= 2.34), libjq1 (= 1.6)", false },
		{ "database", "libc6, libreadline8", false },
		{ "contrib/net", "libc6", true }, { "mail", NULL, true },
		{ "video", "libc6, libcurl3-gnutls (>= 7.28), x", true },
		{ "nets", "curlew, libcurl4-doc", false },
		{ NULL, NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		CLEANUP_MANIFEST struct manifest m = { 0 };
		CLEANUP_BUF struct buf b = BUF_INIT;
		struct init_facts f = {
			.what = "calc", .package = (char *)"calc",
			.id = (char *)"org.example.Calc", .graphical = true,
			.choices = (char *)"calc",
			.network = init_needs_network(v[i].section,
						      v[i].depends),
		};

		ck_assert_msg(f.network == v[i].net, "row %zu", i);
		ck_assert_ok(init_text(&f, &b, &err));
		ck_assert(!strstr(b.data, "network: host") == !v[i].net);
		ck_assert(!strstr(b.data, "# permissions:") == !v[i].net);
		ck_assert_ptr_null(strstr(b.data, "isolated"));
		ck_assert_ptr_null(strstr(b.data, "chooser"));
		if (v[i].net)
			uncomment(&b);
		check_manifest(&b, &m);
		ck_assert(perms_has(&m.perms, PERM_NETWORK, "host") ==
			  v[i].net);
	}
}
END_TEST

START_TEST(hostile_words)
{
	static const char *const bad[] = {
		"a b", "a;b", "$(x)", "a\nb", "-x", "", "a,b]", "ä",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_msg(init_run(bad[i], "/nowhere/x", NULL, &err) < 0,
			      "%s", bad[i]);
		ck_assert_msg(strstr(err.text, "neither a package's name"),
			      "%s", err.text);
	}
}
END_TEST

START_TEST(program_and_files_that_stay)
{
	char dir[64], out[96];

	kit_make(dir);
	(void)snprintf(out, sizeof(out), "%s/holdall.yaml", dir);
	ck_assert_ok(init_run("/bin/sh", out, NULL, &err));
	ck_assert_int_eq(kit_run("cd %s && grep -q '^command: sh$' holdall.yaml "
				 "&& grep -q 'files: ./bin/sh' holdall.yaml && "
				 "cp holdall.yaml first", dir), 0);
	ck_assert_int_eq(init_run("/bin/sh", out, NULL, &err), -EEXIST);
	ck_assert_msg(strstr(err.text, "is there already"), "%s", err.text);
	/* A link into nothing is there too. */
	ck_assert_int_eq(kit_run("cd %s && cmp holdall.yaml first && "
				 "rm holdall.yaml && ln -s other holdall.yaml",
				 dir), 0);
	ck_assert_int_eq(init_run("/bin/sh", out, NULL, &err), -EEXIST);
	ck_assert_int_eq(kit_run("test ! -e %s/other && rm %s/holdall.yaml",
				 dir, dir), 0);
	ck_assert_int_lt(init_run("/etc/passwd", out, NULL, &err), 0);
	ck_assert_int_lt(init_run("/no/where", out, NULL, &err), 0);
	ck_assert_int_lt(init_run("/tmp", out, NULL, &err), 0);
	ck_assert_int_eq(kit_run("test ! -e %s/holdall.yaml", dir), 0);
	kit_remove(dir);
}
END_TEST

/* ---- desktop files ---- */

static void parse(const char *text, struct desktop_entry *d)
{
	ck_assert_ok(desktop_entry_parse(text, strlen(text), d, &err));
}

START_TEST(exec_words)
{
	static const struct { const char *exec, *all; size_t n; } v[] = {
		{ "app %U", "app", 1 }, { "  app   -x  %f ", "app|-x", 2 },
		{ "\"/opt/a b/run\" \"x\\\\\\\\y\" %i", "/opt/a b/run|x\\y", 2 },
		{ "app --file=%f 100%%", "app|100%", 2 },
		{ "app -caption \"%c\"", "app|-caption|It", 3 },
		{ "\"open", "", 0 }, { "", "", 0 }, { "%f", "", 0 },
		{ "\"\" x", "", 0 }, { "a\\sb", "a|b", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		CLEANUP_DESKTOP_ENTRY struct desktop_entry d = { 0 };
		char text[256], all[256] = "";

		(void)snprintf(text, sizeof(text), "[Desktop Entry]\nName=It\n"
			       "Exec=%s\n", v[i].exec);
		parse(text, &d);
		for (size_t k = 0; k < d.argv.n; k++) {
			(void)strcat(all, k ? "|" : "");
			(void)strcat(all, d.argv.v[k]);
		}
		ck_assert_msg(d.argv.n == v[i].n && !strcmp(all, v[i].all),
			      "%s: %s", v[i].exec, all);
	}
}
END_TEST

START_TEST(entry_texts)
{
	CLEANUP_DESKTOP_ENTRY struct desktop_entry d = { 0 };
	CLEANUP_DESKTOP_ENTRY struct desktop_entry e = { 0 };

	parse("# x\n\n[Desktop Entry]\r\nName = A\\sB \r\nName[de]=C\nIcon=a\x1b"
	      "b\nComment=\xff\nCategories=GTK;Game\nName=second\n"
	      "[Desktop Action x]\nTerminal=true\nExec=no\n", &d);
	ck_assert_str_eq(d.name, "A B");
	ck_assert_ptr_null(d.icon);
	ck_assert_ptr_null(d.comment);
	ck_assert(!d.terminal && !d.has_exec && d.application);
	ck_assert(desktop_entry_has_category(&d, "Game") &&
		  !desktop_entry_has_category(&d, "Gam"));
	parse("[Desktop Entry]\nExec=env A=1 B=2 app x y\nType=Link\n", &e);
	ck_assert_str_eq(desktop_entry_program(&e), "app");
	ck_assert_uint_eq(desktop_entry_options(&e), 2);
	ck_assert(!desktop_entry_is_shown(&e));
	ck_assert_int_eq(desktop_entry_parse("Name=x\n", 7, &d, &err),
			 -EINVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("init");
	TCase *c = tcase_create("init");

	tcase_add_test(c, homepages);
	tcase_add_test(c, ids);
	tcase_add_test(c, whole_text);
	tcase_add_test(c, text_without_command);
	tcase_add_test(c, network_only_where_used);
	tcase_add_test(c, hostile_words);
	tcase_add_test(c, program_and_files_that_stay);
	tcase_add_test(c, exec_words);
	tcase_add_test(c, entry_texts);
	suite_add_tcase(s, c);
	return kit_main(s);
}
