/*
 * tool.c - the caller's side of a tool run: starts, drains, watches, ends
 *
 * May do: everything the packer may; it reads nothing that the tool made but its
 * output, into bounded memory.
 * Descriptors: one end of a socket pair (the upper comes over it), read ends of
 * the status pipe and of the tool's output.
 * Pid 1 of the sandbox is born here and lives in tool_init.c.  It is ended by
 * SIGKILL at the deadline and whenever this function leaves early; it ends by
 * itself when this process dies.  Only when it has been waited for, and with it
 * everything in its pid namespace, does the caller get the upper: nobody writes to
 * it any more.  No wait is without end: whoever is told to stop does so even when
 * what was killed cannot end (frozen, or stuck in a file system).
 */
#include "launcher/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launcher/probe.h"
#include "launcher/record.h"
#include "launcher/tool_parts.h"
#include "runtime/buf.h"
#include "runtime/child.h"
#include "runtime/path.h"

#define TICK_MS 100
#define GONE_MS 5			/* between two looks at who was killed */
#define GIVE_UP_TICKS 100u		/* half a second */
#define END_TICKS 6000u			/* half a minute */

struct toolbox {
	const struct tool_run *run;
	pid_t pid;			/* pid 1, -1 when it has been waited for */
	int pidfd;
	int sock, status;		/* -1: closed, or at the end of file */
	int out, errors;
	int upper;
	struct buf out_text, errors_text;
	bool told;			/* the end is known: */
	struct init_message end;
};

#define TOOLBOX_INIT ((struct toolbox){ \
	.pid = -1, .pidfd = -1, .sock = -1, .status = -1, .out = -1, \
	.errors = -1, .upper = -1, .out_text = BUF_INIT, \
	.errors_text = BUF_INIT })

static void drop(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static bool told_to_stop(const struct toolbox *t)
{
	return t->run && t->run->stop && t->run->stop(t->run->stop_arg);
}

/* Waits for pid 1, which has been killed; false: it is still there after
 * `ticks`, or earlier when we are told to stop.  A process in a frozen cgroup, or
 * one that waits for a dead disk, ends only when that does; whoever packs must not
 * have to wait for it. */
static bool wait_gone(struct toolbox *t, unsigned ticks, bool ask)
{
	static const struct timespec tick = { .tv_nsec = GONE_MS * 1000000L };

	for (unsigned i = 0; i < ticks; i++) {
		/* With an error too: there is nobody to wait for. */
		if (waitpid(t->pid, NULL, WNOHANG) != 0) {
			t->pid = -1;
			return true;
		}
		if (ask && told_to_stop(t))
			return false;
		(void)nanosleep(&tick, NULL);
	}
	return false;
}

/* Whatever became of the run; who does not end now will by the signal, which
 * stays with it. */
static void give_up(struct toolbox *t)
{
	if (t->pid <= 0)
		return;
	(void)child_kill(t->pid, t->pidfd, SIGKILL);
	(void)wait_gone(t, GIVE_UP_TICKS, false);
	t->pid = -1;
}

/* After a run to its end: only when nobody is left may the upper be given. */
static int end_sandbox(struct toolbox *t, struct err *err)
{
	(void)child_kill(t->pid, t->pidfd, SIGKILL);
	if (wait_gone(t, END_TICKS, true))
		return 0;
	return told_to_stop(t) ? err_set(err, EINTR, "interrupted") :
	       err_set(err, ETIMEDOUT, "%s: its sandbox does not end, though "
		       "it was killed (a frozen cgroup? a disk that does not "
		       "answer?)", t->run->name);
}

static void toolbox_free(struct toolbox *t)
{
	give_up(t);
	drop(&t->pidfd);
	drop(&t->sock);
	drop(&t->status);
	drop(&t->out);
	drop(&t->errors);
	drop(&t->upper);
	buf_free(&t->out_text);
	buf_free(&t->errors_text);
}

void tool_result_free(struct tool_result *r)
{
	drop(&r->upper_fd);
	free(r->out);
	free(r->errors);
	*r = TOOL_RESULT_INIT;
}

/* ---- what is asked ---- */

static void set_defaults(struct tool_run *run)
{
	run->seconds = run->seconds ? run->seconds : 120;
	run->upper_bytes = run->upper_bytes ? run->upper_bytes :
					      (uint64_t)512 << 20;
	run->memory_bytes = run->memory_bytes ? run->memory_bytes :
						(uint64_t)4 << 30;
	run->processes = run->processes ? run->processes : 256;
	run->output_max = run->output_max ? run->output_max : 64 << 10;
}

static int check(const struct tool_run *run, struct err *err)
{
	if (!run->n_lowers || run->n_lowers > TOOL_LOWERS_MAX ||
	    run->n_binds > TOOL_BINDS_MAX || !run->argv || !run->argv[0] ||
	    run->argv[0][0] != '/')
		return err_set(err, EINVAL, "%s: not a sensible tool run",
			       run->name);
	for (size_t i = 0; i < run->n_binds; i++)
		if (!path_is_clean(run->binds[i].target, true) ||
		    !run->binds[i].target[1])
			return err_set(err, EINVAL, "%s: nothing can be laid "
				       "over %s", run->name,
				       run->binds[i].target);
	return 0;
}

/* ---- start ---- */

static int make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	*ret_read = p[0];
	*ret_write = p[1];
	return 0;
}

