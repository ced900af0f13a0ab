/*
 * init.h - pid 1 of the sandbox
 */
#ifndef HOLDALL_INIT_H
#define HOLDALL_INIT_H

#include "launcher/namespaces.h"
#include "launcher/plan.h"

struct init_args {
	const struct plan *plan;
	struct namespaces *ns;	/* made beside the plan */
	int start_sock;		/* to the image server, or -1 */
	int control;		/* read end: one byte per signal for the app */
	int status;		/* write end: struct init_message */
	int lock;		/* the home's, held to the end, or -1 */
};

/* The whole life of pid 1.  Never returns. */
void init_main(const struct init_args *args) __attribute__((noreturn));

#endif
