/*
 * raw_syscall.h - a system call that returns -errno and touches no errno
 *
 * For children that share memory with their maker (CLONE_VM): thread-local storage is
 * then shared as well, and both would read the other's errno.  Where the instruction
 * is not written down for a processor RAW_SYSCALL_PURE is 0, errno is used after all,
 * and such a child must not share memory.
 */
#ifndef HOLDALL_RAW_SYSCALL_H
#define HOLDALL_RAW_SYSCALL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define RAW_SYSCALL_PURE 1
#else
#define RAW_SYSCALL_PURE 0
#endif

/* The result, or -errno. */
static inline long raw_syscall(long n, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	long r;

	__asm__ volatile("syscall" : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
	long r = syscall(n, a, b, c, d);

	return r < 0 ? -errno : r;
#endif
}

#endif
