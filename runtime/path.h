/*
 * path.h - the one door through which paths from outside become descriptors
 *
 * Rule (facts of flatpak, bubblewrap, runc and crun advisories 2024-2026:
 * nearly all were a path string resolved inside a tree the app can change):
 * after the first byte of app, image or home is read, a path is opened only
 * by path_open_beneath: relative to a directory descriptor, never leaving it,
 * following no symbolic link and no magic link.  No function further in takes
 * a bare path.
 *
 * The trusted prefix ($HOME, an XDG folder, the working directory), which may
 * hold symbolic links of the user's own, is opened once and normally with
 * path_open_trusted before.
 */
#ifndef HOLDALL_PATH_H
#define HOLDALL_PATH_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "runtime/err.h"
#include "runtime/text.h"

/* Opens `rel` beneath `dirfd` with openat2(RESOLVE_BENEATH | NO_SYMLINKS |
 * NO_MAGICLINKS), below Linux 5.6 component by component with O_NOFOLLOW.
 * `rel` is relative, without "..", "" or "." means the directory itself.
 * O_CLOEXEC is added.  -ELOOP: a link is in the way; -EXDEV: it leads out.
 * The variant without `err` is for probing. */
int path_open_beneath(int dirfd, const char *rel, int flags, mode_t mode,
		      int *ret_fd, struct err *err);
int path_try_beneath(int dirfd, const char *rel, int flags, mode_t mode);

/* Opens an absolute path normally (links are followed). */
int path_open_trusted(const char *path, int flags, int *ret_fd,
		      struct err *err);

/* Makes every missing directory of `rel` beneath `dirfd` and opens the last
 * one (O_PATH|O_DIRECTORY when `ret_fd` is wanted, else NULL). */
int path_mkdir_beneath(int dirfd, const char *rel, mode_t mode, int *ret_fd,
		       struct err *err);

/* True for a path without empty, "." and ".." components and without a
 * trailing slash; `absolute` says which of the two kinds is meant. */
bool path_is_clean(const char *path, bool absolute);

/* Removes empty and "." components and resolves ".." in the text alone.
 * Absolute in, absolute out; fresh string, NULL when memory ends. */
char *path_normalise(const char *path);

/* Where a path leads as far as it exists: symbolic links are followed, also ones
 * whose target is missing, and what is not there yet is kept as text.  Absolute in,
 * absolute and clean out; fresh string, or NULL (out of memory, a loop of links).
 * For comparing places only: what is opened goes through the door.  `ret_links`,
 * if not NULL, gets every place where a link lay on the way. */
char *path_resolve_most(const char *path, struct strlist *ret_links);

/* base + "/" + rel; fresh string or NULL.  `rel` may be "". */
char *path_join(const char *base, const char *rel);

/* If `path` is `dir` or lies below it: the rest ("" for equal), else NULL. */
const char *path_below(const char *path, const char *dir);

/* For tests: forces the component-by-component way. */
extern bool path_no_openat2;

#endif
