/*
 * lock_verb.h - the verb lock: holdall.lock anew, and what that changes
 */
#ifndef HOLDALL_LOCK_VERB_H
#define HOLDALL_LOCK_VERB_H

#include "bundler/notes.h"
#include "runtime/buf.h"

/* Asks the archives again and writes the lock; nothing is packed.  `ret_changes`
 * gets one line per package that is new, gone or has another version. */
int lock_run(const char *manifest, const struct notes *notes,
	     struct buf *report, struct buf *ret_changes, struct err *err);

#endif
