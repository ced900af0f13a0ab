/*
 * debian_deb_records.h - what the jailed reader of a .deb tells the packer
 *
 *	.deb --> deb_read in a jail (libarchive) --pipe--> deb_unpack --> folder
 *
 * libarchive and its decompressors work on bytes that a stranger made, so they do
 * it in a process that can read the .deb, write to a pipe and nothing else.  What comes
 * over the pipe is a sequence of records in the machine's own layout, each followed by
 * path_len bytes of path and target_len of target, without NUL:
 *
 *	DEB_ARCHIVE	mode: 0 control.tar, 1 data.tar; its entries follow
 *	DEB_FILE	then DEB_DATA records, `size` bytes in all, and DEB_FILE_END
 *	DEB_DATA	`size` bytes follow, at most DEB_CHUNK
 *	DEB_DIR, DEB_LINK (target), DEB_HARD_LINK (target), DEB_OTHER
 *	DEB_FAILED	mode: errno; path: why, for people
 *	DEB_END
 *
 * The reader is believed nothing: whoever owns it can only say what a .deb could have
 * said as well.  All rules about names, links and numbers are the packer's.
 */
#ifndef HOLDALL_DEBIAN_DEB_RECORDS_H
#define HOLDALL_DEBIAN_DEB_RECORDS_H

#include <stdint.h>
#include <sys/types.h>

#include "bundler/notes.h"
#include "runtime/err.h"

#define DEB_CHUNK 65536u
#define DEB_NAME_MAX 65535u		/* of a path or target as it stands */

enum deb_kind {
	DEB_ARCHIVE = 1,
	DEB_FILE,
	DEB_DATA,
	DEB_FILE_END,
	DEB_DIR,
	DEB_LINK,
	DEB_HARD_LINK,
	DEB_OTHER,
	DEB_FAILED,
	DEB_END,
};

struct deb_record {
	uint32_t kind;
	uint32_t mode;
	int64_t mtime;
	uint64_t size;
	uint32_t path_len;
	uint32_t target_len;
};

/* The reader: the whole .deb as records, the last of them DEB_END or DEB_FAILED.  No
 * more than `max` bytes are written.  Opens nothing and calls nobody: in a jail or
 * beside one (fuzzing).  0, or a negative errno when `out_fd` takes no more. */
int deb_read(int deb_fd, int out_fd, uint64_t max);

/* The reader in its jail: reads `deb_fd`, whose offset it moves.  *ret_fd is the end
 * of the pipe to read from. */
int deb_reader_start(int deb_fd, pid_t *ret_pid, int *ret_fd,
		     struct err *err);

/* Gives up everything but reading deb_fd and writing out_fd, for good. */
int deb_reader_lock_up(int deb_fd, int out_fd, struct err *err);

/* The packer's side: takes the records from `in_fd` and lays the package out, as
 * deb_unpack of debian_deb.h.  -ENODATA: they ended before DEB_END. */
int deb_take(int in_fd, const char *name, int dir_fd,
	     const struct notes *notes, struct err *err);

#endif
