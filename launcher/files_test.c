/*
 * files_test.c - grants, protected places, named files
 */
#include "launcher/plan_fixture.h"

#include <errno.h>

#include "launcher/protected.h"

static bool has_mountpoint(const struct fixture *f, const char *entry)
{
	return strlist_has(&f->plan.mountpoints, entry);
}

static const struct row *bind_of(const struct fixture *f, const char *rel)
{
	CLEANUP_FREE char *path = path_join(f->dir, rel);

	return fixture_row(f, ROW_BIND, path);
}

START_TEST(named_file_is_bound_read_only)
{
	struct fixture f;
	const struct row *r;

	fixture_init(&f);
	fixture_file(&f, "home/proj/data.json");
	fixture_arg(&f, ".");
	fixture_arg(&f, "data.json");
	ck_assert_int_eq(fixture_make(&f), 0);
	r = bind_of(&f, "home/proj/data.json");
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_ne(r->flags & ROW_RO, 0);
	/* The working directory itself is ours, empty and closed. */
	ck_assert_ptr_null(fixture_row(&f, ROW_BIND, f.cwd_path));
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_TMPFS, f.cwd_path));
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_READONLY, f.cwd_path));
	ck_assert(has_mountpoint(&f, "dproj"));
	fixture_free(&f);
}
END_TEST

/* The working directory hides the layer of mount points: a file in it needs its
 * own there. */
START_TEST(named_file_below_an_overlay_home)
{
	struct fixture f;
	CLEANUP_FREE char *path = NULL;
	const struct row *r;

	fixture_init(&f);
	f.header.graphical = true;
	fixture_file(&f, "home/proj/notes.txt");
	fixture_arg(&f, "notes.txt");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert(f.plan.overlay_home);
	r = bind_of(&f, "home/proj/notes.txt");
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_ne(r->flags & ROW_MAKE_FILE, 0);
	path = path_join(PLAN_SETUP "/points", "proj/notes.txt");
	ck_assert_ptr_null(fixture_row(&f, ROW_FILE, path));
	fixture_free(&f);
}
END_TEST

START_TEST(directories_and_options_are_not_named_files)
{
	struct fixture f;

	fixture_init(&f);
	fixture_file(&f, "home/proj/data.json");
	fixture_arg(&f, ".");
	fixture_arg(&f, "--file=data.json");
	fixture_arg(&f, "");
	fixture_arg(&f, "/");
	fixture_arg(&f, "/etc/passwd");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_null(bind_of(&f, "home/proj/data.json"));
	ck_assert_ptr_null(fixture_row(&f, ROW_BIND, "/etc/passwd"));
	fixture_free(&f);
}
END_TEST

START_TEST(named_link_that_leaves_its_folder_is_said)
{
	struct fixture f;
	CLEANUP_FREE char *away = NULL, *within = NULL;

	fixture_init(&f);
	fixture_file(&f, "secret");
	fixture_file(&f, "home/proj/real");
	away = path_join(f.cwd_path, "away");
	within = path_join(f.cwd_path, "within");
	ck_assert_int_eq(symlink("../../secret", away), 0);
	ck_assert_int_eq(symlink("real", within), 0);
	fixture_arg(&f, "away");
	fixture_arg(&f, "within");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_null(bind_of(&f, "home/proj/away"));
	ck_assert_ptr_nonnull(bind_of(&f, "home/proj/within"));
	ck_assert_str_eq(bind_of(&f, "home/proj/within")->source, "real");
	ck_assert_uint_eq(f.plan.notes.n, 1);
	ck_assert_ptr_nonnull(strstr(f.plan.notes.v[0], "away"));
	fixture_free(&f);
}
END_TEST

START_TEST(named_file_in_a_protected_place_is_not_passed)
{
	struct fixture f;
	CLEANUP_FREE char *ssh = NULL, *key = NULL;

	fixture_init(&f);
	ssh = path_join(f.home_path, ".ssh");
	key = path_join(ssh, "id");
	ck_assert_int_eq(mkdir(ssh, 0700), 0);
	fixture_file(&f, "home/.ssh/id");
	fixture_arg(&f, key);
	fixture_arg(&f, "../.ssh/id");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_null(fixture_row(&f, ROW_BIND, key));
	ck_assert_uint_eq(f.plan.notes.n, 2);
	fixture_free(&f);
}
END_TEST

static void refused(const char *permission, const char *word)
{
	struct fixture f;

	fixture_init(&f);
	fixture_grant(&f, permission);
	ck_assert_int_eq(fixture_make(&f), -EACCES);
	ck_assert_msg(strstr(f.err.text, word) != NULL, "%s", f.err.text);
	fixture_free(&f);
}

