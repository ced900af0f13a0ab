/*
 * scripts_test.c - maintainer scripts, good and hostile, and what comes of them
 *
 * The staged tree is dash, busybox and a few empty files.  The scripts run in the real
 * sandbox; records that no shell would write are given to the parser directly.
 */
#include "bundler/scripts.h"

#include "bundler/scripts_parse.h"
#include "bundler/test_kit.h"
#include "launcher/tool.h"

static char dir[64];
static int tree_fd, cache_fd;
static struct err err;
static struct tree t;
static struct script_list list;
static struct script_record rec;
static struct notes notes;
static char said[8192];

static void hear(void *arg UNUSED, const char *text)
{
	size_t n = strlen(said);

	(void)snprintf(said + n, sizeof(said) - n, "%s\n", text);
}

static const struct origin *from(const char *package)
{
	return tree_origin(&t, ORIGIN_DEBIAN, 1, package, "1");
}

static void add_file(const char *path)
{
	ck_assert_ok(tree_add_text(&t, path, "x", 1, from("base"), &err));
}

static void setup(void)
{
	char path[96];

	kit_make(dir);
	ck_assert_int_eq(kit_run("set -e; cd %s; mkdir -p tree/usr/bin "
		"tree/usr/lib tree/etc cache; ln -s usr/bin tree/bin; "
		"cp \"$(command -v busybox)\" tree/usr/bin/; "
		"for a in cp mkdir rm sleep cat ln yes chown chmod; do "
		"ln -s busybox tree/usr/bin/$a; done; "
		/* busybox's own shell would not look for its tools in PATH */
		"cp /bin/dash tree/usr/bin/sh; for l in $(ldd /bin/dash | "
		"grep -o '/[^ ]*'); do mkdir -p tree${l%%/*}; "
		"cp $l tree$l; done; echo reg >tree/usr/lib/registry", dir),
		0);
	(void)snprintf(path, sizeof(path), "%s/tree", dir);
	tree_fd = kit_open_dir(path);
	(void)snprintf(path, sizeof(path), "%s/cache", dir);
	cache_fd = kit_open_dir(path);
	said[0] = '\0';
	notes = (struct notes){ .note = hear };
	list = (struct script_list){ 0 };
	rec = (struct script_record){ 0 };
	ck_assert_ok(tree_new(&t, &err));
	ck_assert_ok(tree_add_link(&t, "bin", "usr/bin", from("base"), &err));
	add_file("usr/bin/vim.basic");
	add_file("usr/bin/vim.tiny");
	add_file("usr/lib/blas/libblas.so.3");
	add_file("usr/share/man/man1/vim.1.gz");
}

static void teardown(void)
{
	script_list_free(&list);
	script_record_free(&rec);
	tree_free(&t);
	(void)close(tree_fd);
	(void)close(cache_fd);
	kit_remove(dir);
}

static void add_script(const char *package, const char *text)
{
	ck_assert_ok(script_list_add(&list, package, "1", text, strlen(text),
				     &err));
}

static int add_entry(void *arg UNUSED, const struct entry *spec,
		     struct err *e)
{
	int r = tree_add(&t, spec, NULL, e);

	if (r < 0)
		free(spec->content.data);
	return r;
}

static void apply(void)
{
	const struct scripts_door door = { .add = add_entry };

	ck_assert_ok(scripts_apply(&rec, &t, from("other"), &door, &notes,
				   &err));
}

/* Runs what was added, and applies it. */
static void run(unsigned seconds)
{
	struct scripts_job job = {
		.lower_fds = &tree_fd, .n_lowers = 1, .cache_fd = cache_fd,
		.notes = &notes, .seconds = seconds,
	};

	ck_assert_ok(scripts_record(&job, &list, &rec, &err));
	apply();
}

static const char *link_at(const char *path)
{
	const struct entry *e = tree_find(&t, path);

	return e && e->type == ENTRY_LINK ? e->target : "no link";
}

static bool has_text(const char *path, const char *text)
{
	const struct entry *e = tree_find(&t, path);

	return e && e->type == ENTRY_FILE && e->content.data &&
	       e->content.size == strlen(text) &&
	       !memcmp(e->content.data, text, strlen(text));
}

/* ---- good ones ---- */

