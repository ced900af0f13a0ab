/*
 * payload.c - verified reading of the payload
 *
 * A read walks leaf by leaf: pread the whole leaf into one of our private
 * slots, hash it there, compare with the hash in its level-0 node, copy out of
 * that same slot.  A node is read and verified in the same way against the node
 * above, the topmost against the sealed root.  So every byte that leaves this
 * file was hashed after the kernel had copied it for the last time; somebody who
 * changes the file between two calls, or during one, causes EIO or nothing.
 *
 * What is kept is private copies, never a note that a place in the file is good:
 * LEAVES slots for leaves (metadata reads of a few bytes fall into the same leaf
 * again and again; more than two save nothing: counted over starts of jq and
 * python3) and NODES for nodes.  Slots are allocated when first used and reused
 * least recently used first.
 *
 * payload_read makes these calls: pread64, brk and mmap through malloc.
 */
#include "runtime/bundle.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/hashtree.h"
#include "runtime/text.h"

#define LEAVES 2u
#define NODES 8u
#define NODE_BITS 9u			/* 512 hashes in a node */

_Static_assert(1u << NODE_BITS == LAYOUT_NODE_HASHES, "hashes in a node");
_Static_assert(LAYOUT_LEAF_SIZE == LAYOUT_NODE_SIZE, "slots hold either");
_Static_assert((LEAVES + NODES) * LAYOUT_LEAF_SIZE <= PAYLOAD_MEMORY_MAX,
	       "what bundle.h promises");
/* While a node is loaded, the one above it must not be the oldest. */
_Static_assert(NODES > LAYOUT_LEVELS_MAX, "room for one way to the root");

/* Holds verified bytes, or nothing. */
struct slot {
	uint8_t *data;			/* LAYOUT_LEAF_SIZE bytes, or NULL */
	size_t len;			/* 0: holds nothing */
	unsigned level;			/* of a node; 0 for leaves */
	uint64_t index;
	uint64_t used;			/* time of the last use */
};

struct payload {
	const struct bundle *bundle;	/* not owned */
	struct hashtree_shape shape;
	uint64_t clock;
	struct slot leaves[LEAVES], nodes[NODES];
};

int payload_new(const struct bundle *b, struct payload **ret, struct err *err)
{
	CLEANUP_FREE struct payload *p = calloc(1, sizeof(*p));

	if (!p)
		return err_nomem(err);
	hash_prepare();
	p->bundle = b;
	/* The seal's parser has checked the limit. */
	if (hashtree_shape(b->payload_size, &p->shape) < 0 ||
	    p->shape.size != b->tree_size)
		return err_set(err, EINVAL, "payload of an unchecked bundle");
	*ret = steal_ptr(&p);
	return 0;
}

void payload_free(struct payload *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < LEAVES; i++)
		free(p->leaves[i].data);
	for (unsigned i = 0; i < NODES; i++)
		free(p->nodes[i].data);
	free(p);
}

static const char *shown_name(const struct payload *p, char *space,
			      size_t size)
{
	return text_quoted(space, size, p->bundle->name);
}

/* The slot with these contents, or NULL. */
static struct slot *find(struct payload *p, struct slot *slots, unsigned n,
			 unsigned level, uint64_t index)
{
	for (unsigned i = 0; i < n; i++) {
		struct slot *s = &slots[i];

		if (s->len && s->level == level && s->index == index) {
			s->used = ++p->clock;
			return s;
		}
	}
	return NULL;
}

/* The least recently used slot, emptied, with memory. */
static struct slot *take_oldest(struct payload *p, struct slot *slots,
				unsigned n)
{
	struct slot *oldest = &slots[0];

	for (unsigned i = 1; i < n; i++)
		if (slots[i].used < oldest->used)
			oldest = &slots[i];
	oldest->len = 0;
	if (!oldest->data)
		oldest->data = malloc(LAYOUT_LEAF_SIZE);
	if (!oldest->data)
		return NULL;
	oldest->used = ++p->clock;
	return oldest;
}

static int read_file(struct payload *p, void *buf, size_t len, uint64_t off,
		     struct err *err)
{
	char shown[256];
	int r = fd_pread_all(p->bundle->fd, buf, len, off);

	if (r == 0)
		return 0;
	if (r == -ENODATA)
		return err_set(err, EIO,
			       "%s: the file became shorter while it was in use",
			       shown_name(p, shown, sizeof(shown)));
	(void)err_sys(err, -r, "%s: cannot read the file",
		      shown_name(p, shown, sizeof(shown)));
	err->num = EIO;
	return -EIO;
}

static int bad_node(struct payload *p, unsigned level, uint64_t index,
		    struct err *err)
{
	char shown[256];

