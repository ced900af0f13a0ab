/*
 * image_ahead.h - a second thread that decodes blocks before they are asked for
 *
 * A program that starts is one chain: it asks, waits until the block is read,
 * verified and decoded, runs, asks again; the second CPU idles.  Programs map
 * large files and touch nearly all of their blocks (python3 with imports: 127 of
 * 148), and a read that straddles two blocks needs both.  So the helper is told
 *
 *  - the further blocks of a read that needs several, while the reader decodes
 *    the first;
 *  - after the answer, the blocks that follow in the same file, and the fragment
 *    block after this one if this one was the next.
 *
 * How far it runs ahead is judged by what comes of it: a block that is used
 * widens the window, one that is dropped unused narrows it down to nothing;
 * reading on where the last read ended opens it again.
 *
 * The helper has a payload, a zstd context and buffers of its own, and answers
 * nothing; what it shares with the reader is the cache of decoded blocks, under
 * one lock, never held while a block is read or decoded.  A block that cannot be
 * read leaves no trace here: the reader meets it itself when it is wanted.
 *
 * The thread is made before the filter (it is filtered with the whole process)
 * and parked; pthreads need no call afterwards but futex.
 */
#ifndef HOLDALL_IMAGE_AHEAD_H
#define HOLDALL_IMAGE_AHEAD_H

#include "runtime/image_reader.h"

struct image_ahead;

/* Makes the thread.  Only the FUSE front needs one. */
int image_ahead_new(struct image_ahead **ret, struct err *err);
/* Waits until the thread has made the system calls of its birth. */
void image_ahead_settle(struct image_ahead *a);
/* Gives it an image to work on; `src` is a second source of the same bytes. */
void image_ahead_attach(struct image_ahead *a, struct image *im,
			const struct image_source *src);
/* Ends the thread; before image_free. */
void image_ahead_free(struct image_ahead *a);

/* The three below do nothing for an image without a helper. */

/* Before a read: its second and further blocks, if the first must be decoded. */
void image_ahead_split(struct image *im, const struct image_inode *node,
		       uint64_t off, size_t len);
/* After the answer to a read. */
void image_ahead_follow(struct image *im, const struct image_inode *node,
			uint64_t off, size_t len);
/* Forgets the queue and waits until the thread is parked. */
void image_ahead_pause(struct image *im);

#endif
