/*
 * image_ahead.c - the helper thread; see image_ahead.h
 *
 * Role: decodes blocks of the queue into the shared cache, one at a time.
 * Watched by: nobody; it ends with the process.
 *
 * The queue is a ring of JOBS: what is too much is dropped, oldest first, and
 * nothing waits for a job: a reader that needs a queued block decodes it itself,
 * and only if the helper has begun already does it wait for the end of that.
 *
 * No memory is allocated in this thread (the allocator would make an arena).
 *
 * #syscalls futex
 */
#include "runtime/image_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "runtime/image_state.h"

#define JOBS 16u
#define STACK_SIZE (64u << 10)
#define WINDOW_START 4u
#define WINDOW_MAX 8u			/* blocks ahead */
#define WINDOW_BYTES_MAX (1u << 20)

struct job {
	uint64_t pos;			/* in the image; never 0 */
	uint32_t size;			/* as block lists hold it */
};

struct image_ahead {
	pthread_t thread;
	pthread_mutex_t lock;		/* of all here and the image's cache */
	pthread_cond_t wake;		/* for the thread: job, or quit */
	pthread_cond_t done;		/* for the reader: parked, block ready */
	bool parked, quit;
	struct image *im;
	struct job jobs[JOBS];
	unsigned first, n;
	unsigned window;
};

/* ---- the lock, used by image_data.c too ------------------------------------ */

void image_lock(struct image *im)
{
	if (im->ahead)
		(void)pthread_mutex_lock(&im->ahead->lock);
}

void image_unlock(struct image *im)
{
	if (im->ahead)
		(void)pthread_mutex_unlock(&im->ahead->lock);
}

/* Gives the lock up until the helper has finished a block. */
void image_wait(struct image *im)
{
	(void)pthread_cond_wait(&im->ahead->done, &im->ahead->lock);
}

/* What became of a block that was decoded ahead. */
void image_ahead_verdict(struct image *im, bool used)
{
	struct image_ahead *a = im->ahead;

	if (used && a->window < WINDOW_MAX)
		a->window++;
	else if (!used && a->window)
		a->window--;
}

/* ---- the thread ------------------------------------------------------------ */

static void *work(void *arg)
{
	struct image_ahead *a = arg;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->quit) {
		struct job job;

		if (!a->n) {
			a->parked = true;
			(void)pthread_cond_signal(&a->done);
			(void)pthread_cond_wait(&a->wake, &a->lock);
			a->parked = false;
			continue;
		}
		job = a->jobs[a->first];
		a->first = (a->first + 1) % JOBS;
		a->n--;
		/* Gives the lock up while it decodes. */
		image_data_ahead(a->im, job.pos, job.size);
		(void)pthread_cond_signal(&a->done);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return NULL;
}

int image_ahead_new(struct image_ahead **ret, struct err *err)
{
	CLEANUP_FREE struct image_ahead *a = calloc(1, sizeof(*a));
	pthread_attr_t attr;
	int r;

	if (!a || pthread_attr_init(&attr) != 0)
		return err_nomem(err);
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->wake, NULL);
	(void)pthread_cond_init(&a->done, NULL);
	a->window = WINDOW_START;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	r = pthread_create(&a->thread, &attr, work, a);
	(void)pthread_attr_destroy(&attr);
	if (r)
		return err_sys(err, r, "image server: cannot make its second "
			       "thread");
	*ret = steal_ptr(&a);
	return 0;
}

void image_ahead_settle(struct image_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	while (!a->parked)
		(void)pthread_cond_wait(&a->done, &a->lock);
	(void)pthread_mutex_unlock(&a->lock);
}

void image_ahead_attach(struct image_ahead *a, struct image *im,
			const struct image_source *src)
{
	a->im = im;
	im->ahead = a;
	im->back.src = *src;
}

void image_ahead_free(struct image_ahead *a)
{
	if (!a)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->quit = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
	(void)pthread_join(a->thread, NULL);
	if (a->im)
		a->im->ahead = NULL;
	free(a);
}

/* ---- the queue ------------------------------------------------------------- */

static bool queued(const struct image_ahead *a, uint64_t pos)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->jobs[(a->first + i) % JOBS].pos == pos)
			return true;
	return false;
}