	return err_set(err, EIO,
		       "%s: node %" PRIu64 " of level %u of the hash tree does"
		       " not match its hash; the file is damaged or was changed",
		       shown_name(p, shown, sizeof(shown)), index, level);
}

static int bad_leaf(struct payload *p, uint64_t index, size_t len,
		    struct err *err)
{
	uint64_t start = index * LAYOUT_LEAF_SIZE;
	char shown[256];

	return err_set(err, EIO,
		       "%s: block %" PRIu64 " (bytes %" PRIu64 "..%" PRIu64
		       " of the payload) does not match its hash;"
		       " the file is damaged or was changed",
		       shown_name(p, shown, sizeof(shown)), index, start,
		       start + len - 1);
}

/* Reads a node into a slot and verifies it there.  `expected` may lie in a slot:
 * it is not the oldest one (see the assertion above). */
static int load_node(struct payload *p, unsigned level, uint64_t index,
		     const uint8_t *expected, struct slot **ret,
		     struct err *err)
{
	struct slot *s = take_oldest(p, p->nodes, NODES);
	size_t len = hashtree_node_size(&p->shape, level, index);
	uint8_t hash[LAYOUT_HASH_SIZE];
	int r;

	if (!s)
		return err_nomem(err);
	r = read_file(p, s->data, len,
		      p->bundle->tree_start + p->shape.start[level] +
		      index * LAYOUT_NODE_SIZE, err);
	if (r < 0)
		return r;
	hashtree_node(s->data, len, hash);
	if (!hash_equal(hash, expected))
		return bad_node(p, level, index, err);
	s->level = level;
	s->index = index;
	s->len = len;
	*ret = s;
	return 0;
}

/* The node of `level` on the way from leaf to root. */
static uint64_t node_on_way(uint64_t leaf, unsigned level)
{
	return leaf >> (NODE_BITS * (level + 1));
}

/* The hash, in that node, of what lies below it on the way. */
static const uint8_t *hash_on_way(const struct slot *s, uint64_t leaf)
{
	uint64_t entry = leaf >> (NODE_BITS * s->level);

	return s->data +
	       (entry & (LAYOUT_NODE_HASHES - 1)) * LAYOUT_HASH_SIZE;
}

/* The verified hash of a leaf: up to the first node that we hold, then down. */
static int leaf_hash(struct payload *p, uint64_t leaf, const uint8_t **ret,
		     struct err *err)
{
	struct slot *s = NULL;
	unsigned level = 0;

	while (level < p->shape.levels) {
		s = find(p, p->nodes, NODES, level, node_on_way(leaf, level));
		if (s)
			break;
		level++;
	}
	while (level) {
		int r;

		level--;
		r = load_node(p, level, node_on_way(leaf, level),
			      s ? hash_on_way(s, leaf) :
				  p->bundle->seal.root, &s, err);
		if (r < 0)
			return r;
	}
	assert(s);		/* a tree has one level at least */
	*ret = hash_on_way(s, leaf);
	return 0;
}

static int load_leaf(struct payload *p, uint64_t index, struct slot **ret,
		     struct err *err)
{
	uint64_t start = index * LAYOUT_LEAF_SIZE;
	uint64_t left = p->bundle->payload_size - start;
	size_t len = left < LAYOUT_LEAF_SIZE ? (size_t)left : LAYOUT_LEAF_SIZE;
	struct slot *s = take_oldest(p, p->leaves, LEAVES);
	uint8_t hash[LAYOUT_HASH_SIZE];
	const uint8_t *expected;
	int r;

	if (!s)
		return err_nomem(err);
	r = leaf_hash(p, index, &expected, err);
	if (r == 0)
		r = read_file(p, s->data, len, p->bundle->payload_start + start,
			      err);
	if (r < 0)
		return r;
	hashtree_leaf(s->data, len, hash);
	if (!hash_equal(hash, expected))
		return bad_leaf(p, index, len, err);
	s->index = index;
	s->len = len;
	*ret = s;
	return 0;
}

int payload_read(struct payload *p, void *buf, size_t len, uint64_t off,
		 struct err *err)
{
	uint8_t *out = buf;

	if (off > p->bundle->payload_size ||
	    len > p->bundle->payload_size - off)
		return err_set(err, EINVAL,
			       "read of %zu bytes at %" PRIu64
			       " beyond the payload's end", len, off);
	while (len) {
		uint64_t index = off / LAYOUT_LEAF_SIZE;
		size_t at = (size_t)(off % LAYOUT_LEAF_SIZE), n;
		struct slot *s = find(p, p->leaves, LEAVES, 0, index);
		int r = s ? 0 : load_leaf(p, index, &s, err);

		if (r < 0)
			return r;
		assert(at < s->len);
		n = s->len - at < len ? s->len - at : len;
		memcpy(out, s->data + at, n);
		out += n;
		off += n;
		len -= n;
	}
	return 0;
}
