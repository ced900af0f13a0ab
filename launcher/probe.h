/*
 * probe.h - what this host is like, asked once and without changing anything
 */
#ifndef HOLDALL_PROBE_H
#define HOLDALL_PROBE_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/err.h"

struct probe {
	uid_t uid;
	gid_t gid;
	char *user;		/* login name */
	char *home;		/* absolute path of $HOME, clean */
	char *cwd;		/* working directory by the name the user came here, or
				 * NULL; a target, never opened: that is "." */
	char *cwd_real;		/* where the kernel says it is, or NULL */
	char *tty;		/* path of the terminal on 0, 1 or 2, or NULL */
	char *localtime;	/* the host's time zone (tzfile(5)), or NULL */
	size_t localtime_len;
};

#define PROBE_INIT ((struct probe){ 0 })
void probe_free(struct probe *p);
int probe_host(struct probe *ret, struct err *err);

/* Why user namespaces or FUSE do not work here: a sentence that names the
 * setting and what to do, for the step that failed with `num`. */
enum refusal_step { REFUSED_CLONE, REFUSED_MAPS, REFUSED_MOUNT,
		    REFUSED_FUSE, REFUSED_PROC };
int probe_explain_refusal(enum refusal_step step, int num, struct err *err);

#endif
