/*
 * hashtree_test.c - the tree against a second, naive making of it
 *
 * The naive one below is written from docs/format.md section 3 over whole
 * levels in memory, and shares only the hash with the code it checks.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/hash_four.h"
#include "runtime/hashtree.h"

START_TEST(hash_is_blake2b_256)
{
	/* b2sum -l 256 */
	static const uint8_t abc[LAYOUT_HASH_SIZE] = {
		0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71,
		0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b,
		0xb1, 0xcb, 0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5,
		0x23, 0x19,
	};
	uint8_t hash[LAYOUT_HASH_SIZE];
	struct hash h;

	hash_bytes("abc", 3, hash);
	ck_assert_mem_eq(hash, abc, sizeof(abc));
	hash_prepare();
	hash_start(&h);
	hash_add(&h, "a", 1);
	hash_add(&h, "", 0);
	hash_add(&h, "bc", 2);
	hash_end(&h, hash);
	ck_assert_mem_eq(hash, abc, sizeof(abc));
}
END_TEST

/* Random bytes, every length around the edges of a block, and a leaf. */
START_TEST(four_at_once_are_four_hashes)
{
	const size_t most = LAYOUT_LEAF_SIZE;
	CLEANUP_FREE uint8_t *data = malloc(4 * most);
	uint8_t have[4][LAYOUT_HASH_SIZE], want[LAYOUT_HASH_SIZE];

	if (!hash_four_works())
		return;
	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < 4 * most; i++)
		data[i] = (uint8_t)((i * 2654435761u) >> 13 ^ i >> 7);
	for (size_t len = 127; len <= most; len += len < 600 ? 1 : 1973) {
		const uint8_t *const lanes[4] = {
			data, data + most, data + 2 * most + 5,
			data + 4 * most - len,
		};

		hash_four(LAYOUT_LEAF_PREFIX, lanes, len, have);
		for (unsigned i = 0; i < 4; i++) {
			hashtree_leaf(lanes[i], len, want);
			ck_assert_mem_eq(have[i], want, sizeof(want));
		}
	}
	hashtree_node(data, most, want);
	hash_four(LAYOUT_NODE_PREFIX, (const uint8_t *const[4]){
		  data + most, data, data + most, data }, most, have);
	ck_assert_mem_eq(have[1], want, sizeof(want));
}
END_TEST

/* The table of the format page. */
static const struct {
	uint64_t payload;
	unsigned levels;
	uint64_t count[3], size;
} shapes[] = {
	{ 0, 1, { 0 }, 0 },
	{ 1, 1, { 1 }, 32 },
	{ 16384, 1, { 1 }, 32 },
	{ 16385, 1, { 2 }, 64 },
	{ 8 << 20, 1, { 512 }, 16384 },
	{ (8 << 20) + 1, 2, { 513, 2 }, 16480 },
	{ UINT64_C(1) << 32, 2, { 1 << 18, 512 }, 32 * ((1 << 18) + 512) },
	{ (UINT64_C(1) << 32) + 1, 3, { (1 << 18) + 1, 513, 2 },
	  32 * ((1 << 18) + 1 + 513 + 2) },
	{ UINT64_C(1) << 40, 3, { 1 << 26, 1 << 17, 256 },
	  UINT64_C(2151686144) },
};

START_TEST(shape_follows_from_size)
{
	struct hashtree_shape shape;
	uint64_t start = 0;

	ck_assert_int_eq(hashtree_shape(shapes[_i].payload, &shape), 0);
	ck_assert_uint_eq(shape.levels, shapes[_i].levels);
	ck_assert_uint_eq(shape.size, shapes[_i].size);
	for (unsigned n = 0; n < shape.levels; n++) {
		ck_assert_uint_eq(shape.count[n], shapes[_i].count[n]);
		ck_assert_uint_eq(shape.start[n], start);
		start += 32 * shape.count[n];
	}
}
END_TEST

START_TEST(shape_has_a_limit)
{
	struct hashtree_shape shape;

	ck_assert_int_eq(hashtree_shape((UINT64_C(1) << 40) + 1, &shape),
			 -EFBIG);
	ck_assert_int_eq(hashtree_shape(UINT64_MAX, &shape), -EFBIG);
}
END_TEST

START_TEST(leaf_and_node_differ)
{
	uint8_t leaf[LAYOUT_HASH_SIZE], node[LAYOUT_HASH_SIZE];
	uint8_t by_hand[LAYOUT_HASH_SIZE];

	hashtree_leaf("abc", 3, leaf);
	hashtree_node("abc", 3, node);
	hash_bytes("\0abc", 4, by_hand);
	ck_assert_mem_eq(leaf, by_hand, sizeof(leaf));
	hash_bytes("\1abc", 4, by_hand);
	ck_assert_mem_eq(node, by_hand, sizeof(node));
}
END_TEST

