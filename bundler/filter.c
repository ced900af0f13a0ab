/*
 * filter.c - see filter.h
 *
 * The tree is sorted first: seen backwards, everything in a folder comes before
 * it, so whether a folder still holds something is known when it is reached.
 */
#include "bundler/filter.h"

#include <string.h>

#include "bundler/glob.h"
#include "runtime/path.h"

struct filter {
	const struct strlist *exclude, *keep, *locales;
	const struct tree *t;
	bool *dropped;			/* by index in the sorted tree */
	size_t at;
};

static bool covered(const struct strlist *globs, const char *path)
{
	for (size_t i = 0; i < globs->n; i++)
		if (glob_covers(globs->v[i], path))
			return true;
	return false;
}

/* Languages are the folders right below these. */
static const char *language_of(const char *path)
{
	static const char *const folders[] = {
		"usr/share/locale", "usr/lib/locale", "usr/share/man",
		"usr/share/help",
	};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *rest = path_below(path, folders[i]);

		if (rest && *rest)
			return rest;
	}
	return NULL;
}

static bool other_language(const struct strlist *locales, const char *path)
{
	const char *name = language_of(path);
	size_t len;

	if (!locales->n || !name)
		return false;
	/* C and C.utf8 belong to no language; man1 is not one. */
	if (!strncmp(name, "C.", 2) || !strncmp(name, "man", 3) ||
	    strchr(name, '/') == name)
		return false;
	for (size_t i = 0; i < locales->n; i++) {
		len = strlen(locales->v[i]);
		if (!strncmp(name, locales->v[i], len) &&
		    (!name[len] || strchr("/_@.", name[len])))
			return false;
	}
	return true;
}

static bool wanted_out(const struct filter *f, const char *path)
{
	if (covered(f->keep, path))
		return false;
	return covered(f->exclude, path) || other_language(f->locales, path);
}

static void decide(struct filter *f)
{
	/* The nearest kept entry behind the one looked at: if it lies in the
	 * folder, the folder stays. */
	const char *kept = NULL;

	for (size_t i = f->t->n; i-- > 1;) {
		const struct entry *e = f->t->v[i];
		bool holds = e->type == ENTRY_DIR && kept &&
			     path_below(kept, e->path);

		f->dropped[i] = !holds && wanted_out(f, e->path);
		if (!f->dropped[i])
			kept = e->path;
	}
}

/* tree_prune asks in the tree's order, the root left out. */
static bool drop(void *arg, const struct entry *e)
{
	struct filter *f = arg;

	(void)e;
	return f->dropped[++f->at];
}

int filter_tree(struct tree *t, const struct strlist *exclude,
		const struct strlist *keep, const struct strlist *locales,
		struct err *err)
{
	CLEANUP_FREE bool *dropped = NULL;
	struct filter f = { .exclude = exclude, .keep = keep,
			    .locales = locales, .t = t };
	int r;

	if (!exclude->n && !locales->n)
		return 0;
	r = tree_sort(t, err);
	if (r < 0)
		return r;
	dropped = calloc(t->n, sizeof(*dropped));
	if (!dropped)
		return err_nomem(err);
	f.dropped = dropped;
	decide(&f);
	return tree_prune(t, drop, &f, err);
}
