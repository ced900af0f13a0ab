/*
 * init.c - pid 1 of the sandbox: sets up, starts the app, reaps, ends
 *
 * May do: see FILTER "init" in syscalls.table once the app runs; before that,
 * everything the set-up needs, with all capabilities of its user namespace.
 * Descriptors: control (read), status (write), the home's lock; 0-2 on /dev/null
 * after the fork.
 * Watched by: the supervisor (pidfd, status pipe).  Ended by: the app's end, end of
 * file on the control pipe (the supervisor is gone), SIGKILL by parent-death
 * signal.  When it ends, the kernel kills everything in the pid namespace.
 *
 * The stages, and why in this order:
 *  1. descriptors: what is the supervisor's own is closed (the id maps are
 *     written by then: namespaces.h);
 *  2. mounts: needs capabilities and the host's root;
 *  3. lock-up: no capabilities, no_new_privs, Landlock: before any fork, so that
 *     the app and whatever is started later share one Landlock domain and may
 *     signal each other;
 *  4. the app is forked while this process is still in the caller's session and
 *     process group, which the app must keep (Ctrl-Z, pipelines, tcsetpgrp); only
 *     then this process takes a session of its own and its own filter.
 */
#include "launcher/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "launcher/command_line.h"
#include "launcher/executor.h"
#include "launcher/filters.h"
#include "launcher/landlock.h"
#include "launcher/record.h"
#include "launcher/side_work.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/memory.h"

static void tell(int status, enum init_kind kind, int value,
		 const struct err *e)
{
	struct init_message msg = { .kind = kind, .value = value };

	if (e)
		msg.err = *e;
	(void)fd_write_all(status, &msg, sizeof(msg));
}

static void fail(const struct init_args *a, const struct err *e)
{
	tell(a->status, INIT_FAILED, 0, e);
	_exit(125);
}

/* ---- descriptors ---- */

static void replace_std(unsigned which)
{
	int fd = which ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

	for (int i = 0; fd >= 0 && i <= 2; i++)
		if (which & 1u << i)
			(void)dup2(fd, i);
	/* No /dev/null: closed is still better than passed. */
	for (int i = 0; fd < 0 && i <= 2; i++)
		if (which & 1u << i)
			(void)close(i);
}

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* What the supervisor had open is no business of the sandbox: the bundle, folders
 * of the state.  The home's lock stays, so that it is held until the last process
 * here is gone, whatever happens to the supervisor. */
static int close_others(const struct init_args *a, struct err *err)
{
	int keep[64 + 5];
	size_t n = 0;
	int r;

	keep[n++] = a->control;
	keep[n++] = a->status;
	keep[n++] = a->ns->channel;
	if (a->start_sock >= 0)
		keep[n++] = a->start_sock;
	if (a->lock >= 0)
		keep[n++] = a->lock;
	for (size_t i = 0; i < a->plan->n_keep_fds && n < ARRAY_SIZE(keep); i++)
		keep[n++] = a->plan->keep_fds[i];
	for (size_t i = 0; i < a->plan->n_setup_fds && n < ARRAY_SIZE(keep);
	     i++)
		keep[n++] = a->plan->setup_fds[i];
	qsort(keep, n, sizeof(keep[0]), ascending);
	r = fd_close_from(3, keep, n);
	return r < 0 ? err_sys(err, -r, "cannot close descriptors") : 0;
}

/* ---- stage 3 ---- */

/* Gives back only the access that each inherited descriptor was opened with:
 * /proc/self/fd would else reopen a host file with more (see landlock.h). */
static int lock_up(const struct init_args *a, unsigned *ret_relax,
		   struct err *err)
{
	const struct plan *p = a->plan;
	int fds[3 + 64];
	size_t n = 0;
	int r;

	for (int fd = 0; fd <= 2; fd++)
		fds[n++] = fd;
	for (size_t i = 0; i < p->n_keep_fds && n < ARRAY_SIZE(fds); i++)
		fds[n++] = p->keep_fds[i];
	replace_std(p->null_fds);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "cannot set no_new_privs");
	r = landlock_confine(fds, n, err);
	if (r < 0)
		return r;
	/* Where Landlock ends signals at the border, the filter need not refuse
	 * kill(0), which a shell inside may want for its own jobs. */
	*ret_relax = p->relax | (r & LANDLOCK_SIGNALS ? landlock_relax() : 0);
	return caps_drop_all(err);
}

/* ---- stage 4: the app ---- */

/* Ignored HUP, INT and QUIT stay ignored: that is how nohup and a shell's `&`
 * ask for it.  Anything else starts from the default, so that a parent that
 * ignored SIGPIPE or SIGCHLD or blocked signals does not break the app. */
static void app_signals(void)
{
	static const int kept[] = { SIGHUP, SIGINT, SIGQUIT };
	struct sigaction old[ARRAY_SIZE(kept)];

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		(void)sigaction(kept[i], NULL, &old[i]);
	child_reset_signals();
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (old[i].sa_handler == SIG_IGN)
			(void)sigaction(kept[i], &old[i], NULL);
}

/* execvp over the plan's folders.  Returns the errno that says most: a file that
 * is there but cannot be executed counts more than one that is not. */
static int exec_app(const struct plan *p)
{
	char *const *argv = p->argv.v;
	char *const *envp = p->envp.v;
	int seen = ENOENT;

	if (strchr(argv[0], '/')) {
		(void)execve(argv[0], argv, envp);
		return errno;
	}
	for (size_t i = 0; i < p->path.n; i++) {
		char file[4096];
		int n = snprintf(file, sizeof(file), "%s/%s", p->path.v[i],
				 argv[0]);

		if (n < 0 || (size_t)n >= sizeof(file))
			continue;
		(void)execve(file, argv, envp);
		if (errno != ENOENT && errno != ENOTDIR)
			seen = errno;
		if (errno == E2BIG || errno == ENOMEM)
			break;
	}
	return seen;
}