static uint8_t byte_at(uint64_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static void hash_with(uint8_t prefix, const uint8_t *data, size_t len,
		      uint8_t *ret)
{
	CLEANUP_FREE uint8_t *copy = malloc(len + 1);

	ck_assert_ptr_nonnull(copy);
	copy[0] = prefix;
	memcpy(copy + 1, data, len);
	hash_bytes(copy, len + 1, ret);
}

/* Hashes `data` in pieces of 16 KiB; the bytes of the hashes, their length. */
static size_t naive_level(uint8_t prefix, const uint8_t *data, size_t len,
			  uint8_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 16384, n += 32)
		hash_with(prefix, data + i, len - i < 16384 ? len - i : 16384,
			  ret + n);
	return n;
}

/* Fills the tree's bytes and the root; the tree's length. */
static size_t naive_tree(const uint8_t *data, size_t len, uint8_t *tree,
			 uint8_t root[32])
{
	size_t level = 0, size = naive_level(0, data, len, tree);
	size_t all = size;

	while (size > 16384) {
		size_t above = naive_level(1, tree + level, size, tree + all);

		level = all;
		size = above;
		all += above;
	}
	hash_with(1, tree + level, size, root);
	return all;
}

static void make(int fd, const uint8_t *data, size_t len, uint8_t root[32])
{
	struct hashtree_maker *m = NULL;
	struct err err;

	ck_assert_int_eq(hashtree_maker_new(fd, 100, len, &m, &err), 0);
	for (size_t i = 0; i < len; i += 16384)
		ck_assert_int_eq(hashtree_maker_leaf(m, data + i,
			len - i < 16384 ? len - i : 16384, &err), 0);
	ck_assert_int_eq(hashtree_maker_finish(m, root, &err), 0);
	hashtree_maker_free(m);
}

static const size_t sizes[] = {
	0, 1, 100, 16383, 16384, 16385, 2 * 16384, 3 * 16384 - 1,
	511 * 16384, 512 * 16384 - 1, 512 * 16384, 512 * 16384 + 1,
	513 * 16384, 1024 * 16384, 1024 * 16384 + 5,
};

START_TEST(maker_makes_the_described_tree)
{
	size_t len = sizes[_i], size;
	CLEANUP_FREE uint8_t *data = malloc(len + 1);
	CLEANUP_FREE uint8_t *want = malloc(len / 256 + 4096);
	CLEANUP_FREE uint8_t *have = malloc(len / 256 + 4096);
	CLEANUP_FD int fd = memfd_create("tree", MFD_CLOEXEC);
	uint8_t root[32], made_root[32];
	struct hashtree_shape shape;

	ck_assert(data && want && have && fd >= 0);
	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(i);
	size = naive_tree(data, len, want, root);
	make(fd, data, len, made_root);
	ck_assert_mem_eq(made_root, root, 32);
	ck_assert_int_eq(hashtree_shape(len, &shape), 0);
	ck_assert_uint_eq(shape.size, size);
	if (size)
		ck_assert_int_eq(lseek(fd, 0, SEEK_END), 100 + (off_t)size);
	ck_assert_int_eq(fd_pread_all(fd, have, size, 100), 0);
	ck_assert_mem_eq(have, want, size);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	CLEANUP_FD int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct hashtree_maker *m = NULL;
	uint8_t root[32];
	struct err err;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(hashtree_maker_new(fd, 0, 3, &m, &err), 0);
	ck_assert_int_eq(hashtree_maker_leaf(m, "abc", 3, &err), 0);
	ck_assert_int_eq(hashtree_maker_finish(m, root, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
	hashtree_maker_free(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hashtree");
	TCase *t = tcase_create("hashtree");
	SRunner *r;
	int failed;

	tcase_add_test(t, hash_is_blake2b_256);
	tcase_add_test(t, four_at_once_are_four_hashes);
	tcase_add_loop_test(t, shape_follows_from_size, 0, ARRAY_SIZE(shapes));
	tcase_add_test(t, shape_has_a_limit);
	tcase_add_test(t, leaf_and_node_differ);
	tcase_add_loop_test(t, maker_makes_the_described_tree, 0,
			    ARRAY_SIZE(sizes));
	tcase_add_test(t, a_full_disk_is_told);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
