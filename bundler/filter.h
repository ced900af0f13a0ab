/*
 * filter.h - `exclude`, `keep` and `locales` of the manifest
 *
 * An entry is dropped when a glob of `exclude` covers it (glob.h: it or a folder
 * above it) and no glob of `keep` does.  A folder stays while anything in it
 * stays.  `locales` drops the translations and locale data of every language
 * that it does not name ("de" keeps de, de_AT and de@euro; "de_DE" keeps de
 * too).  A glob that matches nothing is probably a mistake: it is noted.
 */
#ifndef HOLDALL_FILTER_H
#define HOLDALL_FILTER_H

#include "bundler/notes.h"
#include "bundler/tree.h"
#include "runtime/text.h"

int filter_tree(struct tree *t, const struct strlist *exclude,
		const struct strlist *keep, const struct strlist *locales,
		const struct notes *notes, struct err *err);

/* Is the folder `name` (de, de_AT, de@euro, de_DE.utf8) wanted by a list of
 * languages?  "de" wants all of these; "de_DE" wants de_DE, and de beside it. */
bool filter_lists_language(const struct strlist *locales, const char *name,
			   size_t len);

/* Does `exclude` drop this path, and no `keep` bring it back?  For what is made
 * after the filter ran.  And whether a glob of the list covers it at all. */
bool filter_covers(const struct strlist *globs, const char *path);
bool filter_wants_out(const struct strlist *exclude,
		      const struct strlist *keep, const char *path);

#endif
