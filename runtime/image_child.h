/*
 * image_child.h - the jailed process behind both fronts; see image.h
 *
 * image_child_fork makes it, in these steps (image_server.c):
 *
 *	1. drop: a session of its own, signals blocked, 0-2 on /dev/null, every
 *	   descriptor closed but bundle, channel, report and keep;
 *	2. first half of the jail (image_jail.c): all but the filter;
 *	3. make the other threads, if the front wants some, and allocate the
 *	   verified payloads (no byte of the image is read);
 *	4. the filter, over all threads;
 *	5. superblock and caches, then the front's `run`.
 *
 * So no byte of an image is interpreted outside the jail.
 */
#ifndef HOLDALL_IMAGE_CHILD_H
#define HOLDALL_IMAGE_CHILD_H

#include <sched.h>
#include <sys/types.h>

#include "runtime/bundle.h"
#include "runtime/err.h"
#include "runtime/image.h"
#include "runtime/image_reader.h"

#define IMAGE_REPORTS_MAX 16u

/* Lines for people on a pipe: each text once, at most IMAGE_REPORTS_MAX, never
 * waiting for a reader. */
struct image_report {
	int fd;
	unsigned n;
	uint64_t seen[IMAGE_REPORTS_MAX];
};
void image_report(struct image_report *report, const struct err *err);

struct image_child;
typedef int image_run(struct image_child *c, struct image *im,
		      struct err *err);

struct image_child {
	const struct bundle *bundle;
	int channel;		/* the child's end of start socket or pipe */
	int report;		/* write end of the report pipe, or -1 */
	int keep;		/* held open till the end, or -1 */
	bool ends_with_us;	/* killed when the caller's thread ends */
	bool crew;		/* with more threads (image_crew.h), */
	cpu_set_t cpus;		/* which may run there; by image_child_fork */
	bool push;		/* and pushes (image_push.h): only below a
				 * supervisor, which can rescue */
	bool stats;		/* tells what it did */
	const struct placement *place; /* where it begins, or NULL */
	struct image_trace *trace; /* notes what is asked, or NULL */
	/* The front, in the jail.  `im` is NULL when the image cannot be used:
	 * `err` says why.  Returns the exit status. */
	image_run *run;
	/* What the fronts need. */
	struct image_owner owner;
	const char *path;
	int flags;
};

/* Returns the pid, or a negative errno. */
pid_t image_child_fork(struct image_child *c, int *ret_pidfd,
		       struct err *err);

/* Gives up everything but reading, answering and ending, in two steps
 * (image_jail.c): threads made between them are in the jail too. */
int image_jail_drop(struct err *err);
int image_jail_filter_calls(struct err *err);

/* Serves one FUSE connection until it is gone.  Exit status. */
int image_fuse_serve(struct image *im, int fd, const struct image_child *c,
		     struct image_report *report);

/* A stream (image.h) from another front than our own walk. */
int image_stream_open_by(image_run *run, const struct bundle *b,
			 const char *path, int flags,
			 struct image_stream **ret, struct err *err);

/* Sends the records of a walk; image_walk.c. */
int image_walk_run(struct image_child *c, struct image *im, struct err *err);

#endif
