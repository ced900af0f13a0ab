/*
 * cli_options.c - parsing the words behind a verb (see cli_options.h)
 *
 * A run-like verb ends at its bundle: whatever stands behind is the app's,
 * whether it looks like an option or not.  Other verbs take options and operands
 * in any order; `--` ends the options.
 */
#include "launcher/cli_options.h"

#include <errno.h>
#include <string.h>

#include "launcher/pattern.h"
#include "launcher/state.h"
#include "launcher/profile_record.h"
#include "launcher/quoted.h"

struct option_def {
	unsigned bit;
	const char *name;		/* without dashes */
	char letter;			/* 0: none */
	const char *arg;		/* NULL: takes none */
	const char *help;
	int (*set)(struct options *o, const char *value, struct err *err);
};

/* ---- what each option does to the value ---- */

static int set_permit(struct options *o, const char *value, struct err *err)
{
	struct permission p = { 0 };
	struct quoted q;
	int r = perm_parse(value, &p, err);

	if (r < 0)
		return err_prefix(err, "--permit %s", quote(&q, value));
	r = perms_add(&o->permit, &p, err);
	perm_free(&p);
	return r;
}

static int set_deny(struct options *o, const char *value, struct err *err)
{
	CLEANUP_PATTERN struct pattern p = PATTERN_INIT;
	struct quoted q;

	if (pattern_parse(value, &p, err) < 0)
		return err_prefix(err, "--deny %s", quote(&q, value));
	return strlist_add(&o->deny, value) < 0 ? err_nomem(err) : 0;
}

static const struct {
	const char *word;
	enum home_kind kind;
} home_kinds[] = {
	{ "private", HOME_PRIVATE },
	{ "ephemeral", HOME_EPHEMERAL },
	{ "none", HOME_NONE },
	{ "host-read", HOME_HOST_READ },
};

static int set_home_name(struct options *o, const char *name, struct err *err)
{
	struct quoted q;
	char *copy;

	if (o->home != HOME_PRIVATE)
		return err_set(err, EINVAL, "--home: only a private home has a "
			       "name (--home private:NAME)");
	if (!home_name_is_valid(name))
		return err_set(err, EINVAL, "--home: %s is no name for a home; "
			       "use up to 64 of A-Z a-z 0-9 . _ - and no dot in "
			       "front", quote(&q, name));
	copy = strdup(name);
	if (!copy)
		return err_nomem(err);
	free(o->home_name);
	o->home_name = copy;
	return 0;
}

static int set_home(struct options *o, const char *value, struct err *err)
{
	const char *colon = strchrnul(value, ':');
	size_t n = (size_t)(colon - value);
	struct quoted q;

	for (size_t i = 0; i < ARRAY_SIZE(home_kinds); i++) {
		if (strlen(home_kinds[i].word) != n ||
		    strncmp(home_kinds[i].word, value, n) != 0)
			continue;
		if (home_kinds[i].kind == HOME_HOST_READ)
			return err_set(err, EINVAL, "--home host-read: this "
				       "version cannot do that yet; use private, "
				       "ephemeral or none");
		o->home = home_kinds[i].kind;
		o->home_given = true;
		return *colon ? set_home_name(o, colon + 1, err) : 0;
	}
	return err_set(err, EINVAL, "--home: unknown kind %s; use private, "
		       "private:NAME, ephemeral or none", quote(&q, value));
}

static int set_env(struct options *o, const char *value, struct err *err)
{
	struct quoted q;

	if (!strchr(value, '=') || value[0] == '=')
		return err_set(err, EINVAL, "--env %s: write --env NAME=VALUE",
			       quote(&q, value));
	return strlist_add(&o->env, value) < 0 ? err_nomem(err) : 0;
}

static int set_text(char **field, const char *option, const char *value,
		    struct err *err)
{
	char *copy;

	if (!value[0])
		return err_set(err, EINVAL, "%s: the value is empty", option);
	copy = strdup(value);
	if (!copy)
		return err_nomem(err);
	free(*field);
	*field = copy;
	return 0;
}

