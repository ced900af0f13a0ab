/*
 * image_stream.c - the receiving side of the record stream
 *
 * Forks the jailed process with one pipe between, reads a head, then a body of
 * at most 256 KiB, and lets record_check judge it.  The first fault is the last
 * word: the process is killed when the stream is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image_child.h"
#include "runtime/image_format.h"
#include "runtime/image_records.h"
#include "runtime/text.h"

struct image_stream {
	pid_t pid;			/* -1: reaped */
	int pidfd;
	int fd;
	int failed;			/* -errno of the fault; it stays */
	struct record_check check;
	char name[256];			/* of the bundle, for messages */
	uint8_t body[RECORD_BODY_MAX];
};

static int start(struct image_stream *s, image_run *run,
		 const struct bundle *b, const char *path, int flags,
		 struct err *err)
{
	struct image_child c = { .bundle = b, .report = -1, .keep = -1,
				 .run = run, .path = path, .flags = flags };
	CLEANUP_FD int out = -1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make the image server's pipe");
	s->fd = fds[0];
	c.channel = out = fds[1];
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

bool image_stream_wait(const struct image_stream *s, int timeout_ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) != 0;
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

static int receive(struct image_stream *s, struct image_record *ret,
		   struct err *err)
{
	uint8_t head[RECORD_HEAD];
	uint32_t type = 0, len = 0;
	int r;

	if (s->pid < 0)
		return err_set(err, EIO, "%s: the image server is gone",
			       s->name);
	r = fd_read_all(s->fd, head, sizeof(head));
	if (!r) {
		type = le32(head);
		len = le32(head + 4);
		if (len > sizeof(s->body))
			return err_set(err, EBADMSG, "%s: the image server sent "
				       "a record of %u bytes", s->name, len);
		r = fd_read_all(s->fd, s->body, len);
	}
	if (r == -ENODATA)
		return explain_death(s, err);
	if (r < 0)
		return err_sys(err, -r, "%s: cannot read from the image server",
			       s->name);
	return record_check(&s->check, type, s->body, len, ret, err);
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
	r = receive(s, ret, err);
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
