/*
 * filters_table.h - syscalls.table as values (build-time program only)
 *
 * Everything here ends the program with a message when the table is wrong: it
 * runs in the build and has nothing to undo.
 */
#ifndef HOLDALL_FILTERS_TABLE_H
#define HOLDALL_FILTERS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define LINES_MAX 1024
#define CONDS_MAX 2
#define RANGES_MAX 16
#define NUMBERS 1024		/* above every number of the table */

enum section { SECTION_NONE, SECTION_APP, SECTION_ARGUMENTS, SECTION_INIT };

enum action { ACTION_ALLOW, ACTION_SECOND, ACTION_ERRNO };

struct range {
	uint32_t first, last;
};

struct cond {
	unsigned arg;
	uint32_t mask;
	struct range ranges[RANGES_MAX];
	unsigned n_ranges;
};

struct line {
	unsigned number;		/* in the file, for messages */
	enum section section;
	enum action action;
	int error;			/* for ACTION_ERRNO */
	unsigned relax;			/* bits under which the call is allowed */
	char name[32];
	int raw;			/* of NAME=NUMBER; else -1 */
	struct cond conds[CONDS_MAX];
	unsigned n_conds;
};

struct table {
	const char *path;
	struct line lines[LINES_MAX];
	unsigned n_lines;
};

/* Fills t->lines from t->path, checked as a whole. */
void table_read(struct table *t);

/* The call's number on an architecture of libseccomp's, or -1. */
int table_number(const struct line *l, uint32_t arch);

void table_fail(const char *path, unsigned line, const char *what,
		const char *on) __attribute__((noreturn));

#endif
