/*
 * record.h - what has been done for one run: processes and descriptors to undo
 *
 * Teardown reads only this.  Fields are -1 until the thing exists.
 */
#ifndef HOLDALL_RECORD_H
#define HOLDALL_RECORD_H

#include <stdint.h>
#include <sys/types.h>

#include "launcher/state.h"
#include "runtime/err.h"
#include "runtime/image.h"

struct record {
	struct image_server server;
	pid_t init;		/* pid 1 of the sandbox */
	int init_pidfd;
	int control;		/* our end: signals for the app; closed: end */
	int status;		/* our end: struct init_message */
	struct home *home;	/* lock and mount points to take back, or NULL */
};

#define RECORD_INIT \
	((struct record){ .server = IMAGE_SERVER_INIT, .init = -1, \
			  .init_pidfd = -1, .control = -1, .status = -1 })

/* What pid 1 tells the supervisor; one write(2) of this size is atomic. */
enum init_kind {
	INIT_FAILED,		/* the set-up failed: err */
	INIT_STARTED,		/* the app runs: the terminal's signals reach it */
	INIT_EXEC_FAILED,	/* value: errno of execve */
	INIT_STOPPED,		/* value: the signal that stopped the app */
	INIT_ENDED,		/* value: wait status of the app */
};

struct init_message {
	uint32_t kind;
	int32_t value;
	struct err err;
};

#endif
