/*
 * header.c - the header: owning, building, reading, writing
 *
 * A header is a list of strict lines (runtime/text.h).  What each key means is
 * in header_lines.c; here are order, bounds and what belongs to all keys.
 * header_format reads back what it wrote, so that a header which the launcher
 * would refuse is refused at pack time, with the same sentence.
 */
#include "manifests/header_internal.h"

#include <string.h>

#include "manifests/table.h"
#include "runtime/layout.h"
#include "runtime/path.h"

static void command_free(struct header_command *c)
{
	free(c->name);
	strlist_free(&c->argv);
}

void header_free(struct header *h)
{
	for (size_t i = 0; i < h->n_commands; i++)
		command_free(&h->commands[i]);
	for (size_t i = 0; i < h->n_limits; i++)
		limit_free(&h->limits[i]);
	for (size_t i = 0; i < h->n_top; i++) {
		free(h->top[i].name);
		free(h->top[i].target);
	}
	free(h->commands);
	free(h->limits);
	free(h->top);
	free(h->id);
	free(h->version);
	free(h->name);
	free(h->arch);
	free(h->workdir);
	free(h->home_skeleton);
	free(h->needs);
	strlist_free(&h->environment);
	strlist_free(&h->locales);
	perms_free(&h->perms);
	*h = (struct header){ 0 };
}

const struct header_command *header_command(const struct header *h,
					    const char *name)
{
	for (size_t i = 0; i < h->n_commands; i++)
		if (strcmp(h->commands[i].name, name ? name : "") == 0)
			return &h->commands[i];
	return NULL;
}

/* ---- adding ----------------------------------------------------------------- */

