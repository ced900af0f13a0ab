/*
 * cli_test.c - options, patterns, paths of the image, and the passwd reader
 */
#include "launcher/cli_options.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/host.h"
#include "launcher/image_path.h"
#include "launcher/pattern.h"
#include "manifests/test_run.h"

static struct err err;
static struct options o;

static const struct verb run_verb = {
	.name = "run", .operands = "BUNDLE [--] [ARG...]", .run_like = true,
	.options = OPT_PERMIT | OPT_DENY | OPT_HOME | OPT_ENV | OPT_COMMAND |
		   OPT_EXPLAIN | OPT_VERBOSE,
};
static const struct verb list_verb = {
	.name = "list", .operands = "BUNDLE [PATH]", .max_operands = 1,
	.options = OPT_JSON | OPT_LONG | OPT_OUTPUT_DIR,
};

static void set_up(void)
{
	ck_assert_int_eq(options_init(&o), 0);
}

static void tear_down(void)
{
	options_free(&o);
}

/* Words as of a command line, split at single spaces. */
static int parse(const struct verb *v, const char *line)
{
	CLEANUP_FREE char *copy = strdup(line);
	char *argv[32], *save = NULL;
	bool self = o.self;
	int argc = 0;

	options_free(&o);
	ck_assert_int_eq(options_init(&o), 0);
	o.self = self;
	for (char *p = strtok_r(copy, " ", &save); p;
	     p = strtok_r(NULL, " ", &save))
		argv[argc++] = p;
	argv[argc] = NULL;
	return cli_options_parse(v, argc, argv, &o, &err);
}

static void expect_list(const struct strlist *l, const char *expected)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->n; i++)
		buf_addf(&b, "%s%s", i ? " " : "", l->v[i]);
	ck_assert_str_eq(buf_text(&b), expected);
}

/* ---- options ---- */

START_TEST(everything_behind_the_bundle_is_the_apps)
{
	ck_assert_int_eq(parse(&run_verb, "-v b --json -v -- x"), 0);
	ck_assert(o.verbose);
	expect_list(&o.args, "b");
	expect_list(&o.app_args, "--json -v -- x");
	ck_assert_int_eq(parse(&run_verb, "b -- --json"), 0);
	expect_list(&o.app_args, "--json");
	ck_assert_int_eq(parse(&run_verb, "b -- -- x"), 0);
	expect_list(&o.app_args, "-- x");
	ck_assert_int_eq(parse(&run_verb, "-- -b x"), 0);
	expect_list(&o.args, "-b");
	expect_list(&o.app_args, "x");
	ck_assert_int_eq(parse(&run_verb, "b - -"), 0);
	expect_list(&o.app_args, "- -");
}
END_TEST

START_TEST(of_a_bundle_itself_too)
{
	o.self = true;
	ck_assert_int_eq(parse(&run_verb, "--permit network=none -- x -v"), 0);
	ck_assert_uint_eq(o.permit.n, 1);
	ck_assert_uint_eq(o.args.n, 0);
	expect_list(&o.app_args, "x -v");
	ck_assert_int_eq(parse(&run_verb, "x -- -v"), 0);
	expect_list(&o.app_args, "x -- -v");
	ck_assert_int_eq(parse(&run_verb, ""), 0);
	ck_assert_int_eq(parse(&list_verb, "path"), 0);
	ck_assert_int_eq(parse(&list_verb, "path more"), -EINVAL);
}
END_TEST

START_TEST(other_verbs_take_options_anywhere)
{
	ck_assert_int_eq(parse(&list_verb, "b --json p -l"), 0);
	ck_assert(o.json && o.long_list);
	expect_list(&o.args, "b p");
	ck_assert_int_eq(parse(&list_verb, "b -- --json"), 0);
	ck_assert(!o.json);
	expect_list(&o.args, "b --json");
	ck_assert_int_eq(parse(&list_verb, "b -o x"), 0);
	ck_assert_str_eq(o.output, "x");
	ck_assert_int_eq(parse(&list_verb, "-oy b"), 0);
	ck_assert_str_eq(o.output, "y");
	ck_assert_int_eq(parse(&list_verb, "--output=z=1 b"), 0);
	ck_assert_str_eq(o.output, "z=1");
}
END_TEST

