/*
 * image_write.h - from the tree to a squashfs image
 *
 * Squashfs 4.0, zstd, 128 KiB blocks, no attributes, no export table, owner 0:0,
 * one time for everything.  The bytes depend on the tree (sorted), the level and
 * the time alone: not on the number of threads, the machine, or the order in
 * which the sources were read.
 */
#ifndef HOLDALL_IMAGE_WRITE_H
#define HOLDALL_IMAGE_WRITE_H

#include <stdint.h>

#include "bundler/notes.h"
#include "bundler/tree.h"
#include "runtime/buf.h"

#define IMAGE_BLOCK_SIZE (128u << 10)
#define IMAGE_LEVEL 15u
#define IMAGE_LEVEL_FAST 1u
#define IMAGE_JOBS_MAX 64u

struct profile;				/* launcher/profile.h */

struct image_options {
	unsigned level;			/* zstd */
	unsigned jobs;			/* compressing threads, 1.. */
	uint32_t time;			/* of every entry and the superblock */
	const struct profile *profile;	/* orders the data, or NULL: */
	struct buf *section;		/* then gets the profile's section */
};

struct image_stats {
	uint64_t size;			/* of the image */
	uint64_t input;			/* bytes of all files */
	uint64_t files, dirs, links;
};

/* Sorts the tree and writes the image to fd (read-write) at `start`, where the
 * file must end before. */
int image_write(struct tree *t, int fd, uint64_t start,
		const struct image_options *o, const struct notes *notes,
		struct image_stats *ret, struct err *err);

/* "1.5.4": the zstd that compresses here, for the seal's codec line. */
void image_codec_version(char *space, size_t size);

#endif
