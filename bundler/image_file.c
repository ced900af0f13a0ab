/*
 * image_file.c - see image_file.h
 *
 * The library calls from one thread only (workers compress, the caller's thread
 * writes), so there is no lock.  Deduplication takes written blocks back with
 * `truncate` and compares with read_at.
 */
#include "bundler/image_file.h"

#include <errno.h>
#include <sqfs/error.h>
#include <unistd.h>

#include "runtime/fd.h"

static int failed(struct image_file *f, int num)
{
	if (!f->error)
		f->error = num;
	return SQFS_ERROR_IO;
}

static int read_at(sqfs_file_t *base, sqfs_u64 off, void *buf, size_t len)
{
	struct image_file *f = (struct image_file *)base;
	int r;

	if (off > f->size || len > f->size - off)
		return SQFS_ERROR_OUT_OF_BOUNDS;
	r = fd_pread_all(f->fd, buf, len, f->start + off);
	return r < 0 ? failed(f, -r) : 0;
}

static int write_at(sqfs_file_t *base, sqfs_u64 off, const void *buf,
		    size_t len)
{
	struct image_file *f = (struct image_file *)base;
	int r = fd_pwrite_all(f->fd, buf, len, f->start + off);

	if (r < 0)
		return failed(f, -r);
	if (off + len > f->size)
		f->size = off + len;
	return 0;
}

static sqfs_u64 get_size(const sqfs_file_t *base)
{
	return ((const struct image_file *)base)->size;
}

static int set_size(sqfs_file_t *base, sqfs_u64 size)
{
	struct image_file *f = (struct image_file *)base;

	if (ftruncate(f->fd, (off_t)(f->start + size)) < 0)
		return failed(f, errno);
	f->size = size;
	return 0;
}

/* The object lies in the caller's struct: there is nothing to free. */
static void destroy(sqfs_object_t *o)
{
	(void)o;
}

void image_file_init(struct image_file *f, int fd, uint64_t start)
{
	*f = (struct image_file){
		.base = {
			.base.destroy = destroy,
			.read_at = read_at, .write_at = write_at,
			.get_size = get_size, .truncate = set_size,
		},
		.fd = fd, .start = start,
	};
}
