/*
 * jail.c - see jail.h
 */
#include "runtime/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/fd.h"

/* ---- leaving the caller ---- */

/* 0-2 on /dev/null, so that no later descriptor becomes one of them. */
static int null_std(void)
{
	CLEANUP_FD int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int i = 0; i <= 2; i++)
		if (dup2(fd, i) < 0)
			return -errno;
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int close_rest(const int *all, size_t n_all)
{
	int keep[JAIL_KEEP_MAX];
	size_t n = 0;

	if (n_all > JAIL_KEEP_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n_all; i++)
		if (all[i] > 2)
			keep[n++] = all[i];
	qsort(keep, n, sizeof(*keep), compare_fds);
	return fd_close_from(3, keep, n);
}

int jail_leave(const char *who, const int *keep, size_t n, struct err *err)
{
	sigset_t all;
	int r;

	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || setsid() < 0 ||
	    chdir("/") < 0)
		return err_sys(err, errno, "%s: cannot leave the caller's "
			       "session", who);
	r = null_std();
	if (r < 0)
		return err_sys(err, -r, "%s: cannot open /dev/null (a system "
			       "needs /dev with its nodes)", who);
	r = close_rest(keep, n);
	if (r < 0)
		return err_sys(err, -r, "%s: cannot close what it does not "
			       "need", who);
	return 0;
}

/* ---- rights and limits ---- */

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

static int set_limits(const char *who, unsigned nofile,
		      size_t memory UNUSED, struct err *err)
{
	const struct {
		int what;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, 0 },
		{ RLIMIT_NOFILE, nofile },
#ifndef HOLDALL_SAN
		{ RLIMIT_AS, mapped_now() + memory },
#endif
	};

	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit l = { limits[i].max, limits[i].max };

		if (setrlimit(limits[i].what, &l) < 0)
			return err_sys(err, errno, "%s: cannot set limit %d",
				       who, limits[i].what);
	}
	return 0;
}

static int drop_capabilities(const char *who, struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &head, none) < 0)
		return err_sys(err, errno, "%s: cannot drop capabilities",
			       who);
	return 0;
}

int jail_drop(const char *who, unsigned nofile, size_t memory,
	      struct err *err)
{
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "%s: cannot lock itself up", who);
	r = set_limits(who, nofile, memory, err);
	if (!r)
		r = drop_capabilities(who, err);
	return r;
}

int jail_filter(const char *who UNUSED, const struct sock_filter *filter UNUSED,
		size_t n UNUSED, struct err *err UNUSED)
{
#ifndef HOLDALL_SAN
	const struct sock_fprog prog = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};

	/* More than 0: the thread that it could not be laid upon. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0)
		return err_sys(err, errno, "%s: cannot install its system call "
			       "filter; the kernel needs CONFIG_SECCOMP_FILTER",
			       who);
#endif
	return 0;
}
