/*
 * image_crew.h - the threads of an image server, and their one lock
 *
 * Up to SERVERS_MAX threads answer requests: each reads one, answers it, reads the
 * next.  The first of them is the process's own.  One more, the helper
 * (image_ahead.h), answers nothing: it decodes ahead and pushes what was decoded
 * into the kernel's page cache.  So a request is never behind work that nobody
 * has asked for.  A second, the spare helper, only decodes, where there is a
 * second processor.
 *
 * One lock guards the reader, its caches and all counts.  It is given up while a
 * block is read, verified and decoded, and while a reply or a push is written:
 * what remains under it takes microseconds.
 *
 * All threads are made before the filter, over which the filter is then laid, and
 * wait until there is something to serve; pthreads need no call then but futex.
 *
 * The helper may get stuck in the kernel for as long as nobody answers the
 * requests that are under way (image_push.h).  When the process is killed, the
 * others must then be seen to end: so they have a table of descriptors of their
 * own, the report pipe and /dev/fuse in it are closed with them, and the end of
 * file of that pipe tells the supervisor (image_rescue.h).
 */
#ifndef HOLDALL_IMAGE_CREW_H
#define HOLDALL_IMAGE_CREW_H

#include <sched.h>

#include "runtime/image_reader.h"

struct image_crew;

/* Makes `servers - 1` threads and the helpers, for these CPUs, whatever the
 * caller's thread is kept to (none: the caller's).  Where no thread can be made
 * there are fewer; none at all is an error.  `foreign` (>= 0) is a descriptor that
 * the helper closes in its table. */
int image_crew_new(unsigned servers, const cpu_set_t *cpus, int foreign,
		   struct image_crew **ret, struct err *err);
/* As many as there are CPUs, within bounds. */
unsigned image_crew_servers(const cpu_set_t *cpus);
/* How many sources it wants: one for each thread beside the caller's. */
unsigned image_crew_others(const struct image_crew *c);
/* Gives it an image to work on.  `srcs` are sources of the same bytes. */
void image_crew_attach(struct image_crew *c, struct image *im,
		       const struct image_source *srcs);
/* Sends the other servers to work: serve(arg, i) in thread i = 1, 2, ...; it must
 * not return.  Returns how many there are with the caller. */
unsigned image_crew_serve(struct image_crew *c,
			  void (*serve)(void *arg, unsigned i), void *arg);
/* The helper may push: the next message of that socket, which it closes, brings a
 * /dev/fuse for it.  Where it has no table of its own it does not. */
void image_crew_push(struct image_crew *c, int channel);
/* Ends the threads; before image_free.  Not after image_crew_serve. */
void image_crew_free(struct image_crew *c);

/* With the lock held: a request has come.  After a second without one the helper
 * gives all caches back. */
void image_crew_busy(struct image *im);

#endif
