/*
 * image_records.h - the record stream between the jailed process and its caller
 *
 * A record is a head of 8 bytes and a body, all little-endian:
 *
 *	u32 type, u32 length of the body
 *	ENTRY	u32 mode, nlink, ino, mtime; u64 size; u16 path, u16 target length;
 *		u32 zero; path; target; if it was asked for, u64 ref
 *	DATA	1 to 256 KiB of the last entry's bytes, in order
 *	HOLE	u32 number, 1 to 2^26, of zeros that come next in it; only where the
 *		caller asked for holes (IMAGE_STREAM_HOLES)
 *	ALIVE	empty; still checking (IMAGE_STREAM_CHECK)
 *	END	empty; nothing follows
 *	FAULT	u32 errno, text; nothing follows
 *
 * The sender may have been taken over by the image it reads.  So the receiver
 * believes nothing: struct record_check holds all that it demands of the order,
 * without any system call, so that it can be fuzzed.
 */
#ifndef HOLDALL_IMAGE_RECORDS_H
#define HOLDALL_IMAGE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/err.h"
#include "runtime/image.h"
#include "runtime/image_reader.h"

enum record_type {
	RECORD_ENTRY = 1,
	RECORD_DATA,
	RECORD_END,
	RECORD_FAULT,
	RECORD_HOLE,
	RECORD_ALIVE,
};

#define RECORD_HEAD 8u
#define RECORD_BODY_MAX IMAGE_READ_MAX
#define RECORD_ENTRIES_MAX (1u << 24)
#define RECORD_BYTES_MAX (UINT64_C(1) << 40)	/* of all files together */
#define RECORD_HOLE_MAX (1u << 26)
#define RECORD_ALIVE_EVERY (64u << 20)	/* bytes checked */
#define RECORD_ALIVE_MAX (2u * (unsigned)(RECORD_BYTES_MAX / RECORD_ALIVE_EVERY))

/* Sending: 0 or -errno (-EPIPE: nobody reads any more). */
int record_send_entry(int fd, const char *path, const char *target,
		      const struct stat *st, const uint64_t *ref);
int record_send_data(int fd, const struct image_slices *slices);
int record_send_hole(int fd, uint32_t len);
int record_send_alive(int fd);
int record_send_end(int fd);
int record_send_fault(int fd, const struct err *err);

/*
 * Receiving.  Entries come in walk order: the first is the one asked for; each
 * later one lies directly in the directory before it, or in one above, behind
 * the name that came last there.  So parents come first and are directories, no
 * path comes twice, and none leaves the first.
 */
struct record_check {
	const char *name;		/* of the bundle */
	int flags;			/* enum image_stream_flags */
	bool any, done;
	size_t top;			/* length of the first path */
	uint32_t entries, alive;
	uint64_t total;			/* bytes of all files so far */
	uint64_t left;			/* bytes of the last file to come */
	struct stat st;			/* of the last entry */
	char path[IMAGE_PATH_MAX + 1];	/* of the last entry */
	char next[IMAGE_PATH_MAX + 1];
	char target[IMAGE_TARGET_MAX + 1];
};

/* 1: a record, which points into the check and the body (RECORD_ALIVE is none: its
 * type is IMAGE_NOTHING); 0: the end; -errno. */
int record_check(struct record_check *c, uint32_t type, const uint8_t *body,
		 size_t len, struct image_record *ret, struct err *err);

#endif
