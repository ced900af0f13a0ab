/*
 * profile.h - a launch profile applied to the tree that is packed
 *
 * Two uses: the order in which files' data is written, so that what a start reads
 * lies together (small files share their fragment blocks then), and the section by
 * which the image server decodes ahead (runtime/image_profile.h).  Paths that the
 * tree does not have are skipped: the profile may be of another version.  In an image
 * that is taken as it is nothing can be laid out; the section works all the same.
 */
#ifndef HOLDALL_BUNDLER_PROFILE_H
#define HOLDALL_BUNDLER_PROFILE_H

#include "bundler/image_nodes.h"
#include "bundler/tree.h"
#include "launcher/profile.h"
#include "runtime/buf.h"

int launch_profile_open(const char *path, struct profile *ret,
			struct err *err);

/* How many lines name something that the (sorted) tree does not have. */
size_t launch_profile_unknown(const struct profile *p, const struct tree *t);

/* Indexes of all files that bring data (primaries): those that the profile reads in
 * its order, then the others in the tree's.  `p` may be NULL. */
int launch_profile_order(const struct profile *p, const struct tree *t,
			 const struct image_node *nodes, size_t **ret,
			 size_t *ret_n, struct err *err);

/* The section's bytes; the nodes have their places by now.  Nothing is added when
 * the tree has none of the profile. */
int launch_profile_section(const struct profile *p, const struct tree *t,
			   const struct image_node *nodes, struct buf *ret,
			   struct err *err);
/* The same for a ready image, whose inodes stand where the tree's entries say, and
 * whose blocks have any size. */
int launch_profile_taken(const struct profile *p, const struct tree *t,
			 uint32_t block_size, struct buf *ret,
			 struct err *err);

#endif
