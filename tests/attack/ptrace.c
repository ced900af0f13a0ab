/* ptrace.c - takes over another process of the same user */
#include <sys/ptrace.h>

#include "attack.h"

int main(void)
{
	pid_t pid = fork();
	int num;

	if (pid < 0)
		return attack_not_tried("cannot fork");
	if (pid == 0)
		for (;;)
			pause();
	num = ptrace(PTRACE_SEIZE, pid, 0, 0) ? errno : 0;
	(void)kill(pid, SIGKILL);
	return num ? attack_refused(num) : attack_succeeded();
}
