/*
 * scripts_parse.h - the record that a script's stubs wrote
 *
 * The record is a sequence of calls, each of fields that end with NUL:
 *
 *	NAME COUNT ARG...	COUNT in decimal
 *
 * NAME is update-alternatives or ucf.  Whoever ran in the sandbox could write
 * there, so nothing is believed: bounded bytes, calls and arguments; a record that
 * is not whole is refused as a whole.  A call that asks for what nobody may ask for
 * (a path that is not clean, has control characters, or lies elsewhere) is counted
 * and left out.
 */
#ifndef HOLDALL_SCRIPTS_PARSE_H
#define HOLDALL_SCRIPTS_PARSE_H

#include "bundler/scripts.h"

#define SCRIPT_RECORD_MAX ((size_t)1 << 20)
#define SCRIPT_CALLS_MAX 4096u
#define SCRIPT_ARGS_MAX 1024u		/* of one call: openjdk has 200 */
#define SCRIPT_LINKS_MAX 16384u		/* of one record, slaves too */
#define SCRIPT_COPIES_MAX 1024u

/* Adds the calls to `rec` as those of `script`; -EBADMSG and nothing is added. */
int scripts_parse(const char *data, size_t len, size_t script,
		  struct script_record *rec, struct err *err);

/* An absolute, clean path of harmless text that a tree could hold. */
bool script_path_ok(const char *path);

#endif
