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

int entry_open(const struct entry *e, int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (e->content.kind == CONTENT_MEMORY)
		return open_memory(e, ret_fd, err);
	if (e->content.kind != CONTENT_BENEATH)
		return err_set(err, EINVAL, "/%s has no content", e->path);
	r = path_open_beneath(e->content.base_fd, e->content.rel,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
			      0, &fd, err);
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
	int r = entry_open(e, &fd, err);

	if (r == 0)
		r = entry_read(e, fd, buf, len, 0, err);
	if (r == 0)
		*ret_len = len;
	return r;
}
