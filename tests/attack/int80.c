/* int80.c - a system call by the 32-bit door of a 64-bit program, where numbers
 * mean other calls */
#include "attack.h"

static int attack(void)
{
#ifdef __x86_64__
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) /* getpid */
			 : "memory", "r8", "r9", "r10", "r11");
	return r < 0 ? (int)-r : 0;
#else
	return ENOSYS;
#endif
}

int main(void)
{
	return attack_in_child(attack);
}
