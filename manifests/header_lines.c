/*
 * header_lines.c - the keys of the header
 *
 * Three tables: texts (one value, checked by its kind), flags (present or
 * absent, with one fixed word) and groups (keys that repeat, or that carry a
 * list).  Each key is named once; reading and writing go through the same row.
 * The grammar for people is docs/header.md.
 */
#include "manifests/header_internal.h"

#include <stddef.h>
#include <string.h>

#include "manifests/table.h"

/* ---- texts ------------------------------------------------------------------- */

static const struct text_row {
	const char *key;
	size_t offset;
	enum value_kind kind;
} texts[] = {
	{ "arch", offsetof(struct header, arch), VALUE_ARCH },
	{ "home-skeleton", offsetof(struct header, home_skeleton), VALUE_INSIDE },
	{ "id", offsetof(struct header, id), VALUE_APP_ID },
	{ "name", offsetof(struct header, name), VALUE_TEXT },
	{ "needs", offsetof(struct header, needs), VALUE_VERSION },
	{ "version", offsetof(struct header, version), VALUE_VERSION },
	{ "workdir", offsetof(struct header, workdir), VALUE_INSIDE },
};

static char **text_field(const struct header *h, const struct text_row *row)
{
	return (char **)((char *)(uintptr_t)h + row->offset);
}

/* The value of a line as a fresh string. */
static int read_value(const struct text_line *line, char **ret,
		      struct err *err)
{
	int r = text_unescape(line->value, line->value_len, ret);

	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return err_set(err, EINVAL, "the value is not in canonical form");
	return 0;
}

static int read_list(const struct text_line *line, struct strlist *ret,
		     struct err *err)
{
	int r = text_read_list(line->value, line->value_len, ret);

	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return err_set(err, EINVAL, "the list is not in canonical form");
	return 0;
}

static int read_text(struct header *h, const struct text_row *row,
		     const struct text_line *line, struct err *err)
{
	CLEANUP_FREE char *value = NULL;
	char **field = text_field(h, row);
	int r = read_value(line, &value, err);

	if (r < 0)
		return r;
	if (*field)
		return err_set(err, EINVAL, "the key stands twice");
	if (!text_is_utf8(value, strlen(value)))
		return err_set(err, EINVAL, "the value is not UTF-8");
	return value_read(row->kind, NULL, value, field, err);
}

/* ---- flags ------------------------------------------------------------------- */

static const struct flag_row {
	const char *key, *word;
	size_t offset;
} flags[] = {
	{ "graphical", "true", offsetof(struct header, graphical) },
	{ "image-etc", "true", offsetof(struct header, image_etc) },
	{ "image-var", "true", offsetof(struct header, image_var) },
	{ "sandbox", "required", offsetof(struct header, sandbox_required) },
};

static bool *flag_field(const struct header *h, const struct flag_row *row)
{
	return (bool *)((char *)(uintptr_t)h + row->offset);
}

static bool value_is(const struct text_line *line, const char *word)
{
	return line->value_len == strlen(word) &&
	       memcmp(line->value, word, line->value_len) == 0;
}

static int read_flag(struct header *h, const struct flag_row *row,
		     const struct text_line *line, struct err *err)
{
	if (!value_is(line, row->word))
		return err_set(err, EINVAL, "the value is not \"%s\"", row->word);
	/* A second line would have an equal value: refused by the order. */
	*flag_field(h, row) = true;
	return 0;
}

/* ---- groups ------------------------------------------------------------------- */

static int read_kind(struct header *h, const char *rest,
		     const struct text_line *line, struct err *err)
{
	(void)rest;
	if (value_is(line, "thin"))
		h->kind = KIND_THIN;
	else
		return err_set(err, EINVAL, "the value is not \"thin\"; a full "
			       "bundle has no such line");
	return 0;
}

static int read_command(struct header *h, const char *rest,
			const struct text_line *line, struct err *err)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = read_list(line, &argv, err);

	(void)rest;
	return r < 0 ? r : header_add_command(h, "", &argv, err);
}

