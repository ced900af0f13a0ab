/*
 * decide_internal.h - between decide.c and decide_ask.c
 */
#ifndef HOLDALL_DECIDE_INTERNAL_H
#define HOLDALL_DECIDE_INTERNAL_H

#include "launcher/decide.h"

/* Nobody has said yes or no yet.  What has no effect in this version is not
 * asked for: a yes to it would be for something else later. */
bool decision_is_open(const struct decision_line *l);

int decision_say(struct decision *d, struct err *err, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Asks for what is open, or says how to grant it. */
int decision_settle(struct decision *d, const struct header *h,
		    const struct state *s, const struct options *o,
		    const char *bundle, bool may_ask, struct err *err);

#endif
