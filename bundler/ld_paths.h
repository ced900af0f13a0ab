/*
 * ld_paths.h - where the host's loader looks for libraries
 *
 * ld.so.cache, or, on a host without one, the folders of ld.so.conf (with its
 * includes); then the loader's own folders.  And the tokens of RPATH and RUNPATH.
 */
#ifndef HOLDALL_LD_PATHS_H
#define HOLDALL_LD_PATHS_H

#include <stdbool.h>

#include "bundler/ld_cache.h"
#include "runtime/text.h"

struct ld_paths {
	struct strlist conf;		/* folders of ld.so.conf, in order */
	struct strlist defaults;	/* the loader's own */
	struct ld_cache cache;
	bool has_cache;
	const char *lib;		/* what $LIB stands for */
};

void ld_paths_free(struct ld_paths *p);
#define CLEANUP_LD_PATHS CLEANUP(ld_paths_free)

/* From the files below root_fd.  Missing files are no error. */
int ld_paths_load(int root_fd, struct ld_paths *ret, struct err *err);

/* One folder of an RPATH with $ORIGIN, $LIB, $PLATFORM (also ${...}) replaced;
 * NULL: no memory, or not absolute afterwards (depends on the working
 * directory, so it cannot be followed into a bundle). */
char *ld_paths_expand(const struct ld_paths *p, const char *text, size_t len,
		      const char *origin);

#endif
