/*
 * image_ahead.c - the helpers' queue, and what goes into it; see image_ahead.h
 *
 * The queue is a ring of JOBS_MAX: what is too much is dropped, oldest first, and
 * nothing waits for a job: a reader that needs a queued block decodes it itself,
 * and only if the helper has begun already does it wait for the end of that.  A
 * job holds no slot: one whose block has left the cache meanwhile is forgotten.
 */
#include "runtime/image_ahead.h"

#include <errno.h>

#include "runtime/image_prefetch.h"
#include "runtime/image_push.h"
#include "runtime/image_state.h"

#define WINDOW_MAX 8u			/* blocks ahead */
#define WINDOW_BYTES_MAX (1u << 20)
#define PUSH_MIN 8192u			/* bytes that are worth it */
#define FRAGMENTS_AHEAD 3u

/* A block that was decoded ahead was used, or dropped: two of three must be of use. */
void image_ahead_verdict(struct image *im, bool used)
{
	struct image_crew *c = im->crew;

	if (!c)
		return;
	if (used && c->window < WINDOW_MAX)
		c->window++;
	else if (!used)
		c->window -= c->window < 2 ? c->window : 2;
}

/* ---- pushing --------------------------------------------------------------- */

/* Bytes from .. to of a piece that lies in a pinned slot; without the lock. */
static int store(const struct image_crew *c, const struct image_job *j,
		 const uint8_t *piece, uint32_t from, uint32_t to)
{
	if (from >= to)
		return 0;
	return image_push(c->push_fd, j->node_id, j->off + from, piece + from,
			  to - from);
}

/* What the kernel has not been given: before and behind the part. */
static int push_piece(struct image_crew *c, const struct image_job *j,
		       struct image_cached *b)
{
	struct image *im = c->im;
	uint32_t mask = (uint32_t)c->page - 1;
	uint32_t want = j->want;
	uint32_t before = j->in & ~mask, behind = (j->in + j->len + mask) & ~mask;
	const uint8_t *piece = image_data_bytes(im, b) + j->skip;
	int r;

	b->pins++;
	image_unlock(im);
	r = store(c, j, piece, 0, before);
	if (!r)
		r = store(c, j, piece, behind, want);
	image_lock(im, image_helper(im));
	b->pins--;
	image_wake(im);
	if (r == -ENODEV)
		c->push_fd = -1;	/* closed with the process */
	if (r < 0)
		return r;
	behind = before + (want > behind ? want - behind : 0);
	im->stats.pushes++;
	im->stats.pushed_bytes += behind;
	b->given += behind;
	b->ahead = false;
	return 0;
}

static void push(struct image_crew *c, const struct image_job *j)
{
	struct image_cached *b;

	if (c->push_fd < 0)
		return;
	b = image_data_cached(c->im, j->pos);
	/* Taken as a whole meanwhile, lost, or not what the file says. */
	if (!b || b->busy || b->given >= b->len || j->skip >= b->len ||
	    j->want > b->len - j->skip || j->in + j->len > b->len - j->skip)
		return;
	(void)push_piece(c, j, b);
}

/* ---- the queue ------------------------------------------------------------- */

static bool queued(const struct image_crew *c, uint64_t pos)
{
	for (unsigned i = 0; i < c->n; i++) {
		const struct image_job *j =
			&c->jobs[(c->first + i) % JOBS_MAX];

		if (j->pos == pos && j->kind != JOB_PUSH)
			return true;
	}
	return false;
}

static void add_last(struct image_crew *c, const struct image_job *j)
{
	if (c->n == JOBS_MAX) {
		c->first = (c->first + 1) % JOBS_MAX;
		c->n--;
	}
	c->jobs[(c->first + c->n++) % JOBS_MAX] = *j;
}

static void add_first(struct image_crew *c, const struct image_job *j)
{
	if (c->n < JOBS_MAX)
		c->n++;
	c->first = (c->first + JOBS_MAX - 1) % JOBS_MAX;
	c->jobs[c->first] = *j;
}

/* Takes job i from the first on. */
static struct image_job take(struct image_crew *c, unsigned i)
{
	struct image_job j = c->jobs[(c->first + i) % JOBS_MAX];

	for (; i; i--)
		c->jobs[(c->first + i) % JOBS_MAX] =
			c->jobs[(c->first + i - 1) % JOBS_MAX];
	c->first = (c->first + 1) % JOBS_MAX;
	c->n--;
	return j;
}

