/* unshare-user.c - all capabilities in a user namespace of its own: the way into
 * most of the kernel */
#include <sched.h>

#include "attack.h"

int main(void)
{
	return attack_result(unshare(CLONE_NEWUSER));
}
