/*
 * disk_room.h - how much of a disk the content of an image or package may take
 *
 * A file of some KiB can unpack to a TiB.  What is unpacked leaves the last 5 % of
 * the disk, 1 GiB at most, and the last 5 % of its inodes alone; the first 64 MiB
 * and 65536 entries may go anywhere.  Holes take nothing and are not counted.
 */
#ifndef HOLDALL_DISK_ROOM_H
#define HOLDALL_DISK_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/err.h"

struct disk_room {
	uint64_t written, asked_at;	/* bytes; when the disk was looked at */
	uint64_t entries;
};

/* Before len bytes, or one more entry, go to the disk of `fd`.  -ENOSPC: they must
 * not. */
int disk_room_bytes(struct disk_room *d, int fd, size_t len, struct err *err);
int disk_room_entry(struct disk_room *d, int fd, struct err *err);

#endif
