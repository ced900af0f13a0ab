/*
 * side_work.c - see side_work.h
 *
 * The helper is a child with CLONE_VM and CLONE_FILES on a stack inside the struct.
 * It makes system calls only; no allocation, no locks.  It may write errno (shared
 * thread-local storage) when a call fails: pid 1 reads errno only right after a
 * call of its own that failed, and then the start fails anyway.
 */
#include "launcher/side_work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/child.h"

#define WARM_MAX 32

/* Makes one namespace and keeps it by a descriptor. */
static int make(struct side_work *s, int kind, const char *name,
		volatile int *ret_fd)
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

/* Links inside lead inside (RESOLVE_IN_ROOT); a hostile image can only waste this
 * helper's time.  Below Linux 5.6 nothing is warmed.  1: a file was read. */
static int warm_one(int image, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, image, path, &how, sizeof(how));
	struct stat st;
	char page[64];
	int is_file = 0;

	if (fd < 0)
		return 0;
	if (fstat((int)fd, &st) == 0 && S_ISREG(st.st_mode))
		is_file = pread((int)fd, page, sizeof(page), 0) > 0;
	(void)close((int)fd);
	return is_file;
}

static int helper_main(void *arg)
{
	struct side_work *s = arg;

	if (make(s, CLONE_NEWNET, "/proc/self/ns/net", &s->net) ||
	    make(s, CLONE_NEWIPC, "/proc/self/ns/ipc", &s->ipc)) {
		s->made = true;
		return 1;
	}
	s->made = true;
	/* The first file that is there is the program: the rest of the search
	 * path is not looked at. */
	for (size_t i = 0; s->image >= 0 && i < s->warm->n && i < WARM_MAX; i++)
		if (warm_one(s->image, s->warm->v[i]))
			break;
	return 0;
}

int side_work_start(struct side_work *s, unsigned long flags,
		    const struct strlist *warm, struct err *err)
{
	s->flags = flags & SIDE_NAMESPACES;
	s->warm = warm;
	s->pid = clone(helper_main, s->stack + sizeof(s->stack),
		       CLONE_VM | CLONE_FILES | SIGCHLD, s);
	if (s->pid < 0)
		return err_sys(err, errno, "cannot start the sandbox: clone");
	return 0;
}

static int enter(volatile int *fd, int type, struct err *err)
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

static int helper_failed(const struct side_work *s, struct err *err)
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

/* Namespaces are waited for; the rest of its work is not worth any waiting. */
static int end_helper(struct side_work *s)
{
	pid_t pid = s->pid;
	int status;

	s->pid = -1;
	if (!s->made)
		return child_wait(pid, NULL);
	if (waitpid(pid, &status, WNOHANG) == pid)
		return 0;
	(void)kill(pid, SIGKILL);
	return child_wait(pid, NULL);
}

int side_work_join(struct side_work *s, bool wanted, struct err *err)
{
	int r;

	if (s->pid < 0)
		return 0;
	/* A failed start needs no namespaces. */
	if (!wanted)
		s->made = true;
	r = end_helper(s);
	if (s->image >= 0)
		(void)close(s->image);
	s->image = -1;
	if (!wanted)
		return 0;
	if (r < 0)
		return err_sys(err, -r, "cannot wait for a helper");
	if (s->failed)
		return helper_failed(s, err);
	r = enter(&s->net, CLONE_NEWNET, err);
	return r < 0 ? r : enter(&s->ipc, CLONE_NEWIPC, err);
}
