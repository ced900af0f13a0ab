/*
 * supervisor.h - the process that stays in the caller's session
 *
 * Starts the image server and pid 1 of the sandbox, forwards signals, watches both
 * and undoes the record.  The app's fate becomes the caller's: its exit status,
 * or death by the same signal.
 */
#ifndef HOLDALL_SUPERVISOR_H
#define HOLDALL_SUPERVISOR_H

#include <signal.h>

#include "launcher/namespaces.h"
#include "launcher/plan.h"
#include "launcher/record.h"
#include "runtime/err.h"

struct supervisor_end {
	int exit_status;	/* to exit with */
	int signal;		/* != 0: to die of */
};

/* First: blocks the signals that are forwarded later, so that none is lost. */
void supervisor_block_signals(void);

/* Clones pid 1 inside `ns`; rec->server may already run. */
int supervisor_start(const struct plan *p, struct namespaces *ns,
		     struct record *rec, struct err *err);

/* Until the app has ended and pid 1 with it.  An error (status 125, 126, 127) when
 * the sandbox could not be made, the program not be started, or the image server
 * died. */
int supervisor_watch(const struct plan *p, struct record *rec,
		     struct supervisor_end *ret, struct err *err);

/* Kills what still runs and gives back what the record lists. */
void supervisor_undo(struct record *rec);

/* Dies as the app did; returns only if there is no signal to die of. */
void supervisor_die(const struct supervisor_end *end);

#endif
