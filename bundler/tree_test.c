/*
 * tree_test.c - the tree's rules: order, parents, links, laying over
 */
#include <errno.h>

#include "bundler/test_kit.h"

#include "bundler/filter.h"
#include "bundler/glob.h"
#include "bundler/python_cache.h"
#include "bundler/source_dir.h"
#include "bundler/tree.h"

static struct tree t;
static struct err err;
static const struct origin *one, *two;

static void setup(void)
{
	ck_assert_ok(tree_new(&t, &err));
	one = tree_origin(&t, ORIGIN_DIR, 3, "./one", NULL);
	two = tree_origin(&t, ORIGIN_DEBIAN, 4, "two", "1.0-1");
	ck_assert(one && two);
}

static void teardown(void)
{
	tree_free(&t);
}

static int add_file(const char *path, const char *text,
		    const struct origin *o)
{
	return tree_add_text(&t, path, text, strlen(text), o, &err);
}

/* "NUMBER/a/a/.../f", as long as a path may be. */
static void deep_path(char path[TREE_PATH_MAX], unsigned number)
{
	size_t len = (size_t)snprintf(path, TREE_PATH_MAX, "%u", number);

	for (; len + 3 < TREE_PATH_MAX; len += 2)
		memcpy(path + len, "/a", 3);
}

/* What a package of 43 KiB made eight GiB of memory of. */
START_TEST(test_names_are_bounded)
{
	char path[TREE_PATH_MAX];
	int r = 0;

	for (unsigned i = 0; i < 200 && r == 0; i++) {
		deep_path(path, i);
		r = add_file(path, "", one);
	}
	ck_assert_int_eq(r, -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.text, "of file names"));
}
END_TEST

START_TEST(test_order)
{
	static const char *const paths[] = { "a", "a-b", "a/b", "a/b/c",
					     "a.x", "ab", "a/\xff", "\n" };
	static const char *const want[] = { "", "\n", "a", "a/b", "a/b/c",
					    "a/\xff", "a-b", "a.x", "ab" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		ck_assert_ok(tree_add_dir(&t, paths[i], one, &err));
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_uint_eq(t.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < t.n; i++) {
		ck_assert_str_eq(t.v[i]->path, want[i]);
		ck_assert_ptr_eq(tree_find(&t, want[i]), t.v[i]);
	}
}
END_TEST

START_TEST(test_parents_follow_links)
{
	ck_assert_ok(tree_add_dir(&t, "usr/lib", one, &err));
	ck_assert_ok(tree_add_link(&t, "lib", "usr/lib", one, &err));
	ck_assert_ok(tree_add_link(&t, "usr/lib/up", "../../usr/./lib/..",
				   one, &err));
	ck_assert_ok(add_file("lib/x", "1", one));
	ck_assert_ok(add_file("lib/up/y", "2", one));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/lib/x"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/y"));
	ck_assert_ptr_null(tree_find(&t, "lib/x"));
	ck_assert_ptr_eq(tree_resolve(&t, "/lib/x"),
			 tree_find(&t, "usr/lib/x"));
	/* A folder laid over a link to a folder joins it. */
	ck_assert_ok(tree_add_dir(&t, "lib", two, &err));
	ck_assert_int_eq(tree_find(&t, "lib")->type, ENTRY_LINK);
}
END_TEST

START_TEST(test_later_wins)
{
	char text[2] = "";
	size_t len;

	ck_assert_ok(add_file("a", "1", one));
	ck_assert_ok(add_file("a", "2", two));
	ck_assert_ok(entry_read_head(tree_find(&t, "a"), text, 1, &len, &err));
	ck_assert_str_eq(text, "2");
	ck_assert_ptr_eq(tree_find(&t, "a")->origin, two);
	ck_assert_ok(tree_add_link(&t, "a", "b", one, &err));
	ck_assert_int_eq(tree_find(&t, "a")->type, ENTRY_LINK);
	ck_assert_uint_eq(t.n, 2);
}
END_TEST

