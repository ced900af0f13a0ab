/*
 * desktop_entry.c - see desktop_entry.h
 *
 * The rules are those of the Desktop Entry Specification 1.5: escapes of values
 * first, then the quotes of Exec.  A field code that is a word of its own goes,
 * but %c becomes the name (it is the argument of an option); a word with a code
 * in it goes whole, %% is a percent sign.
 */
#include "bundler/desktop_entry.h"

#include <errno.h>
#include <string.h>

#include "runtime/buf.h"

void desktop_entry_free(struct desktop_entry *d)
{
	free(d->name);
	free(d->comment);
	free(d->icon);
	free(d->try_exec);
	free(d->categories);
	free(d->mime);
	strlist_free(&d->argv);
	*d = (struct desktop_entry){ 0 };
}

/* ---- lines ---- */

struct part {
	const char *p;
	size_t len;
};

static struct part trim(const char *p, size_t len)
{
	while (len && (*p == ' ' || *p == '\t')) {
		p++;
		len--;
	}
	while (len && strchr(" \t\r", p[len - 1]) && p[len - 1])
		len--;
	return (struct part){ p, len };
}

static bool is_text(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			return false;
	return text_is_utf8(p, len);
}

static bool part_is(struct part a, const char *s)
{
	return strlen(s) == a.len && !memcmp(a.p, s, a.len);
}

/* The lines of the first [Desktop Entry]; p NULL: there is none. */
static struct part find_group(const char *text, size_t len)
{
	const char *end = text + len, *start = NULL;

	for (const char *p = text, *nl; p < end; p = nl + 1) {
		struct part line;

		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		line = trim(p, (size_t)(nl - p));
		if (start && line.len && *line.p == '[')
			return (struct part){ start, (size_t)(p - start) };
		if (!start && part_is(line, "[Desktop Entry]"))
			start = nl == end ? end : nl + 1;
	}
	return (struct part){ start, start ? (size_t)(end - start) : 0 };
}

/* The raw value of a key, p NULL: not there. */
static struct part find_key(struct part group, const char *key)
{
	const char *end = group.p + group.len;

	for (const char *p = group.p, *nl, *eq; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		eq = memchr(p, '=', (size_t)(nl - p));
		if (eq && part_is(trim(p, (size_t)(eq - p)), key))
			return trim(eq + 1, (size_t)(nl - eq - 1));
	}
	return (struct part){ NULL, 0 };
}

static void unescape(struct part v, struct buf *to)
{
	static const char codes[] = "sntr\\", meant[] = " \n\t\r\\";

	for (size_t i = 0; i < v.len; i++) {
		const char *code = v.p[i] == '\\' && i + 1 < v.len ?
				   memchr(codes, v.p[i + 1], 5) : NULL;

		if (code)
			i++;
		buf_addc(to, code ? meant[code - codes] : v.p[i]);
	}
}

/* Fresh, or NULL in *ret: no such text. */
static int get_text(struct part group, const char *key, char **ret,
		    struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct part v = find_key(group, key);

	if (!v.len)
		return 0;
	unescape(v, &b);
	if (buf_check(&b, err) < 0)
		return -err->num;
	if (is_text(b.data, b.len))
		*ret = buf_steal(&b);
	return 0;
}

static bool get_bool(struct part group, const char *key)
{
	struct part v = find_key(group, key);

	return part_is(v, "true") || part_is(v, "1");
}

/* ---- Exec ---- */

/* One word from *at, quotes taken off; 0: there is none, negative: an open quote
 * or no memory (that shows in the buffer). */
