/*
 * debian_tool.h - running one of apt's programs and reading what it says
 *
 * The program runs with the caller's environment in the C locale, its input
 * is empty, and both outputs are kept up to a bound (what is more is read and
 * thrown away).  It ends when we end: on the caller's wish to stop it gets
 * SIGTERM, and SIGKILL when that does not help.
 */
#ifndef HOLDALL_DEBIAN_TOOL_H
#define HOLDALL_DEBIAN_TOOL_H

#include "bundler/notes.h"
#include "runtime/buf.h"
#include "runtime/text.h"

#define TOOL_OUT_MAX ((size_t)64 << 20)
#define TOOL_ERR_MAX ((size_t)256 << 10)

struct tool_output {
	struct buf out, err;
	int status;			/* exit status; 128 + N: signal N */
};

#define TOOL_OUTPUT_INIT ((struct tool_output){ \
	.out = { .max = TOOL_OUT_MAX }, .err = { .max = TOOL_ERR_MAX } })
void tool_output_free(struct tool_output *o);
#define CLEANUP_TOOL_OUTPUT CLEANUP(tool_output_free)

/* 0 when the program ran, whatever its status.  -EINTR: the caller wanted an end.
 * `ret` must be initialised; what was in it is dropped. */
int tool_capture(const struct strlist *argv, const struct notes *notes,
	     struct tool_output *ret, struct err *err);

#endif
