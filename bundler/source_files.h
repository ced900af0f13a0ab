/*
 * source_files.h - the source `files`: programs of the host with what they need
 *
 * Each item is an absolute path on the packager's host and lands at the same
 * place in the tree.  With it come the links that lead to it; for an ELF file
 * its interpreter and, again and again, the libraries it names, found as the
 * loader finds them; for a script its interpreter; and what the rules say
 * (rules.h).  A folder brings all that is in it.
 *
 * Something that an item itself needs and that is missing is an error which names
 * who needs it.  What is missing for a file that came along in a folder or by
 * a rule is a note.
 */
#ifndef HOLDALL_SOURCE_FILES_H
#define HOLDALL_SOURCE_FILES_H

#include "bundler/notes.h"
#include "bundler/rules.h"
#include "bundler/tree.h"
#include "runtime/text.h"

/* `root_fd` (duplicated) is the host's root, "/" as a rule. */
int source_files(struct tree *t, int root_fd, const struct strlist *items,
		 const struct rules *rules, const struct origin *origin,
		 const struct notes *notes, struct err *err);

#endif
