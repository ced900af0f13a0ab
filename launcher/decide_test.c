/*
 * decide_test.c - layers, requests and the question on a terminal
 *
 * The user's settings and the state lie in a folder of the test; the site's
 * settings are parsed from memory here and seen in their place by
 * tests/perms_test.sh.  A person is a child's pseudo-terminal.
 */
#include "launcher/decide.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <pty.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "launcher/settings.h"
#include "manifests/test_run.h"
#include "runtime/fd.h"

#define ID "org.example.Test"
#define ORIGIN "local-0123456789abcdef"

static char base[PATH_MAX];
static struct err err;
static struct header header;
static struct options options;
static struct state state;
static struct decision decision;

static void add(struct perms *set, const char *text)
{
	struct permission p = { 0 };
	int r = perm_parse(text, &p, &err);

	ck_assert_msg(r == 0, "%s: %s", text, err.text);
	ck_assert_int_eq(perms_add(set, &p, &err), 0);
	perm_free(&p);
}

static void set_up(void)
{
	snprintf(base, sizeof(base), "/tmp/holdall-decide-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	setenv("XDG_DATA_HOME", base, 1);
	setenv("XDG_CONFIG_HOME", base, 1);
	header = (struct header){ .id = strdup(ID), .name = strdup("Test") };
	ck_assert_int_eq(options_init(&options), 0);
	ck_assert_int_eq(state_open(ID, ORIGIN, true, &state, &err), 0);
}

static void tear_down(void)
{
	char command[PATH_MAX + 32];

	decision_free(&decision);
	state_free(&state);
	options_free(&options);
	header_free(&header);
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

static void settings(const char *text)
{
	char path[PATH_MAX + 32];
	FILE *f;

	snprintf(path, sizeof(path), "%s/holdall/settings", base);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static int try_decide(bool may_ask)
{
	decision_free(&decision);
	return decide(&header, &state, &options, "./t.holdall", may_ask,
		      &decision, &err);
}

static void decide_now(void)
{
	int r = try_decide(false);

	ck_assert_msg(r == 0, "%s", err.text);
}

static bool has(const char *text)
{
	struct permission p = { 0 };
	bool yes;

	ck_assert_int_eq(perm_parse(text, &p, &err), 0);
	yes = perms_has(&decision.granted, p.word, p.value);
	perm_free(&p);
	return yes;
}

static bool noted(const char *part)
{
	for (size_t i = 0; i < decision.notes.n; i++)
		if (strstr(decision.notes.v[i], part))
			return true;
	return false;
}

/* ---- requests ---- */

START_TEST(harmless_is_granted_and_the_rest_denied)
{
	add(&header.perms, "sound=playback");
	add(&header.perms, "network=host");
	decide_now();
	ck_assert(has("sound=playback"));
	ck_assert(!has("network=host"));
	ck_assert_uint_eq(decision.notes.n, 1);
	ck_assert(noted("holdall run --permit network=host ./t.holdall"));
	ck_assert(noted("holdall permissions ./t.holdall grant network=host"));
}
END_TEST

/* A line that would be refused is not offered, and its question not asked. */
START_TEST(what_cannot_be_granted_is_not_offered)
{
	setenv("HOME", base, 1);
	add(&header.perms, "files=~:rw");
	add(&header.perms, "files=~/.ssh:ro");
	add(&header.perms, "files=~/Games:rw");
	decide_now();
	ck_assert_uint_eq(decision.notes.n, 3);
	ck_assert(!noted("grant 'files=~:rw'"));
	ck_assert(noted("whole home folder and cannot be granted; name a "
			"folder below it"));
	ck_assert(noted("protected place"));
	ck_assert(noted("grant 'files=~/Games:rw'"));
	for (size_t i = 0; i < decision.n_lines; i++)
		ck_assert_int_eq(decision.lines[i].impossible,
				 strcmp(decision.lines[i].perm.value,
					"~/Games:rw") != 0);
}
END_TEST

START_TEST(the_printed_line_is_quoted_for_a_shell)
{
	add(&header.perms, "files=/a b/it's:rw");
	decide_now();
	ck_assert(noted("--permit 'files=/a b/it'\\''s:rw' ./t.holdall"));
	decision_free(&decision);
	ck_assert_int_eq(decide(&header, &state, &options, "./a\nb'c", false,
				&decision, &err), 0);
	ck_assert(noted(" $'./a\\012b\\'c', or: "));
	ck_assert(noted("permissions $'./a\\012b\\'c' grant "));
}
END_TEST

START_TEST(an_app_with_windows_gets_its_defaults)
{
	header.graphical = true;
	decide_now();
	ck_assert(has("display=wayland"));
	ck_assert(has("display=x11-fallback"));
	ck_assert(has("portals=true"));
	header.graphical = false;
	decide_now();
	ck_assert_uint_eq(decision.granted.n, 0);
	header.graphical = true;
	add(&header.perms, "display=x11-isolated");
	decide_now();
	ck_assert(has("display=x11-isolated"));
	ck_assert(!has("display=wayland"));
	ck_assert(has("portals=true"));
}
END_TEST

START_TEST(what_has_no_effect_yet_is_not_asked)
{
	add(&header.perms, "sound=record");
	decide_now();
	ck_assert(!has("sound=record"));
	ck_assert_uint_eq(decision.notes.n, 0);
}
END_TEST

/* ---- the command line ---- */

START_TEST(permit_adds_and_deny_takes)
{
	add(&options.permit, "network=host");
	add(&options.permit, "files=cwd:rw");
	decide_now();
	ck_assert(has("network=host"));
	ck_assert(has("files=cwd:rw"));
	ck_assert_int_eq(strlist_add(&options.deny, "files"), 0);
	decide_now();
	ck_assert(has("network=host"));
	ck_assert(!has("files=cwd:rw"));
	add(&header.perms, "network=loopback");
	ck_assert_int_eq(strlist_add(&options.deny, "network=host"), 0);
	decide_now();
	ck_assert(has("network=loopback"));
}
END_TEST

START_TEST(a_permit_for_more_access_answers_less)
{
	add(&header.perms, "files=cwd:ro");
	add(&options.permit, "files=cwd:rw");
	decide_now();
	ck_assert(has("files=cwd:rw"));
	ck_assert_uint_eq(decision.notes.n, 0);
	perms_free(&options.permit);
	perms_free(&header.perms);
	add(&header.perms, "files=cwd:rw");
	add(&options.permit, "files=cwd:ro");
	decide_now();
	ck_assert(has("files=cwd:ro"));
	ck_assert(!has("files=cwd:rw"));
	ck_assert_uint_eq(decision.notes.n, 1);
}
END_TEST

START_TEST(one_value_of_a_word_that_holds_one)
{
	add(&header.perms, "network=loopback");
	add(&options.permit, "network=host");
	decide_now();
	ck_assert(has("network=host"));
	ck_assert(!has("network=loopback"));
	perms_free(&options.permit);
	settings(ID ".grant.network=host\n");
	add(&options.permit, "network=none");
	decide_now();
	ck_assert(has("network=none"));
	ck_assert(!has("network=host"));
}
END_TEST

START_TEST(a_bundle_cannot_permit_itself_more)
{
	options.self = true;
	add(&options.permit, "network=host");
	add(&options.permit, "sound=playback");
	decide_now();
	ck_assert(!has("network=host"));
	ck_assert(has("sound=playback"));
	ck_assert(noted("on a terminal, ./t.holdall --holdall permissions"));
	/* What the same command line denies is no wish. */
	ck_assert_int_eq(strlist_add(&options.deny, "network"), 0);
	decide_now();
	ck_assert_uint_eq(decision.notes.n, 0);
	strlist_free(&options.deny);
	/* What is kept already needs no second yes. */
	add(&decision.granted, "network=host");
	ck_assert_int_eq(state_write_grants(&state, &decision.granted, &err),
			 0);
	decide_now();
	ck_assert(has("network=host"));
	ck_assert_int_eq(strlist_add(&options.deny, "network"), 0);
	decide_now();
	ck_assert(!has("network=host"));
	ck_assert_uint_eq(decision.notes.n, 0);
}
END_TEST

/* ---- kept ---- */

START_TEST(kept_grants)
{
	CLEANUP_PERMS struct perms kept = { 0 };

	add(&header.perms, "network=host");
	add(&kept, "network=host");
	add(&kept, "files=cwd:ro");
	ck_assert_int_eq(state_write_grants(&state, &kept, &err), 0);
	decide_now();
	ck_assert(has("network=host"));
	ck_assert(has("files=cwd:ro"));
	ck_assert_uint_eq(decision.notes.n, 0);
	/* Only what is new is open. */
	add(&header.perms, "extra=debug");
	decide_now();
	ck_assert_uint_eq(decision.notes.n, 1);
	ck_assert(noted("extra=debug"));
}
END_TEST

/* ---- settings ---- */

START_TEST(a_grant_for_all_answers_but_adds_nothing)
{
	settings("grant.network=host\n");
	decide_now();
	ck_assert(!has("network=host"));
	add(&header.perms, "network=host");
	decide_now();
	ck_assert(has("network=host"));
	perms_free(&header.perms);
	settings(ID ".grant.network=host\n");
	decide_now();
	ck_assert(has("network=host"));
	settings("org.example.Other.grant.network=host\n");
	decide_now();
	ck_assert(!has("network=host"));
}
END_TEST

START_TEST(the_more_exact_line_wins)
{
	add(&header.perms, "network=host");
	settings("deny.network=*\n" ID ".grant.network=host\n");
	decide_now();
	ck_assert(has("network=host"));
	settings("grant.network=host\n" ID ".deny.network=host\n");
	decide_now();
	ck_assert(!has("network=host"));
	ck_assert_uint_eq(decision.notes.n, 0);	/* somebody said no */
	settings("deny.network=*\ngrant.network=host\n");
	decide_now();
	ck_assert(!has("network=host"));
	settings("deny.display=*\n");
	header.graphical = true;
	decide_now();
	ck_assert(!has("display=wayland"));
	ck_assert(has("portals=true"));
}
END_TEST

START_TEST(a_later_layer_may_grant_again)
{
	settings("deny.network=*\n");
	add(&options.permit, "network=host");
	decide_now();
	ck_assert(has("network=host"));
}
END_TEST

START_TEST(settings_that_refuse_the_start)
{
	static const char *const bad[] = {
		"deny.teleport=*\n", "deny.network=moon\n", "nonsense\n",
		"nonsense=1\n", "forbid.network=*\n", "limit.teleport=1\n",
		"limit.memory=much\n", "unsigned=perhaps\n",
		"org.x.grant.network=host\n", "give.network=host\n",
		"deny.files=%zz\n", "deny.=x\n", ".deny.network=*\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		settings(bad[i]);
		ck_assert_msg(try_decide(false) < 0, "%s", bad[i]);
		ck_assert_msg(strstr(err.text, "line 1"), "%s", err.text);
	}
}
END_TEST

START_TEST(settings_that_are_only_ignored)
{
	settings("# a comment\n\n  grant.teleport = moon\n"
		 "grant.network=moon\nunsigned=allow\nlimit.memory=2GiB\n"
		 "org.example.Other.deny.teleport=*\n");
	decide_now();
	ck_assert(noted("line 3 is ignored"));
	ck_assert(noted("line 4 is ignored"));
	ck_assert(noted("line 6: limits have no effect"));
	ck_assert_uint_eq(decision.notes.n, 3);
}
END_TEST

START_TEST(lines_that_name_the_app_are_not_for_another_key)
{
	add(&header.perms, "network=host");
	settings(ID ".grant.network=host\n" ID ".grant.files=/a:rw\n"
		 ID ".deny.sound=playback\ngrant.display=x11\n");
	add(&header.perms, "sound=playback");
	add(&header.perms, "display=x11");
	state.other = true;
	decide_now();
	ck_assert(!has("network=host") && !has("files=/a:rw"));
	ck_assert(has("display=x11"));
	/* What takes away takes away from both. */
	ck_assert(!has("sound=playback"));
	state.other = false;
	decide_now();
	ck_assert(has("network=host") && has("files=/a:rw"));
}
END_TEST

START_TEST(only_the_site_forbids)
{
	static const char text[] = "forbid.network=*\n"
		ID ".forbid.files=cwd:rw\norg.example.Other.forbid.extra=*\n";
	CLEANUP_SETTINGS struct settings s = { 0 };

	ck_assert_int_lt(settings_parse(text, strlen(text), "f", false, ID, &s,
					&err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "write deny"));
	ck_assert_int_eq(settings_parse(text, strlen(text), "f", true, ID, &s,
					&err), 0);
	ck_assert_uint_eq(s.n_rules, 2);
	ck_assert_int_eq(s.rules[0].action, RULE_FORBID);
	ck_assert_ptr_null(s.rules[0].pattern.value);
	ck_assert(!s.rules[0].for_app);
	ck_assert_str_eq(s.rules[1].pattern.value, "cwd:rw");
	ck_assert(s.rules[1].for_app);
}
END_TEST

START_TEST(settings_that_cannot_be_read_refuse)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/holdall/settings", base);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_lt(try_decide(false), 0);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_lt(try_decide(false), 0);
}
END_TEST

/* ---- a person ---- */

/* Reads from the terminal until `end` was seen; the time limit of the test is that
 * of a hang. */
static void expect_on(int tty, const char *end, char *seen, size_t size)
{
	size_t n = 0;

	for (;;) {
		ssize_t r;

		r = read(tty, seen + n, size - 1 - n);
		ck_assert_int_gt(r, 0);
		n += (size_t)r;
		seen[n] = '\0';
		if (strstr(seen, end))
			break;
		ck_assert_uint_lt(n, size - 1);
	}
}

/* Bits: 1 network granted, 2 files granted; 64 an error. */
static int decide_as_child(void)
{
	if (try_decide(true) < 0)
		return 64;
	return has("network=host") | has("files=cwd:rw") << 1;
}

/* What decide says to a person who types `answer`. */
static int with_person(const char *answer, char *seen, size_t size)
{
	int tty, status;
	pid_t pid = forkpty(&tty, NULL, NULL, NULL);

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(decide_as_child());
	expect_on(tty, "[y/N] ", seen, size);
	ck_assert_int_eq(fd_write_all(tty, answer, strlen(answer)), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	close(tty);
	return WEXITSTATUS(status);
}

START_TEST(a_yes_is_kept)
{
	CLEANUP_PERMS struct perms kept = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	char seen[4096];

	add(&header.perms, "network=host");
	add(&header.perms, "files=cwd:rw");
	ck_assert_int_eq(with_person("y\n", seen, sizeof(seen)), 3);
	ck_assert_ptr_nonnull(strstr(seen, "Test (" ID ")"));
	ck_assert_ptr_nonnull(strstr(seen, "read and change the files in the "
				     "current folder"));
	ck_assert_int_eq(state_read_grants(&state, &kept, &unknown, &err), 0);
	ck_assert_uint_eq(kept.n, 2);
	decide_now();
	ck_assert(has("network=host"));
}
END_TEST

START_TEST(anything_else_is_no)
{
	static const char *const answers[] = { "\n", "n\n", "no\n", "yx\n",
					       "\004", "yesyesyesyesyesyes\n" };
	CLEANUP_PERMS struct perms kept = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	char seen[4096];

	add(&header.perms, "network=host");
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		ck_assert_int_eq(with_person(answers[i], seen, sizeof(seen)),
				 0);
	ck_assert_int_eq(state_read_grants(&state, &kept, &unknown, &err), 0);
	ck_assert_uint_eq(kept.n, 0);
}
END_TEST

START_TEST(a_bundles_own_wish_holds_for_one_run)
{
	CLEANUP_PERMS struct perms kept = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	char seen[4096];

	options.self = true;
	add(&options.permit, "network=host");
	ck_assert_int_eq(with_person("YES\n", seen, sizeof(seen)), 1);
	ck_assert_ptr_nonnull(strstr(seen, "for this run"));
	ck_assert_int_eq(state_read_grants(&state, &kept, &unknown, &err), 0);
	ck_assert_uint_eq(kept.n, 0);
}
END_TEST

static TCase *tests(void)
{
	TCase *t = tcase_create("decide");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, harmless_is_granted_and_the_rest_denied);
	tcase_add_test(t, what_cannot_be_granted_is_not_offered);
	tcase_add_test(t, the_printed_line_is_quoted_for_a_shell);
	tcase_add_test(t, an_app_with_windows_gets_its_defaults);
	tcase_add_test(t, what_has_no_effect_yet_is_not_asked);
	tcase_add_test(t, permit_adds_and_deny_takes);
	tcase_add_test(t, a_permit_for_more_access_answers_less);
	tcase_add_test(t, one_value_of_a_word_that_holds_one);
	tcase_add_test(t, a_bundle_cannot_permit_itself_more);
	tcase_add_test(t, kept_grants);
	tcase_add_test(t, a_grant_for_all_answers_but_adds_nothing);
	tcase_add_test(t, the_more_exact_line_wins);
	tcase_add_test(t, a_later_layer_may_grant_again);
	tcase_add_test(t, settings_that_refuse_the_start);
	tcase_add_test(t, settings_that_are_only_ignored);
	tcase_add_test(t,
		       lines_that_name_the_app_are_not_for_another_key);
	tcase_add_test(t, only_the_site_forbids);
	tcase_add_test(t, settings_that_cannot_be_read_refuse);
	tcase_add_test(t, a_yes_is_kept);
	tcase_add_test(t, anything_else_is_no);
	tcase_add_test(t, a_bundles_own_wish_holds_for_one_run);
	return t;
}

int main(void)
{
	Suite *s = suite_create("decide");

	suite_add_tcase(s, tests());
	return run_suite(s);
}
