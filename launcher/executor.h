/*
 * executor.h - applying a plan, inside the new namespaces
 *
 * Called by pid 1 of the sandbox, once, in this order.  No policy: rows are done
 * as they stand.  On failure the caller reports and exits; the namespaces, and
 * with them everything done so far, vanish with the process.
 */
#ifndef HOLDALL_EXECUTOR_H
#define HOLDALL_EXECUTOR_H

#include "launcher/plan.h"
#include "launcher/side_work.h"
#include "runtime/err.h"

/* Writes the id maps of the user namespace this process was born in: one user, one
 * group.  -errno; system calls only. */
int executor_write_maps(uid_t uid, uid_t outer_uid, gid_t gid,
			gid_t outer_gid);

/* The same, from the plan, with an error that says what to do. */
int executor_identity(const struct plan *p, struct err *err);

/* Should: build the new root from the rows, hand the FUSE descriptor to the
 * image server at start_sock (and before it the home's lock, or -1), make it the
 * root and drop the old one.
 * Mustn't: leave a descriptor of the host's file system open.
 * side: started as soon as the image is mounted; the caller joins it. */
int executor_mounts(const struct plan *p, int start_sock, int lock,
		    struct side_work *side, struct err *err);

/* The same for a plan without image (tool_plan.c).  ret_fds gets the descriptors
 * of the folders in plan->hand_out. */
int executor_tree(const struct plan *p, int *ret_fds, struct err *err);

/* Host name and loopback interface. */
int executor_names(const struct plan *p, struct err *err);

#endif
