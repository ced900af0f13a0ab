/*
 * image_trace.h - what the jailed server is asked, noted in shared memory
 *
 * The launcher makes the memory before it forks the server and reads it when the
 * app has ended; the server only ever adds.  So the jail needs no descriptor and
 * no call for it but a clock.  An entry names its object by inode number: the
 * launcher finds the path itself, in a listing of the image.
 *
 * To the launcher the content is hostile: image_trace_count bounds it, and
 * nothing but numbers is in it.
 */
#ifndef HOLDALL_IMAGE_TRACE_H
#define HOLDALL_IMAGE_TRACE_H

#include <stdint.h>

#include "runtime/err.h"

#define IMAGE_TRACE_MAX 65536u		/* events; what is more is not noted */
#define IMAGE_TRACE_UNIT (128u << 10)	/* bytes of a file in one block */

enum image_trace_kind {
	TRACE_LIST,			/* a listing was searched or read */
	TRACE_NODE,			/* an inode was looked at */
	TRACE_READ,			/* block `block` of a file was read */
};

struct image_trace_event {
	uint32_t ino;
	uint32_t kind_block;		/* kind in the upper 4 bits */
	uint32_t time_ms;		/* since the trace was made; wraps */
};

struct image;
struct image_trace;

/* Shared with every process forked from here on. */
int image_trace_new(struct image_trace **ret, struct err *err);
void image_trace_free(struct image_trace *t);

/* In the server, by any thread; t may be NULL. */
void image_trace_note(struct image_trace *t, enum image_trace_kind kind,
		      uint32_t ino, uint32_t block);
/* One event for each block of a read. */
void image_trace_read(struct image_trace *t, uint32_t ino, uint64_t off,
		      uint64_t len);

/* The trace of an image that is served, or NULL. */
void image_trace_attach(struct image *im, struct image_trace *t);
struct image_trace *image_trace_of(const struct image *im);

/* In the launcher.  Copies: the server may still write. */
uint32_t image_trace_count(const struct image_trace *t);
struct image_trace_event image_trace_get(const struct image_trace *t,
					 uint32_t i);
static inline unsigned image_trace_kind(struct image_trace_event e)
{
	return e.kind_block >> 28;
}
static inline uint32_t image_trace_block(struct image_trace_event e)
{
	return e.kind_block & 0xfffffff;
}

#endif
