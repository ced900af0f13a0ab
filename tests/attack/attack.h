/*
 * attack.h - how an attack program says what came of it
 *
 * Each program tries one thing that the sandbox promises to stop, prints one
 * line and ends: "succeeded" with status 0, "refused: WHY" with 1, "not tried:
 * WHY" with 2 (something it needs is missing).  It is run unconfined first: only
 * an attack that succeeds there proves anything inside.
 */
#ifndef HOLDALL_ATTACK_H
#define HOLDALL_ATTACK_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int attack_succeeded(void)
{
	puts("succeeded");
	return 0;
}

static inline int attack_refused(int num)
{
	const char *name = strerrorname_np(num);

	printf("refused: %s\n", name ? name : "?");
	return 1;
}

static inline int attack_not_tried(const char *why)
{
	printf("not tried: %s\n", why);
	return 2;
}

/* From the result of a system call. */
static inline int attack_result(long r)
{
	return r < 0 ? attack_refused(errno) : attack_succeeded();
}

/* For calls that may be answered with a signal: runs the attack, which returns
 * 0 or an errno, in a child. */
static inline int attack_in_child(int (*attack)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(attack());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return attack_not_tried("cannot fork");
	if (WIFSIGNALED(status)) {
		printf("refused: SIG%s\n", sigabbrev_np(WTERMSIG(status)));
		return 1;
	}
	return WEXITSTATUS(status) ? attack_refused(WEXITSTATUS(status)) :
				     attack_succeeded();
}

#endif