START_TEST(grants_of_protected_places_are_refused)
{
	refused("files=~:rw", "whole home");
	refused("files=~:ro", "whole home");
	refused("files=/:ro", "sandbox itself");
	refused("files=~/.config:rw", "protected place");
	refused("files=~/.local:create", "protected place");
	refused("files=~/.ssh:ro", "protected place");
	refused("files=~/.config/autostart/x:rw", "protected place");
	refused("files=/etc:ro", "sandbox itself");
	refused("files=/usr/share:rw", "sandbox itself");
}
END_TEST

START_TEST(link_to_a_protected_place_is_refused)
{
	struct fixture f;
	CLEANUP_FREE char *ssh = NULL, *link = NULL;

	fixture_init(&f);
	ssh = path_join(f.home_path, ".ssh");
	link = path_join(f.home_path, "innocent");
	ck_assert_int_eq(mkdir(ssh, 0700), 0);
	ck_assert_int_eq(symlink(ssh, link), 0);
	fixture_grant(&f, "files=~/innocent:rw");
	ck_assert_int_eq(fixture_make(&f), -EACCES);
	fixture_free(&f);
}
END_TEST

START_TEST(read_only_grant_hides_protected_places)
{
	struct fixture f;
	CLEANUP_FREE char *config = NULL, *autostart = NULL;

	fixture_init(&f);
	config = path_join(f.home_path, ".config");
	autostart = path_join(config, "autostart");
	ck_assert_int_eq(mkdir(config, 0700), 0);
	ck_assert_int_eq(mkdir(autostart, 0700), 0);
	fixture_grant(&f, "files=~/.config:ro");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_TMPFS, autostart));
	fixture_free(&f);
}
END_TEST

START_TEST(granted_cwd_is_bound_and_the_bundle_guarded)
{
	struct fixture f;
	CLEANUP_FREE char *bundle = NULL, *sub = NULL;
	const struct row *r;

	fixture_init(&f);
	sub = path_join(f.cwd_path, "sub");
	bundle = path_join(sub, "app.holdall");
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	fixture_file(&f, "home/proj/sub/app.holdall");
	f.in.bundle_path = bundle;
	fixture_grant(&f, "files=cwd:rw");
	ck_assert_int_eq(fixture_make(&f), 0);
	r = fixture_row(&f, ROW_BIND, f.cwd_path);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->flags & ROW_RO, 0);
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_BIND, sub));
	r = fixture_row(&f, ROW_BIND, bundle);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_ne(r->flags & ROW_RO, 0);
	fixture_free(&f);
}
END_TEST

START_TEST(bundle_is_guarded_below_a_link)
{
	struct fixture f;
	CLEANUP_FREE char *bundle = NULL, *link = NULL, *target = NULL;
	const struct row *r;

	fixture_init(&f);
	link = path_join(f.dir, "link");
	ck_assert_int_eq(symlink(f.cwd_path, link), 0);
	fixture_file(&f, "home/proj/app.holdall");
	bundle = path_join(f.cwd_path, "app.holdall");
	target = path_join(link, "app.holdall");
	f.in.bundle_path = bundle;
	f.probe.cwd = link;	/* $PWD keeps the name of the link */
	fixture_grant(&f, "files=cwd:rw");
	ck_assert_int_eq(fixture_make(&f), 0);
	r = fixture_row(&f, ROW_BIND, target);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_ne(r->flags & ROW_RO, 0);
	fixture_free(&f);
}
END_TEST

/* What is protected is so before it exists, and wherever a link leads. */
START_TEST(missing_protected_places_are_found_behind_links)
{
	static const char *const asked[] = {
		"files=~/.config/autostart:create", "files=~/bin:create",
		"files=~/dot:rw", "files=~/dots:rw", "files=~/real:rw",
	};

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct fixture f;
		CLEANUP_FREE char *home = NULL, *dot = NULL, *dots = NULL;
		CLEANUP_FREE char *config = NULL, *zshrc = NULL;
		CLEANUP_FREE char *inner = NULL, *real = NULL;

		fixture_init(&f);
		home = path_join(f.dir, "home-link");
		dot = path_join(f.home_path, "dot");
		dots = path_join(f.home_path, "dots");
		config = path_join(f.home_path, ".config");
		zshrc = path_join(f.home_path, ".zshrc");
		ck_assert_int_eq(symlink(f.home_path, home), 0);
		ck_assert_int_eq(mkdir(dot, 0700), 0);
		ck_assert_int_eq(mkdir(dots, 0700), 0);
		ck_assert_int_eq(symlink("dot/config", config), 0);
		ck_assert_int_eq(symlink("dots/zshrc", zshrc), 0);
		/* A chain: whoever can change a link in it decides. */
		inner = path_join(dots, "zshrc");
		real = path_join(f.home_path, "real");
		ck_assert_int_eq(mkdir(real, 0700), 0);
		ck_assert_int_eq(symlink("../real/zshrc", inner), 0);
		f.probe.home = home;
		fixture_grant(&f, asked[i]);
		ck_assert_msg(fixture_make(&f) == -EACCES, "%s", asked[i]);
		fixture_free(&f);
	}
}
END_TEST

