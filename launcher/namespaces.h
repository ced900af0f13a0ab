/*
 * namespaces.h - the namespaces that need no plan, made while it is made
 *
 * A network namespace takes 0.3-0.6 ms, as long as all mounts together, and needs
 * nothing but a user namespace.  So both are born on another processor before
 * anything else is done:
 *
 *   supervisor ---- plan -------- namespaces_clone --> pid 1 -- mounts -- enter
 *        \                            ^ user namespace            ^ net, ipc
 *         maker: user ns, id maps, net, ipc -----------------------'
 *
 * The maker is a child in a new user namespace that shares the supervisor's memory,
 * makes system calls only, and is gone when it has sent its two descriptors.  pid 1 is
 * then cloned inside that user namespace, as a child of the supervisor, which makes
 * sure of the id maps before: without them pid 1 could create nothing.
 */
#ifndef HOLDALL_NAMESPACES_H
#define HOLDALL_NAMESPACES_H

#include <sched.h>
#include <sys/types.h>

#include "runtime/err.h"
#include "runtime/placement.h"

/* What can be made early. */
#define EARLY_NAMESPACES (CLONE_NEWNET | CLONE_NEWIPC)

struct namespaces {
	unsigned long kinds;	/* of EARLY_NAMESPACES that are made */
	int user;		/* the user namespace, or -1 */
	int channel;		/* pid 1's end: the others come over it, or -1 */
	int maker_end;		/* the maker's end, in its own table */
	pid_t maker;		/* -1: was not born */
	struct placement place;	/* of the caller and pid 1 until the app starts */
	char uid_map[32], gid_map[32];
	char stack[16384] __attribute__((aligned(64)));
};

#define NAMESPACES_INIT \
	((struct namespaces){ .user = -1, .channel = -1, .maker_end = -1, \
			      .maker = -1 })

/* The struct must stay where it is until namespaces_free.  The caller is the same
 * user inside. */
int namespaces_start(struct namespaces *n, unsigned long kinds,
		     struct err *err);

/* pid 1 of the sandbox: a child of the caller, born with `flags` (CLONE_NEW*, those
 * that `n` makes and CLONE_NEWUSER left out) inside the user namespace.  0 in the
 * child, as fork(2). */
pid_t namespaces_clone(struct namespaces *n, unsigned long flags,
		       int *ret_pidfd, struct err *err);

/* In pid 1: waits for those of `wanted` that are made early, and enters them. */
int namespaces_enter(struct namespaces *n, unsigned long wanted,
		     struct err *err);

/* Ends the maker, if it is still there: it runs on a stack in the struct. */
void namespaces_free(struct namespaces *n);

#endif