static int set_command(struct options *o, const char *value, struct err *err)
{
	return set_text(&o->command, "--command", value, err);
}

static int set_output(struct options *o, const char *value, struct err *err)
{
	return set_text(&o->output, "--output", value, err);
}

static int set_seconds(struct options *o, const char *value, struct err *err)
{
	uint64_t n;

	if (text_read_u64(value, strlen(value), &n) < 0 || !n ||
	    n > PROFILE_SECONDS_MAX)
		return err_set(err, EINVAL, "--seconds: a number from 1 to %u",
			       PROFILE_SECONDS_MAX);
	o->seconds = (unsigned)n;
	return 0;
}

#define SETS_BOOL(field)                                                      \
	static int set_##field(struct options *o, const char *value UNUSED,   \
			       struct err *err UNUSED)                        \
	{                                                                     \
		o->field = true;                                              \
		return 0;                                                     \
	}
SETS_BOOL(explain)
SETS_BOOL(verbose)
SETS_BOOL(stats)
SETS_BOOL(json)
SETS_BOOL(seal)
SETS_BOOL(signature)
SETS_BOOL(packages)
SETS_BOOL(long_list)
SETS_BOOL(help)

static const struct option_def table[] = {
	{ OPT_PERMIT, "permit", 0, "WORD=VALUE",
	  "allow this, for this run", set_permit },
	{ OPT_DENY, "deny", 0, "WORD[=VALUE]",
	  "do not allow this, for this run", set_deny },
	{ OPT_HOME, "home", 0, "KIND[:NAME]",
	  "private (kept), ephemeral or none", set_home },
	{ OPT_ENV, "env", 0, "NAME=VALUE",
	  "set a variable for the app", set_env },
	{ OPT_COMMAND, "command", 0, "NAME",
	  "start another of the bundle's commands", set_command },
	{ OPT_EXPLAIN, "explain", 0, NULL,
	  "say what would be done; run nothing", set_explain },
	{ OPT_VERBOSE, "verbose", 'v', NULL,
	  "say what is done", set_verbose },
	{ OPT_JSON, "json", 0, NULL, "write JSON", set_json },
	{ OPT_STATS, "stats", 0, NULL,
	  "say at the end what was read from the image", set_stats },
	{ OPT_SEAL, "seal", 0, NULL,
	  "write the seal's bytes, the only thing signed", set_seal },
	{ OPT_SIGNATURE, "signature", 0, NULL,
	  "write the signature, as minisign reads it", set_signature },
	{ OPT_PACKAGES, "packages", 0, NULL,
	  "list the packages in it by size", set_packages },
	{ OPT_OUTPUT_DIR, "output", 'o', "DIR",
	  "the folder to write to (default: the bundle's name)", set_output },
	{ OPT_OUTPUT_FILE, "output", 'o', "FILE",
	  "the file to write (default: the bundle's name with .profile)",
	  set_output },
	{ OPT_SECONDS, "seconds", 0, "N",
	  "the start is over after this time (default: 30)", set_seconds },
	{ OPT_LONG, "long", 'l', NULL,
	  "with mode, size and time", set_long_list },
	{ OPT_HELP, "help", 'h', NULL, "this text", set_help },
};

/* ---- finding ---- */

static bool has_option(const struct verb *v, const struct option_def *d)
{
	return d->bit == OPT_HELP || (v->options & d->bit);
}

static int unknown_option(const struct verb *v, const char *word,
			  struct err *err)
{
	const char *names[ARRAY_SIZE(table)], *near;
	char quoted[128], bare[64];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (has_option(v, &table[i]))
			names[n++] = table[i].name;
	(void)snprintf(bare, sizeof(bare), "%.*s",
		       (int)strcspn(word + strspn(word, "-"), "="),
		       word + strspn(word, "-"));
	near = text_nearest(bare, names, n);
	err_set(err, EINVAL, "%s: unknown option %s", v->name,
		text_quoted(quoted, sizeof(quoted), word));
	if (near)
		return err_hint(err, "did you mean --%s?", near);
	return err_hint(err, "see holdall %s --help", v->name);
}

