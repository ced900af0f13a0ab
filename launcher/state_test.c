/*
 * state_test.c - origins, grants, homes and mount points on a real disk
 *
 * Each test has a base of its own below a temporary folder, as $XDG_DATA_HOME.
 * Links are planted where the app could: in the home.
 */
#include "launcher/state.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "manifests/test_run.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define ID "org.example.Test"
#define ORIGIN "local-0123456789abcdef"

static char base[PATH_MAX];
static struct err err;

static void set_up(void)
{
	snprintf(base, sizeof(base), "/tmp/holdall-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	setenv("XDG_DATA_HOME", base, 1);
}

static void tear_down(void)
{
	char command[PATH_MAX + 32];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

/* base/holdall/ID/ORIGIN/rest */
static const char *at(const char *rest)
{
	static char path[PATH_MAX + 256];

	snprintf(path, sizeof(path), "%s/holdall/" ID "/" ORIGIN "/%s", base,
		 rest);
	return path;
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static bool there(const char *rest)
{
	struct stat st;

	return lstat(at(rest), &st) == 0;
}

static void open_state(struct state *s)
{
	int r = state_open(ID, ORIGIN, true, s, &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

static void open_default(struct state *s, struct home *h)
{
	int r;

	open_state(s);
	r = home_open(s, HOME_PRIVATE, "default", false, h, &err);
	ck_assert_msg(r == 0, "%s", err.text);
}

/* ---- directories ---- */

START_TEST(nothing_is_made_before_it_is_needed)
{
	struct state s = STATE_INIT;
	struct strlist origins = { 0 };

	ck_assert_int_eq(state_open(ID, ORIGIN, false, &s, &err), 0);
	ck_assert_int_eq(s.dir_fd, -1);
	ck_assert_int_eq(state_list_origins(ID, &origins, &err), 0);
	ck_assert_uint_eq(origins.n, 0);
	ck_assert_int_eq(rmdir(base), 0);	/* it is empty */
	ck_assert_int_eq(mkdir(base, 0700), 0);
	state_free(&s);
}
END_TEST

START_TEST(every_directory_is_0700)
{
	static const char *const rest[] = { "", "homes", "homes/default",
					    "homes/default/upper" };
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;
	struct stat st;
	mode_t old = umask(0);

	open_default(&s, &h);
	umask(old);
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
		ck_assert_int_eq(stat(at(rest[i]), &st), 0);
		ck_assert_int_eq(st.st_mode & 07777, 0700);
	}
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(ids_and_origins_are_names)
{
	static const char *const bad[][2] = {
		{ "../../../etc", ORIGIN }, { "org.example", ORIGIN },
		{ "org.example./x", ORIGIN }, { ID, ".." },
		{ ID, "local-" }, { ID, "local-0123456789abcdeF" },
		{ ID, "local-0123456789abcdef/x" }, { ID, "" },
		{ ID, "other-0123456789abcdef" },
	};
	struct state s = STATE_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_lt(state_open(bad[i][0], bad[i][1], true, &s,
					    &err), 0);
}
END_TEST

START_TEST(a_planted_link_is_not_followed)
{
	struct state s = STATE_INIT;
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/holdall", base);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	strcat(path, "/" ID);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	ck_assert_int_eq(state_open(ID, ORIGIN, true, &s, &err), -ELOOP);
}
END_TEST

START_TEST(a_relative_data_home_is_ignored)
{
	struct state s = STATE_INIT;
	char expected[PATH_MAX + 64];

	setenv("XDG_DATA_HOME", "relative", 1);
	setenv("HOME", base, 1);
	ck_assert_int_eq(state_open(ID, ORIGIN, false, &s, &err), 0);
	snprintf(expected, sizeof(expected), "%s/.local/share/holdall", base);
	ck_assert_str_eq(s.base, expected);
	state_free(&s);
}
END_TEST

/* ---- origins ---- */

static void expect_origin(const uint8_t *hash, const char *expected)
{
	struct bundle b = BUNDLE_INIT;
	struct header h = { .id = (char *)ID };
	char *origin = NULL;

	memcpy(b.seal_hash, hash, LAYOUT_HASH_SIZE);
	ck_assert_int_eq(state_origin(&b, &h, &origin, &err), 0);
	ck_assert_str_eq(origin, expected);
	free(origin);
}

START_TEST(a_repacked_bundle_keeps_its_origin)
{
	uint8_t first[LAYOUT_HASH_SIZE], second[LAYOUT_HASH_SIZE];
	uint8_t foreign[LAYOUT_HASH_SIZE];
	char path[PATH_MAX + 64], other[PATH_MAX + 64];

	memset(first, 0x11, sizeof(first));
	memset(second, 0x22, sizeof(second));
	memset(foreign, 0x33, sizeof(foreign));
	snprintf(path, sizeof(path), "%s/a b%%.holdall", base);
	snprintf(other, sizeof(other), "%s/other.holdall", base);
	write_text(path, "");
	write_text(other, "");
	expect_origin(first, "local-1111111111111111");
	ck_assert_int_eq(state_record_pack(ID, path, first, &err), 0);
	ck_assert_int_eq(state_record_pack(ID, path, second, &err), 0);
	/* The same origin for both, wherever they lie. */
	expect_origin(first, "local-1111111111111111");
	expect_origin(second, "local-1111111111111111");
	/* Whatever somebody else puts at that path. */
	expect_origin(foreign, "local-3333333333333333");
	/* Another path is another origin, unless the bytes are the same. */
	ck_assert_int_eq(state_record_pack(ID, other, foreign, &err), 0);
	expect_origin(foreign, "local-3333333333333333");
	ck_assert_int_eq(state_record_pack(ID, other, second, &err), 0);
	expect_origin(second, "local-3333333333333333");
}
END_TEST

START_TEST(many_packs_do_not_grow_without_end)
{
	uint8_t hash[LAYOUT_HASH_SIZE] = { 0 };
	char path[PATH_MAX + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/x.holdall", base);
	write_text(path, "");
	for (unsigned i = 0; i < 520; i++) {
		hash[0] = (uint8_t)i;
		hash[1] = (uint8_t)(i >> 8);
		ck_assert_int_eq(state_record_pack(ID, path, hash, &err), 0);
	}
	expect_origin(hash, "local-0000000000000000");
	snprintf(path, sizeof(path), "%s/holdall/" ID "/origins", base);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 512 * 256);
}
END_TEST

/* ---- grants ---- */

static void grant(struct perms *set, const char *text)
{
	struct permission p = { 0 };

	ck_assert_int_eq(perm_parse(text, &p, &err), 0);
	ck_assert_int_eq(perms_add(set, &p, &err), 0);
	perm_free(&p);
}

START_TEST(grants_come_back)
{
	CLEANUP_PERMS struct perms set = { 0 };
	CLEANUP_PERMS struct perms back = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	struct state s = STATE_INIT;

	open_state(&s);
	grant(&set, "files=/a b/c%d:rw");
	grant(&set, "network=host");
	ck_assert_int_eq(state_write_grants(&s, &set, &err), 0);
	ck_assert_int_eq(state_read_grants(&s, &back, &unknown, &err), 0);
	ck_assert_uint_eq(back.n, 2);
	ck_assert(perms_has(&back, PERM_FILES, "/a b/c%d:rw"));
	ck_assert(perms_has(&back, PERM_NETWORK, "host"));
	ck_assert_uint_eq(unknown.n, 0);
	state_free(&s);
}
END_TEST

START_TEST(an_unknown_grant_is_kept_and_named)
{
	CLEANUP_PERMS struct perms set = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	struct state s = STATE_INIT;

	open_state(&s);
	write_text(at("grants"), "# by hand\n\nteleport = moon\n"
		   "network=host\n");
	ck_assert_int_eq(state_read_grants(&s, &set, &unknown, &err), 0);
	ck_assert_uint_eq(set.n, 1);
	ck_assert_uint_eq(unknown.n, 1);
	ck_assert_str_eq(unknown.v[0], "teleport=moon");
	ck_assert_int_eq(state_write_grants(&s, &set, &err), 0);
	perms_free(&set);
	strlist_free(&unknown);
	ck_assert_int_eq(state_read_grants(&s, &set, &unknown, &err), 0);
	ck_assert_uint_eq(unknown.n, 1);
	state_free(&s);
}
END_TEST

START_TEST(grants_that_are_no_file)
{
	CLEANUP_PERMS struct perms set = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	struct state s = STATE_INIT;

	open_state(&s);
	ck_assert_int_eq(mkfifo(at("grants"), 0600), 0);
	ck_assert_int_lt(state_read_grants(&s, &set, &unknown, &err), 0);
	ck_assert_int_eq(unlink(at("grants")), 0);
	ck_assert_int_eq(symlink("/etc/passwd", at("grants")), 0);
	ck_assert_int_lt(state_read_grants(&s, &set, &unknown, &err), 0);
	state_free(&s);
}
END_TEST

START_TEST(a_machine_id_stays)
{
	struct state s = STATE_INIT, none = STATE_INIT;
	char a[33], b[33], c[33];

	open_state(&s);
	ck_assert_int_eq(state_machine_id(&s, a, &err), 0);
	ck_assert_int_eq(state_machine_id(&s, b, &err), 0);
	ck_assert_str_eq(a, b);
	ck_assert_uint_eq(strlen(a), 32);
	ck_assert_int_eq(state_machine_id(&none, c, &err), 0);
	ck_assert_str_ne(a, c);
	state_free(&s);
}
END_TEST

/* ---- homes ---- */

START_TEST(home_names)
{
	char longest[66];

	memset(longest, 'x', 65);
	longest[65] = '\0';
	ck_assert(home_name_is_valid("default"));
	ck_assert(home_name_is_valid("A-z_0.9"));
	ck_assert(home_name_is_valid(longest + 1));
	ck_assert(!home_name_is_valid(longest));
	ck_assert(!home_name_is_valid(""));
	ck_assert(!home_name_is_valid("."));
	ck_assert(!home_name_is_valid(".."));
	ck_assert(!home_name_is_valid(".x"));
	ck_assert(!home_name_is_valid("a/b"));
	ck_assert(!home_name_is_valid("a b"));
	ck_assert(!home_name_is_valid("a\nb"));
}
END_TEST

START_TEST(a_home_is_locked)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT, second = HOME_INIT, other = HOME_INIT;

	open_default(&s, &h);
	ck_assert_int_eq(home_open(&s, HOME_PRIVATE, "default", false, &second, &err),
			 -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.text, ID));
	ck_assert_ptr_nonnull(strstr(err.text, "--home private:"));
	ck_assert_int_eq(home_open(&s, HOME_PRIVATE, "other", false, &other, &err),
			 0);
	home_free(&h);
	ck_assert_int_eq(home_open(&s, HOME_PRIVATE, "default", false, &second, &err),
			 0);
	home_free(&second);
	home_free(&other);
	state_free(&s);
}
END_TEST

static volatile sig_atomic_t kept_lock;

static void let_go(int sig __attribute__((unused)))
{
	(void)close(kept_lock);
	kept_lock = -1;
}

/* What an image server that outlives its supervisor does for a moment.  By a timer of
 * our own: another process might be late. */
START_TEST(a_lock_that_is_let_go_soon_is_waited_for)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	struct state s = STATE_INIT;
	struct home h = HOME_INIT, second = HOME_INIT;

	open_default(&s, &h);
	kept_lock = dup(h.lock_fd);
	ck_assert_int_ge(kept_lock, 0);
	home_free(&h);
	(void)signal(SIGALRM, let_go);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ck_assert_int_eq(home_open(&s, HOME_PRIVATE, "default", false, &second, &err),
			 0);
	ck_assert_int_eq(kept_lock, -1);
	home_free(&second);
	state_free(&s);
}
END_TEST

START_TEST(other_homes_have_no_place)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;

	ck_assert_int_eq(state_open(ID, ORIGIN, false, &s, &err), 0);
	ck_assert_int_eq(home_open(&s, HOME_EPHEMERAL, "default", false, &h, &err),
			 0);
	ck_assert_int_eq(h.dir_fd, -1);
	ck_assert_int_eq(h.lock_fd, -1);
	ck_assert_int_eq(home_sweep(&h, &err), 0);
	ck_assert_int_eq(home_open(&s, HOME_HOST_READ, "default", false, &h, &err),
			 -EOPNOTSUPP);
	ck_assert_int_eq(home_open(&s, HOME_PRIVATE, "default", false, &h, &err),
			 -EINVAL);
	state_free(&s);
}
END_TEST

/* ---- mount points ---- */

#define UPPER "homes/default/upper/"

START_TEST(mount_points_come_and_go)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;

	open_default(&s, &h);
	ck_assert_int_eq(mkdir(at(UPPER "kept"), 0755), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "a/b c/d", true, &err), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "a/file", false, &err), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "kept/file", false, &err),
			 0);
	/* Again: what is there is taken as it is. */
	ck_assert_int_eq(home_make_mountpoint(&h, "a/b c/d", true, &err), 0);
	ck_assert(there(UPPER "a/b c/d"));
	ck_assert(there(UPPER "a/file"));
	ck_assert(there("homes/default/mounts"));
	ck_assert_int_eq(home_sweep(&h, &err), 0);
	ck_assert(!there(UPPER "a"));
	ck_assert(there(UPPER "kept"));
	ck_assert(!there(UPPER "kept/file"));
	ck_assert(!there("homes/default/mounts"));
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(what_a_killed_run_left_is_swept_at_the_next_start)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;

	open_default(&s, &h);
	ck_assert_int_eq(home_make_mountpoint(&h, "a/b", true, &err), 0);
	home_free(&h);
	ck_assert_int_eq(home_open(&s, HOME_PRIVATE, "default", false, &h, &err), 0);
	ck_assert(!there(UPPER "a"));
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(what_became_something_else_stays)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;

	open_default(&s, &h);
	ck_assert_int_eq(home_make_mountpoint(&h, "full", true, &err), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "grown", false, &err), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "other", true, &err), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "link", true, &err), 0);
	write_text(at(UPPER "full/x"), "");
	write_text(at(UPPER "grown"), "x");
	/* Another inode under the same name. */
	ck_assert_int_eq(mkdir(at(UPPER "new"), 0755), 0);
	{
		CLEANUP_FREE char *from = strdup(at(UPPER "new"));

		ck_assert_int_eq(rename(from, at(UPPER "other")), 0);
	}
	ck_assert_int_eq(rmdir(at(UPPER "link")), 0);
	ck_assert_int_eq(symlink("full", at(UPPER "link")), 0);
	ck_assert_int_eq(home_sweep(&h, &err), 0);
	ck_assert(there(UPPER "full"));
	ck_assert(there(UPPER "grown"));
	ck_assert(there(UPPER "other"));
	ck_assert(there(UPPER "link"));
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(planted_links_stop_a_mount_point)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;
	struct stat st;
	char outside[PATH_MAX + 64];

	open_default(&s, &h);
	snprintf(outside, sizeof(outside), "%s/outside", base);
	ck_assert_int_eq(mkdir(outside, 0755), 0);
	ck_assert_int_eq(symlink(outside, at(UPPER "way")), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "way", true, &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.text, "way"));
	ck_assert_int_eq(home_make_mountpoint(&h, "way/x", true, &err),
			 -ELOOP);
	ck_assert_int_eq(home_make_mountpoint(&h, "way/x", false, &err),
			 -ELOOP);
	strcat(outside, "/x");
	ck_assert_int_lt(lstat(outside, &st), 0);
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(a_planted_list_removes_nothing_elsewhere)
{
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;
	char outside[PATH_MAX + 64], list[3 * PATH_MAX];
	struct stat st;

	open_default(&s, &h);
	snprintf(outside, sizeof(outside), "%s/outside", base);
	ck_assert_int_eq(mkdir(outside, 0755), 0);
	ck_assert_int_eq(stat(outside, &st), 0);
	ck_assert_int_eq(symlink(base, at(UPPER "way")), 0);
	snprintf(list, sizeof(list),
		 "point=way/outside d %llu %llu\n"
		 "point=../../../../../../outside d %llu %llu\n"
		 "point=%s d %llu %llu\npoint=x\nnonsense=1\n",
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		 outside,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	write_text(at("homes/default/mounts"), list);
	ck_assert_int_eq(home_sweep(&h, &err), 0);
	ck_assert_int_eq(stat(outside, &st), 0);
	ck_assert(!there("homes/default/mounts"));
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(bad_mount_points)
{
	static const char *const bad[] = { "", ".", "..", "/a", "a/", "a//b",
					   "a/../b", "../x" };
	struct state s = STATE_INIT;
	struct home h = HOME_INIT;

	open_default(&s, &h);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(home_make_mountpoint(&h, bad[i], true, &err),
				 -EINVAL);
	write_text(at(UPPER "file"), "x");
	ck_assert_int_lt(home_make_mountpoint(&h, "file", true, &err), 0);
	ck_assert_int_lt(home_make_mountpoint(&h, "file/x", true, &err), 0);
	ck_assert_int_eq(home_make_mountpoint(&h, "file", false, &err), 0);
	home_free(&h);
	state_free(&s);
}
END_TEST

START_TEST(without_openat2)
{
	path_no_openat2 = true;
	mount_points_come_and_go_fn(0);
	tear_down();
	set_up();
	planted_links_stop_a_mount_point_fn(0);
	path_no_openat2 = false;
}
END_TEST

static TCase *tests(void)
{
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_is_made_before_it_is_needed);
	tcase_add_test(t, every_directory_is_0700);
	tcase_add_test(t, ids_and_origins_are_names);
	tcase_add_test(t, a_planted_link_is_not_followed);
	tcase_add_test(t, a_relative_data_home_is_ignored);
	tcase_add_test(t, a_repacked_bundle_keeps_its_origin);
	tcase_add_test(t, many_packs_do_not_grow_without_end);
	tcase_add_test(t, grants_come_back);
	tcase_add_test(t, an_unknown_grant_is_kept_and_named);
	tcase_add_test(t, grants_that_are_no_file);
	tcase_add_test(t, a_machine_id_stays);
	tcase_add_test(t, home_names);
	tcase_add_test(t, a_home_is_locked);
	tcase_add_test(t, a_lock_that_is_let_go_soon_is_waited_for);
	tcase_add_test(t, other_homes_have_no_place);
	tcase_add_test(t, mount_points_come_and_go);
	tcase_add_test(t, what_a_killed_run_left_is_swept_at_the_next_start);
	tcase_add_test(t, what_became_something_else_stays);
	tcase_add_test(t, planted_links_stop_a_mount_point);
	tcase_add_test(t, a_planted_list_removes_nothing_elsewhere);
	tcase_add_test(t, bad_mount_points);
	tcase_add_test(t, without_openat2);
	return t;
}

int main(void)
{
	Suite *s = suite_create("state");

	suite_add_tcase(s, tests());
	return run_suite(s);
}
