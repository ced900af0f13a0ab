/*
 * files.h - what the makers of file rows share (files.c, file_grants.c,
 * grant_check.c, named_files.c)
 *
 * Inner header of the launcher: the door for others is plan_files in plan.h.
 */
#ifndef HOLDALL_FILES_H
#define HOLDALL_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "launcher/plan.h"

struct grant {
	char *base;		/* trusted prefix on the host */
	char *rel;		/* beneath it, "" for itself */
	char *path;		/* both: also the target inside */
	char *real;		/* where it leads on the host, for comparing */
	enum file_access access;
	unsigned missing;	/* ROW_SKIP, ROW_SAY or 0 */
};

struct files {
	const struct plan_input *in;
	struct plan *plan;
	struct strlist protected;
	struct grant *grants;
	size_t n_grants;
	unsigned folders_said;	/* arguments that are folders, and were said */
	bool cwd_mounted;	/* an empty folder of ours lies there */
};

/* files.c */
int files_note(struct files *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Where the mount point of `target` comes from: sets ROW_MAKE_* in *flags, or
 * lists it for the app's home. */
int files_mount_point(struct files *f, const char *target, bool dir,
		      unsigned *flags);
bool files_is_granted(const struct files *f, const char *path);
/* Fills f->protected.  Some sixty lookups, so only made once something asks: the
 * usual start names no grant and no file. */
int files_need_protected(struct files *f, struct err *err);

/* file_grants.c: grants to f->grants, shortest first and checked; then rows. */
int file_grants_resolve(struct files *f, struct err *err);
int file_grants_plan(struct files *f, struct err *err);
/* Could this value of `files` be granted here, in this working directory?  Asked
 * where it is given or offered: what would be refused later is refused at once. */
int file_grants_check(const struct probe *probe, const char *value,
		      struct err *err);

/* grant_check.c: may this be granted? */
int grant_check(struct files *f, const struct grant *g, struct err *err);

/* named_files.c: arguments that name files or descriptors, and 0-2. */
int named_files_plan(struct files *f, struct err *err);

#endif
