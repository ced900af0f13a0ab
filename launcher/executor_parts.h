/*
 * executor_parts.h - what the files of the executor share (executor.c, overlay.c)
 *
 * Inner header of the launcher; the door for others is executor.h.
 */
#ifndef HOLDALL_EXECUTOR_PARTS_H
#define HOLDALL_EXECUTOR_PARTS_H

#include "launcher/plan.h"
#include "launcher/side_work.h"
#include "runtime/err.h"

struct executor {
	const struct plan *plan;
	int root_fd;
	int cwd_fd;		/* the caller's working directory, or -1 */
	int image_fd;		/* root of the image's mount, or -1 */
	int start_sock;
	int lock;		/* of the home, for the image server; or -1 */
	struct side_work *side;	/* started with the image */
	int *ret_fds;		/* of plan->hand_out */
	char *base_path;	/* the last BASE_HOST opened, and ... */
	int base_fd;		/* ... its descriptor: rows come in runs */
};

/* A target relative to the root's descriptor. */
static inline const char *executor_rel(const char *target)
{
	return target[1] ? target + 1 : ".";
}

/* Makes the mount point where the row says so and opens it. */
int executor_open_target(struct executor *x, const struct row *row,
			 int *ret_fd, struct err *err);

/* enum bind_attrs of a row's flags. */
unsigned executor_attrs(const struct row *row);

/* overlay.c: a ROW_OVERLAY. */
int executor_overlay(struct executor *x, const struct row *row,
		     struct err *err);

/* wayland_row.c */
int executor_wayland(struct executor *x, const struct row *row,
		     struct err *err);

#endif