START_TEST(values)
{
	ck_assert_int_eq(parse(&run_verb, "--permit=files=cwd:rw --deny "
			       "network --env A=b=c --env=D= --command x "
			       "--home private:work b"), 0);
	ck_assert(perms_has(&o.permit, PERM_FILES, "cwd:rw"));
	expect_list(&o.deny, "network");
	expect_list(&o.env, "A=b=c D=");
	ck_assert_str_eq(o.command, "x");
	ck_assert(o.home_given);
	ck_assert_int_eq(o.home, HOME_PRIVATE);
	ck_assert_str_eq(o.home_name, "work");
	ck_assert_int_eq(parse(&run_verb, "--home ephemeral b"), 0);
	ck_assert_int_eq(o.home, HOME_EPHEMERAL);
	ck_assert_str_eq(o.home_name, "default");
}
END_TEST

START_TEST(wrong_usage_is_named)
{
	static const struct {
		const char *line, *part;
	} bad[] = {
		{ "--nosuch b", "unknown option --nosuch" },
		{ "--premit network=host b", "did you mean --permit" },
		{ "--json b", "unknown option" },
		{ "-x b", "unknown option" },
		{ "-vx b", "unknown option" },
		{ "--explain=yes b", "takes no value" },
		{ "--permit", "wants a value" },
		{ "--permit netwrok=host b", "network" },
		{ "--permit network=hots b", "host" },
		{ "--deny teleport b", "teleport" },
		{ "--deny netwrok b", "did you mean network" },
		{ "--home nowhere b", "nowhere" },
		{ "--home private:../x b", "no name for a home" },
		{ "--home private: b", "no name for a home" },
		{ "--home none:x b", "only a private home" },
		{ "--home host-read b", "host-read" },
		{ "--env A b", "NAME=VALUE" },
		{ "--env =x b", "NAME=VALUE" },
		{ "--command= b", "empty" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_msg(parse(&run_verb, bad[i].line) < 0, "%s",
			      bad[i].line);
		ck_assert_msg(strstr(err.text, bad[i].part), "%s: %s",
			      bad[i].line, err.text);
	}
	ck_assert_int_lt(parse(&list_verb, ""), 0);
	ck_assert_int_lt(parse(&list_verb, "a b c"), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "c is too much"));
}
END_TEST

START_TEST(help_names_every_option)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	cli_options_help(&run_verb, &b);
	ck_assert_ptr_nonnull(strstr(buf_text(&b), "--permit WORD=VALUE"));
	ck_assert_ptr_nonnull(strstr(buf_text(&b), "-v, --verbose"));
	ck_assert_ptr_nonnull(strstr(buf_text(&b), "--help"));
	ck_assert_ptr_null(strstr(buf_text(&b), "--json"));
	ck_assert_int_eq(parse(&list_verb, "--help"), 0);
	ck_assert(o.help);
}
END_TEST

/* ---- patterns ---- */

START_TEST(patterns)
{
	CLEANUP_PERMS struct perms set = { 0 };
	struct pattern p = PATTERN_INIT;

	ck_assert_int_eq(parse(&run_verb, "--permit files=cwd:rw --permit "
			       "files=/a:ro --permit network=host b"), 0);
	ck_assert_int_eq(perms_copy(&set, &o.permit, &err), 0);
	ck_assert_int_eq(pattern_parse("files=/a:ro", &p, &err), 0);
	ck_assert_uint_eq(pattern_remove(&p, &set), 1);
	ck_assert_uint_eq(set.n, 2);
	pattern_free(&p);
	ck_assert_int_eq(pattern_parse("files=*", &p, &err), 0);
	ck_assert_uint_eq(pattern_remove(&p, &set), 1);
	ck_assert_uint_eq(pattern_remove(&p, &set), 0);
	ck_assert(perms_has(&set, PERM_NETWORK, "host"));
	ck_assert_int_eq(pattern_parse("network", &p, &err), 0);
	ck_assert_uint_eq(pattern_remove(&p, &set), 1);
	ck_assert_int_lt(pattern_parse("", &p, &err), 0);
	ck_assert_int_lt(pattern_parse("=x", &p, &err), 0);
	ck_assert_int_lt(pattern_parse("network=", &p, &err), 0);
}
END_TEST

/* ---- paths of the image ---- */

START_TEST(image_paths)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{ "/", "" }, { "", "" }, { ".", "" }, { "/usr//bin/", "usr/bin" },
		{ "./usr/./bin", "usr/bin" }, { "usr/../bin", "usr/../bin" },
		{ "...", "..." },
	};
	static const char *const bad[] = { "..", "/..", "a/../..", "/../etc" };
	char *path;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_int_eq(image_path(good[i].in, &path, &err), 0);
		ck_assert_str_eq(path, good[i].out);
		free(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(image_path(bad[i], &path, &err), -EINVAL);
}
END_TEST

/* ---- the host ---- */

