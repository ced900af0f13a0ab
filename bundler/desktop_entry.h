/*
 * desktop_entry.h - what a desktop file says
 *
 * Desktop files come from packages and folders, so they are read as hostile:
 * up to DESKTOP_MAX bytes, any bytes.  Of the file only the first group [Desktop
 * Entry] is looked at, and in it plain keys without a language; the first of
 * a key counts.  Texts that are not UTF-8 or hold control characters are as if
 * they were not there.
 */
#ifndef HOLDALL_DESKTOP_ENTRY_H
#define HOLDALL_DESKTOP_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/err.h"
#include "runtime/text.h"

#define DESKTOP_MAX ((size_t)64 << 10)
#define DESKTOP_ARGS_MAX 64u

struct desktop_entry {
	char *name, *comment, *icon, *try_exec, *categories, *mime;
	/* Exec split into words, without %f and its like; empty: no Exec, or one
	 * that nobody can read. */
	struct strlist argv;
	bool has_exec;			/* the key was there */
	bool application;		/* Type=Application, or no Type */
	bool terminal, no_display, hidden;
};

void desktop_entry_free(struct desktop_entry *d);
#define CLEANUP_DESKTOP_ENTRY CLEANUP(desktop_entry_free)

/* -EINVAL: there is no group [Desktop Entry]. */
int desktop_entry_parse(const char *text, size_t len,
			struct desktop_entry *ret, struct err *err);

/* The program that Exec starts, also behind `env A=B`; NULL: none. */
const char *desktop_entry_program(const struct desktop_entry *d);
/* Words of Exec behind that program. */
size_t desktop_entry_options(const struct desktop_entry *d);
/* A menu shows it. */
bool desktop_entry_is_shown(const struct desktop_entry *d);
/* Is this word in the list of categories? */
bool desktop_entry_has_category(const struct desktop_entry *d,
				const char *word);

#endif
