/*
 * steps_test.c - what is made by own code, and what is taken from a tool
 */
#include "bundler/steps.h"

#include <sys/stat.h>

#include "bundler/sha1.h"
#include "bundler/step.h"
#include "bundler/test_kit.h"
#include "launcher/tool.h"
#include "runtime/text.h"

static char dir[64];
static struct err err;
static struct tree t;
static struct manifest m;
static struct debian_job debian;
static struct notes notes;
static struct steps_job job;
static struct steps s;
static unsigned notes_said;

static void count_note(void *arg, const char *text)
{
	(void)arg;
	(void)text;
	notes_said++;
}

static void set_up(void)
{
	kit_make(dir);
	(void)setenv("XDG_CACHE_HOME", dir, 1);
	m = (struct manifest){ 0 };
	debian = DEBIAN_JOB_INIT;
	notes = (struct notes){ .note = count_note };
	notes_said = 0;
	ck_assert_ok(tree_new(&t, &err));
	job = (struct steps_job){ .manifest = &m, .debian = &debian,
				  .notes = &notes, .time = 1000 };
	s = (struct steps){ .t = &t, .job = &job };
	s.origin = tree_origin(&t, ORIGIN_HOLDALL, 0, "holdall", "1");
}

static void tear_down(void)
{
	stage_free(s.stage);
	strlist_free(&s.without);
	strlist_free(&m.exclude);
	strlist_free(&m.keep);
	strlist_free(&m.locales);
	tree_free(&t);
	debian_job_free(&debian);
	kit_remove(dir);
}

static void add_text(const char *path, const char *text)
{
	ck_assert_ok(tree_add_text(&t, path, text, strlen(text), s.origin,
				   &err));
}

/* The bytes of an entry as text. */
static const char *text_of(const char *path)
{
	static char text[65536];
	const struct entry *e = tree_find(&t, path);
	size_t len;

	ck_assert_msg(e != NULL, "no %s", path);
	ck_assert_ok(entry_read_head(e, text, sizeof(text) - 1, &len, &err));
	text[len] = '\0';
	return text;
}

/* ---- own code ---- */

START_TEST(desktop_database)
{
	add_text("usr/share/applications/b.desktop", "# c\n[Desktop Entry]\n"
		 "Name=B\nMimeType = text/plain;image/png;\n"
		 "[Desktop Action x]\nMimeType=a/never;\n");
	add_text("usr/share/applications/kde/a.desktop", "[Desktop Entry]\n"
		 "MimeType=text/plain;no type;x/;;text/a=b;");
	add_text("usr/share/applications/none.desktop", "[Desktop Entry]\n");
	add_text("usr/share/applications/no;name.desktop",
		 "[Desktop Entry]\nMimeType=a/b;\n");
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_str_eq(text_of("usr/share/applications/mimeinfo.cache"),
			 "[MIME Cache]\nimage/png=b.desktop;\n"
			 "text/plain=b.desktop;kde-a.desktop;\n");
}
END_TEST

#define PEM(text) "-----BEGIN CERTIFICATE-----\n" text \
	"\n-----END CERTIFICATE-----\n"

START_TEST(certificates)
{
	add_text("usr/share/ca-certificates/mozilla/b.crt", PEM("Yg=="));
	add_text("usr/share/ca-certificates/mozilla/a.crt",
		 "-----BEGIN CERTIFICATE-----\nYQ==\n"
		 "-----END CERTIFICATE-----");
	add_text("usr/share/ca-certificates/mozilla/c.crt", "no certificate");
	ck_assert_ok(tree_add_dir(&t, "usr/lib/ssl", NULL, &err));
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_str_eq(text_of("etc/ssl/certs/ca-certificates.crt"),
			 PEM("YQ==") PEM("Yg=="));
	ck_assert_str_eq(tree_find(&t, "usr/lib/ssl/cert.pem")->target,
			 "/etc/ssl/certs/ca-certificates.crt");
}
END_TEST

START_TEST(what_a_source_brings_stays)
{
	add_text("usr/share/ca-certificates/mozilla/a.crt", PEM("YQ=="));
	add_text("etc/ssl/certs/ca-certificates.crt", "mine");
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_str_eq(text_of("etc/ssl/certs/ca-certificates.crt"), "mine");
}
END_TEST