static int read_commands(struct header *h, const char *rest,
			 const struct text_line *line, struct err *err)
{
	CLEANUP_STRLIST struct strlist list = { 0 };
	struct strlist argv;
	int r = read_list(line, &list, err);

	(void)rest;
	if (r < 0)
		return r;
	if (list.n < 2 || !*list.v[0])
		return err_set(err, EINVAL, "the list is not a name and a command");
	argv = (struct strlist){ .v = list.v + 1, .n = list.n - 1 };
	return header_add_command(h, list.v[0], &argv, err);
}

static int read_environment(struct header *h, const char *rest,
			    const struct text_line *line, struct err *err)
{
	CLEANUP_FREE char *value = NULL;
	int r = read_value(line, &value, err);

	(void)rest;
	return r < 0 ? r : header_add_environment(h, value, err);
}

static int read_locale(struct header *h, const char *rest,
		       const struct text_line *line, struct err *err)
{
	CLEANUP_FREE char *value = NULL;
	int r = read_value(line, &value, err);

	(void)rest;
	return r < 0 ? r : header_add_locale(h, value, err);
}

static int append_limit(struct header *h, const char *word, char *value,
			bool require, struct err *err)
{
	struct header_limit *v;

	v = reallocarray(h->limits, h->n_limits + 1, sizeof(v[0]));
	if (!v)
		return err_nomem(err);
	h->limits = v;
	v[h->n_limits] = (struct header_limit){
		.word = strdup(word), .value = strdup(value), .require = require,
	};
	h->n_limits++;
	if (!v[h->n_limits - 1].word || !v[h->n_limits - 1].value)
		return err_nomem(err);
	return 0;
}

static bool has_limit(const struct header *h, const char *word)
{
	for (size_t i = 0; i < h->n_limits; i++)
		if (strcmp(h->limits[i].word, word) == 0)
			return true;
	return false;
}

static int read_limit(struct header *h, const char *rest,
		      const struct text_line *line, struct err *err)
{
	const struct key_row *row = key_find(MAP_LIMITS, rest);
	CLEANUP_STRLIST struct strlist list = { 0 };
	int r = read_list(line, &list, err);

	if (r < 0)
		return r;
	if (!row)
		return -ENOENT;
	if (list.n < 1 || list.n > 2 ||
	    (list.n == 2 && strcmp(list.v[1], "require") != 0))
		return err_set(err, EINVAL, "the list is not a value and perhaps "
			       "\"require\"");
	if (!value_is_canonical(row->value, row->choices, list.v[0]))
		return err_set(err, EINVAL, "the value is not a limit");
	if (has_limit(h, rest))
		return err_set(err, EINVAL, "the key stands twice");
	return append_limit(h, rest, list.v[0], list.n == 2, err);
}

static bool is_perm_word(const char *word)
{
	for (unsigned w = 0; w < PERM_WORDS; w++)
		if (strcmp(perm_word_name((enum perm_word)w), word) == 0)
			return true;
	return false;
}

static int read_permission(struct header *h, const char *rest,
			   const struct text_line *line, struct err *err)
{
	CLEANUP(perm_free) struct permission p = { 0 };
	CLEANUP_FREE char *value = NULL;
	int r = read_value(line, &value, err);

	if (r < 0)
		return r;
	if (!is_perm_word(rest))
		return -ENOENT;
	r = perm_make(rest, value, &p, err);
	if (r < 0)
		return r;
	if (!perm_row(p.word)->many && perms_find(&h->perms, p.word))
		return err_set(err, EINVAL, "the permission stands twice");
	return perms_add(&h->perms, &p, err);
}

static int read_top(struct header *h, const char *rest,
		    const struct text_line *line, struct err *err)
{
	CLEANUP_STRLIST struct strlist list = { 0 };
	int r = read_list(line, &list, err);

	(void)rest;
	if (r < 0)
		return r;
	if (list.n < 1 || list.n > 2)
		return err_set(err, EINVAL, "the list is not a name and perhaps a "
			       "link's target");
	return header_add_top(h, list.v[0], list.n == 2 ? list.v[1] : NULL, err);
}