bool image_ahead_work(struct image_crew *c)
{
	struct image_job j;

	if (!c->n)
		return false;
	j = take(c, 0);
	if (j.kind != JOB_PUSH)
		image_data_ahead(c->im, j.pos, j.size);
	if (j.kind != JOB_DECODE)
		push(c, &j);
	return true;
}

bool image_ahead_decode(struct image_crew *c)
{
	struct image_job j;
	unsigned i = 0;

	while (i < c->n &&
	       c->jobs[(c->first + i) % JOBS_MAX].kind != JOB_DECODE)
		i++;
	if (i == c->n)
		return false;
	j = take(c, i);
	image_data_ahead(c->im, j.pos, j.size);
	return true;
}

/* What is at hand or queued already is left out. */
static void add_decode(struct image *im, uint64_t pos, uint32_t size,
		       bool urgent)
{
	struct image_job j = { .kind = JOB_DECODE, .pos = pos, .size = size };

	if (queued(im->crew, pos) || image_data_cached(im, pos))
		return;
	if (urgent)
		add_first(im->crew, &j);
	else
		add_last(im->crew, &j);
	image_crew_wake(im->crew);
}

/* Blocks first to last - 1 of a file, as far as they are not at hand.  Unless
 * they are needed now, no block is taken that was read before (the kernel has
 * it, most likely) or decoded ahead before. */
static void add_blocks(struct image *im, const struct image_inode *node,
		       uint32_t first, uint32_t last, bool urgent)
{
	struct file_place *place = image_file_place(im, node), noted = *place;
	struct {
		uint64_t pos;
		uint32_t size;
	} found[JOBS_MAX];
	unsigned n = 0;

	if (last > node->n_blocks)
		last = node->n_blocks;
	for (uint32_t b = first; b < last && n < JOBS_MAX; b++) {
		struct err err;

		if (image_find_block(im, node, b, &found[n].pos,
				     &found[n].size, &err) < 0)
			break;
		/* A hole, or the superblock. */
		if (!found[n].size || !found[n].pos)
			continue;
		if (!urgent && noted.ref == node->ref) {
			if (image_block_seen(&noted, b))
				continue;
			image_block_see(&noted, b);
		}
		n++;
	}
	*place = noted;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = urgent ? n - 1 - i : i;

		add_decode(im, found[k].pos, found[k].size, urgent);
	}
}

/* Small files are read one after the other in the order of their fragments, or
 * not: a small step forward promises more. */
static void add_fragment(struct image *im, uint32_t i)
{
	uint64_t pos;
	uint32_t size;
	struct err err;

	if (i >= im->super.n_fragments || image_fragment_seen(im, i) ||
	    image_fragment(im, i, &pos, &size, &err) < 0 || !pos)
		return;
	image_fragment_see(im, i);
	add_decode(im, pos, size, false);
}

static void add_fragments(struct image *im, uint32_t fragment)
{
	/* Backwards: a number far too large. */
	uint32_t step = fragment - im->last_fragment;

	im->last_fragment = fragment;
	/* A run knows better. */
	if (!step || step > FRAGMENTS_AHEAD || im->crew->run.window)
		return;
	for (uint32_t i = 1; i <= FRAGMENTS_AHEAD; i++)
		add_fragment(im, fragment + i);
}

/* Who reads a tree goes from file to file as their inodes lie: after two steps the
 * third is taken for sure.  (Where no inode is, image_inode_get says so.) */
static void add_next_file(struct image *im, const struct image_inode *node)
{
	bool step = node->ref && im->next_file == node->ref;
	struct image_inode next;
	struct err err;
	uint64_t ref;

	im->next_file = 0;
	if (image_inode_behind(im, node, &ref, &err) < 0 ||
	    image_inode_get(im, ref, &next, &err) < 0 ||
	    next.type != TYPE_FILE)
		return;
	im->next_file = next.ref;
	if (step)
		add_blocks(im, &next, 0, 1, false);
}

/* The rest of the blocks that the last read took a part of. */
static void add_pushes(struct image *im, const struct image_inode *node)
{
	const struct image_worker *w = im->cur;
	struct image_crew *c = im->crew;

	for (unsigned i = 0; i < w->n_touched; i++) {
		const struct image_touched *t = &w->touched[i];
		const struct image_cached *b = image_data_cached(im, t->pos);
		struct image_job j = {
			.kind = JOB_PUSH, .pos = t->pos,
			.node_id = node->ref + NODE_ID_ADD, .off = t->off,
			.skip = t->skip, .want = t->want,
			.in = t->in, .len = t->len,
		};

		if (!b || b->given >= b->len || t->want - t->len < PUSH_MIN)
			continue;
		add_last(c, &j);
		image_crew_wake(c);
	}
}