START_TEST(exclude_wins_over_what_is_made)
{
	add_text("usr/share/ca-certificates/mozilla/a.crt", PEM("YQ=="));
	ck_assert_int_eq(strlist_add(&m.exclude, "/etc/ssl"), 0);
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_ptr_null(tree_find(&t, "etc/ssl/certs/ca-certificates.crt"));
}
END_TEST

START_TEST(sha1_of_the_standard)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklm"
				  "klmnlmnomnopnopq";
	uint8_t hash[SHA1_SIZE];
	char hex[2 * SHA1_SIZE + 1];
	struct sha1 h;

	sha1_init(&h);
	sha1_add(&h, "abc", 3);
	sha1_end(&h, hash);
	text_hex(hex, hash, sizeof(hash));
	ck_assert_str_eq(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	sha1_init(&h);
	sha1_add(&h, two, sizeof(two) - 1);
	sha1_end(&h, hash);
	text_hex(hex, hash, sizeof(hash));
	ck_assert_str_eq(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}
END_TEST

/* As keytool writes it, but for the time. */
START_TEST(java_certificates)
{
	const struct entry *e;
	uint8_t b[256];
	size_t len;

	add_text("usr/share/ca-certificates/mozilla/A_b.crt", PEM("YWJj"));
	ck_assert_ok(tree_add_link(&t, "usr/lib/jvm/j/lib/security/cacerts",
				   "/etc/ssl/certs/java/cacerts", NULL, &err));
	ck_assert_ok(steps_run(&t, &job, &err));
	e = tree_find(&t, "etc/ssl/certs/java/cacerts");
	ck_assert_ptr_nonnull(e);
	ck_assert_ok(entry_read_head(e, b, sizeof(b), &len, &err));
	ck_assert_uint_eq(len, 12 + 4 + 2 + 14 + 8 + 7 + 4 + 3 + SHA1_SIZE);
	ck_assert_mem_eq(b, "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2\0\16"
			 "debian:a_b.pem\0\0\0\0\0\x0f\x42\x40\0\5X.509\0\0\0"
			 "\3abc", 12 + 4 + 2 + 14 + 8 + 7 + 4 + 3);
}
END_TEST

START_TEST(java_has_its_own_or_none)
{
	add_text("usr/share/ca-certificates/mozilla/a.crt", PEM("YQ=="));
	add_text("usr/lib/jvm/j/lib/security/cacerts", "a file of the JRE's");
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_ptr_null(tree_find(&t, "etc/ssl/certs/java/cacerts"));
}
END_TEST

/* ---- no tool ---- */

START_TEST(no_tool_is_one_note)
{
	add_text("usr/share/glib-2.0/schemas/a.gschema.xml", "<x/>");
	add_text("usr/share/mime/packages/a.xml", "<x/>");
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_uint_eq(notes_said, 1);
}
END_TEST

START_TEST(an_empty_tree_costs_nothing)
{
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_uint_eq(notes_said, 0);
	ck_assert_int_eq(debian.cache.fd, -1);
	ck_assert_int_eq(kit_run("test ! -e %s/holdall", dir), 0);
}
END_TEST

/* ---- what is taken ---- */

static const struct step mime = {
	.name = "mime", .outputs = { "/usr/share/mime/*",
				     "/usr/share/mime/[!p]*/*.xml" },
};

static int take(void)
{
	CLEANUP_FD int fd = -1;
	char upper[80];

	(void)snprintf(upper, sizeof(upper), "%s/upper", dir);
	fd = kit_open_dir(upper);
	return step_take(&s, &mime, fd, &err);
}

START_TEST(declared_files_enter)
{
	ck_assert_int_eq(kit_run("mkdir -p %s/upper/usr/share/mime/text "
				 "%s/upper/tmp && cd %s/upper && "
				 "printf new >usr/share/mime/mime.cache && "
				 "printf x >usr/share/mime/text/plain.xml && "
				 "chmod 4777 usr/share/mime/mime.cache && "
				 "ln -s /etc/passwd tmp/link && mkfifo tmp/p",
				 dir, dir, dir), 0);
	add_text("usr/share/mime/mime.cache", "old");
	ck_assert_ok(take());
	ck_assert_str_eq(text_of("usr/share/mime/mime.cache"), "new");
	ck_assert_uint_eq(tree_find(&t, "usr/share/mime/mime.cache")->mode,
			  0644);
	ck_assert_str_eq(text_of("usr/share/mime/text/plain.xml"), "x");
	ck_assert_ptr_null(tree_find(&t, "tmp/link"));
}
END_TEST

/* Each of these makes the whole of it worthless, also a good file beside it. */
static const struct { const char *make, *says; } elsewhere[] = {
	{ "mkdir -p usr/bin && echo x >usr/bin/evil", "wrote /usr/bin/evil" },
	{ "echo x >usr/share/mime/packages/a.xml && mkdir -p etc && "
	  "echo x >etc/passwd", "none of its business" },
	{ "ln -s /etc/shadow usr/share/mime/globs", "made the link" },
	{ "mkfifo usr/share/mime/globs", "special file" },
	{ "mkdir usr/share/mime/text && ln -s / usr/share/mime/text/a.xml",
	  "made the link" },
	{ "echo x >usr/share/mime/packages/a.xml", "packages/a.xml" },
	{ "mknod usr/share/mime/types c 0 0", "removed" },
	{ "truncate -s 65M usr/share/mime/magic", "too much" },
	{ "for i in 1 2 3 4 5; do truncate -s 60M usr/share/mime/$i; done",
	  "too much" },
};

START_TEST(everything_else_is_a_failure)
{
	ck_assert_int_eq(kit_run("mkdir -p %s/upper/usr/share/mime/packages "
				 "&& cd %s/upper && "
				 "echo good >usr/share/mime/mime.cache && %s",
				 dir, dir, elsewhere[_i].make), 0);
	ck_assert_int_lt(take(), 0);
	ck_assert_msg(strstr(err.text, elsewhere[_i].says) != NULL, "%s",
		      err.text);
	ck_assert_ptr_null(tree_find(&t, "usr/share/mime/mime.cache"));
}
END_TEST

/* ---- a real tool: a shell in the tree ---- */

/* Where no sandbox is possible there is nothing to see; CI must have one. */
static bool tools_work(void)
{
	const char *ci = getenv("CI");
	struct err why = { 0 };

	if (tool_possible(&why) == 0)
		return true;
	ck_assert_msg(!ci || strcmp(ci, "true"), "%s", why.text);
	return false;
}

static void add_busybox(void)
{
	const struct origin *o = tree_origin(&t, ORIGIN_DIR, 1, "bin", NULL);
	struct entry spec = { .path = (char *)"usr/bin/sh", .type = ENTRY_FILE,
			      .mode = 0755, .origin = o };
	struct stat st;

	ck_assert_int_eq(stat("/bin/busybox", &st), 0);
	spec.content = (struct content){
		.kind = CONTENT_BENEATH, .base_fd = kit_open_dir("/bin/."),
		.rel = (char *)"busybox", .size = (uint64_t)st.st_size };
	ck_assert_ok(tree_base(&t, spec.content.base_fd, &err));
	ck_assert_ok(tree_add(&t, &spec, NULL, &err));
}

static int run_shell(const char *script, unsigned seconds)
{
	const struct step step = {
		.name = "test", .tools = { "/usr/bin/sh" },
		.args = { "-c", script },
		.outputs = { "/usr/share/out/*" }, .seconds = seconds,
	};

	add_busybox();
	ck_assert_ok(tree_add_dir(&t, "usr/share/out", NULL, &err));
	return step_run_tool(&s, &step, NULL, &err);
}

START_TEST(a_tool_sees_the_tree_and_its_time)
{
	if (!tools_work())
		return;
	add_text("etc/note", "from the tree");
	ck_assert_ok(run_shell("read x </etc/note; echo \"$x $SOURCE_DATE_EPOCH"
			       " $LC_ALL\" >/usr/share/out/a", 0));
	ck_assert_str_eq(text_of("usr/share/out/a"),
			 "from the tree 1000 C.UTF-8\n");
	/* What was made is there for the next. */
	ck_assert_ok(run_shell("read x </usr/share/out/a; "
			       "echo \"$x\" >/usr/share/out/b", 0));
	ck_assert_str_eq(text_of("usr/share/out/b"),
			 "from the tree 1000 C.UTF-8\n");
}
END_TEST

START_TEST(a_tool_that_hangs_ends)
{
	if (!tools_work())
		return;
	ck_assert_int_lt(run_shell("while :; do :; done", 1), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "sh"));
}
END_TEST

