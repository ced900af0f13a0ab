/*
 * trailer.h - the last 192 bytes of a bundle: where things are
 *
 * trailer_parse checks all that can be checked with the file's size alone;
 * afterwards these hold:
 *
 *  - stub, padding, payload, tree, seal, signatures and trailer tile the file;
 *  - payload_start is stub_size rounded up to LAYOUT_PAYLOAD_ALIGN;
 *  - every size is within its limit of layout.h, the tree's is that of a tree
 *    over payload_size bytes, and no sum of them overflows.
 *
 * trailer_plan is the writer's side of the same: from the sizes the places.
 */
#ifndef HOLDALL_TRAILER_H
#define HOLDALL_TRAILER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/err.h"
#include "runtime/layout.h"

struct trailer {
	uint64_t stub_size;
	uint64_t payload_start, payload_size;
	uint64_t tree_start, tree_size;
	uint64_t seal_start, seal_size;
	uint64_t signatures_start, signatures_size;
	uint8_t seal_hash[LAYOUT_HASH_SIZE];
	uint8_t signatures_hash[LAYOUT_HASH_SIZE];
};

/* Fills starts and the tree's size from the four other sizes. */
int trailer_plan(struct trailer *t, struct err *err);

void trailer_format(const struct trailer *t,
		    uint8_t ret[LAYOUT_TRAILER_SIZE]);

bool trailer_has_magic(const uint8_t data[LAYOUT_TRAILER_SIZE]);

/* -ENOEXEC: no magic; -EBADMSG: damaged, or makes no sense; -EOPNOTSUPP: of a
 * newer version. */
int trailer_parse(const uint8_t data[LAYOUT_TRAILER_SIZE],
		  uint64_t file_size, struct trailer *ret, struct err *err);

#endif
