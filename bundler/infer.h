/*
 * infer.h - what a manifest leaves out, found in the tree
 *
 * Command, version, desktop file, icon and AppStream data.  What the manifest
 * says is never changed; what it leaves out is looked for among the app's own
 * parts (owners.h), and what cannot be told is an error that says what to
 * write.  The rules, and the traps of real packages behind each, stand in
 * docs/packing.md.
 */
#ifndef HOLDALL_INFER_H
#define HOLDALL_INFER_H

#include "bundler/desktop.h"
#include "bundler/notes.h"
#include "bundler/owners.h"
#include "bundler/tree.h"
#include "manifests/manifest.h"

/* Fills m's command and version where they are missing, and `ret`.  The tree is
 * sorted and whole. */
int infer(struct manifest *m, const struct tree *t, const struct owners *o,
	  int dir_fd, const struct notes *notes, struct desktop *ret,
	  struct err *err);

/* Without a tree: is something missing that no source could tell?  (lint) */
int infer_possible(const struct manifest *m, struct err *err);

/* The parts; for init and the tests. */
bool infer_has_command(const struct manifest *m);
/* The command's words, fresh; `d` may be NULL. */
int infer_command(const struct manifest *m, const struct tree *t,
		  const struct owners *o, const struct desktop *d,
		  struct strlist *ret, struct err *err);
/* The version of what `program` leads to, fresh. */
int infer_version(const struct manifest *m, const struct tree *t,
		  const struct owners *o, const char *program, char **ret,
		  struct err *err);
/* Debian's version without epoch, revision and what repacking added: fresh, or
 * NULL (no memory). */
char *infer_upstream_version(const char *version);
/* The version of the host's package that a file belongs to, as Debian writes it;
 * NULL in *ret: it belongs to none. */
int infer_host_version(const char *path, const struct notes *notes,
		       char **ret, struct err *err);

#endif