/* Each of them in its time, all together not. */
START_TEST(many_folders_have_one_deadline)
{
	const struct step step = {
		.name = "test", .tools = { "/usr/bin/sh" },
		.args = { "-c", "sleep 0.6" }, .dirs = DIRS_EACH,
		.outputs = { "/usr/share/out/*" }, .seconds = 1,
	};
	char *names[] = { (char *)"a", (char *)"b", (char *)"c", (char *)"d",
			  (char *)"e", (char *)"f", (char *)"g", (char *)"h" };
	const struct strlist dirs = { .v = names, .n = 8 };

	if (!tools_work())
		return;
	add_busybox();
	ck_assert_ok(tree_add_dir(&t, "usr/share/out", NULL, &err));
	ck_assert_int_eq(step_run_each(&s, &step, &dirs, &err), -ETIMEDOUT);
}
END_TEST

START_TEST(a_tool_that_fails_is_quoted)
{
	if (!tools_work())
		return;
	ck_assert_int_lt(run_shell("echo first >&2; echo the reason >&2; "
				   "exit 3", 0), 0);
	ck_assert_msg(strstr(err.text, "the reason") != NULL, "%s", err.text);
}
END_TEST

/* ---- ICU ---- */

static const char *const icu_names[] = {
	"icudt72l/coll/de.res", "icudt72l/de.res", "icudt72l/ibm.cnv",
	"icudt72l/lang/de.res", "icudt72l/lang/en.res", "icudt72l/lang/fr.res",
	"icudt72l/res_index.res",
};

