/*
 * stage_test.c - the tree on disk, and gone again
 */
#include "bundler/stage.h"

#include <dirent.h>
#include <sys/file.h>

#include "bundler/test_kit.h"

static char dir[64];
static struct err err;
static struct tree t;
static int cache_fd;
static const struct notes quiet;

static void set_up(void)
{
	kit_make(dir);
	cache_fd = kit_open_dir(dir);
	ck_assert_ok(tree_new(&t, &err));
}

static void tear_down(void)
{
	tree_free(&t);
	(void)close(cache_fd);
	kit_remove(dir);
}

/* A file of the folder `from`, as a source of this kind brings it. */
static void add_file(enum origin_kind kind, const char *from, const char *path,
		     const char *text, unsigned mode)
{
	const struct origin *o = tree_origin(&t, kind, 1, "test", "1");
	struct entry spec = { .path = (char *)path, .type = ENTRY_FILE,
			      .mode = mode, .origin = o };
	char name[128];

	ck_assert_int_eq(kit_run("mkdir -p '%s/%s'", dir, from), 0);
	(void)snprintf(name, sizeof(name), "%s/file", from);
	kit_write(dir, name, text, strlen(text));
	(void)snprintf(name, sizeof(name), "%s/%s", dir, from);
	spec.content = (struct content){
		.kind = CONTENT_BENEATH, .base_fd = kit_open_dir(name),
		.rel = (char *)"file", .size = strlen(text) };
	ck_assert_ok(tree_base(&t, spec.content.base_fd, &err));
	ck_assert_ok(tree_add(&t, &spec, NULL, &err));
}

static unsigned names_in_stage(void)
{
	char name[128];
	unsigned n = 0;
	struct dirent *d;
	DIR *all;

	(void)snprintf(name, sizeof(name), "%s/stage", dir);
	all = opendir(name);
	while (all && (d = readdir(all)))
		n += d->d_name[0] != '.';
	if (all)
		(void)closedir(all);
	return n;
}

static struct stage *lay(int64_t time)
{
	struct stage *s = NULL;

	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_ok(stage_open(cache_fd, time, &s, &err));
	ck_assert_ok(stage_lay(s, &t, &quiet, &err));
	return s;
}

static struct stat look(const struct stage *s, const char *path)
{
	struct stat st;

