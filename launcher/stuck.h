/*
 * stuck.h - processes that were killed and cannot die
 *
 * Whoever waits for an answer of a FUSE server that has taken the question waits
 * unkillably.  A server that was taken over may never answer, and one whose disk is
 * gone cannot: then only the server's end lets the sandbox end.
 */
#ifndef HOLDALL_STUCK_H
#define HOLDALL_STUCK_H

#include <stdbool.h>
#include <sys/types.h>

/* Has this process, or a child of it, a thread that has SIGKILL pending and waits
 * in the kernel?  Right now: whether that lasts, the caller finds out by asking
 * again.  False also where /proc does not tell. */
bool stuck_in_kernel(pid_t pid);

#endif
