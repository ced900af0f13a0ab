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
	bool *used;			/* by index in exclude, then keep */
	size_t at;
};

/* All globs are tried, so that each that matches is known to be used. */
static bool covered(const struct strlist *globs, bool *used, const char *path)
{
	bool any = false;

	for (size_t i = 0; i < globs->n; i++) {
		bool match = glob_covers(globs->v[i], path);

		used[i] |= match;
		any |= match;
	}
	return any;
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

bool filter_lists_language(const struct strlist *locales, const char *name,
			   size_t len)
{
	for (size_t i = 0; i < locales->n; i++) {
		const char *l = locales->v[i];
		size_t n = strlen(l);

		if (n <= len && !strncmp(name, l, n) &&
		    (n == len || strchr("_@.", name[n])))
			return true;
		/* de_AT is served by de, and de_DE.UTF-8 by de_DE.utf8. */
		n = strcspn(l, ".");
		if (n >= len && !strncmp(name, l, len) &&
		    (n == len || strchr("_@", l[len])))
			return true;
		if (n < len && l[n] == '.' && !strncmp(name, l, n) &&
		    name[n] == '.')
			return true;
	}
	return false;
}

static bool other_language(const struct strlist *locales, const char *path)
{
	const char *name = language_of(path);

	if (!locales->n || !name)
		return false;
	/* C and C.utf8 belong to no language; man1 is not one. */
	if (!strncmp(name, "C.", 2) || !strncmp(name, "man", 3) ||
	    strchr(name, '/') == name)
		return false;
	return !filter_lists_language(locales, name, strcspn(name, "/"));
}

bool filter_covers(const struct strlist *globs, const char *path)
{
	for (size_t i = 0; i < globs->n; i++)
		if (glob_covers(globs->v[i], path))
			return true;
	return false;
}

bool filter_wants_out(const struct strlist *exclude,
		      const struct strlist *keep, const char *path)
{
	return filter_covers(exclude, path) && !filter_covers(keep, path);
}

static bool wanted_out(const struct filter *f, const char *path)
{
	bool out = covered(f->exclude, f->used, path);
	bool keep = covered(f->keep, f->used + f->exclude->n, path);

	return !keep && (out || other_language(f->locales, path));
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

		f->dropped[i] = wanted_out(f, e->path) && !holds;
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

static void note_unused(const struct notes *notes, const char *key,
			const struct strlist *globs, const bool *used)
{
	for (size_t i = 0; i < globs->n; i++)
		if (!used[i])
			notes_note(notes, "%s: nothing matches %s", key,
				   globs->v[i]);
}

int filter_tree(struct tree *t, const struct strlist *exclude,
		const struct strlist *keep, const struct strlist *locales,
		const struct notes *notes, struct err *err)
{
	CLEANUP_FREE bool *dropped = NULL;
	CLEANUP_FREE bool *used = NULL;
	struct filter f = { .exclude = exclude, .keep = keep,
			    .locales = locales, .t = t };
	int r;

	if (!exclude->n && !keep->n && !locales->n)
		return 0;
	r = tree_sort(t, err);
	if (r < 0)
		return r;
	dropped = calloc(t->n, sizeof(*dropped));
	used = calloc(exclude->n + keep->n + 1, sizeof(*used));
	if (!dropped || !used)
		return err_nomem(err);
	f.dropped = dropped;
	f.used = used;
	decide(&f);
	note_unused(notes, "exclude", exclude, used);
	note_unused(notes, "keep", keep, used + exclude->n);
	return tree_prune(t, drop, &f, err);
}
