/*
 * desktop_appstream.c - which AppStream file is the app's
 *
 * Names vary: ID.metainfo.xml, ID.appdata.xml, the desktop file's name with
 * either, and a few are called otherwise and say in <launchable> or <id> whom
 * they describe.  So names first; then the app's own files are searched for the
 * desktop file's name, as bytes and up to a limit: no XML is parsed here.
 */
#include <stdio.h>
#include <string.h>

#include "bundler/desktop.h"
#include "runtime/path.h"

#define SEARCHED_MAX 64u

static const char *const places[] = { "usr/share/metainfo",
				      "usr/share/appdata" };

static const struct entry *usable(const struct tree *t, const char *path)
{
	const struct entry *e = tree_resolve(t, path);

	return e && e->type == ENTRY_FILE && e->content.size &&
	       e->content.size <= APPSTREAM_MAX ? e : NULL;
}

static const struct entry *by_name(const struct tree *t, const char *stem)
{
	static const char *const forms[] = {
		"%s/%s.metainfo.xml", "%s/%s.appdata.xml", "%s/%s.xml",
		"%s/%s.desktop.metainfo.xml", "%s/%s.desktop.appdata.xml",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (size_t k = 0; k < ARRAY_SIZE(forms); k++) {
			CLEANUP_FREE char *path = NULL;
			const struct entry *e;

			if (asprintf(&path, forms[k], places[i], stem) < 0) {
				path = NULL;
				return NULL;
			}
			e = usable(t, path);
			if (e)
				return e;
		}
	return NULL;
}

/* ">stem.desktop<" or "<id>stem<" in it. */
static bool speaks_of(const struct entry *e, const char *stem)
{
	CLEANUP_FREE char *text = malloc((size_t)e->content.size + 1);
	CLEANUP_FREE char *launch = NULL;
	CLEANUP_FREE char *id = NULL;
	struct err ignored;
	size_t len;

	if (asprintf(&launch, ">%s.desktop<", stem) < 0)
		launch = NULL;
	if (asprintf(&id, "<id>%s<", stem) < 0)
		id = NULL;
	if (!text || !launch || !id ||
	    entry_read_head(e, text, (size_t)e->content.size, &len,
			    &ignored) < 0)
		return false;
	return memmem(text, len, launch, strlen(launch)) ||
	       memmem(text, len, id, strlen(id));
}

static bool in_places(const char *path)
{
	size_t len = strlen(path);

	if (len < 4 || strcmp(path + len - 4, ".xml"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (path_below(path, places[i]))
			return true;
	return false;
}

static const struct entry *by_content(const struct tree *t,
				      const struct owners *o,
				      const char *stem)
{
	unsigned searched = 0;

	for (size_t i = 0; i < t->n && searched < SEARCHED_MAX; i++) {
		const struct entry *e = t->v[i];

		if (!in_places(e->path) || owners_rank(o, e) == OWNER_NONE)
			continue;
		e = usable(t, e->path);
		searched++;
		if (e && speaks_of(e, stem))
			return e;
	}
	return NULL;
}

const struct entry *appstream_choose(const struct tree *t,
				     const struct owners *o, const char *id,
				     const char *stem)
{
	const struct entry *e = id ? by_name(t, id) : NULL;

	if (!e && stem)
		e = by_name(t, stem);
	if (!e && stem && o)
		e = by_content(t, o, stem);
	return e;
}
