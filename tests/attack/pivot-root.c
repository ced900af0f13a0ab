/* pivot-root.c - changes the root to a folder of its own and comes back from
 * there to whatever lay outside */
#include <sched.h>
#include <sys/mount.h>

#include "attack.h"

int main(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return attack_refused(errno);
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) ||
	    mount("attack", "/tmp", "tmpfs", 0, NULL) || chdir("/tmp"))
		return attack_refused(errno);
	return attack_result(syscall(SYS_pivot_root, ".", "."));
}
