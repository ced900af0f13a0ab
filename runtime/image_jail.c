/*
 * image_jail.c - what the reading process gives up before it reads
 *
 * Should: leave reading of what is open, answering, memory, and ending.
 * Mustn't: open, create, execute, signal, trace, or map anything executable;
 * be traced or dumped; have a capability; grow without bound.
 *
 * The filter comes from the `#syscalls` comments of the image_*.c files, each
 * beside the code that makes the call; jail_gen.c compiles them at build time.
 * Anything else kills the process.  mmap is allowed without PROT_EXEC only.
 *
 * The C library's allocator needs, whoever calls it:
 * #syscalls brk mmap munmap madvise
 *
 * A descriptor that arrives over a socket takes the lowest free number: below
 * NOFILE_MAX, since all but four are closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "runtime/fd.h"
#include "runtime/image_child.h"

#ifndef HOLDALL_SAN
#include "image_jail.gen.h"
#endif

#define NOFILE_MAX 10u
#define MEMORY_MAX (128u << 20)		/* of address space, on top */

#ifndef HOLDALL_SAN
/* What the caller has mapped is shared with us and counts: a few MiB in a stub,
 * hundreds in a program that has just packed.  0 when it cannot be told. */
static rlim_t mapped_now(void)
{
	CLEANUP_FD int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	if (fd < 0 || fd_read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return (rlim_t)strtoull(text, NULL, 10) *
	       (rlim_t)sysconf(_SC_PAGESIZE);
}
#endif

static int set_limits(struct err *err)
{
	const struct {
		int what;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, 0 },
		{ RLIMIT_NOFILE, NOFILE_MAX },
#ifndef HOLDALL_SAN
		{ RLIMIT_AS, mapped_now() + MEMORY_MAX },
#endif
	};

	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit l = { limits[i].max, limits[i].max };

		if (setrlimit(limits[i].what, &l) < 0)
			return err_sys(err, errno, "image server: cannot set "
				       "limit %d", limits[i].what);
	}
	return 0;
}

static int drop_capabilities(struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &head, none) < 0)
		return err_sys(err, errno,
			       "image server: cannot drop capabilities");
	return 0;
}

/* The sanitizers' runtime makes calls of its own: there the filter is left out
 * (a relaxation of test builds, nothing else of the jail is). */
int image_jail_filter_calls(struct err *err UNUSED)
{
#ifndef HOLDALL_SAN
	const struct sock_fprog prog = {
		.len = ARRAY_SIZE(image_jail_filter),
		.filter = (struct sock_filter *)(uintptr_t)image_jail_filter,
	};

	/* More than 0: the thread that it could not be laid upon. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0)
		return err_sys(err, errno, "image server: cannot install its "
			       "system call filter; the kernel needs "
			       "CONFIG_SECCOMP_FILTER");
#endif
	return 0;
}

int image_jail_drop(struct err *err)
{
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "image server: cannot lock itself up");
	r = set_limits(err);
	if (!r)
		r = drop_capabilities(err);
	return r;
}
