/*
 * wayland.h - the caller's Wayland compositor
 */
#ifndef HOLDALL_WAYLAND_H
#define HOLDALL_WAYLAND_H

#include "runtime/err.h"

/* The socket of $WAYLAND_DISPLAY (absolute, or a name in $XDG_RUNTIME_DIR; not
 * set: wayland-0, as for every client), if a compositor listens on it.  Fresh
 * string; otherwise an error that says why not. */
int wayland_find(char **ret_path, struct err *err);

/* A connection to the socket at `path`, non-blocking; or -errno. */
int wayland_connect(const char *path);

#endif
