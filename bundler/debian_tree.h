/*
 * debian_tree.h - unpacked packages into the tree
 *
 * Packages are laid in the lock's order.  What no app reads is left out: /usr/
 * share/doc but for the copyright files, manual and info pages, reportbug's and
 * lintian's files, and the translations of languages that the manifest does not
 * list.  `keep` brings any of it back.  No script of a package runs.
 *
 * Two packages may bring the same folder.  The same file is an error that names
 * both, unless one says that it replaces the other (then its file stands) or the
 * bytes are equal.
 */
#ifndef HOLDALL_DEBIAN_TREE_H
#define HOLDALL_DEBIAN_TREE_H

#include "bundler/debian_cache.h"
#include "bundler/tree.h"
#include "runtime/text.h"

struct debian_wish {
	unsigned line;			/* of the source in the manifest */
	const struct strlist *keep, *locales;
};

/* Is this path of a package left out? */
bool debian_leaves_out(const struct debian_wish *w, const char *path,
		       enum entry_type type);

/* Every package must be in the cache; -ENOENT: one is not (any more). */
int debian_lay(struct tree *t, const struct debian_cache *c,
	       const struct debian_list *l, const struct debian_wish *wish,
	       const struct notes *notes, struct err *err);

#endif
