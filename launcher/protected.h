/*
 * protected.h - places that no grant may open: what runs code outside the sandbox
 *
 * Settings, our own state, cache and runtime directories, and whatever the user's
 * session or shell executes.  A read-write grant that contains one, existing or
 * not, is refused: covering it with another mount is no use, since an app can
 * rename the parent of a covering mount.  A read-only grant hides them.  A grant
 * inside one is refused.
 */
#ifndef HOLDALL_PROTECTED_H
#define HOLDALL_PROTECTED_H

#include "runtime/err.h"
#include "runtime/text.h"

/* All of them as absolute paths, symbolic links of the trusted prefix resolved. */
int protected_list(const char *home, struct strlist *ret, struct err *err);

/* The first that lies at or below `path`, or NULL. */
const char *protected_inside(const struct strlist *list, const char *path);
/* The first that `path` lies at or below, or NULL. */
const char *protected_around(const struct strlist *list, const char *path);

/* A path whose first component is the image's or ours: never from the host.  Not so
 * below the home, which may lie in /var/home, and below /run/media. */
bool protected_is_reserved(const char *path, const char *home);

#endif
