/*
 * filters_emit.h - one BPF program out of a section (build-time program only)
 */
#ifndef HOLDALL_FILTERS_EMIT_H
#define HOLDALL_FILTERS_EMIT_H

#include <linux/filter.h>

#include "launcher/filters_table.h"

#define INSNS_MAX 4096		/* the kernel's BPF_MAXINSNS */

/* Compiles a section under relaxations; returns the number of instructions
 * written to ret (of INSNS_MAX). */
unsigned filter_emit(const struct table *t, enum section section,
		     unsigned relax, struct sock_filter *ret);

#endif
