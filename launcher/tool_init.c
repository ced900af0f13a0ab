/*
 * tool_init.c - pid 1 of a tool's sandbox: sets up, starts the tool, counts, ends
 *
 * May do: everything the set-up needs, with all capabilities of its user
 * namespace, until lock_up; then it only waits and counts.
 * Descriptors: status (write), the list of processes (read); sock until the upper
 * is handed over; 0 on the sandbox's /dev/null, 1 and 2 on the caller's pipes.
 * Watched by: the caller of tool_run (status pipe, deadline).  Ended by: the tool's
 * end, too many processes, SIGKILL by parent-death signal.  When it ends, the
 * kernel kills everything in the pid namespace.
 *
 * It is a copy of the packer, whose memory may hold a signing key: not dumpable
 * before the tool exists, so that nothing of it can be read through /proc.  hidepid
 * hides it there altogether, but not from root of the host (whose group is the one
 * that hidepid excepts), so its command line is wiped as well.
 *
 * Processes are limited twice.  RLIMIT_NPROC is exact, but the kernel does not
 * apply it to root of the host, and before Linux 5.14 it counts all processes of the
 * user.  So they are counted as well, fifty times a second.
 */
#include "launcher/tool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "launcher/command_line.h"
#include "launcher/executor.h"
#include "launcher/filters.h"
#include "launcher/landlock.h"
#include "launcher/record.h"
#include "runtime/child.h"
#include "runtime/fd.h"

#define COUNT_MS 20
#define FILES_MAX 1024u

static void tell(int status, unsigned kind, int value, const struct err *e)
{
	struct init_message msg = { .kind = kind, .value = value };

	if (e)
		msg.err = *e;
	(void)fd_write_all(status, &msg, sizeof(msg));
}

static void __attribute__((noreturn))
fail(const struct tool_init_args *a, const struct err *e)
{
	tell(a->status, INIT_FAILED, 0, e);
	_exit(125);
}

/* ---- descriptors ---- */

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all but 0-2, the two ways to the caller and the trees. */
static int close_others(const struct tool_init_args *a, bool trees,
			struct err *err)
{
	const struct tool_run *run = a->run;
	int keep[2 + TOOL_LOWERS_MAX + TOOL_BINDS_MAX];
	size_t n = 0;
	int r;

	keep[n++] = a->sock;
	keep[n++] = a->status;
	for (size_t i = 0; trees && i < run->n_lowers; i++)
		keep[n++] = run->lower_fds[i];
	for (size_t i = 0; trees && i < run->n_binds; i++)
		keep[n++] = run->binds[i].fd;
	qsort(keep, n, sizeof(keep[0]), ascending);
	r = fd_close_from(3, keep, n);
	return r < 0 ? err_sys(err, -r, "cannot close descriptors") : 0;
}

static int take_output(const struct tool_init_args *a, struct err *err)
{
	if (dup2(a->out, 1) < 0 || dup2(a->errors, 2) < 0)
		return err_sys(err, errno, "cannot redirect the output");
	return 0;
}

static int null_input(struct err *err)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 0) < 0)
		return err_sys(err, errno, "cannot open /dev/null");
	(void)close(fd);
	return 0;
}

/* ---- limits ---- */

/* From 5.14 on the kernel counts RLIMIT_NPROC per user namespace. */
static bool counts_by_namespace(void)
{
	struct utsname u;
	unsigned major, minor;

	return uname(&u) == 0 &&
	       sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 14));
}

static int limit(int which, rlim_t value, struct err *err)
{
	struct rlimit lim;

	if (getrlimit(which, &lim) < 0)
		return err_sys(err, errno, "cannot read a limit");
	if (lim.rlim_max == RLIM_INFINITY || lim.rlim_max > value)
		lim.rlim_max = value;
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(which, &lim) < 0)
		return err_sys(err, errno, "cannot set a limit");
	return 0;
}

/* Of the tool alone, so that pid 1 is not bound by them. */
static int set_limits(const struct tool_run *run, struct err *err)
{
	int r = limit(RLIMIT_CORE, 0, err);

	if (r == 0)
		r = limit(RLIMIT_AS, run->memory_bytes, err);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, run->upper_bytes, err);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, FILES_MAX, err);
	if (r == 0 && counts_by_namespace())
		r = limit(RLIMIT_NPROC, run->processes, err);
	return r;
}

/* All its processes together may take any memory: then one of them shall end, and
 * nothing of the user's.  Whether that is possible is no condition. */
static void die_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)fd_write_all(fd, "1000", 4);
	if (fd >= 0)
		(void)close(fd);
}

/* ---- set-up ---- */