static int check_argv(const struct strlist *argv, struct err *err)
{
	if (argv->n == 0)
		return err_set(err, EINVAL, "the command is empty");
	if (argv->n > HEADER_ARGS_MAX)
		return err_set(err, E2BIG, "the command has more than %d words",
			       HEADER_ARGS_MAX);
	for (size_t i = 0; i < argv->n; i++) {
		enum value_kind kind = i ? VALUE_ANY : VALUE_PROGRAM;
		CLEANUP_FREE char *same = NULL;
		int r = value_read(kind, NULL, argv->v[i], &same, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	CLEANUP_FREE char *same = NULL;

	return *name ? value_read(VALUE_COMMAND_NAME, NULL, name, &same, err)
		     : 0;
}

static int append_command(struct header *h, const char *name,
			  const struct strlist *argv, struct err *err)
{
	struct header_command *v, c = { 0 };

	v = reallocarray(h->commands, h->n_commands + 1, sizeof(v[0]));
	if (!v)
		return err_nomem(err);
	h->commands = v;
	c.name = strdup(name);
	if (!c.name || strlist_copy(&c.argv, argv) < 0) {
		command_free(&c);
		return err_nomem(err);
	}
	v[h->n_commands++] = c;
	return 0;
}

int header_add_command(struct header *h, const char *name,
		       const struct strlist *argv, struct err *err)
{
	int r = check_name(name, err);

	if (r == 0)
		r = check_argv(argv, err);
	if (r < 0)
		return r;
	if (header_command(h, name))
		return err_set(err, EINVAL, "the command \"%s\" stands twice",
			       name);
	if (h->n_commands >= HEADER_COMMANDS_MAX)
		return err_set(err, E2BIG, "more than %d commands",
			       HEADER_COMMANDS_MAX);
	return append_command(h, name, argv, err);
}

/* Whether a variable of this name is there already. */
static bool has_variable(const struct strlist *environment, const char *name,
			 size_t len)
{
	for (size_t i = 0; i < environment->n; i++)
		if (strncmp(environment->v[i], name, len) == 0 &&
		    environment->v[i][len] == '=')
			return true;
	return false;
}

int header_add_locale(struct header *h, const char *name, struct err *err)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-");

	if (!len || name[len] || len > HEADER_LOCALE_NAME_MAX ||
	    name[0] == '.')
		return err_set(err, EINVAL, "this is no name of a locale");
	if (h->locales.n >= HEADER_LOCALES_MAX)
		return err_set(err, E2BIG, "more than %d locales",
			       HEADER_LOCALES_MAX);
	if (strlist_has(&h->locales, name))
		return err_set(err, EINVAL, "the locale %s stands twice", name);
	return strlist_add(&h->locales, name) < 0 ? err_nomem(err) : 0;
}

int header_add_environment(struct header *h, const char *assignment,
			   struct err *err)
{
	size_t len = strcspn(assignment, "=");
	CLEANUP_FREE char *name = strndup(assignment, len);
	CLEANUP_FREE char *same = NULL;
	int r;

	if (!name)
		return err_nomem(err);
	if (!assignment[len])
		return err_set(err, EINVAL, "the variable has no value; write "
			       "NAME=VALUE");
	r = value_read(VALUE_ENV_NAME, NULL, name, &same, err);
	if (r < 0)
		return r;
	if (strlen(assignment) > VALUE_MAX)
		return err_set(err, E2BIG, "the value of %s is longer than %d "
			       "bytes", name, VALUE_MAX);
	if (has_variable(&h->environment, name, len))
		return err_set(err, EINVAL, "the variable %s stands twice", name);
	if (h->environment.n >= HEADER_ENVIRONMENT_MAX)
		return err_set(err, E2BIG, "more than %d variables",
			       HEADER_ENVIRONMENT_MAX);
	if (strlist_add(&h->environment, assignment) < 0)
		return err_nomem(err);
	return 0;
}

bool header_top_is_ours(const char *name)
{
	static const char *const ours[] = {
		"proc", "sys", "dev", "run", "tmp", "etc", "var", "home",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (strcmp(name, ours[i]) == 0)
			return true;
	return false;
}

/* A link stays inside: clean, so that no ".." can lead out of the root. */
static int check_top(const char *name, const char *target, struct err *err)
{
	char space[96];

	if (strchr(name, '/') || !path_is_clean(name, false) ||
	    strlen(name) > 255)
		return err_set(err, EINVAL, "%s is not a name of an entry of the "
			       "root", value_shown(space, sizeof(space), name));
	if (header_top_is_ours(name))
		return err_set(err, EINVAL, "/%s is the launcher's own directory; "
			       "it cannot come from an image", name);
	if (target && (strlen(target) > VALUE_MAX ||
		       (!path_is_clean(target, false) &&
			!path_is_clean(target, true))))
		return err_set(err, EINVAL, "the link /%s does not lead to a clean "
			       "path", text_quoted(space, sizeof(space), name));
	return 0;
}

int header_add_top(struct header *h, const char *name, const char *target,
		   struct err *err)
{
	struct header_top *v, t = { 0 };
	int r = check_top(name, target, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < h->n_top; i++)
		if (strcmp(h->top[i].name, name) == 0)
			return err_set(err, EINVAL, "the entry /%s stands twice",
				       name);
	if (h->n_top >= HEADER_TOP_MAX)
		return err_set(err, E2BIG, "more than %d entries of the root",
			       HEADER_TOP_MAX);
	v = reallocarray(h->top, h->n_top + 1, sizeof(v[0]));
	if (!v)
		return err_nomem(err);
	h->top = v;
	t.name = strdup(name);
	t.target = target ? strdup(target) : NULL;
	if (!t.name || (target && !t.target)) {
		free(t.name);
		free(t.target);
		return err_nomem(err);
	}
	v[h->n_top++] = t;
	return 0;
}

/* ---- reading ----------------------------------------------------------------- */

/* -1, 0, 1 for dotted numbers: 0.9 < 0.10; a missing part is 0. */
static int compare_versions(const char *a, const char *b)
{
	for (;;) {
		char *a_end, *b_end;
		unsigned long x = strtoul(a, &a_end, 10);
		unsigned long y = strtoul(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (*a_end != '.' && *b_end != '.')
			return 0;
		a = *a_end == '.' ? a_end + 1 : a_end;
		b = *b_end == '.' ? b_end + 1 : b_end;
	}
}

/* The version that the writer said is needed, for the message. */
static void read_needs(const char *text, size_t len, char **ret)
{
	struct text_lines it = TEXT_LINES(text, len, true);
	struct text_line line;
	struct err err;

	while (text_next_line(&it, &line, &err) > 0)
		if (text_key_is(&line, "needs") &&
		    text_unescape(line.value, line.value_len, ret) == 0)
			return;
}

static int too_new(const char *text, size_t len, const struct text_line *line,
		   struct err *err)
{
	CLEANUP_FREE char *needs = NULL;
	char space[96];

	read_needs(text, len, &needs);
	err_set(err, ENOTSUP, "the bundle's header has a key that this holdall "
		HOLDALL_VERSION " does not know (line %u: %.*s)", line->number,
		(int)(line->key_len < 64 ? line->key_len : 64), line->key);
	if (!needs)
		return err_hint(err, "a newer holdall is needed");
	return err_hint(err, "holdall %s or newer is needed",
			text_quoted(space, sizeof(space), needs));
}

static bool is_extension(const struct text_line *line)
{
	return line->key_len > 2 && memcmp(line->key, "x-", 2) == 0;
}

static int read_lines(struct header *h, const char *text, size_t len,
		      struct err *err)
{
	struct text_lines it = TEXT_LINES(text, len, true);
	struct text_line line;
	int r;

	while ((r = text_next_line(&it, &line, err)) > 0) {
		if (line.number > HEADER_LINES_MAX)
			return err_set(err, E2BIG, "more than %d lines",
				       HEADER_LINES_MAX);
		if (is_extension(&line))
			continue;
		r = header_read_line(h, &line, err);
		if (r == -ENOENT)
			return too_new(text, len, &line, err);
		if (r < 0) {
			err_prefix(err, "line %u (%.*s)", line.number,
				   (int)line.key_len, line.key);
			return r;
		}
	}
	return r;
}

static int check_whole(const struct header *h, struct err *err)
{
	const struct {
		const char *key;
		bool there;
	} required[] = {
		{ "id", h->id }, { "version", h->version }, { "name", h->name },
		{ "arch", h->arch }, { "command", header_command(h, "") },
	};
	for (size_t i = 0; i < ARRAY_SIZE(required); i++)
		if (!required[i].there)
			return err_set(err, EINVAL, "the key \"%s\" is missing",
				       required[i].key);
	if (h->needs && compare_versions(h->needs, HOLDALL_VERSION) > 0)
		return err_set(err, ENOTSUP, "the bundle needs holdall %s or newer, "
			       "this is " HOLDALL_VERSION, h->needs);
	return 0;
}

/* Lines are sorted by key, so "command" comes before "commands". */
static int parse(const char *text, size_t len, struct header *ret,
		 struct err *err)
{
	CLEANUP_HEADER struct header h = { 0 };
	int r;

	if (len > LAYOUT_HEADER_MAX)
		return err_set(err, E2BIG, "more than %u bytes",
			       LAYOUT_HEADER_MAX);
	r = read_lines(&h, text, len, err);
	if (r == 0)
		r = check_whole(&h, err);
	if (r < 0)
		return r;
	*ret = h;
	h = (struct header){ 0 };
	return 0;
}

int header_parse(const char *text, size_t len, struct header *ret,
		 struct err *err)
{
	int r = parse(text, len, ret, err);

	if (r < 0 && r != -ENOTSUP)
		err_prefix(err, "the bundle's header is not valid");
	return r;
}

/* ---- writing ----------------------------------------------------------------- */

int header_format(const struct header *h, struct buf *ret, struct err *err)
{
	CLEANUP_HEADER struct header again = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	int r;

	header_write_lines(h, &out);
	r = text_sort(&out, err);
	if (r == 0)
		r = header_parse(buf_text(&out), out.len, &again, err);
	if (r < 0)
		return r;
	buf_add(ret, out.data, out.len);
	return buf_check(ret, err);
}