	ck_assert_int_eq(fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

START_TEST(everything_is_there)
{
	struct stage *s;
	char target[16] = "";

	add_file(ORIGIN_DEBIAN, "deb", "usr/bin/tool", "#!/bin/sh\n", 0755);
	add_file(ORIGIN_DIR, "src", "usr/share/note", "text", 0640);
	ck_assert_ok(tree_add_link(&t, "bin", "usr/bin", NULL, &err));
	ck_assert_ok(tree_add_text(&t, "etc/made", "made", 4, NULL, &err));
	s = lay(1000);
	ck_assert_uint_eq(s->linked, 1);
	ck_assert_uint_eq(s->copied, 2);
	ck_assert_int_eq(readlinkat(s->fd, "bin", target, 15), 7);
	ck_assert_str_eq(target, "usr/bin");
	/* A link has the package's x bit and the one time of the cache. */
	ck_assert_uint_eq(look(s, "usr/bin/tool").st_mode & 07777, 0755);
	ck_assert_uint_eq(look(s, "usr/bin/tool").st_nlink, 2);
	ck_assert_int_eq(look(s, "usr/bin/tool").st_mtime, STAGE_TIME);
	/* A copy is one: nothing of a folder of the user's is shared. */
	ck_assert_uint_eq(look(s, "usr/share/note").st_nlink, 1);
	ck_assert_uint_eq(look(s, "usr/share/note").st_mode & 07777, 0640);
	ck_assert_int_eq(look(s, "usr/share/note").st_mtime, 1000);
	ck_assert_int_eq(look(s, "usr/share/note").st_size, 4);
	ck_assert_int_eq(look(s, "etc/made").st_size, 4);
	ck_assert_int_eq(look(s, "usr/bin").st_mtime, 1000);
	ck_assert_int_eq(look(s, ".").st_mtime, 1000);
	stage_free(s);
	ck_assert_uint_eq(names_in_stage(), 0);
	/* Links are gone with it, the cache's own file is not. */
	ck_assert_int_eq(kit_run("test -s %s/deb/file", dir), 0);
}
END_TEST

START_TEST(put_replaces_and_keeps_the_time)
{
	struct stage *s;

	ck_assert_ok(tree_add_text(&t, "etc/x/a", "old", 3, NULL, &err));
	s = lay(1000);
	ck_assert_ok(tree_add_text(&t, "etc/x/a", "newer", 5, NULL, &err));
	ck_assert_ok(stage_put(s, tree_find(&t, "etc/x/a"), &err));
	ck_assert_ok(tree_add_text(&t, "etc/x/new/b", "b", 1, NULL, &err));
	ck_assert_ok(stage_put(s, tree_find(&t, "etc/x/new/b"), &err));
	ck_assert_int_eq(look(s, "etc/x/a").st_size, 5);
	ck_assert_int_eq(look(s, "etc/x").st_mtime, 1000);
	ck_assert_int_eq(look(s, "etc/x/new").st_mtime, 1000);
	ck_assert_int_eq(look(s, "etc/x/new/b").st_size, 1);
	stage_free(s);
}
END_TEST

START_TEST(a_file_that_changed_is_an_error)
{
	struct stage *s = NULL;

	add_file(ORIGIN_DEBIAN, "deb", "usr/bin/tool", "short", 0755);
	kit_write(dir, "deb/file", "longer than that", 16);
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_ok(stage_open(cache_fd, 1, &s, &err));
	ck_assert_int_eq(stage_lay(s, &t, &quiet, &err), -ESTALE);
	ck_assert_ptr_nonnull(strstr(err.text, "has changed"));
	stage_free(s);
	ck_assert_uint_eq(names_in_stage(), 0);
}
END_TEST

static bool always(void *arg)
{
	(void)arg;
	return true;
}

START_TEST(an_end_is_heard)
{
	const struct notes stopping = { .stop = always };
	struct stage *s = NULL;

	ck_assert_ok(tree_add_text(&t, "etc/made", "made", 4, NULL, &err));
	ck_assert_ok(tree_add_dir(&t, "var", NULL, &err));
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_ok(stage_open(cache_fd, 1, &s, &err));
	for (unsigned i = 0; i < 300; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "usr/%u", i);
		ck_assert_ok(tree_add_dir(&t, name, NULL, &err));
	}
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_int_eq(stage_lay(s, &t, &stopping, &err), -EINTR);
	stage_free(s);
	ck_assert_uint_eq(names_in_stage(), 0);
}
END_TEST

/* What a killed run leaves: names without a lock.  A run that lives is spared. */
START_TEST(sweep_takes_the_dead_only)
{
	struct stage *s = NULL;

	ck_assert_ok(tree_add_text(&t, "etc/made", "made", 4, NULL, &err));
	s = lay(1);
	ck_assert_int_eq(kit_run("cd %s/stage && mkdir -p dead/root/a/b/c/d && "
				 "touch dead/root/a/b/c/f && ln -s /etc "
				 "dead/root/a/link && chmod 500 "
				 "dead/root/a/b/c dead/root/a/b", dir), 0);
	ck_assert_uint_eq(names_in_stage(), 2);
	stage_sweep(cache_fd);
	ck_assert_uint_eq(names_in_stage(), 1);
	ck_assert_int_eq(look(s, "etc/made").st_size, 4);
	stage_free(s);
	ck_assert_uint_eq(names_in_stage(), 0);
}
END_TEST

/* However deep a tree is, removing it needs no stack. */
START_TEST(depth_needs_no_stack)
{
	char path[TREE_PATH_MAX] = "d";
	struct stage *s;

	for (unsigned i = 0; i < 400; i++)
		(void)strcpy(path + strlen(path), "/d");
	ck_assert_ok(tree_add_dir(&t, path, NULL, &err));
	s = lay(1);
	stage_free(s);
	ck_assert_uint_eq(names_in_stage(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stage");
	TCase *c = tcase_create("stage");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, everything_is_there);
	tcase_add_test(c, put_replaces_and_keeps_the_time);
	tcase_add_test(c, a_file_that_changed_is_an_error);
	tcase_add_test(c, an_end_is_heard);
	tcase_add_test(c, sweep_takes_the_dead_only);
	tcase_add_test(c, depth_needs_no_stack);
	suite_add_tcase(s, c);
	return kit_main(s);
}
