/* clone3-newuser.c - as unshare-user, by clone3, whose flags are behind a pointer
 * where no filter sees them */
#include <linux/sched.h>

#include "attack.h"

int main(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER,
				   .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return attack_result(pid);
}
