/*
 * debian_tool.c - see debian_tool.h
 *
 * The child stays in our process group, so Ctrl-C on a terminal reaches apt as
 * it would without us; our own end is asked for ten times a second.
 */
#include "bundler/debian_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/child.h"
#include "runtime/fd.h"

#define TICK_MS 100
#define GRACE_TICKS 5u			/* between SIGTERM and SIGKILL */
#define KILLED_TICKS 2u

struct tool {
	pid_t pid;
	int out, err;			/* read ends, -1: at their end */
};

void tool_output_free(struct tool_output *o)
{
	buf_free(&o->out);
	buf_free(&o->err);
}

static void __attribute__((noreturn)) run_child(const struct strlist *argv,
						int out, int err, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	child_reset_signals();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || null < 0 || dup2(null, 0) < 0 ||
	    dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	(void)setenv("LC_ALL", "C", 1);
	(void)setenv("DEBIAN_FRONTEND", "noninteractive", 1);
	(void)fd_cloexec_from(3);
	(void)execvp(argv->v[0], argv->v);
	_exit(errno == ENOENT ? 127 : 126);
}

static int start(const struct strlist *argv, struct tool *ret,
		 struct err *err)
{
	CLEANUP_FD int out = -1;
	CLEANUP_FD int out_child = -1;
	CLEANUP_FD int errs = -1;
	CLEANUP_FD int errs_child = -1;
	int p[2];
	pid_t pid, parent = getpid();

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	out = p[0];
	out_child = p[1];
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	errs = p[0];
	errs_child = p[1];
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "cannot start %s", argv->v[0]);
	if (pid == 0)
		run_child(argv, out_child, errs_child, parent);
	*ret = (struct tool){ .pid = pid, .out = steal_fd(&out),
			      .err = steal_fd(&errs) };
	return 0;
}

/* One read; beyond the bound the bytes are dropped. */
static void take(int *fd, struct buf *to)
{
	char space[65536];
	ssize_t n = fd_read(*fd, space, sizeof(space));

	if (n <= 0) {
		(void)close(*fd);
		*fd = -1;
	} else if (to->len + (size_t)n < to->max) {
		buf_add(to, space, (size_t)n);
	}
}

/* True when it has ended (or was never there) within so many ticks. */
static bool is_gone(pid_t pid, unsigned ticks)
{
	static const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	int status;

	for (unsigned i = 0; i < ticks; i++) {
		if (waitpid(pid, &status, WNOHANG) != 0)
			return true;
		(void)nanosleep(&tick, NULL);
	}
	return false;
}

/* Without end for nobody: what is frozen, or waits for a dead disk, does not even
 * end by SIGKILL, which stays with it. */
static int end_child(pid_t pid, struct err *err)
{
	(void)kill(pid, SIGTERM);
	if (!is_gone(pid, GRACE_TICKS)) {
		(void)kill(pid, SIGKILL);
		(void)is_gone(pid, KILLED_TICKS);
	}
	return -err->num;
}

static int read_all(struct tool *t, const struct notes *notes,
		    struct tool_output *o, struct err *err)
{
	while (t->out >= 0 || t->err >= 0) {
		struct pollfd p[2] = { { .fd = t->out, .events = POLLIN },
				       { .fd = t->err, .events = POLLIN } };

		if (poll(p, 2, TICK_MS) > 0) {
			if (p[0].revents)
				take(&t->out, &o->out);
			if (p[1].revents)
				take(&t->err, &o->err);
		}
		if (notes_check(notes, err) < 0)
			return -err->num;
	}
	return 0;
}

static int wait_end(struct tool *t, const struct notes *notes, int *ret,
		    struct err *err)
{
	static const struct timespec tick = { .tv_nsec = 5000000L };
	pid_t pid;

	while ((pid = waitpid(t->pid, ret, WNOHANG)) == 0) {
		(void)nanosleep(&tick, NULL);
		if (notes_check(notes, err) < 0)
			return -err->num;
	}
	return pid < 0 ? err_sys(err, errno, "cannot wait for a program") : 0;
}

static int finish(const struct strlist *argv, int status,
		  struct tool_output *o, struct err *err)
{
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) :
		    128 + WTERMSIG(status);
	if (o->status == 127)
		return err_set(err, ENOENT, "%s is not on this computer; "
			       "packages are fetched through apt, install it "
			       "or use `dir` and `files`", argv->v[0]);
	if (buf_check(&o->out, err) < 0 || buf_check(&o->err, err) < 0)
		return -err->num;
	return 0;
}

int tool_capture(const struct strlist *argv, const struct notes *notes,
	     struct tool_output *ret, struct err *err)
{
	struct tool t;
	int status, r;

	ret->out.len = ret->err.len = 0;
	r = start(argv, &t, err);
	if (r < 0)
		return r;
	r = read_all(&t, notes, ret, err);
	if (r == 0)
		r = wait_end(&t, notes, &status, err);
	if (t.out >= 0)
		(void)close(t.out);
	if (t.err >= 0)
		(void)close(t.err);
	if (r == -EINTR)
		return end_child(t.pid, err);
	return r < 0 ? r : finish(argv, status, ret, err);
}
