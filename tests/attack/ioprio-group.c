/* ioprio-group.c - sets the I/O priority of its process group, which is the
 * caller's; to the default, so that the harness is not hurt. */
#include "attack.h"

#define IOPRIO_WHO_PGRP 2

int main(void)
{
	return attack_result(syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, 0, 0));
}
