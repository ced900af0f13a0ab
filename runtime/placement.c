/*
 * placement.c - see placement.h
 */
#include "runtime/placement.h"

#include "runtime/raw_syscall.h"

static void set(pid_t task, const cpu_set_t *cpus)
{
	(void)raw_syscall(SYS_sched_setaffinity, task, sizeof(*cpus),
			  (long)cpus, 0);
}

void placement_look(struct placement *ret)
{
	const int cpu = sched_getcpu();

	*ret = (struct placement){ 0 };
	/* A machine with more processors than fit (1024) is left alone. */
	if (cpu < 0 || raw_syscall(SYS_sched_getaffinity, 0, sizeof(ret->all),
				   (long)&ret->all, 0) < 0)
		return;
	CPU_SET(cpu, &ret->here);
	ret->others = ret->all;
	CPU_CLR(cpu, &ret->others);
}

void placement_stay(const struct placement *p)
{
	if (CPU_COUNT(&p->others))
		set(0, &p->here);
}

void placement_away(const struct placement *p, pid_t task)
{
	if (CPU_COUNT(&p->others))
		set(task, &p->others);
}

void placement_free(const struct placement *p, pid_t task)
{
	if (CPU_COUNT(&p->others))
		set(task, &p->all);
}
