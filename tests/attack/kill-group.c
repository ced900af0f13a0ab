/*
 * kill-group.c - signals its whole process group, which is the caller's
 *
 * Usage: BYSTANDER | kill-group, both in one process group that is not the
 * harness's.  The bystander (say, sleep 9) holds the other end of standard
 * input: when it dies of the signal, that end closes.
 */
#include <poll.h>
#include <sys/stat.h>

#include "attack.h"

int main(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	struct stat st;

	if (fstat(0, &st) || !S_ISFIFO(st.st_mode))
		return attack_not_tried("standard input is no pipe");
	if (poll(&in, 1, 0) != 0)
		return attack_not_tried("no bystander holds the pipe");
	(void)signal(SIGUSR1, SIG_IGN);
	if (kill(0, SIGUSR1))
		return attack_refused(errno);
	if (poll(&in, 1, 3000) > 0 && in.revents & POLLHUP)
		return attack_succeeded();
	puts("refused: nobody died");
	return 1;
}
