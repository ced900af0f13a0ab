/*
 * steps.h - what maintainer scripts would have made: caches, links, certificates
 *
 * No script of a package is trusted.  A table (steps.c) says for each kind of
 * input what has to be made of it, by which tool, and where the result may lie; the
 * condition is only what is in the tree, so folders and single files profit as
 * packages do.  docs/debian.md shows the table.
 *
 * A tool is taken from the tree, or from a Debian package of tools when the
 * tree has not got it.  It runs confined over the staged tree (stage.h,
 * launcher/tool.h); from what it wrote only regular files at the declared places,
 * of bounded size, enter the tree.  Writing elsewhere is a failure.  A failure
 * ends the packing, unless the result only saves time: then it is noted.
 */
#ifndef HOLDALL_STEPS_H
#define HOLDALL_STEPS_H

#include "bundler/debian.h"
#include "bundler/notes.h"
#include "bundler/tree.h"
#include "manifests/manifest.h"

struct steps_job {
	const struct manifest *manifest;
	struct debian_job *debian;	/* the cache, tool packages, the lock */
	const struct notes *notes;
	uint32_t time;			/* of the image */
};

/* Runs every step whose input is in the tree. */
int steps_run(struct tree *t, const struct steps_job *job, struct err *err);

#endif
