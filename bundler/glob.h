/*
 * glob.h - the globs of `exclude`, `keep` and of the rules
 *
 *	?	one character but '/'
 *	*	any number of characters but '/'
 *	**	any number of characters, '/' included
 *	[a-z]	one of these (`!` or `^` in front: none of these), never '/'
 *	\x	x itself
 *
 * A pattern with a '/' in front is compared with the whole path ("/usr/share/
 * doc"), any other with the last components: `*.la` is every file of that name,
 * `man/man3` every such folder.  A pattern that matches a folder means all that is
 * in it too.
 */
#ifndef HOLDALL_GLOB_H
#define HOLDALL_GLOB_H

#include <stdbool.h>

/* `path` is relative and clean ("usr/share/doc"); false also for patterns of more
 * than 1023 bytes. */
bool glob_match(const char *pattern, const char *path);
/* The same for the path or any folder above it. */
bool glob_covers(const char *pattern, const char *path);

#endif
