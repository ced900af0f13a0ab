/*
 * store.h - small files in directories of ours: whole, or not changed
 *
 * Directories are made with mode 0700 through the one door; a file is written
 * under a temporary name, synced and renamed, so that a full disk or a kill
 * leaves the old content.
 */
#ifndef HOLDALL_STORE_H
#define HOLDALL_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/err.h"

/* Makes an absolute, trusted directory with whatever is missing above it. */
int store_make_base(const char *path, struct err *err);

/* Opens `rel` beneath dirfd as a directory; `make`: makes what is missing.
 * -ENOENT without err filled only if !make. */
int store_open_dir(int dirfd, const char *rel, bool make, int *ret_fd,
		   struct err *err);

/* The content of a small file, NUL-terminated.  -ENOENT: there is none (err is
 * not filled). */
int store_read(int dirfd, const char *name, size_t max, char **ret,
	       size_t *ret_len, struct err *err);
int store_write(int dirfd, const char *name, const void *data, size_t len,
		struct err *err);

/* Opens (makes) a file and locks it; closed, it is free.  `wait` false: -EBUSY
 * without err filled when somebody else holds it. */
int store_lock(int dirfd, const char *name, bool wait, int *ret_fd,
	       struct err *err);

#endif
