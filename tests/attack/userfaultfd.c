/* userfaultfd.c - lets user space stall the kernel at a chosen point */
#include "attack.h"

#define UFFD_USER_MODE_ONLY 1	/* what an ordinary user may ask for */

int main(void)
{
	return attack_result(syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY));
}
