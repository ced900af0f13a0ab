/* clone-newuser.c - as unshare-user, by clone */
#include <sched.h>

#include "attack.h"

int main(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return attack_result(pid);
}
