/*
 * profile.h - the launch profile as a text: what a start reads, in order
 *
 * Made by `holdall profile`, read by `holdall pack --profile`; docs/format.md has
 * the grammar.  Paths and blocks of files, no places in an image, so that it
 * serves the next version of an app too:
 *
 *	holdall-profile 1
 *	list /usr/bin
 *	node /usr/bin/python3.11
 *	read /usr/bin/python3.11 0
 *	read /usr/bin/python3.11 4-9
 *
 * The reader takes the text as hostile: it may come with somebody's sources.
 */
#ifndef HOLDALL_PROFILE_H
#define HOLDALL_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/err.h"
#include "runtime/image_trace.h"

#define PROFILE_FIRST_LINE "holdall-profile 1"
#define PROFILE_TEXT_MAX (8u << 20)
#define PROFILE_LINES_MAX IMAGE_TRACE_MAX
#define PROFILE_PATH_MAX 4095u
#define PROFILE_BLOCK_UNIT IMAGE_TRACE_UNIT
#define PROFILE_BLOCK_MAX ((1u << 24) - 1)

struct profile_entry {
	enum image_trace_kind kind;
	char *path;			/* relative and clean; "" is the root */
	uint32_t first, last;		/* READ: blocks of PROFILE_BLOCK_UNIT */
};

struct profile {
	struct profile_entry *v;
	size_t n, cap;
};

#define PROFILE_INIT ((struct profile){ 0 })
void profile_free(struct profile *p);
#define CLEANUP_PROFILE CLEANUP(profile_free)

/* Behind the last entry; a block behind the last entry's becomes part of it. */
int profile_add(struct profile *p, enum image_trace_kind kind,
		const char *path, uint32_t block, struct err *err);

void profile_format(const struct profile *p, struct buf *ret);
/* Messages begin with "NAME:LINE: ". */
int profile_parse(const char *name, const char *text, size_t len,
		  struct profile *ret, struct err *err);

#endif
