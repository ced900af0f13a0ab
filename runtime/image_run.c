/*
 * image_run.c - see image_run.h
 *
 * A run is the stretch of inodes from `first` to before `next`, which is where the
 * helper stands; `left` more files are to be pushed.  A read inside the stretch came
 * before its push, and says nothing.  One where the run goes on, or a little
 * further, confirms it: if the helper had come to its end, more follow.  Any other
 * begins a run anew; who has just been seen to run needs no second step for that.
 *
 * Folders lie one behind the other, the last of the tree first: where a run comes
 * to the beginning of the one before, its folder is over.
 *
 * Where several read at once, all processors have work, and pushes would come too
 * late: a file would be handed over twice.  Then nobody runs.
 *
 * What lies behind an inode is found by its length.  Where that is not sure
 * (extended links) the walk ends, or goes on with what looks like an inode: no harm,
 * for the kernel takes a store only for a node that it was given, and for that the
 * bytes are right.
 */
#include "runtime/image_run.h"

#include "runtime/image_ahead.h"
#include "runtime/image_prefetch.h"
#include "runtime/image_state.h"

#define SMALL_MAX (64u << 10)		/* bytes of a file */
#define RUN_START 4u			/* files */
#define RUN_MAX 64u
#define CREDIT 4u			/* runs that need no second step */
#define CROWD 64u			/* reads until one counts as alone */
#define SKIP_MAX 4u			/* small files that a reader leaves out */
#define WALK_MAX 16u			/* inodes from one small file to the next */
#define LOOK_MAX 16u			/* files to look at for their blocks, */
#define BLOCKS_AHEAD 3u			/* of which so many are decoded ahead */

static bool is_small(const struct image *im, const struct image_inode *node)
{
	return node->type == TYPE_FILE && node->size &&
	       node->size <= im->super.block_size && node->size <= SMALL_MAX;
}

/* The small file behind a node of the run; false: none near. */
static bool go_on(struct image *im, struct image_inode *node)
{
	uint64_t stop = im->crew->run.stop;

	for (unsigned i = 0; i < WALK_MAX; i++) {
		uint64_t ref;
		struct err err;

		if (image_inode_behind(im, node, &ref, &err) < 0 ||
		    (node->ref < stop && ref >= stop) ||
		    image_inode_get(im, ref, node, &err) < 0)
			return false;
		if (is_small(im, node))
			return true;
	}
	return false;
}

static bool get(struct image *im, uint64_t ref, struct image_inode *ret)
{
	struct err err;

	return ref && image_inode_get(im, ref, ret, &err) == 0;
}

/* Does the reader come to `node` if it goes on from where the run ends? */
static bool continues(struct image *im, uint64_t next,
		      const struct image_inode *node)
{
	struct image_inode n;

	if (!get(im, next, &n))
		return false;
	for (unsigned i = 0; i < SKIP_MAX; i++) {
		if (n.ref == node->ref)
			return true;
		if (n.ref > node->ref || !go_on(im, &n))
			return false;
	}
	return false;
}

/* The blocks that the next files lie in. */
static void decode_ahead(struct image *im, struct image_inode n)
{
	unsigned blocks = 0;
	uint64_t last = 0;

	for (unsigned i = 0; i < LOOK_MAX && blocks < BLOCKS_AHEAD; i++) {
		blocks += image_ahead_want(im, &n, &last);
		if (!go_on(im, &n))
			return;
	}
}

/* ---- what the reader does ---------------------------------------------------- */

static void begin_run(struct image_run *r, uint64_t ref)
{
	if (ref < r->first)
		r->stop = r->first;
	else if (ref >= r->stop)
		r->stop = 0;
	r->first = ref;
	r->window = r->credit ? RUN_START : 0;
	r->credit -= r->credit > 0;
}

static void confirm_run(struct image_run *r)
{
	r->credit = CREDIT;
	/* The reader has overtaken the helper, which need not go further. */
	if (r->left)
		return;
	r->window = r->window ? r->window * 2 : RUN_START;
	if (r->window > RUN_MAX)
		r->window = RUN_MAX;
}

static bool in_crowd(struct image_crew *c)
{
	struct image_run *r = &c->run;

	if (atomic_load(&c->at_work) > 1)
		r->crowd = CROWD;
	if (!r->crowd)
		return false;
	r->crowd--;
	r->left = r->window = r->credit = 0;
	return true;
}

void image_run_read(struct image *im, const struct image_inode *node,
		    uint64_t off)
{
	struct image_crew *c = im->crew;
	struct image_inode n = *node;
	struct image_run *r;

	if (!c || c->push_fd < 0 || im->trace || off || !is_small(im, node) ||
	    image_prefetch_knows(im, node) || in_crowd(c))
		return;
	r = &c->run;
	if (node->ref >= r->first && node->ref < r->next)
		return;
	if (continues(im, r->next, node))
		confirm_run(r);
	else
		begin_run(r, node->ref);
	r->next = go_on(im, &n) ? n.ref : 0;
	r->left = r->next ? r->window : 0;
	if (!r->left)
		return;
	decode_ahead(im, n);
	image_crew_wake(c);
}

/* ---- what the helper does ---------------------------------------------------- */

static void end_run(struct image_run *r, uint64_t next)
{
	r->next = next;
	r->left = r->window = 0;
}

bool image_run_step(struct image_crew *c)
{
	struct image_run *r = &c->run;
	struct image_inode node;
	uint64_t ref = r->next;
	uint32_t fragment;
	int done;

	if (!r->left)
		return false;
	if (c->push_fd < 0 || !get(c->im, ref, &node)) {
		end_run(r, 0);
		return false;
	}
	fragment = node.fragment;
	done = image_ahead_push(c->im, &node);
	if (done == 0)
		return false;
	/* The reader may have gone somewhere else meanwhile. */
	if (r->next != ref || !r->left)
		return true;
	if (done < 0) {
		/* The kernel has not looked up what lies here. */
		r->credit = 0;
		end_run(r, ref);
		return true;
	}
	if (!go_on(c->im, &node)) {
		end_run(r, 0);
		return true;
	}
	r->left--;
	r->next = node.ref;
	if (r->left && node.fragment != fragment)
		decode_ahead(c->im, node);
	return true;
}
