/*
 * supervisor.c - starts, forwards, watches, undoes (see supervisor.h)
 *
 * May do: everything the caller may; it reads nothing that an app wrote but the
 * fixed messages of pid 1 and lines of the image server.
 * Descriptors: 2 for messages (0 and 1 are given up once the app runs, so that a
 * pipe's other end sees the app's end and not ours), control, status, report.
 * Watched by: the caller; pid 1 and the image server end with it.
 *
 * Signals are blocked and read from a signalfd.  One that the terminal sent
 * (SI_KERNEL) reached the app too, for it is in the same process group; one that
 * a process sent to us alone is forwarded through pid 1, which alone knows that
 * the app's pid is still the app's.  A stop is copied, not forwarded: when the app
 * has stopped, we stop ourselves, so that the shell sees the job stopped exactly
 * when it is.
 *
 * An image server may have been taken over by its image.  What it says has a bound;
 * whether it answers the app, nobody can see, but when somebody who was killed
 * cannot die for SILENCE_MS, it is taken for silent, and ended.  With pid 1 gone it
 * has nothing more to do and is ended too.
 */
#include "launcher/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "launcher/init.h"
#include "launcher/stuck.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/memory.h"

#define INIT_END_MS 200
#define STATS_MS 1000
#define REPORT_MAX (32u << 10)		/* bytes; an honest server: half of it */
#define LOOK_MS 250
#define SILENCE_MS 5000
#define LOOKS_MAX 120u			/* after the last signal */

static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP,
	SIGWINCH, SIGALRM,
};

static void signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		(void)sigaddset(set, forwarded[i]);
	(void)sigaddset(set, SIGCHLD);
}

