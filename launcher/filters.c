/*
 * filters.c - installs the compiled seccomp filters
 *
 * The programs come from syscalls.table by way of filters_gen; nothing is
 * decided here.
 *
 * No SECCOMP_FILTER_FLAG_SPEC_ALLOW: kernels from 5.16 do not slow filtered
 * processes down any more, and on older ones it is the host's settings
 * (spec_store_bypass_disable=, spectre_v2_user=) that shall decide whether an
 * untrusted program is worth the price.
 */
#include "launcher/filters.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filters_gen.h"

struct sock_fprog filter_program(enum filter_part part, unsigned relax)
{
	const struct gen_program *p;

	relax &= FILTER_RELAX_ALL;
	switch (part) {
	case FILTER_PART_APP:
		p = &gen_app[relax];
		break;
	default:
		p = &gen_init[relax];
		break;
	}
	/* The kernel only reads it; its structure has no const. */
	return (struct sock_fprog){ .len = p->n,
				    .filter = (struct sock_filter *)p->insns };
}

static int install(enum filter_part part, unsigned relax, struct err *err)
{
	struct sock_fprog prog = filter_program(part, relax);

	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		return 0;
	switch (errno) {
	case ENOSYS:
	case EINVAL:
		return err_set(err, errno, "the kernel has no seccomp filters; "
			       "the sandbox needs a kernel built with "
			       "CONFIG_SECCOMP_FILTER");
	case EACCES:
		return err_set(err, errno, "cannot install the system call "
			       "filter: no_new_privs is not set");
	default:
		return err_sys(err, errno,
			       "cannot install the system call filter");
	}
}

int filters_install_app(unsigned relax, struct err *err)
{
	return install(FILTER_PART_APP, relax, err);
}

int filters_install_init(struct err *err)
{
	return install(FILTER_PART_INIT, 0, err);
}