/* `rest`: what follows the prefix in keys like limit.memory. */
static const struct group_row {
	const char *key;
	bool prefix;
	int (*read)(struct header *h, const char *rest,
		    const struct text_line *line, struct err *err);
} groups[] = {
	{ "command", false, read_command },
	{ "commands", false, read_commands },
	{ "environment", false, read_environment },
	{ "kind", false, read_kind },
	{ "limit.", true, read_limit },
	{ "locale", false, read_locale },
	{ "permission.", true, read_permission },
	{ "top", false, read_top },
};

#define REST_MAX 64

static int read_group(struct header *h, const struct group_row *row,
		      const struct text_line *line, struct err *err)
{
	size_t skip = row->prefix ? strlen(row->key) : line->key_len;
	size_t len = line->key_len - skip;
	char rest[REST_MAX];

	if (len >= sizeof(rest))
		return -ENOENT;
	memcpy(rest, line->key + skip, len);
	rest[len] = '\0';
	return row->read(h, rest, line, err);
}

static bool group_is(const struct group_row *row, const struct text_line *line)
{
	size_t len = strlen(row->key);

	if (!row->prefix)
		return text_key_is(line, row->key);
	return line->key_len > len && memcmp(line->key, row->key, len) == 0;
}

int header_read_line(struct header *h, const struct text_line *line,
		     struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (text_key_is(line, texts[i].key))
			return read_text(h, &texts[i], line, err);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (text_key_is(line, flags[i].key))
			return read_flag(h, &flags[i], line, err);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (group_is(&groups[i], line))
			return read_group(h, &groups[i], line, err);
	return -ENOENT;
}

/* ---- writing ------------------------------------------------------------------ */

static void write_list(struct buf *out, const char *group, const char *rest,
		       const struct strlist *list)
{
	buf_addf(out, "%s%s=", group, rest);
	text_write_list(out, list);
	buf_addc(out, '\n');
}

/* One item, or two when `second` is not NULL. */
static void write_pair(struct buf *out, const char *group, const char *rest,
		       const char *first, const char *second)
{
	char *v[] = { (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL };
	const struct strlist list = { .v = v, .n = second ? 2 : 1 };

	write_list(out, group, rest, &list);
}

static void write_command(struct buf *out, const struct header_command *c)
{
	if (!*c->name) {
		write_list(out, "command", "", &c->argv);
		return;
	}
	buf_adds(out, "commands=");
	text_escape(out, c->name, strlen(c->name));
	buf_addc(out, ' ');
	text_write_list(out, &c->argv);
	buf_addc(out, '\n');
}

static void write_permission(struct buf *out, const struct permission *p)
{
	buf_addf(out, "permission.%s=", perm_word_name(p->word));
	text_escape(out, p->value, strlen(p->value));
	buf_addc(out, '\n');
}

static void write_groups(const struct header *h, struct buf *out)
{
	for (size_t i = 0; i < h->n_commands; i++)
		write_command(out, &h->commands[i]);
	for (size_t i = 0; i < h->environment.n; i++)
		text_write_line(out, "environment", h->environment.v[i]);
	if (h->kind == KIND_THIN)
		text_write_line(out, "kind", "thin");
	for (size_t i = 0; i < h->n_limits; i++)
		write_pair(out, "limit.", h->limits[i].word, h->limits[i].value,
			   h->limits[i].require ? "require" : NULL);
	for (size_t i = 0; i < h->locales.n; i++)
		text_write_line(out, "locale", h->locales.v[i]);
	for (size_t i = 0; i < h->perms.n; i++)
		write_permission(out, &h->perms.v[i]);
	for (size_t i = 0; i < h->n_top; i++)
		write_pair(out, "top", "", h->top[i].name, h->top[i].target);
}

void header_write_lines(const struct header *h, struct buf *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *value = *text_field(h, &texts[i]);

		if (value)
			text_write_line(ret, texts[i].key, value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (*flag_field(h, &flags[i]))
			text_write_line(ret, flags[i].key, flags[i].word);
	write_groups(h, ret);
}
