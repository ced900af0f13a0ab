/*
 * full_root.h - what a full image has whatever its sources are
 *
 * Before the sources: the links bin, sbin, lib, lib64 -> usr/..., so that whatever
 * a source puts below them lands in /usr.  After them: the empty folders that
 * other tools mount over (ours is another root), /etc and /var, the targets of
 * those links, and what the image's own libc reads: nsswitch.conf, ld.so.conf
 * and ld.so.cache.  What a source brought is never replaced, but for
 * ld.so.cache, which must fit the tree.
 */
#ifndef HOLDALL_FULL_ROOT_H
#define HOLDALL_FULL_ROOT_H

#include "bundler/tree.h"

int full_root_start(struct tree *t, struct err *err);
/* Sorts the tree. */
int full_root_finish(struct tree *t, struct err *err);

/* The image's ld.so.cache, made from the folders that its ld.so.conf and
 * ld.so.conf.d name and the loader's own (image_ld.c).  Sorts the tree. */
int image_ld_cache(struct tree *t, const struct origin *o, struct err *err);

#endif
