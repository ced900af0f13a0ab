/*
 * err.h - the one error value
 *
 * A function that can fail takes a `struct err *` last and returns 0 or a
 * negative errno.  On failure it fills the value with one sentence: what
 * failed, on what, why, and after a semicolon what to do.  The value
 * travels up unchanged, or with more context in front (err_prefix); main
 * prints it once.  Library code never prints and never exits.
 *
 * The value lies on the caller's stack, so reporting an error cannot fail
 * for want of memory.  The sentence is printable: bytes from outside
 * (names, paths) go through text_quote() or the %s of these functions,
 * which replaces control characters by '?' as the last step.
 *
 * `err` is never NULL.  Outputs (`ret_x`) are untouched on failure.
 */
#ifndef HOLDALL_ERR_H
#define HOLDALL_ERR_H

#include <stdarg.h>

#include "runtime/cleanup.h"

#define ERR_TEXT_MAX 1024

struct err {
	int num;		/* errno, positive; 0: no error */
	int status;		/* exit status wished for; 0: the verb's own */
	char text[ERR_TEXT_MAX];	/* one or more lines, no newline at end */
};

/* Fills the value; returns -num, so that `return err_set(...)` reads well.
 * The text replaces what was there. */
int err_set(struct err *err, int num, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same with ": <strerror(num)>" behind the text. */
int err_sys(struct err *err, int num, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "text: " in front of the text of a filled value; returns -err->num. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "; text" (what to do) behind; returns -err->num. */
int err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes a text harmless for a terminal, in place: control characters, C1 ones
 * in UTF-8 too, become '?'; newlines stay. */
void err_printable(char *text);

/* Out of memory: the same sentence everywhere. */
int err_nomem(struct err *err);

/* Sets the exit status that main shall use; returns -err->num. */
int err_status(struct err *err, int status);

#endif
