/*
 * clock.c - the app of the start measurement: prints the time and ends
 *
 * CLOCK_MONOTONIC in nanoseconds, the same in every namespace.  Static, so that
 * what is measured is the sandbox and not the loader.
 */
#include <stdio.h>
#include <time.h>

int main(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		return 1;
	return printf("%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec) < 0;
}
