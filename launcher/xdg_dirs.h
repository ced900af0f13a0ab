/*
 * xdg_dirs.h - the user's folders (xdg-user-dirs): xdg-documents and the like
 */
#ifndef HOLDALL_XDG_DIRS_H
#define HOLDALL_XDG_DIRS_H

#include "runtime/buf.h"
#include "runtime/err.h"

/* `word`: "xdg-documents" ...  Read from user-dirs.dirs of the configuration, else
 * the English default below the home.  A folder that is the home itself (how
 * user-dirs.dirs says "none") is an error. */
int xdg_user_dir(const char *word, const char *home, char **ret,
		 struct err *err);

#endif
