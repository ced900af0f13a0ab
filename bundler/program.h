/*
 * program.h - is a command of the manifest something the image can run?
 */
#ifndef HOLDALL_PROGRAM_H
#define HOLDALL_PROGRAM_H

#include "bundler/tree.h"

/* Looks `name` up in the image: an absolute path, or a name in the PATH that the
 * launcher sets.  It must be there (else the nearest name is told), executable,
 * and an ELF of this machine whose loader is in the image, or a script whose
 * interpreter is.  `thin`: what lies outside /app may be the host's. */
int program_check(const struct tree *t, const char *name, bool thin,
		  struct err *err);

/* What a name in PATH or an absolute path leads to, links followed, or NULL. */
const struct entry *program_find(const struct tree *t, const char *name);
/* Does this path of the tree lie in a folder of PATH? */
bool program_in_path(const struct tree *t, const char *path);

#endif
