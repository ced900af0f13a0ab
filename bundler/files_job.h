/*
 * files_job.h - the work of one `files` source, shared by its parts
 *
 * Two queues, so that nothing recurses: paths still to be taken, and ELF
 * objects whose libraries are still to be found.  Both only grow; `*_done` is
 * how far the work has come.  Bounds: each place is taken once (`taken`), and the
 * tree bounds the places.
 *
 *	source_files.c	the queue of paths: links, files, folders, scripts, rules
 *	elf_closure.c	the queue of objects: which file a needed name means
 */
#ifndef HOLDALL_FILES_JOB_H
#define HOLDALL_FILES_JOB_H

#include "bundler/elf_file.h"
#include "bundler/ld_paths.h"
#include "bundler/notes.h"
#include "bundler/pathset.h"
#include "bundler/rules.h"
#include "bundler/tree.h"

#define NO_OBJECT SIZE_MAX

/* A path to be taken. */
struct wanted {
	char *path;			/* absolute, links not yet followed */
	bool member;			/* found in a folder, not asked for */
	bool optional;			/* missing: no word about it */
	const struct rule *rule;	/* whose skip lines hold, or NULL */
	char *star;			/* of that rule */
};

/* A program or library whose needed names are to be found. */
struct object {
	char *path;			/* absolute, as it was found */
	char *origin;			/* $ORIGIN: the folder of that */
	struct elf_file elf;
	size_t parent;			/* who loads it, or NO_OBJECT */
	bool soft;			/* missing libraries are notes */
};

struct files_job {
	struct tree *t;
	int root_fd;			/* one of the tree's bases */
	const struct rules *rules;
	const struct origin *origin;
	const struct notes *notes;
	struct ld_paths paths;
	struct pathset taken;		/* places whose files are in the tree */
	struct pathset missing;		/* names already spoken of */
	struct wanted *wanted;
	size_t n_wanted, wanted_cap, wanted_done;
	struct object *objects;
	size_t n_objects, objects_cap, objects_done;
};

void files_job_free(struct files_job *j);

/* source_files.c */
int files_want(struct files_job *j, const char *path, bool member,
	       bool optional, const struct rule *rule, const char *star,
	       struct err *err);
/* Takes a regular file with the links that lead to it.  `parent` and `soft` as
 * in struct object. */
int files_take(struct files_job *j, const char *path, size_t parent,
	       bool soft, bool member, struct err *err);

/* elf_closure.c */
/* Takes over `elf` (emptied); `path` is copied. */
int closure_object(struct files_job *j, const char *path,
		   struct elf_file *elf, size_t parent, bool soft,
		   struct err *err);
/* Finds and takes everything that waiting objects need. */
int closure_run(struct files_job *j, struct err *err);
/* A library by name as a program without RPATH would find it; fresh absolute
 * path or NULL. */
char *closure_find(const struct files_job *j, const struct object *o,
		   const char *name);

#endif
