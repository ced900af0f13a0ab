/*
 * source_dir.h - the source `dir`: a folder laid into the tree as it is
 *
 * Everything beneath the folder is taken with its name, whatever bytes that has;
 * links are taken as links and never followed.  Devices, FIFOs and sockets are
 * left out with a note; setuid, setgid and sticky bits, owners, attributes and
 * ACLs are not kept.  A folder or file that cannot be read is an error.
 */
#ifndef HOLDALL_SOURCE_DIR_H
#define HOLDALL_SOURCE_DIR_H

#include "bundler/notes.h"
#include "bundler/tree.h"

/* Depth below the folder; a link loop cannot happen, bind mounts can. */
#define SOURCE_DEPTH_MAX 128u

/* `dir_fd` (duplicated) is the folder, `to` the clean path in the tree, "" for
 * its root. */
int source_dir(struct tree *t, int dir_fd, const char *to,
	       const struct origin *origin, const struct notes *notes,
	       struct err *err);

/* One entry from what `fd` (O_PATH) shows: the shared half of `dir` and `files`.
 * `base_fd` must be one of the tree's; `rel` is where the bytes are beneath it,
 * `path` where they go.  -ENOTSUP (err not filled): not a type we take. */
int source_entry(struct tree *t, int base_fd, int fd, const char *rel,
		 const char *path, const struct origin *origin,
		 struct entry **ret, struct err *err);

#endif
