/*
 * namespaces.c - see namespaces.h
 *
 * The maker shares memory with the supervisor, which goes on meanwhile, and so does
 * not allocate, lock, print or touch errno (raw_syscall.h): each would else tell the
 * other's reason.
 *
 * The clone inside: a vfork child enters the user namespace and clones pid 1 with
 * CLONE_PARENT.  It cannot be done by the maker, which is still busy, nor by
 * the supervisor itself, which must stay outside.
 */
#include "launcher/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/probe.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/raw_syscall.h"

/* What the maker sends, with one descriptor each; that of the user namespace, which
 * comes first and says that the id maps are written, means nothing. */
struct born {
	unsigned long kind;
	int failed;		/* errno: the descriptor means nothing */
};

/* ---- the maker ---- */

static int say_born(const struct namespaces *n, unsigned long kind, long fd)
{
	struct born born = { .kind = kind, .failed = fd < 0 ? (int)-fd : 0 };

	return fd_send(n->maker_end, fd < 0 ? n->maker_end : (int)fd, &born,
		       sizeof(born)) < 0 || born.failed;
}

static long write_text(const char *path, const char *text)
{
	const size_t len = strlen(text);
	const long fd = raw_syscall(SYS_openat, AT_FDCWD, (long)path,
				    O_WRONLY | O_CLOEXEC, 0);
	long r;

	if (fd < 0)
		return fd;
	r = raw_syscall(SYS_write, fd, (long)text, (long)len, 0);
	(void)raw_syscall(SYS_close, fd, 0, 0, 0);
	return r < 0 ? r : (size_t)r == len ? 0 : -EIO;
}

static int map_ids(const struct namespaces *n)
{
	long r = write_text("/proc/self/setgroups", "deny");

	/* Linux < 3.19 has no setgroups file and needs none. */
	if (r == 0 || r == -ENOENT)
		r = write_text("/proc/self/uid_map", n->uid_map);
	if (r == 0)
		r = write_text("/proc/self/gid_map", n->gid_map);
	return say_born(n, CLONE_NEWUSER, r < 0 ? r : n->maker_end);
}

static int make(const struct namespaces *n, unsigned long kind,
		const char *name)
{
	long fd;

	if (!(n->kinds & kind))
		return 0;
	fd = raw_syscall(SYS_unshare, (long)kind, 0, 0, 0);
	if (fd == 0)
		fd = raw_syscall(SYS_openat, AT_FDCWD, (long)name,
				 O_RDONLY | O_CLOEXEC, 0);
	return say_born(n, kind, fd);
}

static int maker_main(void *arg)
{
	const struct namespaces *n = arg;

	(void)raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
	placement_away(&n->place, 0);
	return map_ids(n) ||
	       make(n, CLONE_NEWNET, "/proc/self/ns/net") ||
	       make(n, CLONE_NEWIPC, "/proc/self/ns/ipc");
}

static int open_user(struct namespaces *n, pid_t maker, struct err *err)
{
	char name[48];

	(void)snprintf(name, sizeof(name), "/proc/%d/ns/user", maker);
	n->user = open(name, O_RDONLY | O_CLOEXEC);
	if (n->user < 0)
		return err_sys(err, errno, "cannot open the user namespace of "
			       "the sandbox (is /proc mounted?)");
	return 0;
}

int namespaces_start(struct namespaces *n, unsigned long kinds,
		     struct err *err)
{
	int ends[2];
	int failed;

	(void)snprintf(n->uid_map, sizeof(n->uid_map), "%u %u 1", geteuid(),
		       geteuid());
	(void)snprintf(n->gid_map, sizeof(n->gid_map), "%u %u 1", getegid(),
		       getegid());
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "cannot make a socket");
	n->channel = ends[0];
	n->maker_end = ends[1];
	n->kinds = kinds & EARLY_NAMESPACES;
	placement_look(&n->place);
	placement_stay(&n->place);
	n->maker = clone(maker_main, n->stack + sizeof(n->stack),
			 (RAW_SYSCALL_PURE ? CLONE_VM : 0) | CLONE_NEWUSER |
			 SIGCHLD, n);
	failed = errno;
	/* The maker has a table of descriptors of its own. */
	(void)close(ends[1]);
	if (n->maker < 0)
		return probe_explain_refusal(REFUSED_CLONE, failed, err);
	placement_away(&n->place, n->maker);
	return open_user(n, n->maker, err);
}

