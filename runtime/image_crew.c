/*
 * image_crew.c - births, the lock, and the helper's rest; see image_crew.h
 *
 * Role of the helper: jobs of image_ahead.c, one at a time; after MEMORY_IDLE_MS
 *	without a request, giving all memory back.
 * Watched by: nobody; all threads end with the process.
 *
 * No memory is allocated in these threads (the allocator would make arenas), and
 * none of them ends: the C library would make other calls then.
 *
 * #syscalls futex recvmsg close
 * They may come to life when the filter stands already: nobody waits for their
 * birth, in which the C library makes three calls that give nothing away:
 * #syscalls set_robust_list rseq rt_sigprocmask
 */
#include "runtime/image_crew.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/fd.h"
#include "runtime/image_ahead.h"
#include "runtime/image_prefetch.h"
#include "runtime/image_run.h"
#include "runtime/image_state.h"
#include "runtime/memory.h"

#define STACK_SIZE (64u << 10)

/* ---- the lock -------------------------------------------------------------- */

void image_lock(struct image *im, struct image_worker *w)
{
	if (im->crew)
		(void)pthread_mutex_lock(&im->crew->lock);
	im->cur = w;
}

void image_unlock(struct image *im)
{
	im->cur = &im->workers[0];
	if (im->crew)
		(void)pthread_mutex_unlock(&im->crew->lock);
}

void image_wait(struct image *im)
{
	struct image_worker *w = im->cur;

	(void)pthread_cond_wait(&im->crew->ready, &im->crew->lock);
	im->cur = w;
}

void image_wake(struct image *im)
{
	if (im->crew)
		(void)pthread_cond_broadcast(&im->crew->ready);
}

/* ---- the helpers ----------------------------------------------------------- */

/* With the lock held: the helper looks at everything again before it rests, or
 * rests already and is woken up, once. */
static void call_helper(struct image_crew *c)
{
	if (!c->parked || c->called)
		return;
	c->called = 1;
	memory_word_wake(&c->called);
}

void image_crew_wake(struct image_crew *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n; i++)
		n += c->jobs[(c->first + i) % JOBS_MAX].kind == JOB_DECODE;
	if (c->has_spare && c->spare_parked && n > c->parked)
		(void)pthread_cond_signal(&c->more);
	call_helper(c);
}

/* Nothing happened for a while: gives all caches back, unless a reader still holds
 * a block. */
static void give_back(struct image_crew *c)
{
	if (c->awake && c->requests == c->seen && image_drop_caches(c->im)) {
		c->awake = false;
		c->window = WINDOW_START;
	}
	c->seen = c->requests;
}

/* No clock ticks in an idle process: once all that requests have taken is given
 * back, it waits for the next one. */
static void rest(struct image_crew *c)
{
	bool idle = c->requests && !c->awake;
	int r = 0;

	c->called = 0;
	c->parked = true;
	(void)pthread_cond_broadcast(&c->parked_now);
	(void)pthread_mutex_unlock(&c->lock);
	if (idle)
		memory_word_sleep(&c->called, 0);
	else
		r = memory_word_wait(&c->called, 0);
	(void)pthread_mutex_lock(&c->lock);
	if (r == -ETIMEDOUT)
		give_back(c);
	c->parked = false;
}

/* The /dev/fuse for pushes, into this thread's table. */
static void take_push_fd(struct image_crew *c)
{
	int from = c->push_from, fd = -1;
	char byte;

	c->push_from = -1;
	(void)pthread_mutex_unlock(&c->lock);
	if (c->foreign >= 0)
		(void)close(c->foreign);
	c->foreign = -1;
	(void)fd_recv(from, &fd, &byte, sizeof(byte));
	(void)close(from);
	(void)pthread_mutex_lock(&c->lock);
	c->push_fd = fd;
}

