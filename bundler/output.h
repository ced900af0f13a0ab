/*
 * output.h - the file that appears whole or not at all
 *
 * Bytes go to a file without a name (O_TMPFILE) in the folder of the wanted one,
 * or, where the file system cannot do that, to ".NAME.XXXXXXXX" there.  output_
 * commit makes them durable, sets the mode and puts them in the name's place in
 * one step; before that the old file is untouched, and output_free leaves
 * nothing behind.  A process that is killed leaves nothing in the first case, the
 * temporary name in the second.
 */
#ifndef HOLDALL_OUTPUT_H
#define HOLDALL_OUTPUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/err.h"

struct output {
	int fd;				/* read-write */
	int dir_fd;
	char *path;			/* as given, for messages */
	char *name;			/* in dir_fd */
	char *temp;			/* NULL: without a name */
	mode_t mode;			/* 0: 0777 without the umask */
};

#define OUTPUT_INIT ((struct output){ .fd = -1, .dir_fd = -1 })
void output_free(struct output *o);
#define CLEANUP_OUTPUT CLEANUP(output_free)

/* `named`: do not try O_TMPFILE (for tests). */
int output_open(const char *path, bool named, struct output *ret,
		struct err *err);
/* fsync, mode, rename, fsync of the folder. */
int output_commit(struct output *o, struct err *err);

#endif
