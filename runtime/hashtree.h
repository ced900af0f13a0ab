/*
 * hashtree.h - the Merkle tree over the payload: its shape, and making one
 *
 * docs/format.md section 3 is the description.  The shape (how many levels, how
 * many hashes in each, where each begins) follows from the payload's size alone.
 * Reading and verifying against a tree is payload.c.
 */
#ifndef HOLDALL_HASHTREE_H
#define HOLDALL_HASHTREE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/err.h"
#include "runtime/layout.h"

/* Invariants for a payload of at most LAYOUT_PAYLOAD_MAX bytes:
 * 1 <= levels <= LAYOUT_LEVELS_MAX; count[levels - 1] <= LAYOUT_NODE_HASHES;
 * level n begins `start[n]` bytes from the tree's start. */
struct hashtree_shape {
	unsigned levels;
	uint64_t count[LAYOUT_LEVELS_MAX];	/* hashes */
	uint64_t start[LAYOUT_LEVELS_MAX];
	uint64_t size;				/* bytes of the whole tree */
};

/* -EFBIG for a payload beyond the limit. */
int hashtree_shape(uint64_t payload_size, struct hashtree_shape *ret);

/* Bytes of node `index` of a level (0 only in an empty tree). */
size_t hashtree_node_size(const struct hashtree_shape *shape, unsigned level,
			  uint64_t index);

void hashtree_leaf(const void *data, size_t len,
		   uint8_t ret[LAYOUT_HASH_SIZE]);
void hashtree_node(const void *data, size_t len,
		   uint8_t ret[LAYOUT_HASH_SIZE]);

/*
 * Making a tree: leaves are told in order, nodes are written to the file at
 * tree_start as they fill up.  Memory: one node per level.  The number of leaves
 * must be that of the payload's size.
 */
struct hashtree_maker;
int hashtree_maker_new(int fd, uint64_t tree_start, uint64_t payload_size,
		       struct hashtree_maker **ret, struct err *err);
void hashtree_maker_free(struct hashtree_maker *m);
int hashtree_maker_leaf(struct hashtree_maker *m, const void *data,
			size_t len, struct err *err);
int hashtree_maker_finish(struct hashtree_maker *m,
			  uint8_t ret_root[LAYOUT_HASH_SIZE],
			  struct err *err);

#endif