/* ---- pid 1 ---- */

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -1 : (int)fd;
#else
	(void)pid;
	return -1;
#endif
}

/* 0 in pid 1, which goes on on its own copy of this stack; its pid or -errno
 * in the caller. */
static pid_t clone_inside(struct namespaces *n, const unsigned long flags)
{
	volatile pid_t inner = -ECHILD;
	const pid_t between = vfork();

	if (between < 0)
		return -errno;
	if (between == 0) {
		const pid_t pid = setns(n->user, CLONE_NEWUSER) < 0 ? -errno :
				  child_clone(flags | CLONE_PARENT, NULL);

		if (pid == 0)
			return 0;
		inner = pid;
		/* pid 1 stays here; the caller, when it wakes, does not. */
		placement_away(&n->place, getppid());
		_exit(0);
	}
	placement_free(&n->place, 0);
	(void)child_wait(between, NULL);
	return inner;
}

/* The maker's next message. */
static int next_born(struct namespaces *n, struct born *ret, int *ret_fd,
		     struct err *err)
{
	int r = fd_recv(n->channel, ret_fd, ret, sizeof(*ret));

	return r < 0 ? err_sys(err, -r, "the namespaces of the sandbox did not "
			       "come: their maker has ended") : 0;
}

static int wait_for_maps(struct namespaces *n, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct born born;
	int r = next_born(n, &born, &fd, err);

	if (r < 0)
		return r;
	return born.failed ? probe_explain_refusal(REFUSED_MAPS, born.failed,
						   err) : 0;
}

pid_t namespaces_clone(struct namespaces *n, unsigned long flags,
		       int *ret_pidfd, struct err *err)
{
	pid_t pid = wait_for_maps(n, err);

	if (pid < 0)
		return pid;
	pid = clone_inside(n, flags & ~(n->kinds | CLONE_NEWUSER));
	if (pid < 0)
		return probe_explain_refusal(REFUSED_CLONE, -pid, err);
	if (pid > 0)
		*ret_pidfd = open_pidfd(pid);
	return pid;
}

static int born_failed(const struct born *born, struct err *err)
{
	const char *name = born->kind == CLONE_NEWNET ? "network" : "IPC";
	const char *word = born->kind == CLONE_NEWNET ? "net" : "ipc";

	/* ENOSPC is the errno for every kind's limit. */
	if (born->failed == ENOSPC)
		return err_set(err, ENOSPC, "cannot build the sandbox: no more "
			       "%s namespaces are allowed for this user "
			       "(user.max_%s_namespaces); as root: sysctl -w "
			       "user.max_%s_namespaces=10000", name, word,
			       word);
	return err_sys(err, born->failed, "cannot make the %s namespace", name);
}

static int enter_one(struct namespaces *n, unsigned long wanted,
		     struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct born born;
	int r = next_born(n, &born, &fd, err);

	if (r < 0)
		return r;
	if (born.failed)
		return born_failed(&born, err);
	if (wanted & born.kind && setns(fd, (int)born.kind) < 0)
		return err_sys(err, errno, "cannot enter a new namespace");
	n->kinds &= ~born.kind;
	return 0;
}

int namespaces_enter(struct namespaces *n, unsigned long wanted,
		     struct err *err)
{
	while (n->kinds & wanted) {
		int r = enter_one(n, wanted, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void namespaces_free(struct namespaces *n)
{
	int *all[] = { &n->user, &n->channel };
	int status;

	/* Still our child, so the pid is still its own. */
	if (n->maker > 0 && waitpid(n->maker, &status, WNOHANG) == 0) {
		(void)kill(n->maker, SIGKILL);
		(void)child_wait(n->maker, NULL);
	}
	n->maker = -1;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (*all[i] >= 0)
			(void)close(*all[i]);
		*all[i] = -1;
	}
}
