/*
 * child.h - making and watching children
 *
 * child_clone is clone(2) with only namespace flags: it returns twice like
 * fork, with a pidfd where the kernel gives one (5.2).  The stack is copied,
 * no code of libc's atfork handlers runs.
 */
#ifndef HOLDALL_CHILD_H
#define HOLDALL_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "runtime/err.h"

/* Returns 0 in the child, the pid in the parent, or -errno. */
pid_t child_clone(unsigned long flags, int *ret_pidfd);

/* waitpid restarted; the raw status, or -errno. */
int child_wait(pid_t pid, int *ret_status);

/* Through the pidfd where there is one, else by pid (only for own, unreaped
 * children, so the number cannot have been given to somebody else). */
int child_kill(pid_t pid, int pidfd, int sig);

/* Dispositions of all classic signals to default, mask empty: before any exec. */
void child_reset_signals(void);

#endif
