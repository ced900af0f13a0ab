/*
 * landlock.h - what only Landlock can close, where the kernel has it
 *
 * Three holes that namespaces and seccomp leave open, each reported by a bit:
 *
 * - the app shares the caller's process group, so kill(0) reaches it
 *   (LANDLOCK_SIGNALS, Linux 6.12);
 * - with the host's network come the host's abstract unix sockets
 *   (LANDLOCK_SOCKETS, Linux 6.12);
 * - a descriptor that was handed in read-only can be opened again for writing
 *   through /proc/self/fd (LANDLOCK_FILES, Linux 5.19; truncate(2) by that
 *   name as well with LANDLOCK_TRUNCATE, Linux 6.2).
 *
 * Not closed by it: an anonymous pipe can be opened again at its other end.
 */
#ifndef HOLDALL_LANDLOCK_H
#define HOLDALL_LANDLOCK_H

#include <stddef.h>

#include "runtime/err.h"

enum landlock_bits {
	LANDLOCK_FILES = 1,
	LANDLOCK_TRUNCATE = 2,
	LANDLOCK_SOCKETS = 4,
	LANDLOCK_SIGNALS = 8,
};

/* What this kernel can do: enum landlock_bits, 0 without Landlock. */
unsigned landlock_ability(void);

/*
 * Confines this process and all it forks from now on: everything below the
 * present "/" stays as it is; a file outside, that is one of fds[], can be
 * opened again only as it was opened.  Call it in the finished mount namespace,
 * after pivot_root (a confined process cannot mount), with no_new_privs set,
 * and before forking what shall be able to signal each other.  Mounts attached
 * later from outside are covered.
 *
 * Returns what is in force (0 when the kernel has no Landlock: no failure), or
 * a negative errno.
 */
int landlock_confine(const int *fds, size_t n, struct err *err);

/* For filters_install_app after landlock_confine: FILTER_SCOPED when that has
 * cut signals at the border, so that kill(0) need not be refused as a whole. */
unsigned landlock_relax(void);

#endif
