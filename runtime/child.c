/*
 * child.c - making and watching children (see child.h)
 */
#include "runtime/child.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

static pid_t raw_clone(unsigned long flags, int *pidfd)
{
#if defined(__x86_64__)
	long r = syscall(SYS_clone, flags, NULL, pidfd, NULL, 0UL);
#else
	long r = syscall(SYS_clone, flags, NULL, pidfd, 0UL, NULL);
#endif
	return r < 0 ? -errno : (pid_t)r;
}

pid_t child_clone(unsigned long flags, int *ret_pidfd)
{
	int pidfd = -1;
	pid_t pid;

	pid = raw_clone(flags | CLONE_PIDFD | SIGCHLD, &pidfd);
	/* Before 5.2 the flag was ignored or refused. */
	if (pid == -EINVAL)
		pid = raw_clone(flags | SIGCHLD, NULL);
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = pidfd;
	else if (pid > 0 && pidfd >= 0)
		(void)close(pidfd);
	return pid;
}

int child_wait(pid_t pid, int *ret_status)
{
	for (;;) {
		int status;

		if (waitpid(pid, &status, 0) == pid) {
			if (ret_status)
				*ret_status = status;
			return 0;
		}
		if (errno != EINTR)
			return -errno;
	}
}

int child_kill(pid_t pid, int pidfd, int sig)
{
	if (pidfd >= 0 &&
	    syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0)
		return 0;
	if (pidfd >= 0 && errno != ENOSYS)
		return -errno;
	/* To kill(2) these are everybody. */
	if (pid <= 0)
		return -ESRCH;
	return kill(pid, sig) < 0 ? -errno : 0;
}

void child_reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* Real-time signals have no use that a parent could have ignored. */
	for (int sig = 1; sig < SIGRTMIN && sig < 32; sig++)
		(void)sigaction(sig, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