static int clone_init(struct toolbox *t, const struct plan *plan, int sock,
		      const int write_ends[3], struct err *err)
{
	struct tool_init_args args = {
		.run = t->run, .plan = plan, .sock = sock,
		.out = write_ends[0], .errors = write_ends[1],
		.status = write_ends[2],
	};
	pid_t pid = child_clone(plan->namespaces, &t->pidfd);

	if (pid == 0) {
		/* Else the end of file would never come. */
		(void)close(t->sock);
		tool_init_main(&args);
	}
	if (pid < 0)
		return probe_explain_refusal(REFUSED_CLONE, -pid, err);
	t->pid = pid;
	return 0;
}

static int start(struct toolbox *t, const struct plan *plan, struct err *err)
{
	int ends[3] = { -1, -1, -1 };
	int pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "cannot make a socket pair");
	t->sock = pair[0];
	r = make_pipe(&t->out, &ends[0], err);
	if (r == 0)
		r = make_pipe(&t->errors, &ends[1], err);
	if (r == 0)
		r = make_pipe(&t->status, &ends[2], err);
	if (r == 0)
		r = clone_init(t, plan, pair[1], ends, err);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		drop(&ends[i]);
	(void)close(pair[1]);
	return r;
}

/* ---- watch ---- */

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* One read; beyond the bound bytes are dropped, so that the tool never waits. */
static void take_text(int *fd, struct buf *to, size_t max)
{
	char space[16384];
	ssize_t n = fd_read(*fd, space, sizeof(space));

	if (n <= 0) {
		drop(fd);
		return;
	}
	if ((size_t)n > max - to->len)
		n = (ssize_t)(max - to->len);
	buf_add(to, space, (size_t)n);
}

static void take_upper(struct toolbox *t)
{
	char byte;

	if (t->upper < 0)
		(void)fd_recv(t->sock, &t->upper, &byte, 1);
	drop(&t->sock);
}

static void take_status(struct toolbox *t)
{
	struct init_message msg;

	if (fd_read_all(t->status, &msg, sizeof(msg)) < 0) {
		drop(&t->status);
		return;
	}
	if (msg.kind == INIT_STARTED) {
		take_upper(t);
		return;
	}
	/* The first word counts: after a failed exec comes its wait status. */
	if (t->told)
		return;
	t->told = true;
	t->end = msg;
	t->end.err.text[ERR_TEXT_MAX - 1] = '\0';
	err_printable(t->end.err.text);
}

static void take_some(struct toolbox *t, int timeout_ms)
{
	struct pollfd p[3] = { { .fd = t->status, .events = POLLIN },
			       { .fd = t->out, .events = POLLIN },
			       { .fd = t->errors, .events = POLLIN } };

	if (poll(p, ARRAY_SIZE(p), timeout_ms) <= 0)
		return;
	if (p[0].revents)
		take_status(t);
	if (p[1].revents)
		take_text(&t->out, &t->out_text, t->run->output_max);
	if (p[2].revents)
		take_text(&t->errors, &t->errors_text, t->run->output_max);
}

static bool all_read(const struct toolbox *t)
{
	return t->status < 0 && t->out < 0 && t->errors < 0;
}

/* Until all pipes are at their end, which they are when everything inside has
 * ended. */
static int watch(struct toolbox *t, struct err *err)
{
	uint64_t deadline = now_ms() + (uint64_t)t->run->seconds * 1000;

	while (!all_read(t)) {
		take_some(t, TICK_MS);
		if (told_to_stop(t))
			return err_set(err, EINTR, "interrupted");
		if (now_ms() < deadline)
			continue;
		return err_set(err, ETIMEDOUT, "%s: still running after %u "
			       "seconds; it was ended", t->run->name,
			       t->run->seconds);
	}
	return 0;
}

/* ---- how it ended ---- */

