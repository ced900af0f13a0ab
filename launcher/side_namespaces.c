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

#include "launcher/probe.h"
#include "runtime/child.h"

static int fail(struct side_namespaces *s, const char *what)
{
	s->failed = errno;
	s->what = what;
	return 1;
}

static int helper_main(void *arg)
{
	struct side_namespaces *s = arg;

	if (unshare((int)s->flags) < 0)
		return fail(s, "unshare");
	if (s->flags & CLONE_NEWNET) {
		s->net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (s->net < 0)
			return fail(s, "open /proc/self/ns/net");
	}
	if (s->flags & CLONE_NEWIPC) {
		s->ipc = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
		if (s->ipc < 0)
			return fail(s, "open /proc/self/ns/ipc");
	}
	return 0;
}

int side_namespaces_start(struct side_namespaces *s, unsigned long flags,
			  struct err *err)
{
	s->flags = flags & SIDE_NAMESPACES;
	s->pid = -1;
	s->net = s->ipc = -1;
	s->failed = 0;
	s->what = NULL;
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

int side_namespaces_join(struct side_namespaces *s, struct err *err)
{
	int r;

	if (s->pid < 0)
		return 0;
	r = child_wait(s->pid, NULL);
	s->pid = -1;
	if (r < 0)
		return err_sys(err, -r, "cannot wait for a helper");
	if (s->failed == ENOSPC)
		return probe_explain_refusal(REFUSED_CLONE, ENOSPC, err);
	if (s->failed)
		return err_sys(err, s->failed, "cannot make the network "
			       "namespace: %s", s->what);
	r = enter(&s->net, CLONE_NEWNET, err);
	return r < 0 ? r : enter(&s->ipc, CLONE_NEWIPC, err);
}
