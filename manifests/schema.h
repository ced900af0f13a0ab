/*
 * schema.h - what is made from the table for others to read
 *
 * The JSON Schema (draft 2020-12) for editors and foreign checkers, and the
 * tables of docs/manifest.md.  The schema accepts everything that manifest_read
 * accepts; what a regular expression cannot say, it lets through.
 */
#ifndef HOLDALL_SCHEMA_H
#define HOLDALL_SCHEMA_H

#include "runtime/buf.h"

void schema_write(struct buf *out);

/* The reference: `text` with the line "<!-- tables -->" replaced. */
int reference_write(const char *text, struct buf *out, struct err *err);

#endif
