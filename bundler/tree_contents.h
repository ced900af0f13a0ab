/*
 * tree_contents.h - a tree's files and bytes, by origin
 */
#ifndef HOLDALL_TREE_CONTENTS_H
#define HOLDALL_TREE_CONTENTS_H

#include "bundler/tree.h"
#include "runtime/contents.h"

/* Bytes before compression; a hard link counts once.  Packages of which nothing
 * was taken are not in it. */
int tree_contents(const struct tree *t, struct contents *ret,
		  struct err *err);

#endif
