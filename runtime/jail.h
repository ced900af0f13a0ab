/*
 * jail.h - how a process gives up the world before it interprets foreign bytes
 *
 * Three steps, in this order, in a child that is about to read what nobody has
 * checked: an image (image_jail.c), a package (bundler's debian_deb_jail.c).
 *
 *	jail_leave	a session of its own, all signals blocked (only SIGKILL ends
 *			it), folder /, 0-2 on /dev/null, other descriptors closed
 *	jail_drop	not dumpable, no new privileges, limits, no capability
 *	jail_filter	a seccomp program made by jail_gen.c from the `#syscalls`
 *			comments of the files that run inside
 *
 * Threads made between the second and the third are in the filter too.  `who` begins
 * the messages.  All return 0 or a negative errno; after a failure the process is to
 * end.
 */
#ifndef HOLDALL_JAIL_H
#define HOLDALL_JAIL_H

#include <linux/filter.h>
#include <stddef.h>

#include "runtime/err.h"

#define JAIL_KEEP_MAX 8u

/* Keeps the descriptors of keep[] (any order; numbers below 3 are none). */
int jail_leave(const char *who, const int *keep, size_t n, struct err *err);

/* At most `nofile` is the highest number of a new descriptor; `memory` is what may be
 * mapped on top of what is. */
int jail_drop(const char *who, unsigned nofile, size_t memory,
	      struct err *err);

/* With sanitizers, whose runtime makes calls of its own, this does nothing: the one
 * relaxation of such builds. */
int jail_filter(const char *who, const struct sock_filter *filter,
		size_t n, struct err *err);

#endif
