/*
 * disk_room.c - see disk_room.h
 */
#include "launcher/disk_room.h"

#include <errno.h>
#include <sys/statvfs.h>

#define BYTES_FREE ((uint64_t)64 << 20)
#define BYTES_STEP ((uint64_t)16 << 20)
#define ENTRIES_FREE 65536u
#define ENTRIES_STEP 4096u
#define KEEP_PART 20u
#define KEEP_MAX ((uint64_t)1 << 30)

int disk_room_bytes(struct disk_room *d, int fd, size_t len, struct err *err)
{
	struct statvfs v;
	uint64_t unit, keep;

	d->written += len;
	if (d->written <= BYTES_FREE || d->written - d->asked_at < BYTES_STEP)
		return 0;
	d->asked_at = d->written;
	/* A disk that cannot say is not protected. */
	if (fstatvfs(fd, &v) < 0)
		return 0;
	unit = v.f_frsize ? v.f_frsize : v.f_bsize;
	keep = (uint64_t)v.f_blocks * unit / KEEP_PART;
	if (keep > KEEP_MAX)
		keep = KEEP_MAX;
	if ((uint64_t)v.f_bavail * unit >= keep)
		return 0;
	return err_set(err, ENOSPC, "after %llu MiB the disk is nearly full: its "
		       "last %llu MiB are kept free",
		       (unsigned long long)(d->written >> 20),
		       (unsigned long long)(keep >> 20));
}

int disk_room_entry(struct disk_room *d, int fd, struct err *err)
{
	struct statvfs v;

	if (d->entries++ < ENTRIES_FREE || d->entries % ENTRIES_STEP ||
	    fstatvfs(fd, &v) < 0 || v.f_favail >= v.f_files / KEEP_PART)
		return 0;
	return err_set(err, ENOSPC, "after %llu entries the disk has nearly no "
		       "inodes left: the last %u %% are not used for an image",
		       (unsigned long long)d->entries, 100 / KEEP_PART);
}
