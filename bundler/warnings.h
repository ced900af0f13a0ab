/*
 * warnings.h - what a finished tree will miss when it runs
 *
 * A note for each thing that the app will look for and not find: libraries,
 * schemas, interpreters, what draws SVG, what links lead to, the icon, the program of the desktop
 * file.  Each says which line of the manifest helps.  Errors are none of them:
 * a library that no start needs does no harm.
 *
 * No noise: a warning that is wrong teaches people to read none.  So where a
 * dependency's own helpers would be meant (a script of Perl's among the hundred
 * packages of an image), only the app's own parts are looked at (owners.h); at
 * most WARNINGS_MAX are told, then how many more there are.
 */
#ifndef HOLDALL_WARNINGS_H
#define HOLDALL_WARNINGS_H

#include "bundler/desktop.h"
#include "bundler/notes.h"
#include "bundler/owners.h"
#include "bundler/tree.h"
#include "manifests/manifest.h"

#define WARNINGS_MAX 20u

struct warnings {
	const struct manifest *m;
	const struct tree *t;
	const struct owners *o;
	const struct desktop *d;
	const struct notes *notes;
	size_t n;			/* also those not told */
};

/* Looks through the sorted tree; w->n is 0 before.  Only memory and reading can
 * fail. */
int warnings_find(struct warnings *w, struct err *err);

/* ---- between the files that look ---- */

void warn(struct warnings *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
int warn_libraries(struct warnings *w, struct err *err);
int warn_schemas(struct warnings *w, struct err *err);
int warn_scripts(struct warnings *w, struct err *err);
int warn_svg(struct warnings *w, struct err *err);
int warn_links(struct warnings *w, struct err *err);
int warn_desktop(struct warnings *w, struct err *err);

/* The app's own? */
bool warn_is_own(const struct warnings *w, const struct entry *e);

#endif
