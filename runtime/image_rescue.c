/*
 * image_rescue.c - ends a server that was killed while it pushed
 *
 * The helper's store into the page cache waits, unkillable, for pages that are
 * locked, and a page is locked until the READ that wants it is answered.  When the
 * server is killed, its main /dev/fuse is closed and the kernel ends every request
 * that was taken through it.  Those that nobody had taken, and those that come
 * after, wait in the kernel's queue; the helper keeps the connection alive, so it
 * is not aborted, and the process does not die.  Unmounting would wait for the
 * helper too.
 *
 * So the mounter has left another /dev/fuse of the connection in the start
 * socket, unread, and the supervisor has kept a copy of that end of the socket.
 * Here it is taken out, and all requests are refused through it until the process
 * is gone.  With the last of these descriptors the kernel then aborts the
 * connection.
 *
 * What is read is written by the kernel; of an app's names only a length is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/wait.h>

#include "runtime/fd.h"
#include "runtime/image.h"

#define REQUEST_MAX 8192u		/* FUSE_MIN_READ_BUFFER */
#define ROUNDS_MAX 400u
#define ROUND_MS 5

/* Dead, whether or not it has been waited for. */
static bool gone(const struct image_server *s)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
	siginfo_t info = { .si_pid = 0 };

	if (s->pid <= 0)
		return true;
	if (s->pidfd >= 0)
		return poll(&p, 1, 0) > 0;
	return waitid(P_PID, (id_t)s->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

/* The spare, or -1: the server was never given a mount. */
static int take_spare(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int fd = -1, next;
	char byte;

	/* What lies before it was for the server, which is dead. */
	while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) &&
	       fd_recv(sock, &next, &byte, sizeof(byte)) == 0) {
		if (fd >= 0)
			(void)close(fd);
		fd = next;
	}
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Refuses what waits now; false: the connection is gone. */
static bool refuse_all(int fd)
{
	_Alignas(8) uint8_t space[REQUEST_MAX];
	const struct fuse_in_header *q = (const void *)space;

	for (;;) {
		ssize_t n = read(fd, space, sizeof(space));
		struct fuse_out_header no = {
			.len = sizeof(no), .error = -ENOTCONN,
		};

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ||
			       errno == ENOENT;
		if (n < (ssize_t)sizeof(*q) || q->opcode == FUSE_FORGET ||
		    q->opcode == FUSE_BATCH_FORGET ||
		    q->opcode == FUSE_INTERRUPT)
			continue;
		no.unique = q->unique;
		(void)!write(fd, &no, sizeof(no));
	}
}

void image_server_rescue(struct image_server *s)
{
	int fd = s->child_sock < 0 ? -1 : take_spare(s->child_sock);

	for (unsigned i = 0; i < ROUNDS_MAX && !gone(s); i++) {
		struct pollfd p[] = {
			{ .fd = s->pidfd, .events = POLLIN },
			{ .fd = fd, .events = POLLIN },
		};

		if (fd >= 0 && !refuse_all(fd)) {
			(void)close(fd);
			fd = p[1].fd = -1;
		}
		(void)poll(p, 2, ROUND_MS);
	}
	if (fd >= 0)
		(void)close(fd);
	if (s->child_sock >= 0)
		(void)close(s->child_sock);
	s->child_sock = -1;
}
