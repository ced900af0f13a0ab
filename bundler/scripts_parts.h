/*
 * scripts_parts.h - what the files of scripts.h share
 *
 * Inner header; the door for others is scripts.h.
 */
#ifndef HOLDALL_SCRIPTS_PARTS_H
#define HOLDALL_SCRIPTS_PARTS_H

#include "bundler/scripts.h"

/* What is laid over the tree, in a folder that no package has. */
#define SCRIPTS_DIR ".holdall"
#define SCRIPTS_RECORD SCRIPTS_DIR "/record"	/* the stubs append to it */

#define SCRIPT_FILE_MAX ((size_t)16 << 20)	/* one copy of ucf */
#define SCRIPT_FILES_MAX ((size_t)64 << 20)	/* all of them */
#define SCRIPT_CHOICES_MAX 65536u		/* of all scripts */

/* scripts_stubs.c: a tree of the stubs and of every script, the Nth as
 * SCRIPTS_DIR/script-N. */
int scripts_stubs(const struct script_list *l, struct tree *ret,
		  struct err *err);

#endif