START_TEST(one_link_of_the_best)
{
	add_script("vim-tiny", "#!/bin/sh\nset -e\n[ \"$1\" = configure ]\n"
		   "update-alternatives --install /usr/bin/vi vi "
		   "/usr/bin/vim.tiny 15\n");
	add_script("vim", "#!/bin/sh\nset -e\nfor n in vi ex; do\n"
		   "update-alternatives --quiet --install /bin/$n $n "
		   "/usr/bin/vim.basic 30 --slave "
		   "/usr/share/man/man1/$n.1.gz $n.1.gz "
		   "/usr/share/man/man1/vim.1.gz --slave /usr/lib/$n.so "
		   "$n.so /usr/lib/blas/libblas.so.3 --slave /usr/lib/none "
		   "none /usr/lib/nowhere\ndone\n");
	run(0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(link_at("usr/bin/vi"), "vim.basic");
	ck_assert_str_eq(link_at("usr/bin/ex"), "vim.basic");
	ck_assert_str_eq(link_at("usr/lib/vi.so"), "blas/libblas.so.3");
	ck_assert_str_eq(link_at("usr/lib/none"), "no link");
	ck_assert_str_eq(link_at("usr/share/man/man1/vi.1.gz"), "no link");
	ck_assert_str_eq(tree_find(&t, "usr/bin/vi")->origin->name, "other");
	ck_assert_ptr_null(tree_find(&t, "etc/alternatives"));
}
END_TEST

/* The best one's file was left out of the tree: the next has it. */
START_TEST(missing_target_loses)
{
	add_script("a", "#!/bin/sh\nupdate-alternatives --install /usr/bin/e "
		   "e /usr/bin/gone 90\nupdate-alternatives --install "
		   "/usr/bin/e e /usr/bin/vim.tiny 1\nupdate-alternatives "
		   "--install /usr/bin/f f /usr/bin/gone 1\n");
	run(0);
	ck_assert_str_eq(link_at("usr/bin/e"), "vim.tiny");
	ck_assert_ptr_null(tree_find(&t, "usr/bin/f"));
}
END_TEST

/* busybox has no `install`: one that knows no owners, as in the sandbox. */
static const char install_text[] =
	"#!/bin/sh\nfor w; do case $w in -o|-g|--group|office|2755) exit 9;; esac; "
	"done\ncase $1 in -d) mkdir -p \"$w\";; *) cp \"$@\";; esac\n";

START_TEST(ucf_copies)
{
	char bin[96];

	(void)snprintf(bin, sizeof(bin), "%s/tree/usr/bin", dir);
	kit_write(bin, "install", install_text, strlen(install_text));
	ck_assert_int_eq(kit_run("chmod 755 %s/install", bin), 0);
	add_script("office", "#!/bin/sh\nset -e\n. /usr/share/debconf/"
		   "confmodule\ndb_get office/x; [ -z \"$RET\" ]\n"
		   "ucf --three-way --debconf-ok /usr/lib/registry "
		   "/etc/office/registry\necho more >>/etc/office/registry\n"
		   "echo new >/tmp/x; ucf /tmp/x /etc/made; rm /tmp/x\n"
		   "ucf -p /etc/made\nucfr office /etc/made\n"
		   "if dpkg --compare-versions \"$2\" lt 1; then false; fi\n"
		   "adduser --system office; chown office /etc/made\n"
		   "install -d -m 2755 -o office --group office /etc/dir\n"
		   "install -g office -o office /etc/made '/etc/dir/a b'\n"
		   "[ -f '/etc/dir/a b' ] && su office -c false\n");
	run(0);
	ck_assert_str_eq(said, "");
	ck_assert(has_text("etc/office/registry", "reg\nmore\n"));
	ck_assert(has_text("etc/made", "new\n"));
	ck_assert_uint_eq(tree_find(&t, "etc/made")->mode, 0644);
}
END_TEST

/* ---- what cannot be had ---- */

START_TEST(nothing_is_replaced)
{
	add_file("etc/conf");
	add_script("a", "#!/bin/sh\nupdate-alternatives --install "
		   "/usr/bin/vim.tiny x /usr/bin/vim.basic 9\n"
		   "ucf /usr/lib/registry /etc/conf\n");
	run(0);
	ck_assert_int_eq(tree_find(&t, "usr/bin/vim.tiny")->type, ENTRY_FILE);
	ck_assert(has_text("etc/conf", "x"));
}
END_TEST

START_TEST(escapes)
{
	add_script("evil", "#!/bin/sh\n"
		"u() { update-alternatives --install \"$@\" 9; }\n"
		"u ../../etc/shadow a /usr/bin/vim.tiny\n"
		"u /usr/../etc/shadow b /usr/bin/vim.tiny\n"
		"u /usr/bin/c c ../../../etc/shadow\n"
		"u /usr/bin/d ../../d /usr/bin/vim.tiny\n"
		"u '/usr/bin/new\nline' e /usr/bin/vim.tiny\n"
		"u /home/f f /usr/bin/vim.tiny\n"
		"u /g g /usr/bin/vim.tiny\n"
		"u /usr/bin/h h /etc/shadow\n"
		"u /usr/bin/i i\n"
		"u '' j /usr/bin/vim.tiny\n"
		"u /usr/bin/vim.tiny/k k /usr/bin/vim.basic\n"
		"u /usr/bin/l l /usr/bin/l\n"
		"ucf /usr/lib/registry /usr/bin/m\n"
		"ucf /usr/lib/registry /etc/../usr/bin/n\n"
		"ln -s /usr/bin /etc/o; ucf /usr/lib/registry /etc/o/p\n"
		"ucf /usr/lib/registry '/etc/q\nr'\n");
	run(0);
	/* setup's: "", bin, four files and the seven folders they need */
	ck_assert_uint_eq(t.n, 13);
	ck_assert_ptr_nonnull(strstr(said, "evil 1: its script asks for"));
	ck_assert_ptr_nonnull(strstr(said, "../../etc/shadow"));
	ck_assert_ptr_nonnull(strstr(said, "/home/f"));
}
END_TEST

/* A link of the tree leads the parent elsewhere: /etc/out -> /srv. */
START_TEST(link_in_the_tree_leads_out)
{
	ck_assert_ok(tree_add_dir(&t, "srv", from("base"), &err));
	ck_assert_ok(tree_add_link(&t, "etc/out", "/srv", from("base"),
				   &err));
	add_script("evil", "#!/bin/sh\nmkdir /etc/out\n"
		   "ucf /usr/lib/registry /etc/out/x\n"
		   "update-alternatives --install /etc/out/y y "
		   "/usr/bin/vim.tiny 1\n");
	run(0);
	ck_assert_ptr_null(tree_find(&t, "srv/x"));
	ck_assert_ptr_null(tree_find(&t, "srv/y"));
}
END_TEST

/* Links, pipes and folders where the record says a file is. */
START_TEST(odd_files)
{
	add_script("evil", "#!/bin/sh\n"
		"ln -s /etc/passwd /etc/a; ucf /usr/lib/registry /etc/a\n"
		"busybox mkfifo /etc/b; ucf /usr/lib/registry /etc/b\n"
		"mkdir /etc/c; ucf /usr/lib/registry /etc/c\n"
		"echo x >/etc/d; busybox chmod 0 /etc/d; "
		"ucf /usr/lib/registry /etc/d\n"
		"busybox truncate -s 200M /etc/e; ucf /usr/lib/registry /etc/e\n"
		"ucf /usr/lib/registry /etc/f\n");
	run(0);
	ck_assert_ptr_null(tree_find(&t, "etc/a"));
	ck_assert_ptr_null(tree_find(&t, "etc/b"));
	ck_assert_ptr_null(tree_find(&t, "etc/c"));
	ck_assert_ptr_null(tree_find(&t, "etc/e"));
	ck_assert(has_text("etc/f", "reg\n"));
	ck_assert_ptr_nonnull(strstr(said, "/etc/a with ucf, but not as a "
				     "file that can be taken"));
}
END_TEST

/* ---- scripts that fail: each alone ---- */

START_TEST(failures_cost_their_own_record)
{
	add_script("fails", "#!/bin/sh\nset -e\nupdate-alternatives --install "
		   "/usr/bin/one one /usr/bin/vim.tiny 1\n"
		   "echo 'no good' >&2\nfalse\nupdate-alternatives --install "
		   "/usr/bin/two two /usr/bin/vim.tiny 1\n");
	add_script("hangs", "#!/bin/sh\nupdate-alternatives --install "
		   "/usr/bin/three three /usr/bin/vim.tiny 1\nsleep 1000\n");
	add_script("absent", "#!/usr/bin/perl\nupdate-alternatives\n");
	add_script("floods", "#!/bin/sh\nyes 012345678 | busybox head -c "
		   "2000000 >>/.holdall/record\n");
	add_script("garbles", "#!/bin/sh\necho x >>/.holdall/record\n");
	add_script("good", "#!/bin/sh\nupdate-alternatives --install "
		   "/usr/bin/four four /usr/bin/vim.tiny 1\n");
	run(2);
	ck_assert_str_eq(link_at("usr/bin/one"), "vim.tiny");
	ck_assert_ptr_null(tree_find(&t, "usr/bin/two"));
	ck_assert_ptr_null(tree_find(&t, "usr/bin/three"));
	ck_assert_str_eq(link_at("usr/bin/four"), "vim.tiny");
	ck_assert_ptr_nonnull(strstr(said, "fails 1: its script ended early "
				     "(status 1: no good)"));
	ck_assert_ptr_nonnull(strstr(said, "hangs 1: its script: still "
				     "running after 2 seconds"));
	ck_assert_ptr_nonnull(strstr(said, "absent 1: its script: "));
	ck_assert_ptr_nonnull(strstr(said, "floods 1: its record is too "
				     "long"));
	ck_assert_ptr_nonnull(strstr(said, "garbles 1: its record is not "
				     "whole"));
	ck_assert_ptr_null(strstr(said, "good 1"));
}
END_TEST

/* ---- the parser ---- */

static int parse(const char *data, size_t len)
{
	return scripts_parse(data, len, 0, &rec, &err);
}

#define GOOD "update-alternatives\0005\0--install\0/usr/a\0a\0/usr/b\0007\0"

START_TEST(records_that_are_not_whole)
{
	static const char good[] = GOOD;

	ck_assert_ok(parse("", 0));
	ck_assert_ok(parse(good, sizeof(good) - 1));
	ck_assert_uint_eq(rec.n_choices, 1);
	ck_assert_int_eq(rec.choices[0].priority, 7);
	/* Cut anywhere, it is refused, and nothing of it stays. */
	for (size_t n = 1; n < sizeof(good) - 1; n++)
		ck_assert_int_eq(parse(good, n), -EBADMSG);
	ck_assert_int_eq(parse("ucf\0-1\0", 7), -EBADMSG);
	ck_assert_int_eq(parse("ucf\0 1\0x\0", 9), -EBADMSG);
	ck_assert_int_eq(parse("ucf\00099999999999999999999\0", 25), -EBADMSG);
	ck_assert_int_eq(parse("ucf\0001025\0", 9), -EBADMSG);
	ck_assert_int_eq(parse("rm\0000\0", 5), -EBADMSG);
	ck_assert_uint_eq(rec.n_choices, 1);
}
END_TEST

START_TEST(records_without_end)
{
	static const char good[] = GOOD;
	size_t one = sizeof(good) - 1, all = one * 5000;
	CLEANUP_FREE char *many = malloc(all);

	for (size_t i = 0; i < 5000; i++)
		memcpy(many + i * one, good, one);
	ck_assert_int_eq(parse(many, all), -EBADMSG);
	ck_assert_ok(parse(many, one * 4096));
	ck_assert_uint_eq(rec.n_choices, 4096);
	apply();
}
END_TEST

START_TEST(priorities)
{
	static const char *const bad[] = { "", "x", "1x", "99999999999999",
					   "--1" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char data[128];
		int n = snprintf(data, sizeof(data), "update-alternatives%c5%c"
				 "--install%c/usr/a%ca%c/usr/b%c%s%c", 0, 0, 0,
				 0, 0, 0, bad[i], 0);

		ck_assert_ok(parse(data, (size_t)n));
		ck_assert_uint_eq(rec.refused, i + 1);
	}
	ck_assert_uint_eq(rec.n_choices, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("scripts");
	TCase *c = tcase_create("scripts");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	if (tool_possible(&err) < 0) {
		(void)printf("skip: scripts are not run: %s\n", err.text);
	} else {
		tcase_add_test(c, one_link_of_the_best);
		tcase_add_test(c, missing_target_loses);
		tcase_add_test(c, ucf_copies);
		tcase_add_test(c, nothing_is_replaced);
		tcase_add_test(c, escapes);
		tcase_add_test(c, link_in_the_tree_leads_out);
		tcase_add_test(c, odd_files);
		tcase_add_test(c, failures_cost_their_own_record);
	}
	tcase_add_test(c, records_that_are_not_whole);
	tcase_add_test(c, records_without_end);
	tcase_add_test(c, priorities);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return kit_main(suite());
}