static int explain_end(const struct toolbox *t, struct err *err)
{
	const char *name = t->run->name;
	const char *program = t->run->argv ? t->run->argv[0] : "";

	if (!t->told)
		return err_set(err, EIO, "%s: its sandbox ended without a "
			       "word (out of memory?)", name);
	switch (t->end.kind) {
	case INIT_ENDED:
		return 0;
	case INIT_FAILED:
		*err = t->end.err;
		err->num = err->num > 0 ? err->num : EIO;
		return err_prefix(err, "%s", name);
	case INIT_EXEC_FAILED:
		if (t->end.value == ENOENT)
			return err_set(err, ENOENT, "%s: %s is not in the "
				       "tree, or its interpreter is not", name,
				       program);
		return err_sys(err, t->end.value, "%s: cannot execute %s",
			       name, program);
	case TOOL_TOO_MANY:
		return err_set(err, EAGAIN, "%s: more than %u processes at "
			       "once; it was ended", name,
			       t->run->processes);
	}
	return err_set(err, EIO, "%s: unknown end", name);
}

static int give(struct toolbox *t, struct tool_result *ret, struct err *err)
{
	struct tool_result r = { .upper_fd = -1 };

	if (t->upper < 0)
		return err_set(err, EIO, "%s: its written tree did not come",
			       t->run->name);
	r.status = t->end.value;
	r.out_len = t->out_text.len;
	r.errors_len = t->errors_text.len;
	/* An empty buffer has no memory yet. */
	buf_addc(&t->out_text, '\0');
	buf_addc(&t->errors_text, '\0');
	if (buf_check(&t->out_text, err) < 0 ||
	    buf_check(&t->errors_text, err) < 0)
		return -err->num;
	r.out = buf_steal(&t->out_text);
	r.errors = buf_steal(&t->errors_text);
	r.upper_fd = steal_fd(&t->upper);
	*ret = r;
	return 0;
}

static int run_plan(struct toolbox *t, const struct plan *plan,
		    struct err *err)
{
	int r = start(t, plan, err);

	if (r < 0)
		return err_prefix(err, "%s", t->run->name);
	r = watch(t, err);
	return r < 0 ? r : end_sandbox(t, err);
}

int tool_run(const struct tool_run *run, struct tool_result *ret,
	     struct err *err)
{
	CLEANUP(toolbox_free) struct toolbox t = TOOLBOX_INIT;
	CLEANUP_PLAN struct plan plan = PLAN_INIT;
	struct tool_run full = *run;
	int r;

	set_defaults(&full);
	t.run = &full;
	r = check(&full, err);
	if (r == 0)
		r = tool_plan(&full, geteuid(), getegid(), &plan, err);
	if (r == 0)
		r = run_plan(&t, &plan, err);
	if (r == 0)
		r = explain_end(&t, err);
	return r < 0 ? r : give(&t, ret, err);
}

/* ---- the usual demand ---- */

/* The last line that is not empty, cut for a message. */
static void last_line(const char *text, size_t len, char *ret, size_t size)
{
	size_t start;

	while (len > 0 && strchr("\n\r \t", text[len - 1]))
		len--;
	for (start = len; start > 0 && text[start - 1] != '\n'; start--)
		;
	(void)snprintf(ret, size, "%.*s", (int)(len - start > size ? size :
						len - start), text + start);
	err_printable(ret);
}

int tool_run_ok(const struct tool_run *run, struct tool_result *ret,
		struct err *err)
{
	CLEANUP_TOOL_RESULT struct tool_result t = TOOL_RESULT_INIT;
	char line[200];
	int r = tool_run(run, &t, err);

	if (r < 0)
		return r;
	if (t.status == 0) {
		*ret = t;
		t = TOOL_RESULT_INIT;
		return 0;
	}
	last_line(t.errors_len ? t.errors : t.out,
		  t.errors_len ? t.errors_len : t.out_len, line, sizeof(line));
	if (WIFSIGNALED(t.status))
		return err_set(err, EIO, "%s was ended by signal %d (%s)%s%s",
			       run->name, WTERMSIG(t.status),
			       strsignal(WTERMSIG(t.status)), *line ? ": " : "",
			       line);
	return err_set(err, EIO, "%s failed with status %d%s%s", run->name,
		       WEXITSTATUS(t.status), *line ? ": " : "", line);
}

int tool_possible(struct err *err)
{
	CLEANUP(toolbox_free) struct toolbox t = TOOLBOX_INIT;
	CLEANUP_PLAN struct plan plan = PLAN_INIT;
	struct tool_run run = { .name = "tools of packages" };
	int r;

	set_defaults(&run);
	t.run = &run;
	r = tool_plan(&run, geteuid(), getegid(), &plan, err);
	if (r == 0)
		r = run_plan(&t, &plan, err);
	if (r == 0 && t.upper < 0)
		r = explain_end(&t, err);
	return r;
}