#define ICU_ITEM 1024u

/* The data of ICU, at `p`: every item is full of its own number. */
static size_t make_icu(uint8_t *p)
{
	uint32_t n = ARRAY_SIZE(icu_names), at = 4 + 8 * n, item = 1024;
	uint8_t *toc = p + 32;

	p[0] = 32;
	p[2] = 0xda;
	p[3] = 0x27;
	memcpy(p + 12, "CmnD", 4);
	memcpy(toc, &n, 4);
	for (uint32_t i = 0; i < n; i++, item += ICU_ITEM) {
		memcpy(toc + 4 + 8 * i, &at, 4);
		memcpy(toc + 8 + 8 * i, &item, 4);
		strcpy((char *)toc + at, icu_names[i]);
		at += (uint32_t)strlen(icu_names[i]) + 1;
		memset(toc + item, (int)i + 1, ICU_ITEM);
	}
	return 32 + item;
}

START_TEST(icu_keeps_what_is_asked_for)
{
	uint8_t data[32 + 1024 + 7 * ICU_ITEM] = { 0 };
	const uint8_t *toc = data + 32;
	uint32_t n, name, item;

	ck_assert_uint_eq(make_icu(data), sizeof(data));
	ck_assert_int_eq(strlist_add(&m.locales, "de_DE"), 0);
	ck_assert(step_icu_thin(data, sizeof(data), &m.locales));
	memcpy(&n, toc, 4);
	/* de, lang/de, lang/en, res_index. */
	ck_assert_uint_eq(n, 4);
	memcpy(&name, toc + 4 + 8, 4);
	memcpy(&item, toc + 8 + 8, 4);
	ck_assert_str_eq((const char *)toc + name, "icudt72l/lang/de.res");
	ck_assert_uint_eq(toc[item], 4);
	ck_assert_uint_eq(toc[item + ICU_ITEM - 1], 4);
	ck_assert_uint_eq(toc[1024], 0);		/* coll/de */
	ck_assert_uint_eq(toc[1024 + 5 * ICU_ITEM], 0);	/* lang/fr */
}
END_TEST

