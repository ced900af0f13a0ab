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
 * payload_view does the same for a longer stretch without copying it: all its
 * leaves come with one pread into the window, are hashed there, four at a time
 * where the CPU can, and the caller gets a pointer into it.  Stretches that lie
 * one behind the other share a leaf: it is moved to the window's start, not read
 * again.
 *
 * What is kept is private copies, never a note that a place in the file is good:
 * LEAVES slots for leaves (metadata reads of a few bytes fall into the same leaf
 * again and again; more than two save nothing: counted over starts of jq and
 * python3), NODES for nodes, and the window.  All of it is one mapping that is
 * touched as it is used; slots are reused least recently used first.
 *
 * payload_read and payload_view make one call: pread64.
 */
#include "runtime/bundle.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/hash_four.h"
#include "runtime/hashtree.h"
#include "runtime/text.h"

#define LEAVES 2u
#define NODES 8u
#define NODE_BITS 9u			/* 512 hashes in a node */

_Static_assert(1u << NODE_BITS == LAYOUT_NODE_HASHES, "hashes in a node");
_Static_assert(LAYOUT_LEAF_SIZE == LAYOUT_NODE_SIZE, "slots hold either");
#define SLOTS_SIZE ((LEAVES + NODES) * LAYOUT_LEAF_SIZE)
/* A stretch that begins and ends within leaves. */
#define WINDOW_SIZE (PAYLOAD_VIEW_MAX + 2u * LAYOUT_LEAF_SIZE)
_Static_assert(SLOTS_SIZE + WINDOW_SIZE <= PAYLOAD_MEMORY_MAX,
	       "what bundle.h promises");
/* While a node is loaded, the one above it must not be the oldest. */
_Static_assert(NODES > LAYOUT_LEVELS_MAX, "room for one way to the root");

/* Holds verified bytes, or nothing. */
struct slot {
	uint8_t *data;			/* LAYOUT_LEAF_SIZE bytes */
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
	/* Verified leaves first .. first + n - 1, one behind the other. */
	uint8_t *window;
	uint64_t window_first, window_n;
	bool four;			/* hash_four works */
	void *map;			/* slots, then the window */
};

