/*
 * lint.h - the verb lint: is a manifest good, without packing
 */
#ifndef HOLDALL_LINT_H
#define HOLDALL_LINT_H

#include "bundler/notes.h"
#include "runtime/buf.h"

/* Everything that can be said without reading a source: all messages of the
 * reader (in `report`), icon and desktop file beside the manifest, and notes on
 * sources that are not there.  0: good. */
int lint_run(const char *manifest, const struct notes *notes,
	     struct buf *report, struct err *err);

#endif