START_TEST(icu_that_is_broken_stays)
{
	uint8_t data[32 + 1024 + 7 * ICU_ITEM] = { 0 };
	uint8_t copy[sizeof(data)];
	static const struct { unsigned off; uint8_t byte; } breaks[] = {
		{ 2, 0 }, { 0, 1 }, { 1, 0xff }, { 12, 'X' },
		{ 32 + 3, 0xff },		/* count */
		{ 32, 0 },
		{ 32 + 4 + 3, 0xff },		/* name beyond the end */
		{ 32 + 8 + 3, 0xff },		/* item beyond the end */
		{ 32 + 8 + 1, 0 },		/* item inside the table */
		{ 32 + 16 + 1, 0 },		/* items that descend */
	};

	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		memset(data, 0, sizeof(data));
		(void)make_icu(data);
		data[breaks[i].off] = breaks[i].byte;
		memcpy(copy, data, sizeof(data));
		ck_assert_msg(!step_icu_thin(data, sizeof(data), &m.locales),
			      "break %zu", i);
		ck_assert_mem_eq(copy, data, sizeof(data));
	}
	(void)make_icu(data);
	ck_assert(!step_icu_thin(data, 40, &m.locales));
}
END_TEST

static void add_package_file(const char *path, const char *text)
{
	add_text(path, text);
	tree_find(&t, path)->origin = tree_origin(&t, ORIGIN_DEBIAN, 0,
						  "libicu72", "72");
}

/* Only libraries go, and no folder without what is in it. */
START_TEST(icu_idle_libraries_go)
{
	char dir_of[TREE_PATH_MAX], path[TREE_PATH_MAX + 32];

	ck_assert(step_expand("usr/lib/%m", dir_of));
	(void)snprintf(path, sizeof(path), "%s/libicudata.so.72", dir_of);
	add_package_file(path, "not an ELF file");
	(void)snprintf(path, sizeof(path), "%s/libicui18n.so.72", dir_of);
	add_package_file(path, "nor this");
	add_package_file("usr/share/doc/libicu72/copyright", "free");
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_ptr_null(tree_find(&t, path));
	ck_assert_str_eq(text_of("usr/share/doc/libicu72/copyright"), "free");
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/doc/libicu72"));
	(void)snprintf(path, sizeof(path), "%s/libicudata.so.72", dir_of);
	ck_assert_str_eq(text_of(path), "not an ELF file");
}
END_TEST

START_TEST(icu_stays_when_kept)
{
	char dir_of[TREE_PATH_MAX], path[TREE_PATH_MAX + 32];

	ck_assert_int_eq(strlist_add(&m.keep, "libicudata.so.*"), 0);
	ck_assert(step_expand("usr/lib/%m", dir_of));
	(void)snprintf(path, sizeof(path), "%s/libicudata.so.72", dir_of);
	add_package_file(path, "kept");
	(void)snprintf(path, sizeof(path), "%s/libicui18n.so.72", dir_of);
	add_package_file(path, "kept too");
	ck_assert_ok(steps_run(&t, &job, &err));
	ck_assert_str_eq(text_of(path), "kept too");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("steps");
	TCase *c = tcase_create("steps");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, desktop_database);
	tcase_add_test(c, certificates);
	tcase_add_test(c, what_a_source_brings_stays);
	tcase_add_test(c, exclude_wins_over_what_is_made);
	tcase_add_test(c, sha1_of_the_standard);
	tcase_add_test(c, java_certificates);
	tcase_add_test(c, java_has_its_own_or_none);
	tcase_add_test(c, no_tool_is_one_note);
	tcase_add_test(c, an_empty_tree_costs_nothing);
	tcase_add_test(c, declared_files_enter);
	tcase_add_loop_test(c, everything_else_is_a_failure, 0,
			    (int)ARRAY_SIZE(elsewhere));
	tcase_add_test(c, a_tool_sees_the_tree_and_its_time);
	tcase_add_test(c, a_tool_that_hangs_ends);
	tcase_add_test(c, many_folders_have_one_deadline);
	tcase_add_test(c, a_tool_that_fails_is_quoted);
	tcase_add_test(c, icu_keeps_what_is_asked_for);
	tcase_add_test(c, icu_that_is_broken_stays);
	tcase_add_test(c, icu_idle_libraries_go);
	tcase_add_test(c, icu_stays_when_kept);
	suite_add_tcase(suite, c);
	return kit_main(suite);
}