START_TEST(test_conflicts_name_both)
{
	ck_assert_ok(add_file("a", "1", one));
	ck_assert_int_eq(tree_add_dir(&t, "a", two, &err), -EEXIST);
	ck_assert_msg(strstr(err.text, "dir ./one, line 3") &&
		      strstr(err.text, "debian two, line 4") &&
		      strstr(err.text, "/a "), "%s", err.text);
	ck_assert_int_eq(add_file("a/b", "1", two), -EEXIST);
	ck_assert_ok(tree_add_dir(&t, "d", one, &err));
	ck_assert_int_eq(add_file("d", "1", two), -EEXIST);
	ck_assert_int_eq(tree_add_link(&t, "d", "x", two, &err), -EEXIST);
	ck_assert_ok(tree_add_link(&t, "dangling", "no", one, &err));
	ck_assert_int_eq(add_file("dangling/x", "1", two), -EEXIST);
	ck_assert_uint_eq(t.n, 4);
}
END_TEST

START_TEST(test_bad_paths)
{
	static const char *const paths[] = { "", "/a", "a/", "a//b", "./a",
					     "a/../b", ".." };
	char name[300];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		ck_assert_msg(add_file(paths[i], "1", one) == -EINVAL, "%s",
			      paths[i]);
	memset(name, 'a', sizeof(name) - 1);
	name[256] = '\0';
	ck_assert_int_eq(add_file(name, "1", one), -ENAMETOOLONG);
	name[255] = '\0';
	ck_assert_ok(add_file(name, "1", one));
}
END_TEST

START_TEST(test_link_loops_end)
{
	ck_assert_ok(tree_add_link(&t, "a", "b", one, &err));
	ck_assert_ok(tree_add_link(&t, "b", "a", one, &err));
	ck_assert_ok(tree_add_link(&t, "c", "c/c/c", one, &err));
	ck_assert_ptr_null(tree_resolve(&t, "a"));
	ck_assert_ptr_null(tree_resolve(&t, "c"));
	ck_assert_int_lt(add_file("c/x", "1", one), 0);
	/* Out of the root means the root. */
	ck_assert_ok(tree_add_link(&t, "up", "../../../d", one, &err));
	ck_assert_ok(tree_add_dir(&t, "d", one, &err));
	ck_assert_ptr_eq(tree_resolve(&t, "up"), tree_find(&t, "d"));
}
END_TEST

