/*
 * fd.c - whole reads and writes, standard descriptors, passing (see fd.h)
 */
#include "runtime/fd.h"
#include "runtime/raw_syscall.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CLOSE_RANGE_CLOEXEC_ 4u

ssize_t fd_read(int fd, void *buf, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int fd_read_all(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = fd_read(fd, p, len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ENODATA;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_pread_all(int fd, void *buf, size_t len, uint64_t off)
{
	char *p = buf;

	if (off > INT64_MAX || len > INT64_MAX - off)
		return -EOVERFLOW;
	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_pwrite_all(int fd, const void *buf, size_t len, uint64_t off)
{
	const char *p = buf;

	if (off > INT64_MAX || len > INT64_MAX - off)
		return -EOVERFLOW;
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_slurp(int fd, size_t max, char **ret_data, size_t *ret_len)
{
	CLEANUP_FREE char *data = NULL;
	size_t len = 0, cap = 0;

	for (;;) {
		ssize_t n;

		if (len + 1 >= cap) {
			size_t want = cap ? cap * 2 : 4096;
			char *p;

			if (want > max + 2)
				want = max + 2;
			p = realloc(data, want);
			if (!p)
				return -ENOMEM;
			data = p;
			cap = want;
		}
		n = fd_read(fd, data + len, cap - len - 1);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	data[len] = '\0';
	*ret_data = steal_ptr(&data);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_ensure_std(void)
{
	for (int i = 0; i <= 2; i++) {
		int fd;

		if (fcntl(i, F_GETFD) >= 0)
			continue;
		/* The lowest free number, so i itself. */
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -errno;
		if (fd != i) {
			(void)close(fd);
			return -EBADF;
		}
	}
	return 0;
}

/* The slow way: every open descriptor by name.  The kernel's list is read
 * whole before anything is closed, for closing while reading skips. */
static int each_fd(int from, int (*fn)(int fd, void *arg), void *arg)
{
	CLEANUP_DIR DIR *dir = opendir("/proc/self/fd");
	int fds[1024];
	size_t n = 0;
	struct dirent *de;

	if (!dir)
		return -errno;
	while ((de = readdir(dir)) && n < ARRAY_SIZE(fds)) {
		int fd = atoi(de->d_name);

		if (de->d_name[0] >= '0' && de->d_name[0] <= '9' &&
		    fd >= from && fd != dirfd(dir))
			fds[n++] = fd;
	}
	for (size_t i = 0; i < n; i++)
		(void)fn(fds[i], arg);
	return n == ARRAY_SIZE(fds) ? -EMFILE : 0;
}

static int set_cloexec(int fd, void *arg UNUSED)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int fd_cloexec_from(int from)
{
	if (syscall(SYS_close_range, (unsigned)from, ~0u,
		    CLOSE_RANGE_CLOEXEC_) == 0)
		return 0;
	return each_fd(from, set_cloexec, NULL);
}

struct keep_list {
	const int *fds;
	size_t n;
};

static int close_unless_kept(int fd, void *arg)
{
	const struct keep_list *keep = arg;

	for (size_t i = 0; i < keep->n; i++)
		if (keep->fds[i] == fd)
			return 0;
	return close(fd);
}

int fd_close_from(int from, const int *keep, size_t n_keep)
{
	struct keep_list list = { keep, n_keep };
	unsigned first = (unsigned)from;

	for (size_t i = 0; i <= n_keep; i++) {
		unsigned last = i < n_keep ? (unsigned)keep[i] - 1 : ~0u;

		if (i < n_keep && keep[i] < (int)first)
			continue;
		if (first <= last &&
		    !(i < n_keep && (unsigned)keep[i] == first) &&
		    syscall(SYS_close_range, first, last, 0u) < 0)
			return each_fd((int)first, close_unless_kept, &list);
		if (i < n_keep)
			first = (unsigned)keep[i] + 1;
	}
	return 0;
}

union cmsg_fd {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

int fd_send(int sock, int fd, const void *data, size_t len)
{
	union cmsg_fd control = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	long n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do {
		n = raw_syscall(SYS_sendmsg, sock, (long)&msg, MSG_NOSIGNAL, 0);
	} while (n == -EINTR);
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

int fd_recv(int sock, int *ret_fd, void *data, size_t len)
{
	union cmsg_fd control = { 0 };
	struct iovec iov = { data, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c;
	ssize_t n;
	int fd = -1;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	if (n == 0) {
		if (fd >= 0)
			(void)close(fd);
		return -ENODATA;
	}
	if ((size_t)n != len || fd < 0 || msg.msg_flags & MSG_TRUNC) {
		if (fd >= 0)
			(void)close(fd);
		return -EPROTO;
	}
	*ret_fd = fd;
	return 0;
}