/* Mustn't: hold any descriptor but 0-2 and the named ones after exec. */
static void app_main(const struct init_args *a, unsigned relax)
	__attribute__((noreturn));
static void app_main(const struct init_args *a, unsigned relax)
{
	const struct plan *p = a->plan;
	struct err err = { 0 };
	int fds[64 + 1];
	size_t n = 0;

	/* A working directory that is not there inside (a folder of the host's
	 * /usr, say) leaves the app in "/", where enter_new_root went. */
	if (p->workdir)
		(void)chdir(p->workdir);
	for (size_t i = 0; i < p->n_keep_fds && n < 64; i++)
		if (p->keep_fds[i] != a->status)
			fds[n++] = p->keep_fds[i];
	(void)fd_cloexec_from(3);
	for (size_t i = 0; i < n; i++)
		(void)fcntl(fds[i], F_SETFD, 0);
	app_signals();
	if (filters_install_app(relax, &err) < 0)
		fail(a, &err);
	/* From here, before the app's first instruction: whoever sees the app do
	 * something can be sure that the supervisor hands signals on. */
	tell(a->status, INIT_STARTED, 0, NULL);
	tell(a->status, INIT_EXEC_FAILED, exec_app(p), NULL);
	_exit(126);
}

/* ---- pid 1's own life ---- */

static void drop_std(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i <= 2; i++)
		(void)dup2(fd, i);
	if (fd > 2)
		(void)close(fd);
}

/* Takes in every child that changed; true when the app has ended. */
static bool reap(const struct init_args *a, pid_t app, int *ret_status)
{
	bool ended = false;

	for (;;) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED);

		if (pid <= 0)
			return ended;
		if (pid != app)
			continue;
		if (WIFSTOPPED(status)) {
			tell(a->status, INIT_STOPPED, WSTOPSIG(status), NULL);
		} else {
			*ret_status = status;
			ended = true;
		}
	}
}

/* One byte from the supervisor is one signal for the app; end of file means
 * that the supervisor is gone, and everything here ends. */
static void take_control(const struct init_args *a, pid_t app)
{
	unsigned char sig;
	ssize_t n = fd_read(a->control, &sig, 1);

	if (n <= 0)
		_exit(125);
	if (sig > 0 && sig < NSIG)
		(void)kill(app, sig);
}

static void watch(const struct init_args *a, pid_t app, int signals)
{
	struct pollfd fds[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = a->control, .events = POLLIN },
	};

	for (;;) {
		struct signalfd_siginfo info;
		int status = 0;

		if (memory_poll(fds, 2) < 0) {
			if (errno != EINTR)
				_exit(125);
			/* What was seen before says nothing now, and a read
			 * would wait. */
			continue;
		}
		if (fds[0].revents & POLLIN) {
			(void)fd_read(signals, &info, sizeof(info));
			if (reap(a, app, &status)) {
				tell(a->status, INIT_ENDED, status, NULL);
				_exit(0);
			}
		}
		if (fds[1].revents)
			take_control(a, app);
	}
}

static int child_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The umask of the set-up is 022, whatever the caller's. */
static int set_up(const struct init_args *a, unsigned *ret_relax,
		  struct err *err)
{
	const struct plan *p = a->plan;
	struct side_work side = SIDE_WORK_INIT;
	int r;

	side.place = a->ns->place;
	(void)umask(022);
	r = close_others(a, err);
	if (r == 0)
		r = executor_mounts(p, a->start_sock, a->lock, &side, err);
	/* Also after a failure: the helper runs on a stack of this frame. */
	side_work_join(&side);
	if (r == 0)
		r = namespaces_enter(a->ns, p->namespaces, err);
	if (r == 0)
		r = executor_names(p, err);
	if (r == 0)
		r = lock_up(a, ret_relax, err);
	(void)umask(p->umask);
	return r;
}

/* vfork: the child runs on this memory until it execs, so nothing is copied
 * (0.1-0.2 ms of page tables and faults).  It makes system calls only, and this
 * process has nothing to do before. */
static pid_t start_app(const struct init_args *a, const unsigned relax)
{
	const pid_t app = vfork();

	if (app == 0)
		app_main(a, relax);
	return app;
}

void init_main(const struct init_args *a)
{
	struct err err = { 0 };
	struct pollfd gone = { .fd = a->control };
	unsigned relax = 0;
	int signals;
	pid_t app;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* getppid() is 0 here, so only the pipe tells of a parent that died
	 * before the line above. */
	if (poll(&gone, 1, 0) > 0 && gone.revents & POLLHUP)
		_exit(125);
	if (set_up(a, &relax, &err) < 0)
		fail(a, &err);
	signals = child_signals();
	if (signals < 0) {
		(void)err_sys(&err, errno, "cannot make a signalfd");
		fail(a, &err);
	}
	/* Before the app exists: it could else read this process's memory and
	 * environment, which are the caller's.  Its own execve makes it dumpable
	 * again. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	command_line_hide("holdall-init");
	placement_free(&a->ns->place, 0);
	app = start_app(a, relax);
	if (app < 0) {
		(void)err_sys(&err, errno, "cannot start the app: vfork");
		fail(a, &err);
	}
	(void)setsid();
	(void)prctl(PR_SET_NAME, "holdall-init", 0, 0, 0);
	drop_std();
	if (filters_install_init(&err) < 0)
		fail(a, &err);
	watch(a, app, signals);
	_exit(125);
}
