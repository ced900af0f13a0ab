/*
 * host.h - the packager's own files, seen from a root directory
 *
 * The source `files` takes files of the host with the links that lead to them.  All
 * lookups go through a root descriptor ("/" as a rule, a made-up root in tests)
 * and the one door; links are followed by us, step by step, so that each can be
 * taken into the tree.
 */
#ifndef HOLDALL_HOST_H
#define HOLDALL_HOST_H

#include <sys/stat.h>

#include "bundler/walk.h"
#include "runtime/err.h"
#include "runtime/text.h"

/* Where an absolute path leads: `ret` is the place without links, relative to
 * the root ("" for the root), `ret_st` what is there.  The places of the links
 * on the way are added to `links` unless it is NULL.  0 or negative errno. */
int host_resolve(int root_fd, const char *path, char ret[WALK_PATH_MAX],
		 struct stat *ret_st, struct strlist *links);

/* Opens a place without links for reading. */
int host_open(int root_fd, const char *place, int *ret_fd, struct err *err);

/* Reads a whole small file, links followed; negative errno. */
int host_slurp(int root_fd, const char *path, size_t max, char **ret,
	       size_t *ret_len);

/* The absolute paths that a pattern stands for, in byte order; wildcards only in
 * its last component.  A pattern without wildcards is itself, if it is there. */
int host_glob(int root_fd, const char *pattern, struct strlist *ret);

#endif
