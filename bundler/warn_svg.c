/*
 * warn_svg.c - pictures in SVG, and nothing in the image that draws them
 *
 * GTK draws SVG through a loader of gdk-pixbuf that is a package of its own, which
 * Debian only recommends: without it a game whose pieces are SVG has none.  Looked
 * at are the app's own pictures (warn_is_own).  The icon that stands for the
 * app itself (hicolor, pixmaps) is drawn by the desktop, and does not count.
 */
#include <string.h>

#include "bundler/glob.h"
#include "bundler/warnings.h"
#include "runtime/path.h"

static bool has_file(const struct warnings *w, const char *glob)
{
	for (size_t i = 0; i < w->t->n; i++)
		if (w->t->v[i]->type != ENTRY_DIR &&
		    glob_match(glob, w->t->v[i]->path))
			return true;
	return false;
}

static bool has_one(const struct warnings *w, const char *const *globs)
{
	for (; *globs; globs++)
		if (has_file(w, *globs))
			return true;
	return false;
}

static bool is_picture(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".svg") || !strcmp(dot, ".svgz")) &&
	       path_below(path, "usr/share") &&
	       !path_below(path, "usr/share/pixmaps") &&
	       !path_below(path, "usr/share/doc") &&
	       !path_below(path, "usr/share/help") &&
	       !(path_below(path, "usr/share/icons/hicolor") &&
		 strstr(path, "/apps/"));
}

/* The package that the manifest names; the loader goes beside it. */
static const char *named_package(const struct manifest *m)
{
	for (size_t i = 0; i < m->n_sources; i++)
		if (m->sources[i].kind == SOURCE_DEBIAN &&
		    m->sources[i].items.n)
			return m->sources[i].items.v[0];
	return NULL;
}

int warn_svg(struct warnings *w, struct err *err)
{
	/* Newer ones of GTK's bring their own. */
	static const char *const toolkits[] = {
		"libgtk-3.so.*", "libgtk-4.so.*", NULL
	};
	static const char *const loaders[] = {
		"libpixbufloader-svg.so", "libpixbufloader_svg.so",
		"libpixbufloader-glycin.so", NULL
	};
	const char *package = named_package(w->m), *first = NULL;
	size_t n = 0;

	(void)err;
	/* A thin bundle has the host's. */
	if (w->m->kind == KIND_THIN)
		return 0;
	for (size_t i = 0; i < w->t->n; i++) {
		const struct entry *e = w->t->v[i];

		if (e->type != ENTRY_FILE || !is_picture(e->path) ||
		    !warn_is_own(w, e))
			continue;
		first = first ? first : e->path;
		n++;
	}
	if (!n || !has_one(w, toolkits) || has_one(w, loaders))
		return 0;
	if (n > 1)
		warn(w, "/%s and %zu more pictures are SVG, and nothing in the "
		     "image draws that; add to the sources: - debian: "
		     "[%s%slibrsvg2-common]", first, n - 1,
		     package ? package : "", package ? ", " : "");
	else
		warn(w, "/%s is SVG, and nothing in the image draws that; add "
		     "to the sources: - debian: [%s%slibrsvg2-common]", first,
		     package ? package : "", package ? ", " : "");
	return 0;
}
