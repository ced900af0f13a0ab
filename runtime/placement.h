/*
 * placement.h - which processor a new child begins on
 *
 * Where processors share no cache, as in small virtual machines, the kernel leaves a
 * new or woken task behind its parent, on the same processor, and the idle one is of
 * no use; or it lets the child go first, and the parent waits.  A start has three
 * things to do at once, so it says itself what goes where: the parent moves the child,
 * and the child, in case it came first, itself.  Nothing here can fail in a way that
 * matters.  errno is left alone (raw_syscall.h).
 */
#ifndef HOLDALL_PLACEMENT_H
#define HOLDALL_PLACEMENT_H

#include <sched.h>
#include <sys/types.h>

/* Where the caller may run; the processor it is on; the rest.  All zero, or no other
 * processor: nothing is done. */
struct placement {
	cpu_set_t all, here, others;
};

void placement_look(struct placement *ret);

/* The caller, and children that are not sent away, stay here: the kernel else puts a
 * new one on the idle processor just before the one that was sent there wakes. */
void placement_stay(const struct placement *p);
/* The task (0: the caller) runs on one of the others; wherever we might. */
void placement_away(const struct placement *p, pid_t task);
void placement_free(const struct placement *p, pid_t task);

#endif