/* Finds the option that `word` starts, and the value written in it. */
static const struct option_def *find_option(const struct verb *v,
					    const char *word,
					    const char **ret_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct option_def *d = &table[i];
		size_t n = strlen(d->name);

		if (!has_option(v, d))
			continue;
		if (word[1] != '-' && d->letter && word[1] == d->letter) {
			*ret_value = word[2] ? word + 2 : NULL;
			return d;
		}
		if (word[1] == '-' && !strncmp(word + 2, d->name, n) &&
		    (word[2 + n] == '=' || !word[2 + n])) {
			*ret_value = word[2 + n] ? word + 3 + n : NULL;
			return d;
		}
	}
	return NULL;
}

/* One option at argv[*i]; moves *i over a value that stands apart. */
static int parse_option(const struct verb *v, int argc, char **argv, int *i,
			struct options *o, struct err *err)
{
	const char *value = NULL;
	const struct option_def *d = find_option(v, argv[*i], &value);

	if (!d)
		return unknown_option(v, argv[*i], err);
	if (!d->arg && value)
		return argv[*i][1] == '-' ?
			err_set(err, EINVAL, "%s: --%s takes no value", v->name,
				d->name) :
			unknown_option(v, argv[*i], err);
	if (d->arg && !value) {
		if (*i + 1 >= argc)
			return err_set(err, EINVAL, "%s: --%s wants a value: "
				       "--%s %s", v->name, d->name, d->name,
				       d->arg);
		value = argv[++*i];
	}
	return d->set(o, value, err);
}

/* ---- operands ---- */

static int take_app_args(int argc, char **argv, int from, struct options *o,
			 struct err *err)
{
	for (int i = from; i < argc; i++)
		if (strlist_add(&o->app_args, argv[i]) < 0)
			return err_nomem(err);
	return 0;
}

/* At the first word that is none of ours in a run-like verb. */
static int parse_run_rest(int argc, char **argv, int i, struct options *o,
			  struct err *err)
{
	if (!o->self) {
		if (i < argc && !strcmp(argv[i], "--"))
			i++;
		if (i < argc && strlist_add(&o->args, argv[i++]) < 0)
			return err_nomem(err);
	}
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	return take_app_args(argc, argv, i, o, err);
}

static int check_operands(const struct verb *v, const struct options *o,
			  struct err *err)
{
	size_t subject = o->self || v->no_subject ? 0 : 1;
	size_t n = o->args.n;
	struct quoted q;

	if (o->help)
		return 0;
	if (n < v->min_operands + subject)
		return err_set(err, EINVAL, "%s: something is missing; usage: "
			       "holdall %s [OPTION...] %s", v->name, v->name,
			       v->operands);
	if (n > v->max_operands + subject)
		return err_set(err, EINVAL, "%s: %s is too much; usage: "
			       "holdall %s [OPTION...] %s", v->name,
			       quote(&q, o->args.v[v->max_operands + subject]),
			       v->name, v->operands);
	return 0;
}

int cli_options_parse(const struct verb *v, int argc, char **argv,
		      struct options *o, struct err *err)
{
	bool ended = false;
	int r;

	for (int i = 0; i < argc; i++) {
		bool option = argv[i][0] == '-' && argv[i][1] && !ended;

		if (option && strcmp(argv[i], "--") != 0) {
			r = parse_option(v, argc, argv, &i, o, err);
			if (r < 0)
				return r;
			continue;
		}
		if (v->run_like) {
			r = parse_run_rest(argc, argv, i, o, err);
			if (r < 0)
				return r;
			break;
		}
		if (option)
			ended = true;
		else if (strlist_add(&o->args, argv[i]) < 0)
			return err_nomem(err);
	}
	return check_operands(v, o, err);
}

void cli_options_help(const struct verb *v, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct option_def *d = &table[i];
		char left[64];

		if (!has_option(v, d))
			continue;
		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			       d->letter ? "-" : "  ",
			       d->letter ? d->letter : ' ',
			       d->letter ? ", " : " ", d->name,
			       d->arg ? " " : "", d->arg ? d->arg : "");
		buf_addf(out, "  %-30s %s\n", left, d->help);
	}
}
