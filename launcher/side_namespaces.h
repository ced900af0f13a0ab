/*
 * side_namespaces.h - network and IPC namespaces, made while the mounts are
 *
 * A network namespace takes 0.3-0.6 ms to make: as long as all mounts together.
 * Nothing of the set-up needs it, so a helper that shares this process's memory
 * and descriptors makes it on another processor, and pid 1 enters it at the end
 * with setns(2).
 */
#ifndef HOLDALL_SIDE_NAMESPACES_H
#define HOLDALL_SIDE_NAMESPACES_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "runtime/err.h"

/* Those that are made here and not with the clone of pid 1. */
#define SIDE_NAMESPACES (CLONE_NEWNET | CLONE_NEWIPC)

struct side_namespaces {
	unsigned long flags;	/* of SIDE_NAMESPACES */
	pid_t pid;
	int net, ipc;		/* descriptors made by the helper, or -1 */
	int failed;		/* errno of the helper */
	unsigned long kind;	/* the namespace that failed */
	char stack[16384] __attribute__((aligned(64)));
};

/* The struct must stay where it is until joined. */
int side_namespaces_start(struct side_namespaces *s, unsigned long flags,
			  struct err *err);
/* Waits for the helper and, if `enter` says so, enters what it made.  To be called
 * on every way out of the frame that holds the struct.  With `enter` false it
 * never fails and leaves err alone. */
int side_namespaces_join(struct side_namespaces *s, bool enter,
			 struct err *err);

#endif
