/*
 * image_nodes.h - how the entries of a sorted tree belong together in an image
 *
 * One node per entry, with the same index.  Hard links are entries of equal
 * (dev, ino): the first in the tree's order brings data and inode, the others
 * point to it.  Numbers are given in the order in which inodes are written: see
 * image_write.c.
 */
#ifndef HOLDALL_IMAGE_NODES_H
#define HOLDALL_IMAGE_NODES_H

#include <sqfs/inode.h>

#include "bundler/tree.h"

/* What the writer knows of the entry with the same index in the tree. */
struct image_node {
	size_t parent;			/* index of its directory */
	size_t primary;			/* index of the entry that has the inode */
	size_t next;			/* next entry of the same directory */
	size_t first;			/* DIR: its first entry */
	sqfs_inode_generic_t *inode;	/* primaries */
	uint64_t ref;			/* place of the written inode */
	uint32_t number, nlink;
	bool written;
};

/* `ret_inodes`: how many inodes there are; the root has the last number. */
int image_nodes_make(const struct tree *t, struct image_node **ret,
		     uint32_t *ret_inodes, struct err *err);
void image_nodes_free(struct image_node *nodes, size_t n);

#endif
