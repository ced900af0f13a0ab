/*
 * pathset.h - a set of paths
 */
#ifndef HOLDALL_PATHSET_H
#define HOLDALL_PATHSET_H

#include <stddef.h>

#include "runtime/err.h"

struct pathset {
	char **slots;			/* open addressing, NULL: free */
	size_t n, n_slots;		/* n_slots is 0 or a power of two */
};

void pathset_free(struct pathset *s);
/* 1: added, 0: was in it already, negative: no memory. */
int pathset_add(struct pathset *s, const char *path, struct err *err);

#endif
