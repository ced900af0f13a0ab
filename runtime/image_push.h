/*
 * image_push.h - storing decoded bytes into the kernel's page cache
 *
 * FUSE_NOTIFY_STORE gives the kernel pages of a file that nobody asked for.  For a
 * reader of a few bytes here and there it saves most requests, and decoding the
 * same block again for each.
 *
 * A store waits, without any way out, for pages that are locked, and a page is
 * locked while a READ of it is under way.  Hence three rules:
 *
 *  - only the helper stores, which answers nothing: whatever it waits for, the
 *    others will answer;
 *  - it has a /dev/fuse of its own (FUSE_DEV_IOC_CLONE): when the others are killed
 *    and theirs is closed, the kernel ends the requests they had taken;
 *  - those that nobody had taken are answered by the supervisor (image_rescue.h).
 */
#ifndef HOLDALL_IMAGE_PUSH_H
#define HOLDALL_IMAGE_PUSH_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a file, from a page's start on, to a page's end or the file's.
 * Negative errno: ENOENT, the kernel does not know the node (any more). */
int image_push(int fd, uint64_t node_id, uint64_t off, const void *data,
	       size_t len);

#endif
