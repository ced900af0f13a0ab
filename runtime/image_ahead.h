/*
 * image_ahead.h - what the helper threads do: decoding ahead, and pushing
 *
 * A program that starts is one chain: it asks, waits until the block is read,
 * verified and decoded, runs, asks again; the other CPU idles.  Programs map
 * large files and touch nearly all of their blocks (python3 with imports: 127 of
 * 148), and a read that straddles two blocks needs both.  So the helper is told
 *
 *  - the further blocks of a read that needs several, while the reader decodes
 *    the first;
 *  - after the answer, the rest of each block of which a part was asked for: it is
 *    stored into the kernel's page cache, and nobody needs to ask for it
 *    (image_push.h);
 *  - the blocks that follow in the same file, the next fragment blocks if the last
 *    step was a small one forward, and the first block of the next file if the
 *    last step was to the next file.
 *
 * The spare helper takes a part of the decoding when there is more than the helper
 * can do at once: a reader that only waits leaves two processors to it.  It has no
 * /dev/fuse, and so is never stuck in a push.
 *
 * How far it runs ahead is judged by what comes of it: a block that is used
 * widens the window, one that is dropped unused narrows it down to nothing;
 * reading on where the last read ended opens it again.
 *
 * A block that cannot be read leaves no trace here: the reader meets it itself
 * when it is wanted.
 */
#ifndef HOLDALL_IMAGE_AHEAD_H
#define HOLDALL_IMAGE_AHEAD_H

#include "runtime/image_reader.h"

/* All do nothing for an image without a crew.  With one, they want the lock to be
 * held, but for _pause. */

/* Before a read: its second and further blocks, if the first must be decoded. */
void image_ahead_split(struct image *im, const struct image_inode *node,
		       uint64_t off, size_t len);
/* After the answer to a read: what is left of its blocks, then what follows. */
void image_ahead_follow(struct image *im, const struct image_inode *node,
			uint64_t off, size_t len);
/* For a launch profile: decodes block `block` of a file (its tail, if it is
 * n_blocks) and, if the kernel knows the file by then, pushes it.  False: the
 * queue is full, try again later. */
bool image_ahead_fetch(struct image *im, const struct image_inode *node,
		       uint32_t block);
/* Has the first block of a file decoded, unless it lies at *last; true: it does not,
 * and *last is its place now. */
bool image_ahead_want(struct image *im, const struct image_inode *node,
		      uint64_t *last);
/* By the helper, for a file of one block: pushes it whole.  1: done, or nothing to be
 * had; 0: the block is being fetched; -1: the kernel does not take it. */
int image_ahead_push(struct image *im, const struct image_inode *node);
/* Forgets the queue and waits until the helper is parked. */
void image_ahead_pause(struct image *im);

#endif
