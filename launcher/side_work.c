/*
 * side_work.c - see side_work.h
 *
 * The helper is a child with CLONE_VM and CLONE_FILES on a stack inside the struct.
 * It makes system calls only; no allocation, no locks, no errno (raw_syscall.h): most
 * of its opens fail, and pid 1 must not read their reason for its own.
 */
#include "launcher/side_work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/child.h"
#include "runtime/raw_syscall.h"

#define WARM_MAX 32

/* Links inside lead inside (RESOLVE_IN_ROOT); a hostile image can only waste this
 * helper's time.  Below Linux 5.6 nothing is warmed.  1: a file was read. */
static int warm_one(int image, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	const long fd = raw_syscall(SYS_openat2, image, (long)path, (long)&how,
				    sizeof(how));
	char page[64];
	long n;

	if (fd < 0)
		return 0;
	/* Anything but a file gives EISDIR, EAGAIN or nothing. */
	n = raw_syscall(SYS_pread64, fd, (long)page, sizeof(page), 0);
	(void)raw_syscall(SYS_close, fd, 0, 0, 0);
	return n > 0;
}

static int helper_main(void *arg)
{
	const struct side_work *s = arg;

	placement_away(&s->place, 0);
	/* The first file that is there is the program: the rest of the search
	 * path is not looked at. */
	for (size_t i = 0; i < s->warm->n && i < WARM_MAX; i++)
		if (warm_one(s->image, s->warm->v[i]))
			break;
	return 0;
}

int side_work_start(struct side_work *s, int image,
		    const struct strlist *warm, struct err *err)
{
	s->warm = warm;
	s->image = fcntl(image, F_DUPFD_CLOEXEC, 3);
	if (s->image < 0)
		return err_sys(err, errno, "cannot keep the image open");
	s->pid = clone(helper_main, s->stack + sizeof(s->stack),
		       (RAW_SYSCALL_PURE ? CLONE_VM : 0) | CLONE_FILES |
		       SIGCHLD, s);
	if (s->pid < 0)
		return err_sys(err, errno, "cannot start the sandbox: clone");
	placement_away(&s->place, s->pid);
	return 0;
}

void side_work_join(struct side_work *s)
{
	pid_t pid = s->pid;
	int status;

	if (pid >= 0 && waitpid(pid, &status, WNOHANG) != pid) {
		(void)kill(pid, SIGKILL);
		(void)child_wait(pid, NULL);
	}
	s->pid = -1;
	if (s->image >= 0)
		(void)close(s->image);
	s->image = -1;
}
