/*
 * tool_parts.h - what the files of the tool plan share (tool.c, tool_plan.c,
 * tool_init.c)
 *
 * Inner header of the launcher; the door for others is tool.h.
 */
#ifndef HOLDALL_TOOL_PARTS_H
#define HOLDALL_TOOL_PARTS_H

#include "launcher/plan.h"
#include "launcher/tool.h"

#define TOOL_LOWERS_MAX 8u
#define TOOL_BINDS_MAX 16u

/* plan->hand_out, in this order. */
enum tool_handed { HANDED_UPPER, HANDED_PROC, HANDED_N };

/* tool_plan.c: the rows, by pure code.  The run's limits are set, its lists are
 * checked.  No lowers at all is a trial of what the host allows. */
int tool_plan(const struct tool_run *run, uid_t uid, gid_t gid,
	      struct plan *ret, struct err *err);

/* tool_init.c: pid 1 of the tool's sandbox. */
struct tool_init_args {
	const struct tool_run *run;
	const struct plan *plan;
	int sock;		/* the upper goes over it, before INIT_STARTED */
	int status;		/* write end: struct init_message */
	int out, errors;	/* write ends */
};

/* INIT_FAILED carries a sentence.  Beside the kinds of record.h: */
enum tool_kind {
	TOOL_TOO_MANY = 100,	/* more processes than the limit; all ended */
};

void tool_init_main(const struct tool_init_args *a) __attribute__((noreturn));

#endif
