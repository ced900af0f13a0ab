/* mount.c - changes the mount table, in a user namespace of its own where it has
 * to */
#include <sched.h>
#include <sys/mount.h>

#include "attack.h"

int main(void)
{
	/* With capabilities right here, but never in everybody's namespace. */
	if (!unshare(CLONE_NEWNS) &&
	    !mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) &&
	    !mount("attack", "/tmp", "tmpfs", 0, NULL))
		return attack_succeeded();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return attack_refused(errno);
	return attack_result(mount("attack", "/tmp", "tmpfs", 0, NULL));
}
