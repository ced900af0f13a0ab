/*
 * desktop_icon.c - which of an image's icons is the app's
 *
 * Icon= is a name (looked for in themes and pixmaps), or a path.  One walk over
 * the tree weighs every file of that name: hicolor before other themes, apps
 * before other contexts, drawings before pictures, large before small; of
 * equals the first in byte order.  XPM and what is larger than ICON_MAX is no
 * use for a section.  Where the name is not in the image (kcalc: its icon is in
 * a theme that nothing requires) an icon of the app's own that is called like
 * it serves as well.
 */
#include <string.h>

#include "bundler/desktop.h"
#include "runtime/path.h"

#define HEAD_MAX 4096u
#define WEIGH_MAX 4096u			/* files that are opened */

/* XML with an element svg near its start; whoever draws it parses it anyway. */
static bool is_svg(const char *data, size_t len)
{
	return memmem(data, len < HEAD_MAX ? len : HEAD_MAX, "<svg", 4) ||
	       memmem(data, len < HEAD_MAX ? len : HEAD_MAX, ":svg", 4);
}

bool icon_is_usable(const char *data, size_t len)
{
	static const char png[] = "\x89PNG\r\n\x1a\n";

	if (len >= 8 && !memcmp(data, png, 8))
		return true;
	return len && memchr("<\xef \t\r\n", data[0], 6) && is_svg(data, len);
}

/* ---- weighing ---- */

static const char *ending_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strchr(dot, '/') ? dot : "";
}

/* 48 of "48x48", 0: no such component. */
static unsigned size_of(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		unsigned a = 0, n = 0;

		p += *p == '/';
		while (p[n] >= '0' && p[n] <= '9' && n < 4)
			a = a * 10 + (unsigned)(p[n++] - '0');
		if (n && (p[n] == 'x' || p[n] == '/'))
			return a < 1024 ? a : 1024;
	}
	return 0;
}

/* 0: no icon, or one that is no use. */
static unsigned weight_of(const char *path)
{
	const char *rest = path_below(path, "usr/share/icons");
	const char *end = ending_of(path);
	bool svg = !strcmp(end, ".svg");
	unsigned w = 1;

	if (!svg && strcmp(end, ".png"))
		return 0;
	if (strstr(path, "symbolic"))
		return 0;
	if (rest) {
		w += path_below(rest, "hicolor") ? 1u << 16 : 1u << 14;
		w += strstr(rest, "/apps/") ? 1u << 13 : 0;
	}
	return w + (svg ? 2048 : size_of(path));
}

static bool has_stem(const char *path, const char *stem)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t n = strlen(stem);

	return !strncmp(name, stem, n) && name[n] == '.' &&
	       !strchr(name + n + 1, '.');
}

static bool in_places(const char *path)
{
	return path_below(path, "usr/share/icons") ||
	       path_below(path, "usr/share/pixmaps") ||
	       path_below(path, "usr/local/share/icons");
}

static const struct entry *usable(const struct tree *t, const char *path)
{
	const struct entry *e = tree_resolve(t, path);
	char head[HEAD_MAX];
	struct err ignored;
	size_t len;

	if (!e || e->type != ENTRY_FILE || e->content.size > ICON_MAX ||
	    entry_read_head(e, head, sizeof(head), &len, &ignored) < 0 ||
	    !icon_is_usable(head, len))
		return NULL;
	return e;
}

static const struct entry *best_named(const struct tree *t,
				      const struct owners *own,
				      const char *stem)
{
	const struct entry *best = NULL;
	unsigned weight = 0, tried = 0;

	for (size_t i = 0; i < t->n && tried < WEIGH_MAX; i++) {
		const struct entry *e = t->v[i], *file;
		unsigned w;

		if (e->type == ENTRY_DIR || !has_stem(e->path, stem) ||
		    !in_places(e->path) ||
		    (own && owners_rank(own, e) == OWNER_NONE))
			continue;
		w = weight_of(e->path);
		if (w <= weight)
			continue;
		tried++;
		file = usable(t, e->path);
		if (file) {
			best = file;
			weight = w;
		}
	}
	return best;
}

/* ---- choosing ---- */

/* Icon=editor.png is written too, and means editor. */
static char *bare_name(const char *name)
{
	const char *end = ending_of(name);
	size_t len = strlen(name);

	if (!strcmp(end, ".png") || !strcmp(end, ".svg") ||
	    !strcmp(end, ".xpm"))
		len -= 4;
	return strndup(name, len);
}

static const struct entry *of_path(const struct tree *t, const char *path)
{
	const struct entry *e = usable(t, path);
	static const char *const endings[] = { ".svg", ".png" };

	/* /usr/share/pixmaps/x.xpm: x.png may lie beside it. */
	for (size_t i = 0; !e && i < ARRAY_SIZE(endings); i++) {
		CLEANUP_FREE char *bare = bare_name(path);
		CLEANUP_FREE char *try = NULL;

		if (!bare || asprintf(&try, "%s%s", bare, endings[i]) < 0) {
			try = NULL;
			return NULL;
		}
		e = usable(t, try);
	}
	return e;
}

const struct entry *icon_choose(const struct tree *t, const struct owners *o,
				const char *name, const char *stem)
{
	CLEANUP_FREE char *bare = NULL;
	const struct entry *e = NULL;

	if (name && name[0] == '/')
		e = of_path(t, name);
	bare = name ? bare_name(strrchr(name, '/') ? strrchr(name, '/') + 1 :
				name) : NULL;
	if (!e && bare && *bare)
		e = best_named(t, NULL, bare);
	if (!e && stem && *stem && o)
		e = best_named(t, o, stem);
	for (size_t i = 0; !e && o && i < o->n; i++)
		if (o->v[i].rank == OWNER_NAMED)
			e = best_named(t, o, o->v[i].name);
	return e;
}
