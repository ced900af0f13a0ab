/*
 * placement.c - see placement.h
 */
#include "launcher/placement.h"

#include <sched.h>

void placement_away(pid_t child)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	/* A machine with more processors than fit (1024) is left alone. */
	if (cpu < 0 || sched_getaffinity(0, sizeof(set), &set) < 0 ||
	    CPU_COUNT(&set) < 2)
		return;
	CPU_CLR(cpu, &set);
	(void)sched_setaffinity(child, sizeof(set), &set);
}

void placement_free(pid_t child)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		(void)sched_setaffinity(child, sizeof(set), &set);
}
