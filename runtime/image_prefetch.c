/*
 * image_prefetch.c - see image_prefetch.h
 *
 * The profile lies in a mapping of its own, which is touched as far as it is long
 * and given back whole.
 */
#include "runtime/image_prefetch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/image_ahead.h"
#include "runtime/image_profile.h"
#include "runtime/image_state.h"

#define MISSES_MAX 64u
#define JUMP_MAX 64u			/* entries; a larger step is no sign */
#define PUSHES_MAX 16u			/* of one look-up */

struct image_prefetch {
	unsigned next;			/* entry to fetch, */
	uint32_t block;			/* and how many of its blocks are */
	unsigned misses;		/* reads since something was met */
	struct image_profile profile;
};

/* ---- the section ------------------------------------------------------------ */

int image_prefetch_begin(struct image *im, const uint8_t *data, size_t len)
{
	struct image_prefetch *p;
	int r;

	p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	r = image_profile_parse(data, len, &p->profile);
	if (r < 0) {
		(void)munmap(p, sizeof(*p));
		return r;
	}
	image_lock(im, &im->workers[0]);
	image_prefetch_end(im);
	im->prefetch = p;
	image_crew_wake(im->crew);
	image_unlock(im);
	return 0;
}

void image_prefetch_start(struct image *im, const struct bundle *b)
{
	const struct section *s = seal_section(&b->seal, SECTION_PROFILE);
	const struct image_source *src = &im->workers[0].dec.src;
	CLEANUP_FREE uint8_t *data = NULL;
	struct err ignored;

	if (!s || !im->crew || s->size > IMAGE_PROFILE_BYTES_MAX)
		return;
	data = malloc(s->size);
	/* Sections lie in the payload, as the image does, at its start. */
	if (data && src->read(src->arg, data, s->size, s->offset,
			      &ignored) == 0)
		(void)image_prefetch_begin(im, data, s->size);
}

void image_prefetch_end(struct image *im)
{
	if (im->prefetch)
		(void)munmap(im->prefetch, sizeof(*im->prefetch));
	im->prefetch = NULL;
}

/* ---- going along ------------------------------------------------------------ */

/* Blocks that were decoded ahead and that nobody has used. */
static unsigned waiting(const struct image *im)
{
	unsigned n = 0;

	for (unsigned i = 0; i < im->n_data; i++)
		n += im->data[i].pos && im->data[i].ahead &&
		     im->data[i].given < im->data[i].len;
	return n;
}

static void touch_listing(struct image *im, const struct image_inode *node)
{
	struct image_dirent de;
	struct image_dir dir;
	struct err ignored;

	if (node->type == TYPE_DIR &&
	    image_dir_open(im, node, &dir, &ignored) == 0)
		(void)image_dir_next(im, &dir, &de, &ignored);
}

/* One block of the entry, or its inode; false: the queue is full. */
static bool fetch(struct image *im, struct image_prefetch *p,
		  const struct image_profile_entry *e)
{
	struct image_inode node;
	struct err ignored;
	bool gone = image_inode_get(im, e->ref, &node, &ignored) < 0;

	if (!gone && !e->n)
		touch_listing(im, &node);
	if (!gone && p->block < e->n) {
		if (!image_ahead_fetch(im, &node, e->first + p->block))
			return false;
		im->stats.profile_blocks++;
		p->block++;
	}
	if (gone || p->block >= e->n) {
		p->next++;
		p->block = 0;
	}
	return true;
}

bool image_prefetch_step(struct image *im)
{
	struct image_prefetch *p = im ? im->prefetch : NULL;
	struct image_worker *w;

	if (!p || p->next >= p->profile.n || p->misses >= MISSES_MAX ||
	    waiting(im) >= im->n_data / 2)
		return false;
	if (!fetch(im, p, &p->profile.v[p->next]))
		return false;
	/* Metadata is decoded under the lock: let others in. */
	w = im->cur;
	image_unlock(im);
	image_lock(im, w);
	return true;
}

bool image_prefetch_knows(const struct image *im,
			  const struct image_inode *node)
{
	const struct image_prefetch *p = im->prefetch;

	if (!p || p->misses >= MISSES_MAX)
		return false;
	for (unsigned i = 0; i < p->profile.n; i++)
		if (p->profile.v[i].ref == node->ref && p->profile.v[i].n)
			return true;
	return false;
}

/* ---- the app comes along ------------------------------------------------------ */

/* What was fetched of the file before the kernel knew it.  A block that has left the
 * cache meanwhile is decoded again: it is about to be read. */
static unsigned push_entry(struct image *im, const struct image_inode *node,
			   const struct image_profile_entry *e, unsigned n)
{
	for (uint32_t k = 0; k < e->n && n < PUSHES_MAX; k++, n++)
		if (!image_ahead_fetch(im, node, e->first + k))
			return PUSHES_MAX;
	return n;
}

/* Where the app is ahead of the prefetch, what lies between is not fetched. */
static void follow_app(struct image_prefetch *p, unsigned i, uint32_t block)
{
	if (i < p->next || i - p->next > JUMP_MAX ||
	    (i == p->next && block <= p->block))
		return;
	p->next = i;
	p->block = block;
}

static void met_something(struct image *im, struct image_prefetch *p)
{
	im->stats.profile_met++;
	p->misses = 0;
	image_crew_wake(im->crew);
}

/* The first entry of a file behind `from`, or n. */
static unsigned find_entry(const struct image_prefetch *p, uint64_t ref,
			   unsigned from)
{
	while (from < p->profile.n &&
	       (p->profile.v[from].ref != ref || !p->profile.v[from].n))
		from++;
	return from;
}

void image_prefetch_looked_up(struct image *im,
			      const struct image_inode *node)
{
	struct image_prefetch *p = im->prefetch;
	unsigned n = 0, i;

	if (!p || node->type != TYPE_FILE)
		return;
	i = find_entry(p, node->ref, 0);
	if (i == p->profile.n)
		return;
	met_something(im, p);
	follow_app(p, i, 0);
	for (; i < p->next; i = find_entry(p, node->ref, i + 1))
		n = push_entry(im, node, &p->profile.v[i], n);
}

void image_prefetch_read(struct image *im, const struct image_inode *node,
			 uint64_t off)
{
	uint32_t block = (uint32_t)(off >> im->super.block_log);
	struct image_prefetch *p = im->prefetch;
	unsigned i;

	if (!p)
		return;
	for (i = find_entry(p, node->ref, 0); i < p->profile.n;
	     i = find_entry(p, node->ref, i + 1)) {
		const struct image_profile_entry *e = &p->profile.v[i];

		if (block < e->first || block - e->first >= e->n)
			continue;
		met_something(im, p);
		follow_app(p, i, block - e->first + 1);
		return;
	}
	p->misses++;
}
