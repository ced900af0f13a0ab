/*
 * image_push.c - see image_push.h
 *
 * #syscalls writev
 */
#include "runtime/image_push.h"

#include <errno.h>
#include <linux/fuse.h>
#include <sys/uio.h>

int image_push(int fd, uint64_t node_id, uint64_t off, const void *data,
	       size_t len)
{
	struct fuse_notify_store_out out = {
		.nodeid = node_id, .offset = off, .size = (uint32_t)len,
	};
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + sizeof(out) + len),
		.error = FUSE_NOTIFY_STORE,
	};
	const struct iovec iov[] = {
		{ &head, sizeof(head) },
		{ &out, sizeof(out) },
		{ (void *)(uintptr_t)data, len },
	};

	return writev(fd, iov, 3) < 0 ? -errno : 0;
}