START_TEST(xdg_folders_are_protected_however_written)
{
	static const char *const names[] = { "XDG_DATA_HOME",
					     "XDG_RUNTIME_DIR" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fixture f;
		char value[160], asked[160];

		fixture_init(&f);
		(void)snprintf(value, sizeof(value), "%s/xd//data/", f.dir);
		(void)snprintf(asked, sizeof(asked), "files=%s/xd:rw", f.dir);
		ck_assert_int_eq(setenv(names[i], value, 1), 0);
		fixture_grant(&f, asked);
		ck_assert_int_eq(fixture_make(&f), -EACCES);
		ck_assert_int_eq(unsetenv(names[i]), 0);
		fixture_free(&f);
	}
}
END_TEST

START_TEST(own_descriptors_cannot_be_named)
{
	struct fixture f;
	char arg[32];
	int own;

	fixture_init(&f);
	own = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)snprintf(arg, sizeof(arg), "/dev/fd/%d", own);
	fixture_arg(&f, arg);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_eq(f.plan.n_keep_fds, 0);
	(void)close(own);
	fixture_free(&f);
}
END_TEST

START_TEST(app_keeps_its_own_tmp)
{
	struct fixture f;

	fixture_init(&f);
	f.probe.cwd = (char *)"/tmp";
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_null(fixture_row(&f, ROW_READONLY, "/tmp"));
	fixture_free(&f);
}
END_TEST

START_TEST(directory_as_descriptor_is_not_passed)
{
	struct fixture f;
	char arg[32];
	int dir, file;

	fixture_init(&f);
	fixture_file(&f, "plain");
	dir = open(f.dir, O_RDONLY | O_DIRECTORY);
	(void)snprintf(arg, sizeof(arg), "/dev/fd/%d", dir);
	fixture_arg(&f, arg);
	file = open("/dev/null", O_RDONLY);
	(void)snprintf(arg, sizeof(arg), "/dev/fd/%d", file);
	fixture_arg(&f, arg);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_eq(f.plan.n_keep_fds, 1);
	ck_assert_int_eq(f.plan.keep_fds[0], file);
	ck_assert_uint_eq(f.plan.notes.n, 1);
	(void)close(dir);
	(void)close(file);
	fixture_free(&f);
}
END_TEST

START_TEST(names_with_odd_bytes_are_bound_as_they_are)
{
	static const char *const names[] = { "a b", "a\nb", "a:b", "a,b",
					     "a\\b", "a\xff" "b", "-n" };
	struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *rel = path_join("home/proj", names[i]);

		fixture_file(&f, rel);
		fixture_arg(&f, names[i]);
	}
	ck_assert_int_eq(fixture_make(&f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *rel = path_join("home/proj", names[i]);

		ck_assert_ptr_nonnull(bind_of(&f, rel));
	}
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files");
	TCase *t = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_add_test(t, named_file_is_bound_read_only);
	tcase_add_test(t, named_file_below_an_overlay_home);
	tcase_add_test(t, directories_and_options_are_not_named_files);
	tcase_add_test(t, named_link_that_leaves_its_folder_is_said);
	tcase_add_test(t, named_file_in_a_protected_place_is_not_passed);
	tcase_add_test(t, grants_of_protected_places_are_refused);
	tcase_add_test(t, link_to_a_protected_place_is_refused);
	tcase_add_test(t, read_only_grant_hides_protected_places);
	tcase_add_test(t, granted_cwd_is_bound_and_the_bundle_guarded);
	tcase_add_test(t, bundle_is_guarded_below_a_link);
	tcase_add_test(t, missing_protected_places_are_found_behind_links);
	tcase_add_test(t, xdg_folders_are_protected_however_written);
	tcase_add_test(t, own_descriptors_cannot_be_named);
	tcase_add_test(t, app_keeps_its_own_tmp);
	tcase_add_test(t, directory_as_descriptor_is_not_passed);
	tcase_add_test(t, names_with_odd_bytes_are_bound_as_they_are);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
