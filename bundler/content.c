/*
 * content.c - the bytes of an entry (declared in tree.h)
 *
 * Files are opened through the one door, beneath their source's directory,
 * following no link, and only if they are regular: a source may be somebody
 * else's tree, and a FIFO there must not hang us.  Their size is compared with
 * what it was when the entry was added, because the image's block lists are made
 * from it and a file that grows under our hands is not what anybody meant.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bundler/tree.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define PART_MEMORY_MAX (UINT64_C(16) << 20)
#define PART_CHUNK ((size_t)256 << 10)

static int open_memory(const struct entry *e, int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = memfd_create("holdall-entry", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "cannot make a memory file");
	r = fd_write_all(fd, e->content.data, (size_t)e->content.size);
	if (r < 0)
		return err_sys(err, -r, "cannot write a memory file");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* A file of its own that goes with its descriptor. */
static int open_nameless(const struct content *c)
{
	int fd = -1;

	if (c->size > PART_MEMORY_MAX)
		fd = openat(c->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
			    0600);
	return fd >= 0 ? fd : memfd_create("holdall-entry", MFD_CLOEXEC);
}

static bool is_zero(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

/* Whoever opens an entry reads it from 0 to its end.  Zeros are not written: a file
 * of holes, however large, must not fill the disk. */
static int open_part(const struct entry *e, int *ret_fd, struct err *err)
{
	const struct content *c = &e->content;
	CLEANUP_FD int fd = open_nameless(c);
	CLEANUP_FREE uint8_t *buf = malloc(PART_CHUNK);
	int r = 0;

	if (!buf)
		return err_nomem(err);
	if (fd < 0 || ftruncate(fd, (off_t)c->size) < 0)
		return err_sys(err, errno, "cannot make a file for /%s",
			       e->path);
	for (uint64_t off = 0; r == 0 && off < c->size; off += PART_CHUNK) {
		size_t n = c->size - off < PART_CHUNK ?
			(size_t)(c->size - off) : PART_CHUNK;

		r = fd_pread_all(c->base_fd, buf, n, c->part_off + off);
		if (r == 0 && !is_zero(buf, n))
			r = fd_pwrite_all(fd, buf, n, off);
	}
	if (r < 0)
		return err_sys(err, -r, "cannot make a file for /%s", e->path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* In the words of the manifest: FOLDER/FILE, or the path on this computer. */
static int not_ours(const struct entry *e, struct err *err)
{
	const struct origin *o = e->origin;
	bool dir = o && o->kind == ORIGIN_DIR;

	return err_sys(err, err->num, "cannot read %s/%s", dir ? o->name : "",
		       e->content.rel);
}

int entry_open(const struct entry *e, int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (e->content.kind == CONTENT_MEMORY)
		return open_memory(e, ret_fd, err);
	if (e->content.kind == CONTENT_PART)
		return open_part(e, ret_fd, err);
	if (e->content.kind != CONTENT_BENEATH)
		return err_set(err, EINVAL, "/%s has no content", e->path);
	r = path_open_beneath(e->content.base_fd, e->content.rel,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
			      0, &fd, err);
	if (r == -EACCES && e->origin && (e->origin->kind == ORIGIN_DIR ||
					  e->origin->kind == ORIGIN_FILES))
		return not_ours(e, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s",
			       e->content.rel);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != e->content.size)
		return err_set(err, ESTALE,
			       "%s has changed while it was packed; pack again",
			       e->content.rel);
	*ret_fd = steal_fd(&fd);
	return 0;
}

static void lay_patch(const struct patch *p, uint8_t *buf, size_t len,
		      uint64_t off)
{
	for (uint64_t i = 0; i < p->len; i++) {
		uint64_t at = p->off + i;

		if (at >= off && at - off < len)
			buf[at - off] = p->bytes[i];
	}
}

int entry_read(const struct entry *e, int fd, void *buf, size_t len,
	       uint64_t off, struct err *err)
{
	int r = fd_pread_all(fd, buf, len, off);

	if (r == -ENODATA)
		return err_set(err, ESTALE,
			       "/%s became shorter while it was packed; pack "
			       "again", e->path);
	if (r < 0)
		return err_sys(err, -r, "cannot read /%s", e->path);
	lay_patch(&e->content.patch, buf, len, off);
	return 0;
}

int entry_read_head(const struct entry *e, void *buf, size_t max,
		    size_t *ret_len, struct err *err)
{
	CLEANUP_FD int fd = -1;
	size_t len = e->content.size < max ? (size_t)e->content.size : max;
	int r;

	/* Not all of a part for the sake of its first bytes. */
	if (e->content.kind == CONTENT_PART) {
		r = fd_pread_all(e->content.base_fd, buf, len,
				 e->content.part_off);
		if (r < 0)
			return err_sys(err, -r, "cannot read /%s", e->path);
		lay_patch(&e->content.patch, buf, len, 0);
		*ret_len = len;
		return 0;
	}
	r = entry_open(e, &fd, err);
	if (r == 0)
		r = entry_read(e, fd, buf, len, 0, err);
	if (r == 0)
		*ret_len = len;
	return r;
}