static void add_last(struct image_ahead *a, struct job job)
{
	if (a->n == JOBS) {
		a->first = (a->first + 1) % JOBS;
		a->n--;
	}
	a->jobs[(a->first + a->n++) % JOBS] = job;
}

static void add_first(struct image_ahead *a, struct job job)
{
	if (a->n < JOBS)
		a->n++;
	a->first = (a->first + JOBS - 1) % JOBS;
	a->jobs[a->first] = job;
}

/* With the lock held; what is at hand or queued already is left out. */
static void add_job(struct image *im, struct job job, bool urgent)
{
	struct image_ahead *a = im->ahead;

	if (queued(a, job.pos) || image_data_cached(im, job.pos))
		return;
	if (urgent)
		add_first(a, job);
	else
		add_last(a, job);
	if (a->parked)
		(void)pthread_cond_signal(&a->wake);
}

/* Blocks first to last - 1 of a file, as far as they are not at hand.  Unless
 * they are needed now, no block is taken that was read before (the kernel has
 * it, most likely) or decoded ahead before. */
static void add_blocks(struct image *im, const struct image_inode *node,
		       uint32_t first, uint32_t last, bool urgent)
{
	struct file_place *place = image_file_place(im, node), noted = *place;
	struct job jobs[JOBS];
	unsigned n = 0;

	if (last > node->n_blocks)
		last = node->n_blocks;
	for (uint32_t b = first; b < last && n < JOBS; b++) {
		struct err err;

		if (image_find_block(im, node, b, &jobs[n].pos, &jobs[n].size,
				     &err) < 0)
			break;
		/* A hole, or the superblock. */
		if (!jobs[n].size || !jobs[n].pos)
			continue;
		if (!urgent && noted.ref == node->ref) {
			if (image_block_seen(&noted, b))
				continue;
			image_block_see(&noted, b);
		}
		n++;
	}
	*place = noted;
	image_lock(im);
	for (unsigned i = 0; i < n; i++)
		add_job(im, jobs[urgent ? n - 1 - i : i], urgent);
	image_unlock(im);
}

/* Small files are read one after the other in the order of their fragments, or
 * not: one step from a block to the next promises another. */
static void add_fragment(struct image *im, uint32_t fragment)
{
	bool step = fragment == im->last_fragment + 1;
	struct job job;
	struct err err;

	im->last_fragment = fragment;
	if (!step || fragment + 1 >= im->super.n_fragments ||
	    image_fragment(im, fragment + 1, &job.pos, &job.size, &err) < 0 ||
	    !job.pos)
		return;
	image_lock(im);
	add_job(im, job, false);
	image_unlock(im);
}

void image_ahead_split(struct image *im, const struct image_inode *node,
		       uint64_t off, size_t len)
{
	uint32_t first = (uint32_t)(off >> im->super.block_log), size;
	uint64_t last = (off + len - 1) >> im->super.block_log, pos;
	struct err err;
	bool cached;

	if (!im->ahead || !len || last == first || first >= node->n_blocks)
		return;
	if (image_find_block(im, node, first, &pos, &size, &err) < 0 || !size)
		return;
	image_lock(im);
	cached = image_data_cached(im, pos);
	image_unlock(im);
	if (!cached)
		add_blocks(im, node, first + 1, (uint32_t)last + 1, true);
}

void image_ahead_follow(struct image *im, const struct image_inode *node,
			uint64_t off, size_t len)
{
	uint32_t most = WINDOW_BYTES_MAX >> im->super.block_log;
	uint32_t next, n;

	if (!im->ahead || !len)
		return;
	next = (uint32_t)((off + len - 1) >> im->super.block_log) + 1;
	if (next > node->n_blocks)
		add_fragment(im, node->fragment);
	if (next >= node->n_blocks)
		return;
	image_lock(im);
	if (!im->ahead->window && im->reads_on)
		im->ahead->window = 1;
	n = im->ahead->window;
	image_unlock(im);
	add_blocks(im, node, next, next + (n < most ? n : most), false);
}

void image_ahead_pause(struct image *im)
{
	struct image_ahead *a = im->ahead;

	if (!a)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->n = 0;
	while (!a->parked)
		(void)pthread_cond_wait(&a->done, &a->lock);
	a->window = WINDOW_START;
	(void)pthread_mutex_unlock(&a->lock);
}