void supervisor_block_signals(void)
{
	sigset_t set;

	signal_set(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	/* A signal may come for an app that has just ended, and pid 1 with it:
	 * writing to it then is no reason to die. */
	(void)signal(SIGPIPE, SIG_IGN);
}

/* ---- start ---- */

static void init_child(const struct plan *p, struct namespaces *ns,
		       struct record *rec, int control, int status)
{
	struct init_args args = {
		.plan = p, .ns = ns, .start_sock = rec->server.start_sock,
		.control = control, .status = status,
		.lock = rec->home ? rec->home->lock_fd : -1,
	};

	init_main(&args);
}

int supervisor_start(const struct plan *p, struct namespaces *ns,
		     struct record *rec, struct err *err)
{
	int control[2], status[2];
	pid_t pid;

	if (pipe2(control, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	if (pipe2(status, O_CLOEXEC) < 0) {
		(void)err_sys(err, errno, "cannot make a pipe");
		(void)close(control[0]);
		(void)close(control[1]);
		return -err->num;
	}
	pid = namespaces_clone(ns, p->namespaces, &rec->init_pidfd, err);
	if (pid == 0) {
		(void)close(control[1]);
		(void)close(status[0]);
		init_child(p, ns, rec, control[0], status[1]);
	}
	(void)close(control[0]);
	(void)close(status[1]);
	rec->control = control[1];
	rec->status = status[0];
	if (pid < 0)
		return pid;
	rec->init = pid;
	/* pid 1 writes its own maps, through /proc/self of its own. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Only pid 1 may still hand a descriptor to the server: if it dies
	 * before, the server sees the end of file and ends too. */
	if (rec->server.start_sock >= 0) {
		(void)close(rec->server.start_sock);
		rec->server.start_sock = -1;
	}
	return 0;
}

/* ---- watch ---- */

struct watcher {
	const struct plan *plan;
	struct record *rec;
	int signals;
	bool ended;		/* pid 1 is gone */
	bool started;		/* the app runs and gets the terminal's signals */
	bool told;		/* the end of the app is known */
	char report[1024];	/* what the server said before the start */
	bool server_lost;
	const char *lost_how;	/* or NULL: it died */
	size_t said;		/* bytes of reports */
	unsigned looks;		/* left to do; see look_for_stuck */
	unsigned silent_ms;	/* so long was somebody stuck */
	int status;		/* wait status of the app */
	struct err fault;	/* num != 0: the sandbox failed */
};

/* A server that somebody stopped keeps whoever reads waiting in the kernel, deaf
 * to SIGKILL, and would stay behind itself. */
static void wake_server(const struct record *rec)
{
	if (rec->server.pid > 0)
		(void)child_kill(rec->server.pid, rec->server.pidfd, SIGCONT);
}

static void forward(struct watcher *w, int sig)
{
	unsigned char byte = (unsigned char)sig;

	if (w->rec->control >= 0)
		(void)fd_write_all(w->rec->control, &byte, 1);
}

/* There is no app yet that the terminal could have reached: what ends a program
 * ends the start (a server that does not answer must not make it hang), the rest
 * waits in the pipe. */
static void signal_before_start(struct watcher *w, int sig)
{
	struct sigaction now;

	/* Blocked, it comes here even if the caller had it ignored (nohup). */
	if (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		return;
	switch (sig) {
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTERM:
	case SIGALRM:
	case SIGUSR1:
	case SIGUSR2:
		w->told = true;
		w->status = sig;
		(void)child_kill(w->rec->init, w->rec->init_pidfd, SIGKILL);
		break;
	default:
		forward(w, sig);
	}
}

static void take_status(struct watcher *w);

/* Whether the app has been started, though nobody has looked since. */
static bool started_by_now(struct watcher *w)
{
	struct pollfd p = { .fd = w->rec->status, .events = POLLIN };

	while (!w->started && w->rec->status >= 0 && poll(&p, 1, 0) > 0) {
		take_status(w);
		p.fd = w->rec->status;
	}
	return w->started;
}

/* A signal and the news of the start wait side by side: did the terminal's reach the
 * app too?  Twice is better than not at all. */
static void take_signal(struct watcher *w)
{
	const bool early = !w->started;
	struct signalfd_siginfo info;

	if (fd_read(w->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		return;
	wake_server(w->rec);
	w->looks = LOOKS_MAX;
	if (early && !started_by_now(w)) {
		signal_before_start(w, (int)info.ssi_signo);
		return;
	}
	/* The terminal's went to the app too: same process group.  But when it
	 * is gone, the kernel tells the session's leader alone. */
	if (early || info.ssi_code != SI_KERNEL ||
	    (info.ssi_signo == SIGHUP && getsid(0) == getpid()))
		forward(w, (int)info.ssi_signo);
}

static void exec_failed(struct watcher *w, int num)
{
	const char *name = w->plan->argv.v[0];

	if (num == ENOENT || num == ENOTDIR) {
		(void)err_set(&w->fault, num, "%s: not found in the bundle",
			      name);
		(void)err_status(&w->fault, 127);
	} else if (num == E2BIG) {
		(void)err_set(&w->fault, num, "%s: argument list too long",
			      name);
		(void)err_status(&w->fault, 125);
	} else {
		(void)err_sys(&w->fault, num, "%s: cannot be executed", name);
		(void)err_status(&w->fault, 126);
	}
}

/* Stops as the app did.  SIGTSTP is blocked here, and SIGSTOP looks the same to
 * a shell; the SIGCONT that wakes us has woken the app too. */
static void stop_like_app(void)
{
	sigset_t pending;

	/* A stop of the whole group (SIGTTIN) has stopped us already, and a
	 * SIGCONT since then makes this message an old one. */
	if (sigpending(&pending) == 0 && sigismember(&pending, SIGCONT))
		return;
	(void)kill(getpid(), SIGSTOP);
}

/* One line for the user, whatever the server wrote. */
static void say_lines(char *text)
{
	char *line, *save = NULL;

	err_printable(text);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		dprintf(STDERR_FILENO, "holdall: %s\n", line);
}

static void flush_report(struct watcher *w)
{
	say_lines(w->report);
	w->report[0] = '\0';
}

static void take_status(struct watcher *w)
{
	struct init_message msg;

	if (fd_read_all(w->rec->status, &msg, sizeof(msg)) < 0) {
		(void)close(w->rec->status);
		w->rec->status = -1;
		return;
	}
	switch (msg.kind) {
	case INIT_FAILED:
		msg.err.text[ERR_TEXT_MAX - 1] = '\0';
		err_printable(msg.err.text);
		w->fault = msg.err;
		break;
	case INIT_STARTED:
		w->started = true;
		image_server_settle(&w->rec->server);
		flush_report(w);
		break;
	case INIT_EXEC_FAILED:
		exec_failed(w, msg.value);
		break;
	case INIT_STOPPED:
		/* Read late, after all has ended, it is no reason to stop. */
		if (!w->ended)
			stop_like_app();
		break;
	case INIT_ENDED:
		if (!w->told)
			w->status = msg.value;
		w->told = true;
		w->looks = LOOKS_MAX;
		break;
	}
}

static void server_gone(struct watcher *w, int status);

/* No line can come any more: the server is dead, or nearly.  What it leaves
 * unanswered the app must not live to see, as far as that is in our hands: pid 1 is
 * waited for, and with it all of its namespace; not for long, for it may hang on
 * those answers itself. */
static void report_ended(struct watcher *w)
{
	struct pollfd init = { .fd = w->rec->init_pidfd, .events = POLLIN };
	pid_t pid = w->rec->server.pid;
	int status;

	(void)close(w->rec->server.report);
	w->rec->server.report = -1;
	if (pid <= 0)
		return;
	/* A server that has only closed its pipe was taken over. */
	(void)child_kill(pid, w->rec->server.pidfd, SIGKILL);
	if (w->rec->init > 0)
		(void)child_kill(w->rec->init, w->rec->init_pidfd, SIGKILL);
	(void)poll(&init, 1, INIT_END_MS);
	image_server_rescue(&w->rec->server);
	if (waitpid(pid, &status, WNOHANG) == pid)
		server_gone(w, status);
}

/* Lines of the image server are messages for the user. */
static void take_report(struct watcher *w)
{
	char line[1024];
	ssize_t n = fd_read(w->rec->server.report, line, sizeof(line) - 1);

	if (n <= 0) {
		report_ended(w);
		return;
	}
	line[n] = '\0';
	w->said += (size_t)n;
	if (w->said > REPORT_MAX) {
		w->lost_how = "sent more messages than it has";
		report_ended(w);
		return;
	}
	if (w->started)
		say_lines(line);
	else
		(void)snprintf(w->report, sizeof(w->report), "%s", line);
}

/* Before the start the server's own line says why, and is the only one. */
static void server_fault(struct watcher *w)
{
	while (w->rec->server.report >= 0)
		take_report(w);
	w->report[strcspn(w->report, "\n")] = '\0';
	if (w->started)
		(void)err_set(&w->fault, EIO, "the image server %s; the app "
			      "was ended", w->lost_how ? w->lost_how : "died");
	else
		(void)err_set(&w->fault, EIO, "%s", w->report[0] ? w->report :
			      "the image server died before the start");
}

static void init_gone(struct watcher *w, int status)
{
	w->ended = true;
	w->rec->init = -1;
	/* Messages written before the end are still in the pipes. */
	while (w->rec->status >= 0)
		take_status(w);
	if (w->fault.num && !w->started && w->rec->server.report >= 0)
		take_report(w);
	if (w->told || (w->fault.num && !w->report[0]))
		return;
	if (w->server_lost || (w->fault.num && w->report[0])) {
		server_fault(w);
		return;
	}
	if (WIFEXITED(status)) {
		(void)err_set(&w->fault, EIO, "pid 1 of the sandbox ended "
			      "without a message (status %d)",
			      WEXITSTATUS(status));
		return;
	}
	/* Killed from outside: the app ended with it, of the same signal. */
	w->told = true;
	w->status = WTERMSIG(status);
}

static void server_gone(struct watcher *w, int status)
{
	w->rec->server.pid = -1;
	if (w->ended || w->told)
		return;
	/* With its mount gone it ends well, and is seen here before pid 1 that
	 * was killed and took the mount along. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	/* Without its image the app cannot go on: open gives ENOTCONN, a mapped
	 * page SIGBUS.  One clear line instead of that. */
	w->server_lost = true;
	(void)child_kill(w->rec->init, w->rec->init_pidfd, SIGKILL);
}

static void reap(struct watcher *w)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0)
			return;
		if (pid == w->rec->server.pid)
			server_gone(w, status);
		else if (pid == w->rec->init)
			init_gone(w, status);
	}
}

/* The app was told to end and cannot: it waits for the image server. */
static void look_for_stuck(struct watcher *w)
{
	if (!w->looks || w->rec->init <= 0 || w->rec->server.pid <= 0)
		return;
	w->looks--;
	if (!stuck_in_kernel(w->rec->init)) {
		w->silent_ms = 0;
		return;
	}
	w->silent_ms += LOOK_MS;
	if (w->silent_ms < SILENCE_MS)
		return;
	w->looks = 0;
	w->lost_how = "did not answer";
	(void)child_kill(w->rec->server.pid, w->rec->server.pidfd, SIGKILL);
}

static void watch_once(struct watcher *w)
{
	struct pollfd fds[3] = {
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = w->rec->status, .events = POLLIN },
		{ .fd = w->rec->server.report, .events = POLLIN },
	};

	int n = w->looks ? poll(fds, 3, LOOK_MS) : memory_poll(fds, 3);

	if (n == 0)
		look_for_stuck(w);
	if (n <= 0)
		return;
	/* A signal that came before the start must not be taken for one that
	 * reached the app, however late we are. */
	if (!w->started && poll(fds, 1, 0) > 0) {
		take_signal(w);
		reap(w);
		return;
	}
	if (fds[2].revents)
		take_report(w);
	if (fds[1].revents)
		take_status(w);
	if (fds[0].revents) {
		take_signal(w);
		reap(w);
	}
}

/* The other end of a pipe on 0 or 1 must see the app's end, not ours. */
static void give_up_std(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dup2(fd, 0);
	(void)dup2(fd, 1);
	(void)close(fd);
}

static int64_t now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* With the mount gone the server says what it did, and ends. */
static void take_stats(struct watcher *w)
{
	int64_t end = now_ms() + STATS_MS, left = STATS_MS;

	while (w->rec->server.report >= 0 && left > 0) {
		struct pollfd p = { .fd = w->rec->server.report,
				    .events = POLLIN };

		if (poll(&p, 1, (int)left) <= 0)
			return;
		take_report(w);
		left = end - now_ms();
	}
}

int supervisor_watch(const struct plan *p, struct record *rec,
		     struct supervisor_end *ret, struct err *err)
{
	struct watcher w = { .plan = p, .rec = rec };
	sigset_t set;

	give_up_std();
	signal_set(&set);
	w.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (w.signals < 0)
		return err_sys(err, errno, "cannot make a signalfd");
	/* Helpers of the start that ended before signals were blocked. */
	reap(&w);
	while (!w.ended)
		watch_once(&w);
	if (rec->server.stats)
		take_stats(&w);
	(void)close(w.signals);
	if (w.fault.num) {
		*err = w.fault;
		return -err->num;
	}
	ret->signal = WIFSIGNALED(w.status) ? WTERMSIG(w.status) : 0;
	ret->exit_status = WIFEXITED(w.status) ? WEXITSTATUS(w.status) : 125;
	return 0;
}

/* ---- the end ---- */

static void drop(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void supervisor_undo(struct record *rec)
{
	struct err ignored;

	wake_server(rec);
	if (rec->init > 0) {
		(void)child_kill(rec->init, rec->init_pidfd, SIGKILL);
		(void)child_wait(rec->init, NULL);
		rec->init = -1;
	}
	drop(&rec->control);
	drop(&rec->status);
	drop(&rec->init_pidfd);
	/* The server ends by itself: by ENODEV with the last mount, or by end of
	 * file on the start socket; one that was taken over might not.  With pid
	 * 1 all mounts are gone, and the overlay of the home whose lock it holds.
	 * It is not waited for. */
	if (rec->server.pid > 0)
		(void)child_kill(rec->server.pid, rec->server.pidfd, SIGKILL);
	drop(&rec->server.start_sock);
	drop(&rec->server.child_sock);
	drop(&rec->server.child_report);
	drop(&rec->server.report);
	drop(&rec->server.pidfd);
	if (rec->home)
		(void)home_sweep(rec->home, &ignored);
}

void supervisor_die(const struct supervisor_end *end)
{
	struct rlimit none = { 0, 0 };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	if (!end->signal)
		return;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)sigaction(end->signal, &dfl, NULL);
	(void)sigemptyset(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	(void)kill(getpid(), end->signal);
}
