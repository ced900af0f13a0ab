/* x32.c - a system call under x32's numbers, which a filter by number may have
 * forgotten */
#include "attack.h"

static int attack(void)
{
	return syscall(0x40000000 | SYS_getpid) < 0 ? errno : 0;
}

int main(void)
{
	return attack_in_child(attack);
}
