/*
 * image_stream.c - the receiving side of the record stream
 *
 * Forks the jailed process with one pipe between, reads a head, then a body of
 * at most 256 KiB, and lets record_check judge it.  The first fault is the last
 * word: the process is killed when the stream is closed.
 *
 * A process that was taken over may send half a record, or nothing.  So the pipe
 * does not block, and whoever waits asks the caller several times a second whether
 * it shall go on; a record that is not whole after SILENCE_MS ends the stream.
 * When the caller dies, the process is killed by the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image_child.h"
#include "runtime/image_format.h"
#include "runtime/image_records.h"
#include "runtime/text.h"

#define STEP_MS 200
#define SILENCE_MS 120000

struct image_stream {
	pid_t pid;			/* -1: reaped */
	int pidfd;
	int fd;
	int failed;			/* -errno of the fault; it stays */
	image_stop *stop;		/* or NULL */
	void *stop_arg;
	struct record_check check;
	char name[256];			/* of the bundle, for messages */
	uint8_t body[RECORD_BODY_MAX];
};

static int start(struct image_stream *s, image_run *run,
		 const struct bundle *b, const char *path, int flags,
		 struct err *err)
{
	struct image_child c = { .bundle = b, .report = -1, .keep = -1,
				 .run = run, .path = path, .flags = flags,
				 .ends_with_us = true };
	CLEANUP_FD int out = -1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make the image server's pipe");
	s->fd = fds[0];
	c.channel = out = fds[1];
	/* Of our end alone. */
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, errno, "cannot set up the image server's "
			       "pipe");
	/* Room for one record: fewer switches.  Only a wish. */
	(void)fcntl(out, F_SETPIPE_SZ, (int)RECORD_BODY_MAX * 2);
	pid = image_child_fork(&c, &s->pidfd, err);
	if (pid < 0)
		return pid;
	s->pid = pid;
	return 0;
}

int image_stream_open_by(image_run *run, const struct bundle *b,
			 const char *path, int flags,
			 struct image_stream **ret, struct err *err)
{
	struct image_stream *s = malloc(sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	s->pid = -1;
	s->pidfd = s->fd = -1;
	s->failed = 0;
	s->stop = NULL;
	memset(&s->check, 0, sizeof(s->check));
	s->check.flags = flags;
	s->check.name = text_quoted(s->name, sizeof(s->name), b->name);
	r = start(s, run, b, path, flags, err);
	if (r < 0) {
		image_stream_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

int image_stream_open(const struct bundle *b, const char *path, int flags,
		      struct image_stream **ret, struct err *err)
{
	return image_stream_open_by(image_walk_run, b, path, flags, ret, err);
}

void image_stream_stop(struct image_stream *s, image_stop *stop, void *arg)
{
	s->stop = stop;
	s->stop_arg = arg;
}

static int64_t now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until there is something to read, or a moment has gone by. */
static int wait_some(struct image_stream *s, int64_t *waited, struct err *err)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	int64_t start = now_ms(), ms;
	int r = s->stop ? s->stop(s->stop_arg, err) : 0;

	if (r < 0)
		return r;
	(void)poll(&p, 1, STEP_MS);
	/* While we were stopped (Ctrl-Z) nobody waited. */
	ms = now_ms() - start;
	*waited += ms < STEP_MS ? ms : STEP_MS;
	if (*waited < SILENCE_MS)
		return 0;
	return err_set(err, ETIMEDOUT, "%s: the image server has not answered "
		       "for %d seconds; the image may be made to attack its "
		       "reader", s->name, SILENCE_MS / 1000);
}

/* The pipe ended before END: how did the process? */
static int explain_death(struct image_stream *s, struct err *err)
{
	int status, r;

	(void)child_kill(s->pid, s->pidfd, SIGKILL);
	r = child_wait(s->pid, &status);
	s->pid = -1;
	if (r < 0)
		return err_sys(err, -r, "%s: cannot wait for the image server",
			       s->name);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		return err_set(err, EIO, "%s: the image server died of signal "
			       "%d; the image may be made to attack its reader",
			       s->name, WTERMSIG(status));
	return err_set(err, EIO, "%s: the image server ended too early",
		       s->name);
}

/* Exactly these bytes; `waited` counts for the whole record. */
static int read_some(struct image_stream *s, void *buf, size_t len,
		     int64_t *waited, struct err *err)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = fd_read(s->fd, p, len);
		int r;

		if (n == 0)
			return explain_death(s, err);
		if (n < 0 && n != -EAGAIN)
			return err_sys(err, (int)-n, "%s: cannot read from the "
				       "image server", s->name);
		if (n < 0) {
			r = wait_some(s, waited, err);
			if (r < 0)
				return r;
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive(struct image_stream *s, struct image_record *ret,
		   struct err *err)
{
	uint8_t head[RECORD_HEAD];
	int64_t waited = 0;
	uint32_t len;
	int r;

	if (s->pid < 0)
		return err_set(err, EIO, "%s: the image server is gone",
			       s->name);
	r = read_some(s, head, sizeof(head), &waited, err);
	if (r < 0)
		return r;
	len = le32(head + 4);
	if (len > sizeof(s->body))
		return err_set(err, EBADMSG, "%s: the image server sent "
			       "a record of %u bytes", s->name, len);
	r = read_some(s, s->body, len, &waited, err);
	if (r < 0)
		return r;
	return record_check(&s->check, le32(head), s->body, len, ret, err);
}

int image_stream_next(struct image_stream *s, struct image_record *ret,
		      struct err *err)
{
	int r;

	if (s->failed)
		return err_set(err, -s->failed, "%s: the stream has failed",
			       s->name);
	if (s->check.done) {
		*ret = (struct image_record){ .type = IMAGE_END };
		return 0;
	}
	do {
		r = receive(s, ret, err);
	} while (r > 0 && ret->type == IMAGE_NOTHING);
	if (r < 0)
		s->failed = r;
	return r;
}

void image_stream_close(struct image_stream *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	if (s->pid > 0) {
		(void)child_kill(s->pid, s->pidfd, SIGKILL);
		(void)child_wait(s->pid, NULL);
	}
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
	free(s);
}