static void *help(void *arg)
{
	struct image_crew *c = arg;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->quit) {
		if (c->im)
			c->im->cur = image_helper(c->im);
		if (c->push_from >= 0)
			take_push_fd(c);
		else if (!image_run_step(c) && !image_ahead_work(c) &&
			 !image_prefetch_step(c->im))
			rest(c);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void *help_decode(void *arg)
{
	struct image_crew *c = arg;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->quit) {
		if (c->im)
			c->im->cur = image_spare(c->im);
		if (image_ahead_decode(c))
			continue;
		c->spare_parked = true;
		(void)pthread_cond_broadcast(&c->parked_now);
		(void)pthread_cond_wait(&c->more, &c->lock);
		c->spare_parked = false;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* ---- servers --------------------------------------------------------------- */

static void *serve(void *arg)
{
	struct image_crew *c = arg;
	unsigned me;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->quit && !c->serve)
		(void)pthread_cond_wait(&c->go, &c->lock);
	/* One by one they take the next number, as long as there is work. */
	me = c->n_serving;
	if (!c->quit && me < c->n_servers)
		c->n_serving++;
	else
		while (!c->quit)
			(void)pthread_cond_wait(&c->go, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
	if (!c->quit)
		c->serve(c->serve_arg, me);
	return NULL;
}

unsigned image_crew_serve(struct image_crew *c,
			  void (*serve_one)(void *arg, unsigned i), void *arg)
{
	unsigned n;

	(void)pthread_mutex_lock(&c->lock);
	n = image_servers_max(c->im);
	if (c->n_servers > n)
		c->n_servers = n;
	n = c->n_servers;
	c->n_serving = 1;
	c->serve_arg = arg;
	c->serve = serve_one;
	(void)pthread_cond_broadcast(&c->go);
	(void)pthread_mutex_unlock(&c->lock);
	return n;
}

unsigned image_crew_servers(const cpu_set_t *cpus)
{
	unsigned n = (unsigned)CPU_COUNT(cpus);

	return n < 1 ? 1 : n > SERVERS_MAX ? SERVERS_MAX : n;
}

/* ---- birth and end --------------------------------------------------------- */

static int start_thread(pthread_t *ret, void *(*run)(void *arg),
			struct image_crew *c, const cpu_set_t *cpus)
{
	pthread_attr_t attr;
	int r = pthread_attr_init(&attr);

	if (r)
		return -r;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	/* Else it would stay for ever where the launcher has put the first
	 * thread for the time of the start. */
	if (CPU_COUNT(cpus))
		(void)pthread_attr_setaffinity_np(&attr, sizeof(*cpus), cpus);
	r = pthread_create(ret, &attr, run, c);
	(void)pthread_attr_destroy(&attr);
	return -r;
}

static void prepare_lock(struct image_crew *c)
{
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->ready, NULL);
	(void)pthread_cond_init(&c->go, NULL);
	(void)pthread_cond_init(&c->more, NULL);
	(void)pthread_cond_init(&c->parked_now, NULL);
}

int image_crew_new(unsigned servers, const cpu_set_t *cpus, int foreign,
		   struct image_crew **ret, struct err *err)
{
	CLEANUP_FREE struct image_crew *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_nomem(err);
	prepare_lock(c);
	c->foreign = foreign;
	c->push_from = c->push_fd = -1;
	c->window = WINDOW_START;
	c->page = (size_t)sysconf(_SC_PAGESIZE);
	r = start_thread(&c->helper, help, c, cpus);
	if (r < 0)
		return err_sys(err, -r, "image server: cannot make its second "
			       "thread");
	/* From here on the helper's table of descriptors is its own.  Without
	 * that it only decodes. */
	if (unshare(CLONE_FILES) < 0)
		c->page = 0;
	/* One processor decodes no faster with two. */
	c->has_spare = servers > 1 &&
		       start_thread(&c->spare, help_decode, c, cpus) == 0;
	if (!c->has_spare)
		c->spare_parked = true;
	c->n_servers = 1;
	while (c->n_servers < servers && c->n_servers < SERVERS_MAX &&
	       start_thread(&c->servers[c->n_servers], serve, c,
			    cpus) == 0)
		c->n_servers++;
	*ret = steal_ptr(&c);
	return 0;
}

unsigned image_crew_others(const struct image_crew *c)
{
	return c->n_servers + c->has_spare;
}

void image_crew_attach(struct image_crew *c, struct image *im,
		       const struct image_source *srcs)
{
	for (unsigned i = 1; i < c->n_servers; i++)
		im->workers[i].dec.src = srcs[i - 1];
	image_helper(im)->dec.src = srcs[c->n_servers - 1];
	if (c->has_spare)
		image_spare(im)->dec.src = srcs[c->n_servers];
	im->crew = c;
	(void)pthread_mutex_lock(&c->lock);
	c->im = im;
	(void)pthread_mutex_unlock(&c->lock);
}

void image_crew_free(struct image_crew *c)
{
	if (!c)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->quit = true;
	call_helper(c);
	(void)pthread_cond_signal(&c->more);
	(void)pthread_cond_broadcast(&c->go);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->helper, NULL);
	if (c->has_spare)
		(void)pthread_join(c->spare, NULL);
	for (unsigned i = 1; i < c->n_servers; i++)
		(void)pthread_join(c->servers[i], NULL);
	if (c->im)
		c->im->crew = NULL;
	free(c);
}

void image_crew_busy(struct image *im)
{
	struct image_crew *c = im->crew;

	if (!c)
		return;
	c->requests++;
	if (!c->awake) {
		c->awake = true;
		call_helper(c);
	}
}

void image_crew_push(struct image_crew *c, int channel)
{
	(void)pthread_mutex_lock(&c->lock);
	if (c->page)
		c->push_from = channel;
	call_helper(c);
	(void)pthread_mutex_unlock(&c->lock);
}