static int map_memory(struct payload *p, struct err *err)
{
	uint8_t *at = mmap(NULL, SLOTS_SIZE + WINDOW_SIZE,
			   PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return err_nomem(err);
	p->map = at;
	for (unsigned i = 0; i < LEAVES; i++, at += LAYOUT_LEAF_SIZE)
		p->leaves[i].data = at;
	for (unsigned i = 0; i < NODES; i++, at += LAYOUT_LEAF_SIZE)
		p->nodes[i].data = at;
	p->window = at;
	return 0;
}

int payload_new(const struct bundle *b, struct payload **ret, struct err *err)
{
	CLEANUP_FREE struct payload *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_nomem(err);
	hash_prepare();
	p->bundle = b;
	p->four = hash_four_works();
	/* The seal's parser has checked the limit. */
	if (hashtree_shape(b->payload_size, &p->shape) < 0 ||
	    p->shape.size != b->tree_size)
		return err_set(err, EINVAL, "payload of an unchecked bundle");
	r = map_memory(p, err);
	if (r < 0)
		return r;
	*ret = steal_ptr(&p);
	return 0;
}

void payload_free(struct payload *p)
{
	if (!p)
		return;
	(void)munmap(p->map, SLOTS_SIZE + WINDOW_SIZE);
	free(p);
}

void payload_idle(struct payload *p)
{
	for (unsigned i = 0; i < LEAVES; i++)
		p->leaves[i].len = 0;
	for (unsigned i = 0; i < NODES; i++)
		p->nodes[i].len = 0;
	p->window_n = 0;
	(void)madvise(p->map, SLOTS_SIZE + WINDOW_SIZE, MADV_DONTNEED);
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

/* The least recently used slot, emptied. */
static struct slot *take_oldest(struct payload *p, struct slot *slots,
				unsigned n)
{
	struct slot *oldest = &slots[0];

	for (unsigned i = 1; i < n; i++)
		if (slots[i].used < oldest->used)
			oldest = &slots[i];
	oldest->len = 0;
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

static size_t leaf_size(const struct payload *p, uint64_t index)
{
	uint64_t left = p->bundle->payload_size - index * LAYOUT_LEAF_SIZE;

	return left < LAYOUT_LEAF_SIZE ? (size_t)left : LAYOUT_LEAF_SIZE;
}

static int load_leaf(struct payload *p, uint64_t index, struct slot **ret,
		     struct err *err)
{
	uint64_t start = index * LAYOUT_LEAF_SIZE;
	size_t len = leaf_size(p, index);
	struct slot *s = take_oldest(p, p->leaves, LEAVES);
	uint8_t hash[LAYOUT_HASH_SIZE];
	const uint8_t *expected;
	int r;

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

static int check_range(const struct payload *p, size_t len, uint64_t off,
		       struct err *err)
{
	if (off > p->bundle->payload_size ||
	    len > p->bundle->payload_size - off)
		return err_set(err, EINVAL,
			       "read of %zu bytes at %" PRIu64
			       " beyond the payload's end", len, off);
	return 0;
}

int payload_read(struct payload *p, void *buf, size_t len, uint64_t off,
		 struct err *err)
{
	uint8_t *out = buf;
	int bad = check_range(p, len, off, err);

	if (bad < 0)
		return bad;
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

/* ---- the window ------------------------------------------------------------ */

/* Hashes of n (1 to 4) adjacent leaves; all but the payload's last are whole.
 * Two or more are worth the four lanes; what is missing is hashed twice. */
static void hash_leaves(const struct payload *p, const uint8_t *data,
			unsigned n, size_t last_len,
			uint8_t ret[4][LAYOUT_HASH_SIZE])
{
	const uint8_t *lanes[4];

	if (p->four && n >= 2 && last_len == LAYOUT_LEAF_SIZE) {
		for (unsigned i = 0; i < 4; i++)
			lanes[i] = data + (i < n ? i : 0) *
					  (size_t)LAYOUT_LEAF_SIZE;
		hash_four(LAYOUT_LEAF_PREFIX, lanes, LAYOUT_LEAF_SIZE, ret);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		hashtree_leaf(data + i * (size_t)LAYOUT_LEAF_SIZE,
			      i + 1 < n ? LAYOUT_LEAF_SIZE : last_len, ret[i]);
}

/* Verifies n leaves from `first` on, which lie at `data`. */
static int verify_leaves(struct payload *p, uint64_t first, uint64_t n,
			 const uint8_t *data, struct err *err)
{
	while (n) {
		unsigned some = n < 4 ? (unsigned)n : 4;
		uint8_t hash[4][LAYOUT_HASH_SIZE];

		hash_leaves(p, data, some, leaf_size(p, first + some - 1),
			    hash);
		for (unsigned i = 0; i < some; i++) {
			const uint8_t *expected;
			int r = leaf_hash(p, first + i, &expected, err);

			if (r < 0)
				return r;
			if (!hash_equal(hash[i], expected))
				return bad_leaf(p, first + i,
						leaf_size(p, first + i), err);
		}
		first += some;
		n -= some;
		data += some * (size_t)LAYOUT_LEAF_SIZE;
	}
	return 0;
}

/* Moves what the window holds from leaf `first` on to its start. */
static void keep_from(struct payload *p, uint64_t first)
{
	uint64_t skip = first - p->window_first;

	if (first < p->window_first || skip >= p->window_n) {
		p->window_n = 0;
	} else {
		p->window_n -= skip;
		memmove(p->window, p->window + skip * LAYOUT_LEAF_SIZE,
			p->window_n * LAYOUT_LEAF_SIZE);
	}
	p->window_first = first;
}

/* Makes the window hold n leaves from `first` on, and nothing else. */
static int fill_window(struct payload *p, uint64_t first, uint64_t n,
		       struct err *err)
{
	uint64_t have, end = (first + n) * LAYOUT_LEAF_SIZE, start;
	uint8_t *at;
	int r;

	keep_from(p, first);
	have = p->window_n;
	at = p->window + have * LAYOUT_LEAF_SIZE;
	start = (first + have) * LAYOUT_LEAF_SIZE;
	if (end > p->bundle->payload_size)
		end = p->bundle->payload_size;
	/* Nothing is held while it is not verified. */
	p->window_n = 0;
	r = read_file(p, at, (size_t)(end - start),
		      p->bundle->payload_start + start, err);
	if (!r)
		r = verify_leaves(p, first + have, n - have, at, err);
	if (r < 0)
		return r;
	p->window_n = n;
	return 0;
}

int payload_view(struct payload *p, size_t len, uint64_t off,
		 const uint8_t **ret, struct err *err)
{
	uint64_t first = off / LAYOUT_LEAF_SIZE, n;
	int r = check_range(p, len, off, err);

	if (r < 0)
		return r;
	if (!len || len > PAYLOAD_VIEW_MAX)
		return err_set(err, EINVAL, "view of %zu bytes", len);
	n = (off + len - 1) / LAYOUT_LEAF_SIZE - first + 1;
	if (first < p->window_first ||
	    first + n > p->window_first + p->window_n) {
		r = fill_window(p, first, n, err);
		if (r < 0)
			return r;
	}
	*ret = p->window + (off - p->window_first * LAYOUT_LEAF_SIZE);
	return 0;
}
