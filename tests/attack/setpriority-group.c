/* setpriority-group.c - sets the nice value of its process group, which is the
 * caller's; to the value it has, so that the harness is not hurt. */
#include <sys/resource.h>

#include "attack.h"

int main(void)
{
	return attack_result(setpriority(PRIO_PGRP, 0,
					 getpriority(PRIO_PROCESS, 0)));
}