static int lock_up(struct err *err)
{
	static const int std[] = { 0, 1, 2 };
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "cannot set no_new_privs");
	r = landlock_confine(std, ARRAY_SIZE(std), err);
	if (r < 0)
		return r;
	r = caps_drop_all(err);
	command_line_hide("holdall-tool");
	(void)prctl(PR_SET_NAME, "holdall-tool", 0, 0, 0);
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "cannot hide the memory");
	return r;
}

/* Should: leave nothing of the host but the pipes.  Mustn't: keep a tree. */
static int set_up(const struct tool_init_args *a, DIR **ret_procs,
		  struct err *err)
{
	int handed[HANDED_N] = { -1, -1 };
	int r;

	(void)umask(022);
	die_first();
	r = take_output(a, err);
	if (r == 0)
		r = close_others(a, true, err);
	if (r == 0)
		r = executor_identity(a->plan, err);
	if (r == 0)
		r = executor_tree(a->plan, handed, err);
	if (r == 0)
		r = executor_names(a->plan, err);
	if (r == 0)
		r = null_input(err);
	if (r < 0)
		return r;
	r = fd_send(a->sock, handed[HANDED_UPPER], "", 1);
	if (r < 0)
		return err_sys(err, -r, "cannot hand over the written tree");
	*ret_procs = fdopendir(fcntl(handed[HANDED_PROC], F_DUPFD_CLOEXEC,
				     3));
	if (!*ret_procs)
		return err_sys(err, errno, "cannot open /proc");
	for (size_t i = 0; i < HANDED_N; i++)
		(void)close(handed[i]);
	for (size_t i = 0; i < a->run->n_lowers; i++)
		(void)close(a->run->lower_fds[i]);
	for (size_t i = 0; i < a->run->n_binds; i++)
		(void)close(a->run->binds[i].fd);
	return lock_up(err);
}

/* ---- the tool ---- */

static void __attribute__((noreturn))
tool_main(const struct tool_init_args *a)
{
	struct err err = { 0 };

	(void)setsid();
	child_reset_signals();
	if (set_limits(a->run, &err) < 0)
		fail(a, &err);
	(void)fd_cloexec_from(3);
	/* In a session of its own kill(0) reaches only itself. */
	if (filters_install_app(FILTER_SCOPED, &err) < 0)
		fail(a, &err);
	(void)execve(a->plan->argv.v[0], a->plan->argv.v, a->plan->envp.v);
	tell(a->status, INIT_EXEC_FAILED, errno, NULL);
	_exit(126);
}

/* ---- pid 1's own life ---- */

static unsigned count(DIR *procs)
{
	struct dirent *de;
	unsigned n = 0;

	rewinddir(procs);
	while ((de = readdir(procs)))
		n += de->d_name[0] >= '1' && de->d_name[0] <= '9';
	return n;
}

/* Takes in all children that ended; true when the tool has. */
static bool reap(pid_t tool, int *ret_status)
{
	bool ended = false;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0)
			return ended;
		if (pid == tool) {
			*ret_status = status;
			ended = true;
		}
	}
}

static void __attribute__((noreturn))
watch(const struct tool_init_args *a, pid_t tool, DIR *procs)
{
	const struct timespec wait = { .tv_nsec = COUNT_MS * 1000000L };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	for (;;) {
		int status = 0;

		if (reap(tool, &status)) {
			tell(a->status, INIT_ENDED, status, NULL);
			_exit(0);
		}
		/* Pid 1 is one more. */
		if (count(procs) > a->run->processes + 1) {
			tell(a->status, TOOL_TOO_MANY, 0, NULL);
			_exit(0);
		}
		(void)sigtimedwait(&set, NULL, &wait);
	}
}

static void block_child(void)
{
	sigset_t set;

	child_reset_signals();
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

void tool_init_main(const struct tool_init_args *a)
{
	struct pollfd gone = { .fd = a->sock };
	struct err err = { 0 };
	DIR *procs = NULL;
	pid_t tool;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* A parent that died before the line above: only the socket tells. */
	if (poll(&gone, 1, 0) > 0 && gone.revents & POLLHUP)
		_exit(125);
	(void)setsid();
	block_child();
	if (set_up(a, &procs, &err) < 0)
		fail(a, &err);
	tell(a->status, INIT_STARTED, 0, NULL);
	(void)close(a->sock);
	if (!a->run->argv)		/* a trial: see tool_possible */
		_exit(0);
	tool = fork();
	if (tool < 0) {
		(void)err_sys(&err, errno, "cannot start it: fork");
		fail(a, &err);
	}
	if (tool == 0)
		tool_main(a);
	watch(a, tool, procs);
}
