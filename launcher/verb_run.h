/*
 * verb_run.h - one run of an app, for verbs that do something around it
 */
#ifndef HOLDALL_VERB_RUN_H
#define HOLDALL_VERB_RUN_H

#include "launcher/cli.h"
#include "launcher/supervisor.h"

/* From the options to the end of the app; everything is undone by then. */
int run_once(struct options *o, struct supervisor_end *ret, struct err *err);

#endif