START_TEST(test_globs)
{
	static const struct { const char *pattern, *path; bool match; } v[] = {
		{ "*.la", "usr/lib/x.la", true },
		{ "*.la", "usr/lib/x.lai", false },
		{ "/usr/share/doc", "usr/share/doc", true },
		{ "/usr/share/doc", "x/usr/share/doc", false },
		{ "/usr/*/doc", "usr/share/doc", true },
		{ "/usr/*/doc", "usr/a/b/doc", false },
		{ "/usr/**/doc", "usr/a/b/doc", true },
		{ "man/man?", "usr/share/man/man3", true },
		{ "man/man?", "usr/share/aman/man3", false },
		{ "[a-c]x", "bx", true }, { "[!a-c]x", "bx", false },
		{ "[!a]x", "/x", false }, { "[]]", "]", true },
		{ "a\\*", "a*", true }, { "a\\*", "ab", false },
		{ "[", "[", true }, { "**", "a/b", true },
		{ "a*b*c*d*e", "aXbXcXdXe", true },
		{ "", "a", false }, { "new\nline", "d/new\nline", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		ck_assert_msg(glob_match(v[i].pattern, v[i].path) ==
			      v[i].match, "%s %s", v[i].pattern, v[i].path);
	ck_assert(glob_covers("/usr/share/doc", "usr/share/doc/a/b"));
	ck_assert(!glob_covers("/usr/share/doc", "usr/share/docs/a"));
}
END_TEST

static unsigned notes_said;

static void count_note(void *arg, const char *text)
{
	(void)arg;
	(void)text;
	notes_said++;
}

static const struct notes counting = { .note = count_note };

static int run_filter(const char *exclude, const char *keep,
		      const char *locale)
{
	CLEANUP_STRLIST struct strlist e = { 0 }, k = { 0 }, l = { 0 };

	if (*exclude)
		ck_assert_int_eq(strlist_add(&e, exclude), 0);
	if (*keep)
		ck_assert_int_eq(strlist_add(&k, keep), 0);
	if (*locale)
		ck_assert_int_eq(strlist_add(&l, locale), 0);
	return filter_tree(&t, &e, &k, &l, &counting, &err);
}

START_TEST(test_filter)
{
	notes_said = 0;
	ck_assert_ok(add_file("usr/share/doc/a/copyright", "1", one));
	ck_assert_ok(add_file("usr/share/doc/a/README", "1", one));
	ck_assert_ok(add_file("usr/share/doc/b/README", "1", one));
	ck_assert_ok(add_file("usr/bin/x", "1", one));
	ck_assert_ok(run_filter("/usr/share/doc", "copyright", ""));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/doc/a/copyright"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/doc/a"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/bin/x"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/doc/a/README"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/doc/b"));
	ck_assert_uint_eq(notes_said, 0);
	ck_assert_ok(run_filter("/usr/share/dco", "", ""));
	ck_assert_uint_eq(notes_said, 1);
}
END_TEST

START_TEST(test_locales)
{
	ck_assert_ok(add_file("usr/share/locale/de/LC_MESSAGES/x.mo", "", one));
	ck_assert_ok(add_file("usr/share/locale/de_AT/x.mo", "", one));
	ck_assert_ok(add_file("usr/share/locale/den/x.mo", "", one));
	ck_assert_ok(add_file("usr/share/locale/fr/x.mo", "", one));
	ck_assert_ok(add_file("usr/lib/locale/C.utf8/LC_CTYPE", "", one));
	ck_assert_ok(add_file("usr/share/man/man1/x.1", "", one));
	ck_assert_ok(run_filter("", "", "de"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/locale/de_AT/x.mo"));
	ck_assert_ptr_nonnull(tree_find(&t,
		"usr/share/locale/de/LC_MESSAGES/x.mo"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/lib/locale/C.utf8/LC_CTYPE"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/man/man1/x.1"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/locale/den"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/locale/fr"));
}
END_TEST

/* A compiled locale is of a country, its translations are of the language. */
START_TEST(test_locale_with_country)
{
	ck_assert_ok(add_file("usr/share/locale/de/x.mo", "", one));
	ck_assert_ok(add_file("usr/share/locale/de_AT/x.mo", "", one));
	ck_assert_ok(add_file("usr/share/locale/d/x.mo", "", one));
	ck_assert_ok(add_file("usr/lib/locale/de_DE.utf8/LC_TIME", "", one));
	ck_assert_ok(add_file("usr/lib/locale/de_AT.utf8/LC_TIME", "", one));
	ck_assert_ok(run_filter("", "", "de_DE.UTF-8"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/locale/de/x.mo"));
	ck_assert_ptr_nonnull(tree_find(&t,
		"usr/lib/locale/de_DE.utf8/LC_TIME"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/locale/de_AT"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/locale/d"));
	ck_assert_ptr_null(tree_find(&t, "usr/lib/locale/de_AT.utf8"));
}
END_TEST

/* A .pyc of the source's time and size, or another. */
static void add_pyc(const char *path, uint32_t flags, uint32_t time,
		    uint32_t size)
{
	uint32_t head[4] = { 0x0a0d0da7, flags, time, size };

	ck_assert_ok(tree_add_text(&t, path, head, sizeof(head), one, &err));
}

START_TEST(test_python_cache)
{
	uint32_t head[4];
	size_t len;

	ck_assert_ok(add_file("m/good.py", "pass\n", one));
	ck_assert_ok(add_file("m/stale.py", "pass\n", one));
	tree_find(&t, "m/good.py")->mtime = 1000;
	tree_find(&t, "m/stale.py")->mtime = 1000;
	add_pyc("m/__pycache__/good.cpython-311.pyc", 0, 1000, 5);
	add_pyc("m/__pycache__/good.cpython-311.opt-1.pyc", 1, 7, 7);
	add_pyc("m/__pycache__/stale.cpython-311.pyc", 0, 999, 5);
	add_pyc("m/__pycache__/alone.cpython-311.pyc", 0, 1, 1);
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_ok(python_cache_fix(&t, 4242, &err));
	ck_assert_ptr_null(tree_find(&t,
		"m/__pycache__/stale.cpython-311.pyc"));
	ck_assert_ptr_nonnull(tree_find(&t,
		"m/__pycache__/alone.cpython-311.pyc"));
	ck_assert_ok(entry_read_head(tree_find(&t,
		"m/__pycache__/good.cpython-311.pyc"), head, sizeof(head),
		&len, &err));
	ck_assert_uint_eq(head[2], 4242);
	ck_assert_uint_eq(head[3], 5);
	ck_assert_ok(entry_read_head(tree_find(&t,
		"m/__pycache__/good.cpython-311.opt-1.pyc"), head,
		sizeof(head), &len, &err));
	ck_assert_uint_eq(head[2], 7);
}
END_TEST

START_TEST(test_dir_leaves_out_devices)
{
	char dir[64];
	int fd;

	kit_make(dir);
	ck_assert_int_eq(kit_run("mkfifo %s/fifo; ln -s / %s/root; "
				 "echo 1 >%s/file", dir, dir, dir), 0);
	fd = kit_open_dir(dir);
	notes_said = 0;
	ck_assert_ok(source_dir(&t, fd, "app/x", one, &counting, &err));
	(void)close(fd);
	ck_assert_uint_eq(notes_said, 1);
	ck_assert_ptr_null(tree_find(&t, "app/x/fifo"));
	ck_assert_int_eq(tree_find(&t, "app/x/root")->type, ENTRY_LINK);
	ck_assert_ptr_nonnull(tree_find(&t, "app/x/file"));
	/* root, app, app/x, root link, file: the link was not followed. */
	ck_assert_uint_eq(t.n, 5);
	kit_remove(dir);
}
END_TEST

START_TEST(test_changed_while_packed)
{
	char dir[64], text[8];
	const struct entry *e;
	size_t len;
	int fd;

	kit_make(dir);
	kit_write(dir, "f", "1234", 4);
	fd = kit_open_dir(dir);
	ck_assert_ok(source_dir(&t, fd, "", one, NULL, &err));
	(void)close(fd);
	e = tree_find(&t, "f");
	kit_write(dir, "f", "12345", 5);
	ck_assert_int_eq(entry_read_head(e, text, 4, &len, &err), -ESTALE);
	/* Exchanged for a link: not followed. */
	ck_assert_int_eq(kit_run("ln -sf /etc/passwd %s/f", dir), 0);
	ck_assert_int_lt(entry_read_head(e, text, 4, &len, &err), 0);
	kit_remove(dir);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *c = tcase_create("tree");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_order);
	tcase_add_test(c, test_parents_follow_links);
	tcase_add_test(c, test_later_wins);
	tcase_add_test(c, test_conflicts_name_both);
	tcase_add_test(c, test_bad_paths);
	tcase_add_test(c, test_link_loops_end);
	tcase_add_test(c, test_names_are_bounded);
	tcase_add_test(c, test_globs);
	tcase_add_test(c, test_filter);
	tcase_add_test(c, test_locales);
	tcase_add_test(c, test_locale_with_country);
	tcase_add_test(c, test_python_cache);
	tcase_add_test(c, test_dir_leaves_out_devices);
	tcase_add_test(c, test_changed_while_packed);
	suite_add_tcase(s, c);
	return kit_main(s);
}
