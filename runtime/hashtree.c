/*
 * hashtree.c - shape and making of the Merkle tree (see hashtree.h)
 *
 * The maker holds one node's worth of hashes per level.  When a level's node is
 * full it is written to its place, and its hash goes to the level above, which
 * may fill up in turn: a loop over at most LAYOUT_LEVELS_MAX levels.
 */
#include "runtime/hashtree.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/hash.h"

static uint64_t div_up(uint64_t n, uint64_t by)
{
	return n / by + (n % by != 0);
}

int hashtree_shape(uint64_t payload_size, struct hashtree_shape *ret)
{
	struct hashtree_shape shape = { 0 };
	uint64_t count = div_up(payload_size, LAYOUT_LEAF_SIZE);

	if (payload_size > LAYOUT_PAYLOAD_MAX)
		return -EFBIG;
	for (;;) {
		assert(shape.levels < LAYOUT_LEVELS_MAX);
		shape.count[shape.levels] = count;
		shape.start[shape.levels] = shape.size;
		shape.size += count * LAYOUT_HASH_SIZE;
		shape.levels++;
		if (count <= LAYOUT_NODE_HASHES)
			break;
		count = div_up(count, LAYOUT_NODE_HASHES);
	}
	*ret = shape;
	return 0;
}

size_t hashtree_node_size(const struct hashtree_shape *shape, unsigned level,
			  uint64_t index)
{
	uint64_t hashes = shape->count[level] - index * LAYOUT_NODE_HASHES;

	if (hashes > LAYOUT_NODE_HASHES)
		hashes = LAYOUT_NODE_HASHES;
	return (size_t)hashes * LAYOUT_HASH_SIZE;
}

static void hash_prefixed(uint8_t prefix, const void *data, size_t len,
			  uint8_t ret[LAYOUT_HASH_SIZE])
{
	struct hash h;

	hash_start(&h);
	hash_add(&h, &prefix, 1);
	hash_add(&h, data, len);
	hash_end(&h, ret);
}

void hashtree_leaf(const void *data, size_t len, uint8_t ret[LAYOUT_HASH_SIZE])
{
	hash_prefixed(LAYOUT_LEAF_PREFIX, data, len, ret);
}

void hashtree_node(const void *data, size_t len, uint8_t ret[LAYOUT_HASH_SIZE])
{
	hash_prefixed(LAYOUT_NODE_PREFIX, data, len, ret);
}

struct level {
	uint64_t written;		/* bytes of the level in the file */
	size_t fill;			/* bytes in `node` */
	uint8_t node[LAYOUT_NODE_SIZE];
};

struct hashtree_maker {
	int fd;
	uint64_t tree_start;
	struct hashtree_shape shape;
	uint64_t leaves;		/* told so far */
	uint8_t root[LAYOUT_HASH_SIZE];
	struct level level[LAYOUT_LEVELS_MAX];
};

int hashtree_maker_new(int fd, uint64_t tree_start, uint64_t payload_size,
		       struct hashtree_maker **ret, struct err *err)
{
	CLEANUP_FREE struct hashtree_maker *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_nomem(err);
	r = hashtree_shape(payload_size, &m->shape);
	if (r < 0)
		return err_set(err, -r,
			       "the payload would be larger than a bundle may hold (1 TiB)");
	m->fd = fd;
	m->tree_start = tree_start;
	*ret = steal_ptr(&m);
	return 0;
}

void hashtree_maker_free(struct hashtree_maker *m)
{
	free(m);
}

/* Writes the node that a level has collected and gives its hash. */
static int close_node(struct hashtree_maker *m, unsigned n,
		      uint8_t ret[LAYOUT_HASH_SIZE], struct err *err)
{
	struct level *l = &m->level[n];
	int r = fd_pwrite_all(m->fd, l->node, l->fill,
			      m->tree_start + m->shape.start[n] + l->written);

	if (r < 0)
		return err_sys(err, -r, "cannot write the hash tree");
	hashtree_node(l->node, l->fill, ret);
	l->written += l->fill;
	l->fill = 0;
	return 0;
}

/* Puts a hash into level n, and upwards what becomes full by it. */
static int add_hash(struct hashtree_maker *m, unsigned n,
		    const uint8_t hash[LAYOUT_HASH_SIZE], struct err *err)
{
	uint8_t up[LAYOUT_HASH_SIZE];

	memcpy(up, hash, sizeof(up));
	for (; n < m->shape.levels; n++) {
		struct level *l = &m->level[n];
		int r;

		memcpy(l->node + l->fill, up, sizeof(up));
		l->fill += sizeof(up);
		if (l->fill < LAYOUT_NODE_SIZE)
			return 0;
		r = close_node(m, n, up, err);
		if (r < 0)
			return r;
	}
	memcpy(m->root, up, sizeof(up));
	return 0;
}

int hashtree_maker_leaf(struct hashtree_maker *m, const void *data,
			size_t len, struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];

	assert(m->leaves < m->shape.count[0]);
	assert(len && len <= LAYOUT_LEAF_SIZE);
	m->leaves++;
	hashtree_leaf(data, len, hash);
	return add_hash(m, 0, hash, err);
}

int hashtree_maker_finish(struct hashtree_maker *m,
			  uint8_t ret_root[LAYOUT_HASH_SIZE], struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];
	int r;

	assert(m->leaves == m->shape.count[0]);
	if (!m->leaves)
		hashtree_node(NULL, 0, m->root);
	for (unsigned n = 0; n < m->shape.levels; n++) {
		if (!m->level[n].fill)
			continue;
		r = close_node(m, n, hash, err);
		if (r == 0)
			r = add_hash(m, n + 1, hash, err);
		if (r < 0)
			return r;
	}
	memcpy(ret_root, m->root, sizeof(m->root));
	return 0;
}
