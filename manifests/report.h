/*
 * report.h - messages about a text file, with place and source line
 *
 *	holdall.yaml:4:1: unknown key "comand"
 *	    comand: jq
 *	    ^
 *	    did you mean "command"?
 *
 * Messages are collected in any order, at most REPORT_MAX, and written sorted by
 * place.  Marks are counted from 1, columns in characters.
 */
#ifndef HOLDALL_REPORT_H
#define HOLDALL_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/buf.h"
#include "runtime/err.h"

#define REPORT_MAX 20

struct mark {
	unsigned line, column;
};

struct report_entry {
	struct mark mark;
	char *message, *hint;		/* hint: NULL or what to do */
};

struct report {
	const char *file;		/* as given, for messages */
	const char *text;
	size_t len;
	struct report_entry entries[REPORT_MAX];
	unsigned n;			/* messages, also those not kept */
	bool nomem;
};

void report_free(struct report *r);
#define CLEANUP_REPORT CLEANUP(report_free)

void report_add(struct report *r, struct mark mark, const char *hint,
		const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The sentence of an error value: what follows its last "; " is the hint. */
void report_err(struct report *r, struct mark mark, const struct err *err);

/* All messages into `ret`; 0 when there is none, else -EINVAL and a summary. */
int report_finish(struct report *r, struct buf *ret, struct err *err);

/* Length of the character at s when it has to be hidden or refused: a control
 * character but tab, CR and LF, a line break that is none for people, a mark that
 * turns the direction of text.  Else 0. */
size_t report_bad_char(const char *s, size_t len);

#endif
