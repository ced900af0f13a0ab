/*
 * assemble.h - from a recipe to the finished tree
 *
 * Sources in order, filters, what a full root has, post-steps.  Afterwards the
 * tree is sorted and is only read.
 */
#ifndef HOLDALL_ASSEMBLE_H
#define HOLDALL_ASSEMBLE_H

#include "bundler/debian.h"
#include "bundler/notes.h"
#include "bundler/recipe.h"
#include "bundler/rules.h"
#include "bundler/tree.h"

/* `debian` is the opened job of the same recipe; its new lock is filled. */
int assemble(const struct recipe *r, const struct rules *rules, uint32_t time,
	     struct debian_job *debian, const struct notes *notes,
	     struct tree *t, struct err *err);

/* The same for a tree that came out of an image (image_import.h): it is only
 * sorted and checked, nothing is added or taken away. */
int assemble_image(const struct recipe *r, struct tree *t, struct err *err);

#endif
