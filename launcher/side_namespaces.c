/*
 * side_namespaces.c - see side_namespaces.h
 *
 * The helper is a child with CLONE_VM and CLONE_FILES on a stack inside the struct.
 * It makes system calls only; no allocation, no locks.  It may write errno (shared
 * thread-local storage) when a call fails, and then the start fails anyway.
 */
#include "launcher/side_namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "runtime/child.h"

/* Makes one namespace and keeps it by a descriptor. */
static int make(struct side_namespaces *s, int kind, const char *name,
		int *ret_fd)
{
	if (!(s->flags & (unsigned long)kind))
		return 0;
	if (unshare(kind) == 0)
		*ret_fd = open(name, O_RDONLY | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	s->failed = errno;
	s->kind = (unsigned long)kind;
	return 1;
}

static int helper_main(void *arg)
{
	struct side_namespaces *s = arg;

	return make(s, CLONE_NEWNET, "/proc/self/ns/net", &s->net) ||
	       make(s, CLONE_NEWIPC, "/proc/self/ns/ipc", &s->ipc);
}

int side_namespaces_start(struct side_namespaces *s, unsigned long flags,
			  struct err *err)
{
	s->flags = flags & SIDE_NAMESPACES;
	s->pid = -1;
	s->net = s->ipc = -1;
	s->failed = 0;
	s->kind = 0;
	if (!s->flags)
		return 0;
	s->pid = clone(helper_main, s->stack + sizeof(s->stack),
		       CLONE_VM | CLONE_FILES | SIGCHLD, s);
	if (s->pid < 0)
		return err_sys(err, errno, "cannot start the sandbox: clone");
	return 0;
}

static int enter(int *fd, int type, struct err *err)
{
	int r = 0;

	if (*fd < 0)
		return 0;
	if (setns(*fd, type) < 0)
		r = err_sys(err, errno, "cannot enter a new namespace");
	(void)close(*fd);
	*fd = -1;
	return r;
}

static int helper_failed(const struct side_namespaces *s, struct err *err)
{
	const char *name = s->kind == CLONE_NEWNET ? "network" : "IPC";
	const char *word = s->kind == CLONE_NEWNET ? "net" : "ipc";

	/* ENOSPC is the errno for every kind's limit. */
	if (s->failed == ENOSPC)
		return err_set(err, ENOSPC, "cannot build the sandbox: no more "
			       "%s namespaces are allowed for this user "
			       "(user.max_%s_namespaces); as root: sysctl -w "
			       "user.max_%s_namespaces=10000", name, word,
			       word);
	return err_sys(err, s->failed, "cannot make the %s namespace", name);
}

int side_namespaces_join(struct side_namespaces *s, bool wanted,
			 struct err *err)
{
	int r = 0;

	if (s->pid < 0)
		return 0;
	r = child_wait(s->pid, NULL);
	s->pid = -1;
	if (!wanted)
		return 0;
	if (r < 0)
		return err_sys(err, -r, "cannot wait for a helper");
	if (s->failed)
		return helper_failed(s, err);
	r = enter(&s->net, CLONE_NEWNET, err);
	return r < 0 ? r : enter(&s->ipc, CLONE_NEWIPC, err);
}
