/*
 * notes.h - what a step has to tell people while it works
 *
 * Library code never prints: steps, progress and remarks go through this value,
 * which main fills.  Every function may be NULL.  `stop` is asked between two
 * pieces of work; true ends the work with -EINTR and everything is undone on
 * the way up.
 */
#ifndef HOLDALL_NOTES_H
#define HOLDALL_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/err.h"

struct notes {
	void *arg;
	void (*step)(void *arg, const char *text);
	void (*progress)(void *arg, uint64_t done, uint64_t all);
	void (*note)(void *arg, const char *text);
	bool (*stop)(void *arg);
};

void notes_step(const struct notes *n, const char *fmt, ...)
	PRINTF_LIKE(2, 3);
void notes_note(const struct notes *n, const char *fmt, ...)
	PRINTF_LIKE(2, 3);
void notes_progress(const struct notes *n, uint64_t done, uint64_t all);
/* 0, or -EINTR with a sentence when the caller wants an end. */
int notes_check(const struct notes *n, struct err *err);

#endif
