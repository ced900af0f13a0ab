/*
 * image_prefetch.h - decoding along the bundle's launch profile
 *
 * From its first moment on, while the sandbox is still being made, the helper of
 * the crew goes along the profile: inodes and listings are read into the cache of
 * metadata, blocks are decoded into the cache of blocks, and pushed if the kernel
 * knows their file by then.  When the app looks a file of the profile up, what is
 * there of it is pushed.
 *
 * Bounds: jobs that somebody waits for come first; no more than half of the cache is
 * filled with blocks that nobody has used; every block of the profile is fetched
 * once.  It ends at the profile's end, when the app has read MISSES_MAX times what
 * the profile does not have and met nothing of it, or when the caches are given
 * back.  When the app is further than the prefetch, it jumps.
 *
 * A profile is a hint (image_profile.h): a place without an inode, a block that a
 * file lacks, a broken block are passed over without a word; who really reads them
 * gets the message.
 */
#ifndef HOLDALL_IMAGE_PREFETCH_H
#define HOLDALL_IMAGE_PREFETCH_H

#include <stdbool.h>

#include "runtime/bundle.h"
#include "runtime/image_reader.h"

/* Reads the profile section, if there is one that can be used.  The image has its
 * crew already; without one nothing happens. */
void image_prefetch_start(struct image *im, const struct bundle *b);

/* The same with the section's bytes, for tests; -EINVAL: they are none. */
int image_prefetch_begin(struct image *im, const uint8_t *data, size_t len);

/* The rest with the lock held.  One step, by the helper: false when there is
 * nothing to do now. */
bool image_prefetch_step(struct image *im);
/* The app has looked a node up, or read from one, and was answered. */
void image_prefetch_looked_up(struct image *im,
			      const struct image_inode *node);
void image_prefetch_read(struct image *im, const struct image_inode *node,
			 uint64_t off);
/* Does the profile say what comes of this file?  Then nobody needs to guess. */
bool image_prefetch_knows(const struct image *im,
			  const struct image_inode *node);
/* Forgets the profile. */
void image_prefetch_end(struct image *im);

#endif
