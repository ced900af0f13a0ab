/*
 * filters.h - the compiled seccomp filters and capabilities of the app
 *
 * One program, compiled at build time from two sections of syscalls.table (one line
 * per call with a reason): default-deny by number (unknown ENOSYS, known bad EPERM,
 * foreign architecture KILL_PROCESS), and default-allow deny lines for arguments,
 * compared in 32 bits; the stricter of the two counts.  pid 1 of the sandbox has its
 * own, smaller one.
 */
#ifndef HOLDALL_FILTERS_H
#define HOLDALL_FILTERS_H

#include <linux/filter.h>

#include "runtime/err.h"

/* Filter sets by named relaxation: bits of enum filter_relax. */
enum filter_relax {
	FILTER_NESTED = 1,	/* extra=nested-sandbox: clone/unshare NEWUSER */
	FILTER_DEBUG = 2,	/* extra=debug: ptrace, perf */
	FILTER_MULTIARCH = 4,	/* extra=multiarch: i386, modify_ldt */
	FILTER_SCOPED = 8,	/* Landlock's signal scope is in force: kill(0) is
				 * left to it (landlock.h says so) */
	FILTER_RELAX_ALL = 15,
};

/*
 * Both need no_new_privs set before; 0.06 ms for the app's, 0.05 for pid 1's.
 *
 * filters_install_app goes last, in the process that execs the app: what
 * follows has to be allowed by the filters themselves.
 *
 * filters_install_init is for pid 1 after its last fork: whatever it forks
 * would inherit it, and could neither open a file nor exec.
 */
int filters_install_app(unsigned relax, struct err *err);
int filters_install_init(struct err *err);

/* The compiled programs, for the golden test. */
enum filter_part { FILTER_PART_APP, FILTER_PART_INIT };
struct sock_fprog filter_program(enum filter_part part, unsigned relax);

/* Drops every capability of every set, locks securebits, sets no_new_privs. */
int caps_drop_all(struct err *err);

#endif