/* ---- what the readers tell ------------------------------------------------- */

void image_ahead_split(struct image *im, const struct image_inode *node,
		       uint64_t off, size_t len)
{
	uint32_t first = (uint32_t)(off >> im->super.block_log), size;
	uint64_t last = (off + len - 1) >> im->super.block_log, pos;
	struct err err;

	if (!im->crew || !len || last == first || first >= node->n_blocks)
		return;
	if (image_find_block(im, node, first, &pos, &size, &err) < 0 || !size)
		return;
	if (!image_data_cached(im, pos))
		add_blocks(im, node, first + 1, (uint32_t)last + 1, true);
}

void image_ahead_follow(struct image *im, const struct image_inode *node,
			uint64_t off, size_t len)
{
	uint32_t most = WINDOW_BYTES_MAX >> im->super.block_log;
	struct image_crew *c = im->crew;
	uint32_t next, n;

	if (!c || !len)
		return;
	if (c->push_fd >= 0 && !im->trace)
		add_pushes(im, node);
	if (image_prefetch_knows(im, node))
		return;
	next = (uint32_t)((off + len - 1) >> im->super.block_log) + 1;
	if (next > node->n_blocks)
		add_fragments(im, node->fragment);
	if (off + len == node->size)
		add_next_file(im, node);
	if (next >= node->n_blocks)
		return;
	if (!c->window && im->cur->reads_on)
		c->window = 1;
	n = c->window;
	add_blocks(im, node, next, next + (n < most ? n : most), false);
}

/* The job that fetches a block of a file; false: there is nothing to be had. */
static bool block_job(struct image *im, const struct image_inode *node,
		      uint32_t block, struct image_job *ret)
{
	bool tail = block == node->n_blocks;
	struct image_job j = {
		.kind = JOB_FETCH, .node_id = node->ref + NODE_ID_ADD,
		.off = (uint64_t)block << im->super.block_log,
	};
	struct err err;

	/* A last whole block may have a fragment behind it, of no bytes. */
	if (node->type != TYPE_FILE || block > node->n_blocks ||
	    (tail && node->fragment == SQUASHFS_NO_FRAGMENT) ||
	    j.off >= node->size)
		return false;
	if ((tail ? image_fragment(im, node->fragment, &j.pos, &j.size, &err) :
		    image_find_block(im, node, block, &j.pos, &j.size,
				     &err)) < 0 || !j.pos || !j.size)
		return false;
	/* Never more than the file has, whatever the block holds. */
	j.want = node->size - j.off < im->super.block_size ?
		 (uint32_t)(node->size - j.off) : im->super.block_size;
	j.skip = tail ? node->fragment_off : 0;
	*ret = j;
	return true;
}

bool image_ahead_want(struct image *im, const struct image_inode *node,
		      uint64_t *last)
{
	struct image_job j;

	if (!block_job(im, node, 0, &j) || j.pos == *last)
		return false;
	*last = j.pos;
	if (node->n_blocks)
		add_decode(im, j.pos, j.size, false);
	else
		add_fragment(im, node->fragment);
	return true;
}

int image_ahead_push(struct image *im, const struct image_inode *node)
{
	struct image_cached *b;
	struct image_job j;

	if (!block_job(im, node, 0, &j))
		return 1;
	b = image_data_cached(im, j.pos);
	if (!b && !node->n_blocks && image_fragment_seen(im, node->fragment) &&
	    !queued(im->crew, j.pos))
		return 1;
	if (!b)
		add_decode(im, j.pos, j.size, true);
	if (!b || b->busy)
		return 0;
	if (j.skip >= b->len || j.want > b->len - j.skip)
		return 1;
	j.kind = JOB_PUSH;
	return push_piece(im->crew, &j, b) < 0 ? -1 : 1;
}

bool image_ahead_fetch(struct image *im, const struct image_inode *node,
		       uint32_t block)
{
	struct image_job j;

	if (!im->crew || !block_job(im, node, block, &j))
		return true;
	if (im->crew->n == JOBS_MAX)
		return false;
	add_last(im->crew, &j);
	image_crew_wake(im->crew);
	return true;
}

void image_ahead_pause(struct image *im)
{
	struct image_crew *c = im->crew;

	if (!c)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->n = 0;
	c->run = (struct image_run){ .left = 0 };
	while (!c->parked || !c->spare_parked)
		(void)pthread_cond_wait(&c->parked_now, &c->lock);
	c->window = WINDOW_START;
	(void)pthread_mutex_unlock(&c->lock);
}