static int next_word(const char **at, struct buf *word)
{
	const char *p = *at + strspn(*at, " \t\n\r");
	bool quoted = false, any = *p != '\0';

	for (; *p && (quoted || !strchr(" \t\n\r", *p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p[1] &&
			 strchr("\"`$\\", p[1]))
			buf_addc(word, *++p);
		else
			buf_addc(word, *p);
	}
	*at = p;
	return quoted ? -EINVAL : any;
}

/* Field codes out of a word; false: it goes. */
static bool fill_word(const char *word, const char *name, struct buf *to)
{
	if (!strcmp(word, "%c") && name) {
		buf_adds(to, name);
		return true;
	}
	for (const char *p = word; *p; p++) {
		if (*p == '%' && p[1] != '%')
			return false;
		buf_addc(to, *p);
		p += *p == '%';
	}
	return true;
}

static int add_word(struct desktop_entry *d, const struct buf *word,
		    struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (!fill_word(buf_text(word), d->name, &out))
		return 0;
	if (buf_check(word, err) < 0 || buf_check(&out, err) < 0)
		return -err->num;
	return strlist_add(&d->argv, buf_text(&out)) < 0 ? err_nomem(err) : 0;
}

static int split_exec(struct desktop_entry *d, const char *exec,
		      struct err *err)
{
	int r = 1, e = 0;

	while (r > 0 && e == 0) {
		CLEANUP_BUF struct buf word = BUF_INIT;

		r = next_word(&exec, &word);
		if (r > 0)
			e = add_word(d, &word, err);
		/* Nobody can run what is longer. */
		if (d->argv.n > DESKTOP_ARGS_MAX)
			r = -EINVAL;
	}
	if (e == 0 && (r < 0 || (d->argv.n && !*d->argv.v[0]))) {
		strlist_free(&d->argv);
		d->argv = (struct strlist){ 0 };
	}
	return e;
}

/* ---- the whole ---- */

static int read_texts(struct part g, struct desktop_entry *d, struct err *err)
{
	const struct { const char *key; char **to; } texts[] = {
		{ "Name", &d->name }, { "Comment", &d->comment },
		{ "Icon", &d->icon }, { "TryExec", &d->try_exec },
		{ "Categories", &d->categories }, { "MimeType", &d->mime },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
		r = get_text(g, texts[i].key, texts[i].to, err);
	return r;
}

static int read_exec(struct part g, struct desktop_entry *d, struct err *err)
{
	CLEANUP_FREE char *exec = NULL;
	int r = get_text(g, "Exec", &exec, err);

	d->has_exec = find_key(g, "Exec").p != NULL;
	return r == 0 && exec ? split_exec(d, exec, err) : r;
}

int desktop_entry_parse(const char *text, size_t len,
			struct desktop_entry *ret, struct err *err)
{
	CLEANUP_DESKTOP_ENTRY struct desktop_entry d = { 0 };
	struct part g, type;
	int r;

	if (len > DESKTOP_MAX)
		return err_set(err, EFBIG, "a desktop file of more than %zu "
			       "KiB", DESKTOP_MAX >> 10);
	g = find_group(text, len);
	if (!g.p)
		return err_set(err, EINVAL, "no desktop file: it has no group "
			       "[Desktop Entry]");
	type = find_key(g, "Type");
	d.application = !type.p || part_is(type, "Application");
	d.terminal = get_bool(g, "Terminal");
	d.no_display = get_bool(g, "NoDisplay");
	d.hidden = get_bool(g, "Hidden");
	r = read_texts(g, &d, err);
	if (r == 0)
		r = read_exec(g, &d, err);
	if (r < 0)
		return r;
	*ret = d;
	d = (struct desktop_entry){ 0 };
	return 0;
}

/* ---- asking ---- */

static size_t program_at(const struct desktop_entry *d)
{
	size_t i = 0;

	if (d->argv.n && (!strcmp(d->argv.v[0], "env") ||
			  !strcmp(d->argv.v[0], "/usr/bin/env")))
		for (i = 1; i < d->argv.n && strchr(d->argv.v[i], '='); i++)
			;
	return i;
}

const char *desktop_entry_program(const struct desktop_entry *d)
{
	size_t i = program_at(d);

	return i < d->argv.n ? d->argv.v[i] : NULL;
}

size_t desktop_entry_options(const struct desktop_entry *d)
{
	size_t i = program_at(d);

	return i < d->argv.n ? d->argv.n - i - 1 : 0;
}

bool desktop_entry_is_shown(const struct desktop_entry *d)
{
	return d->application && !d->no_display && !d->hidden;
}

bool desktop_entry_has_category(const struct desktop_entry *d,
				const char *word)
{
	size_t n = strlen(word);

	for (const char *p = d->categories; p && *p;) {
		size_t len = strcspn(p, ";");

		if (len == n && !strncmp(p, word, n))
			return true;
		p += len + (p[len] == ';');
	}
	return false;
}
