/*
 * side_work.h - what is done beside the mounts, on another processor
 *
 * Two things that nothing of the set-up waits for, by a helper that shares pid 1's
 * memory and descriptors:
 *  1. the network and IPC namespaces: a network namespace takes 0.3-0.6 ms to make,
 *     as long as all mounts together; pid 1 enters it at the end with setns(2);
 *  2. asking the image for what will be asked next (`warm` of the plan): its
 *     folders, and the first bytes of the program.  The answers lie in the kernel's
 *     caches then, and neither the mounts nor execve wait for the server.
 *
 * The helper has what pid 1 has before the lock-up, so it never outlives it:
 * side_work_join kills it where it stands.
 */
#ifndef HOLDALL_SIDE_WORK_H
#define HOLDALL_SIDE_WORK_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "runtime/err.h"
#include "runtime/text.h"

/* The namespaces that are made here and not with the clone of pid 1. */
#define SIDE_NAMESPACES (CLONE_NEWNET | CLONE_NEWIPC)

struct side_work {
	unsigned long flags;	/* of SIDE_NAMESPACES */
	const struct strlist *warm;	/* paths beneath the image's root */
	pid_t pid;		/* -1: not running */
	/* Written by one side, read by the other while both run: */
	volatile int image;	/* the image's root, once it is mounted, or -1 */
	volatile int net, ipc;	/* descriptors made by the helper, or -1 */
	volatile int failed;	/* errno of the helper */
	volatile unsigned long kind;	/* the namespace that failed */
	volatile bool made;	/* the namespaces are there */
	char stack[16384] __attribute__((aligned(64)));
};

#define SIDE_WORK_INIT \
	((struct side_work){ .pid = -1, .image = -1, .net = -1, .ipc = -1 })

/* The struct must stay where it is until joined. */
int side_work_start(struct side_work *s, unsigned long flags,
		    const struct strlist *warm, struct err *err);

/* To be called on every way out of the frame that holds the struct.  Waits for the
 * namespaces, ends the helper and, if `wanted`, enters them.  Otherwise it never
 * fails and leaves err alone.  Closes the image's descriptor. */
int side_work_join(struct side_work *s, bool wanted, struct err *err);

#endif
