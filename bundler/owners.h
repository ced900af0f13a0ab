/*
 * owners.h - which parts of a tree are the app's own
 *
 * Of the hundred packages in an image one or two are the app.  Rank 0: what the
 * manifest names (a package, a file, everything of a folder); rank 1: direct
 * dependencies of a named package that are made from the same source package,
 * for the named one may be empty (vlc, wireshark).  Everything else came along.
 *
 * Inference looks for command, desktop file and icon among these only, and
 * warnings speak of these only where a dependency's fault would be noise.
 */
#ifndef HOLDALL_OWNERS_H
#define HOLDALL_OWNERS_H

#include "bundler/debian.h"
#include "bundler/tree.h"
#include "manifests/manifest.h"

enum owner_rank { OWNER_NAMED = 0, OWNER_SAME_SOURCE = 1, OWNER_NONE = 2 };

struct owner {
	char *name, *version;		/* of a Debian package */
	enum owner_rank rank;
};

struct owners {
	struct owner *v;
	size_t n;
	const struct manifest *m;
};

void owners_free(struct owners *o);
#define CLEANUP_OWNERS CLEANUP(owners_free)

/* From the manifest, and for Debian packages the new lock and the unpacked
 * packages' own words.  `m` must outlive it. */
int owners_find(const struct manifest *m, const struct debian_job *job,
		struct owners *ret, struct err *err);
/* The same for one source of packages. */
int owners_add_debian(struct owners *o, const struct debian_cache *cache,
		      const struct lock_source *s, const struct notes *notes,
		      struct err *err);
int owners_add(struct owners *o, const char *name, const char *version,
	       enum owner_rank rank, struct err *err);

enum owner_rank owners_rank(const struct owners *o, const struct entry *e);
bool owners_names(const struct owners *o, const char *package);

#endif
