/*
 * debian.h - the source `debian`, with its lock
 *
 * A `debian_job` holds what the debian sources of one manifest share: the cache,
 * the lock that lies beside the manifest (`holdall.yaml` -> `holdall.lock`) and
 * the lock as it will be.  Each source, in order, takes its part of the lock when
 * that is what the manifest asks for, and asks apt otherwise; versions of the old
 * lock are then kept as far as the archive has them.  debian_job_save writes the
 * new lock, when it differs, after the bundle is in its place.
 */
#ifndef HOLDALL_DEBIAN_H
#define HOLDALL_DEBIAN_H

#include "bundler/debian_cache.h"
#include "bundler/lock.h"
#include "bundler/notes.h"
#include "bundler/recipe.h"
#include "bundler/tree.h"

struct debian_job {
	const struct recipe *recipe;
	const struct notes *notes;
	bool locked;			/* --locked: the lock must fit */
	bool refresh;			/* `holdall lock`: ask apt anew */
	char *lock_path;		/* as people write it */
	char *lock_name;		/* in the recipe's folder */
	struct debian_cache cache;
	struct lock old, new;
	bool has_old;
	char *old_text;
	size_t old_len;
};

#define DEBIAN_JOB_INIT ((struct debian_job){ .cache = DEBIAN_CACHE_INIT })
void debian_job_free(struct debian_job *j);
#define CLEANUP_DEBIAN_JOB CLEANUP(debian_job_free)

/* Reads the lock, when there is one.  A manifest without debian sources costs
 * nothing and never has a lock. */
int debian_job_open(const struct recipe *r, bool locked, bool refresh,
		    const struct notes *notes, struct debian_job *ret,
		    struct err *err);

/* The packages of one source into the tree. */
int debian_source(struct debian_job *j, const struct source *s,
		  struct tree *t, struct err *err);
/* The same without fetching anything: only into j->new. */
int debian_resolve(struct debian_job *j, const struct source *s,
		   struct err *err);

/* Opens the cache, which a manifest without debian sources has not needed so
 * far. */
int debian_job_cache(struct debian_job *j, struct err *err);

/* The packages `names` with all they need into the (empty) tree of tools, and
 * into the lock's part `tools`.  They come from where the first debian source
 * comes from.  Without one nothing is added: nobody asked for an archive. */
int debian_tools(struct debian_job *j, const struct strlist *names,
		 struct tree *t, struct err *err);
/* For `holdall lock`: the tools that the old lock has, and `more` (a name or
 * NULL). */
int debian_resolve_tools(struct debian_job *j, const char *more,
			 struct err *err);

/* The new lock's text; empty when there is no debian source. */
int debian_job_text(const struct debian_job *j, struct buf *ret,
		    struct err *err);
/* Writes the lock beside the manifest if it is another than before. */
int debian_job_save(const struct debian_job *j, struct err *err);

#endif
