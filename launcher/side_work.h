/*
 * side_work.h - what is done beside the mounts, on another processor
 *
 * A helper that shares pid 1's memory and descriptors asks the image for what will be
 * asked next (`warm` of the plan): its folders, and the first bytes of the
 * program.  The answers lie in the kernel's caches then, and neither the mounts nor
 * execve wait for the server.
 *
 * The helper has what pid 1 has before the lock-up, so it never outlives it:
 * side_work_join kills it where it stands.
 */
#ifndef HOLDALL_SIDE_WORK_H
#define HOLDALL_SIDE_WORK_H

#include <sys/types.h>

#include "runtime/err.h"
#include "runtime/placement.h"
#include "runtime/text.h"

struct side_work {
	const struct strlist *warm;	/* paths beneath the image's root */
	int image;		/* the image's root, or -1 */
	struct placement place;	/* set before the start: where it runs */
	pid_t pid;		/* -1: not running */
	char stack[8192] __attribute__((aligned(64)));
};

#define SIDE_WORK_INIT ((struct side_work){ .pid = -1, .image = -1 })

/* The struct must stay where it is until joined.  `image` is duplicated. */
int side_work_start(struct side_work *s, int image,
		    const struct strlist *warm, struct err *err);

/* To be called on every way out of the frame that holds the struct.  Ends the
 * helper: the rest of its work is not worth any waiting. */
void side_work_join(struct side_work *s);

#endif
