/*
 * image_run.h - a run through small files, one after the other as their inodes lie
 *
 * Who reads a folder of small files asks once for each and waits for a few
 * kilobytes: the way there and back takes longer than the answer.  After two steps
 * forward the helper goes along and pushes the files behind, whole, so that
 * nothing is asked for them.  Each request that still comes where the pushes ended
 * doubles how many follow; one elsewhere ends the run.
 */
#ifndef HOLDALL_IMAGE_RUN_H
#define HOLDALL_IMAGE_RUN_H

#include "runtime/image_reader.h"

struct image_crew;

/* Both with the lock held.  A file was read at `off` and answered. */
void image_run_read(struct image *im, const struct image_inode *node,
		    uint64_t off);
/* By the helper: pushes one file, if its block is at hand; else asks for the block
 * and returns false, as when there is nothing to do. */
bool image_run_step(struct image_crew *c);

#endif