static void find(const char *text, uid_t uid, const char *name,
		 const char *home)
{
	CLEANUP_FREE char *copy = strdup(text);
	CLEANUP_FREE char *got_name = NULL;
	CLEANUP_FREE char *got_home = NULL;

	ck_assert_int_eq(host_passwd_find(copy, uid, &got_name, &got_home), 0);
	ck_assert_pstr_eq(got_name, name);
	ck_assert_pstr_eq(got_home, home);
}

START_TEST(passwd)
{
	static const char text[] =
		"root:x:0:0:root:/root:/bin/sh\n"
		"short:x:5\n"
		"bad:x:07:0::/bad:/bin/sh\n"
		"+::::::\n"
		":x:9:9::/noname:\n"
		"a:x:7:7:A,,:/home/a b:/bin/sh\n"
		"second:x:7:7::/home/second:/bin/sh\n"
		"last:x:4294967294:1::/last:";

	find(text, 0, "root", "/root");
	find(text, 7, "a", "/home/a b");
	find(text, 4294967294u, "last", "/last");
	find(text, 5, NULL, NULL);
	find(text, 9, NULL, NULL);
	find("", 0, NULL, NULL);
}
END_TEST

START_TEST(homes)
{
	char *home = NULL;

	setenv("HOME", "/tmp//./", 1);
	ck_assert_int_eq(host_home(&home, &err), 0);
	ck_assert_str_eq(home, "/tmp");
	free(home);
	/* Otherwise the one of /etc/passwd, or an error that says what to do. */
	for (int i = 0; i < 4; i++) {
		static const char *const bad[] = { "relative", "/", "",
						   "/nosuch" };
		int r;

		setenv("HOME", bad[i], 1);
		home = NULL;
		r = host_home(&home, &err);
		if (r < 0)
			ck_assert_ptr_nonnull(strstr(err.text, "set HOME"));
		else
			ck_assert_str_ne(home, bad[i]);
		free(home);
	}
}
END_TEST

START_TEST(base_directories)
{
	char *dir = NULL;

	setenv("HOME", "/tmp", 1);
	setenv("XDG_CONFIG_HOME", "/x/../y/", 1);
	ck_assert_int_eq(host_config_home(&dir, &err), 0);
	ck_assert_str_eq(dir, "/y");
	free(dir);
	setenv("XDG_CONFIG_HOME", "y", 1);
	ck_assert_int_eq(host_config_home(&dir, &err), 0);
	ck_assert_str_eq(dir, "/tmp/.config");
	free(dir);
	unsetenv("XDG_DATA_HOME");
	ck_assert_int_eq(host_data_home(&dir, &err), 0);
	ck_assert_str_eq(dir, "/tmp/.local/share");
	free(dir);
}
END_TEST

START_TEST(a_runtime_directory_is_ours_alone)
{
	char path[] = "/tmp/holdall-run-XXXXXX";
	char *dir = NULL;

	ck_assert_ptr_nonnull(mkdtemp(path));
	setenv("XDG_RUNTIME_DIR", path, 1);
	ck_assert_int_eq(host_runtime_dir(&dir, &err), 0);
	ck_assert_pstr_eq(dir, path);
	free(dir);
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(host_runtime_dir(&dir, &err), 0);
	ck_assert_ptr_null(dir);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(host_runtime_dir(&dir, &err), 0);
	ck_assert_ptr_null(dir);
}
END_TEST

/* A verb that works on nothing in particular may stand alone. */
START_TEST(verbs_without_a_subject)
{
	struct verb v = list_verb;

	v.no_subject = true;
	v.max_operands = 2;
	ck_assert_int_eq(parse(&v, ""), 0);
	ck_assert_int_eq(parse(&v, "a b"), 0);
	expect_list(&o.args, "a b");
	ck_assert_int_lt(parse(&v, "a b c"), 0);
	ck_assert_int_lt(parse(&list_verb, ""), 0);
}
END_TEST

static TCase *tests(void)
{
	TCase *t = tcase_create("cli");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, everything_behind_the_bundle_is_the_apps);
	tcase_add_test(t, of_a_bundle_itself_too);
	tcase_add_test(t, other_verbs_take_options_anywhere);
	tcase_add_test(t, values);
	tcase_add_test(t, wrong_usage_is_named);
	tcase_add_test(t, help_names_every_option);
	tcase_add_test(t, patterns);
	tcase_add_test(t, image_paths);
	tcase_add_test(t, passwd);
	tcase_add_test(t, homes);
	tcase_add_test(t, base_directories);
	tcase_add_test(t, a_runtime_directory_is_ours_alone);
	tcase_add_test(t, verbs_without_a_subject);
	return t;
}

int main(void)
{
	Suite *s = suite_create("cli");

	suite_add_tcase(s, tests());
	return run_suite(s);
}
