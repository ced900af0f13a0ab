/*
 * clock.c - the app of the start measurement: prints the time and ends
 *
 * CLOCK_MONOTONIC in nanoseconds, the same in every namespace.  It has no C library:
 * its first instruction asks for the time, so that what is measured is the engine
 * that started it, not how much of a C library's start-up lies in which block.
 */
#include <time.h>

#include "runtime/raw_syscall.h"

#if !RAW_SYSCALL_PURE
#error "no system call written down for this processor (runtime/raw_syscall.h)"
#endif

void _start(void);
void _start(void)
{
	struct timespec now;
	char text[24];
	int at = sizeof(text);
	long long ns;

	raw_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0);
	ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	text[--at] = '\n';
	do
		text[--at] = (char)('0' + ns % 10);
	while ((ns /= 10) != 0);
	raw_syscall(SYS_write, 1, (long)(text + at), (long)sizeof(text) - at, 0);
	raw_syscall(SYS_exit_group, 0, 0, 0, 0);
}
