/*
 * step_desktop.c - mimeinfo.cache: which desktop file opens which type
 *
 * What update-desktop-database makes; that tool is in no app's closure, and the
 * form is one line per type, `type/name=a.desktop;b.desktop;`, sorted.  A desktop
 * file in a folder is named with the folder and a '-' in front, as the
 * specification says.
 */
#include <errno.h>
#include <string.h>

#include "bundler/step.h"
#include "runtime/path.h"

#define FOLDER "usr/share/applications"
#define DESKTOP_MAX ((size_t)1 << 20)
#define PAIRS_MAX 65536u

struct pairs {
	struct strlist l;		/* "type/name=file.desktop" */
};

static bool is_type(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);

	if (!slash || slash == s || slash == s + len - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("=;[]\"\\", s[i]))
			return false;
	return memchr(slash + 1, '/', (size_t)(s + len - slash - 1)) == NULL;
}

static int add_types(struct pairs *p, const char *list, size_t len,
		     const char *id, struct err *err)
{
	const char *stop = list + len;

	while (list < stop) {
		const char *semi = memchr(list, ';', (size_t)(stop - list));
		size_t n = (size_t)((semi ? semi : stop) - list);
		char *pair;

		if (p->l.n >= PAIRS_MAX)
			return err_set(err, EFBIG, "more than %u types in "
				       "desktop files", PAIRS_MAX);
		if (is_type(list, n)) {
			if (asprintf(&pair, "%.*s=%s", (int)n, list, id) < 0)
				return err_nomem(err);
			if (strlist_add_steal(&p->l, pair) < 0)
				return err_nomem(err);
		}
		list += n + 1;
	}
	return 0;
}

/* The key MimeType of the group [Desktop Entry]; the first counts. */
static int read_types(struct pairs *p, const char *text, const char *id,
		      struct err *err)
{
	static const char key[] = "MimeType";
	bool inside = false;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		size_t n = sizeof(key) - 1;

		if (line[0] == '[')
			inside = !strncmp(line, "[Desktop Entry]", 15);
		if (inside && len > n && !memcmp(line, key, n)) {
			n += strspn(line + n, " ");
			if (line[n] == '=') {
				n++;
				n += strspn(line + n, " ");
				return add_types(p, line + n, len - n, id,
						 err);
			}
		}
		line += len + (line[len] != '\0');
	}
	return 0;
}

static char *desktop_id(const char *path)
{
	const char *rest = path_below(path, FOLDER);
	char *id = rest && *rest ? strdup(rest) : NULL;

	for (char *p = id; p && *p; p++)
		if (*p == '/')
			*p = '-';
	return id;
}

static int read_file(struct steps *s, const char *path, struct pairs *p,
		     struct err *err)
{
	const struct entry *e = tree_resolve(s->t, path);
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *id = NULL;
	size_t len;
	int r;

	if (!e || e->type != ENTRY_FILE)
		return 0;
	id = desktop_id(path);
	if (!id)
		return err_nomem(err);
	/* A name with these would be another line of the cache. */
	if (id[strcspn(id, ";=\n\r")])
		return 0;
	r = step_read(e, DESKTOP_MAX, &text, &len, err);
	return r < 0 ? r : read_types(p, text, id, err);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_cache(const struct pairs *p, struct buf *ret)
{
	const char *last = "";
	size_t last_len = 0;

	buf_adds(ret, "[MIME Cache]\n");
	for (size_t i = 0; i < p->l.n; i++) {
		const char *pair = p->l.v[i];
		size_t len = strcspn(pair, "=");

		if (i && !strcmp(pair, p->l.v[i - 1]))
			continue;
		if (len != last_len || memcmp(pair, last, len))
			buf_addf(ret, "%s%.*s=", last_len ? "\n" : "",
				 (int)len, pair);
		buf_addf(ret, "%s;", pair + len + 1);
		last = pair;
		last_len = len;
	}
	if (p->l.n)
		buf_addc(ret, '\n');
}

int step_desktop_database(struct steps *s, const struct step *step,
			  struct err *err)
{
	CLEANUP_STRLIST struct strlist files = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct pairs p = { 0 };
	int r = step_matches(s->t, step->inputs, &files, err);

	for (size_t i = 0; i < files.n && r == 0; i++)
		r = read_file(s, files.v[i], &p, err);
	if (r == 0 && p.l.n) {
		qsort(p.l.v, p.l.n, sizeof(*p.l.v), by_text);
		write_cache(&p, &b);
		r = buf_check(&b, err);
	}
	if (r == 0 && p.l.n && !tree_find(s->t, FOLDER "/mimeinfo.cache"))
		r = step_add_text(s, FOLDER "/mimeinfo.cache", b.data, b.len,
				  err);
	strlist_free(&p.l);
	return r;
}
