/*
 * placement.h - which processor a new child begins on
 *
 * Where processors share no cache, as in small virtual machines, the kernel leaves a
 * new or woken task behind its parent, on the same processor, and the idle one is of
 * no use.  A start has three things to do at once, so it says itself what goes where.
 * Nothing here can fail in a way that matters.
 */
#ifndef HOLDALL_PLACEMENT_H
#define HOLDALL_PLACEMENT_H

#include <sys/types.h>

/* The child may run anywhere but on this processor, if there is another. */
void placement_away(pid_t child);
/* The child may run wherever we may. */
void placement_free(pid_t child);

#endif
