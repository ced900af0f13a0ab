/*
 * payload_test.c - what is read is what was written, or EIO; never anything else
 */
#include <check.h>
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/bundle_fixture.h"

#define LEAF LAYOUT_LEAF_SIZE
#define BIG (9u << 20)			/* two levels: 576 leaves, 2 nodes */

/* A small generator: the same numbers in every run. */
static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

struct reading {
	int fd;
	struct bundle b;
	struct payload *p;
};

static void start(struct reading *r, size_t size, bool manifest)
{
	struct err err;

	r->b = BUNDLE_INIT;
	r->fd = fixture_new(size, manifest);
	fixture_must_open(r->fd, &r->b);
	ck_assert_int_eq(payload_new(&r->b, &r->p, &err), 0);
}

static void stop(struct reading *r)
{
	payload_free(r->p);
	bundle_free(&r->b);
	close(r->fd);
}

/* The same by view: it must agree with what reading said. */
static void view_range(struct reading *r, size_t len, uint64_t off,
		       const uint8_t *want, int result)
{
	const uint8_t *have = NULL;
	struct err err;
	int ret;

	if (!len || len > PAYLOAD_VIEW_MAX)
		return;
	ret = payload_view(r->p, len, off, &have, &err);
	ck_assert_int_eq(ret, result);
	if (ret == 0)
		ck_assert_msg(memcmp(have, want, len) == 0,
			      "wrong data in the view at %llu",
			      (unsigned long long)off);
	else
		ck_assert_ptr_null(have);
}

/* Reads and compares; the call's result.  Wrong data fails the test. */
static int read_range(struct reading *r, size_t len, uint64_t off,
		      struct err *err)
{
	CLEANUP_FREE uint8_t *have = malloc(len + 1);
	CLEANUP_FREE uint8_t *want = calloc(1, len + 1);
	int ret;

	ck_assert(have && want);
	ret = payload_read(r->p, have, len, off, err);
	if (ret < 0) {
		view_range(r, len, off, want, ret);
		return ret;
	}
	fixture_bytes(want, len, off);
	view_range(r, len, off, want, 0);
	ck_assert_msg(memcmp(have, want, len) == 0, "wrong data at %llu",
		      (unsigned long long)off);
	return 0;
}

static const size_t sizes[] = {
	1, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF, 512 * LEAF - 1, 512 * LEAF,
	512 * LEAF + 1, 513 * LEAF, 1100 * LEAF + 77,
};

START_TEST(reads_what_was_written)
{
	struct reading r;
	struct err err;
	size_t size = sizes[_i];

	start(&r, size, false);
	ck_assert_uint_eq(r.b.payload_size, size);
	ck_assert_int_eq(read_range(&r, size, 0, &err), 0);
	ck_assert_int_eq(read_range(&r, 0, size, &err), 0);
	ck_assert_int_eq(read_range(&r, 1, size - 1, &err), 0);
	for (unsigned i = 0; i < 100; i++) {
		uint32_t off = random_below((uint32_t)size);
		uint32_t len = random_below(3 * LEAF);

		if (len > size - off)
			len = (uint32_t)size - off;
		ck_assert_int_eq(read_range(&r, len, off, &err), 0);
	}
	stop(&r);
}
END_TEST

START_TEST(nothing_lies_beyond_the_end)
{
	struct reading r;
	struct err err;

	start(&r, 20000, false);
	ck_assert_int_eq(read_range(&r, 1, 20000, &err), -EINVAL);
	ck_assert_int_eq(read_range(&r, 20001, 0, &err), -EINVAL);
	ck_assert_int_eq(read_range(&r, 1, UINT64_MAX, &err), -EINVAL);
	ck_assert_int_eq(read_range(&r, 0, 20001, &err), -EINVAL);
	stop(&r);
}
END_TEST

/* The promise: one changed bit anywhere in payload or tree is never seen as
 * data, and verify always finds it. */
START_TEST(a_flipped_bit_is_never_data)
{
	struct reading r;
	unsigned caught = 0;
	struct err err;

	start(&r, BIG, false);
	for (unsigned i = 0; i < 400; i++) {
		uint32_t place = random_below((uint32_t)(r.b.payload_size +
							 r.b.tree_size));
		uint8_t bit = (uint8_t)(1 << random_below(8));
		uint32_t near = place < BIG ? place / LEAF * LEAF :
			/* the leaf of a level-0 hash; any for level 1 */
			(place - BIG) / LAYOUT_HASH_SIZE % 576 * LEAF;

		fixture_flip(r.fd, r.b.payload_start + place, bit);
		payload_free(r.p);
		ck_assert_int_eq(payload_new(&r.b, &r.p, &err), 0);
		if (read_range(&r, LEAF, near, &err) == -EIO)
			caught++;
		for (unsigned n = 0; n < 4; n++)
			(void)read_range(&r, 1 + random_below(LEAF),
					 random_below(BIG - LEAF), &err);
		fixture_flip(r.fd, r.b.payload_start + place, bit);
	}
	/* Nearly all: a level-1 hash may lie over other leaves. */
	ck_assert_uint_ge(caught, 395);
	stop(&r);
}
END_TEST

START_TEST(verify_finds_every_flipped_bit)
{
	struct reading r;
	struct err err;

	start(&r, 600000, true);
	for (unsigned i = 0; i < 150; i++) {
		uint64_t at = r.b.payload_start +
			random_below((uint32_t)(r.b.payload_size +
						r.b.tree_size));

		fixture_flip(r.fd, at, (uint8_t)(1 << i % 8));
		ck_assert_int_eq(bundle_verify(&r.b, NULL, NULL, &err), -EIO);
		fixture_flip(r.fd, at, (uint8_t)(1 << i % 8));
	}
	ck_assert_int_eq(bundle_verify(&r.b, NULL, NULL, &err), 0);
	stop(&r);
}
END_TEST

/* All of a tree of two levels, by its 18 KiB. */
START_TEST(every_byte_of_the_tree_counts)
{
	struct reading r;
	struct err err;

	start(&r, BIG, false);
	for (uint64_t i = 0; i < r.b.tree_size; i++) {
		/* level 0: 576 hashes; level 1: one per 512 leaves */
		uint64_t hash = i / LAYOUT_HASH_SIZE;
		uint64_t leaf = hash < 576 ? hash : (hash - 576) * 512;

		payload_free(r.p);
		ck_assert_int_eq(payload_new(&r.b, &r.p, &err), 0);
		fixture_flip(r.fd, r.b.tree_start + i, 0x10);
		ck_assert_int_eq(read_range(&r, 1, leaf * LEAF, &err), -EIO);
		ck_assert_ptr_nonnull(strstr(err.text, "of the hash tree"));
		fixture_flip(r.fd, r.b.tree_start + i, 0x10);
		/* after the damage is gone, the same reader reads again */
		if (i % 64 == 0)
			ck_assert_int_eq(read_range(&r, 1, leaf * LEAF, &err),
					 0);
	}
	stop(&r);
}
END_TEST

START_TEST(messages_name_bundle_and_block)
{
	struct reading r;
	struct err err;

	start(&r, 100 * LEAF + 5, false);
	fixture_flip(r.fd, r.b.payload_start + 17 * LEAF + 3, 1);
	ck_assert_int_eq(read_range(&r, 2 * LEAF, 16 * LEAF + 1, &err), -EIO);
	ck_assert_str_eq(err.text,
		"app.holdall: block 17 (bytes 278528..294911 of the payload)"
		" does not match its hash; the file is damaged or was changed");
	fixture_flip(r.fd, r.b.payload_start + 100 * LEAF + 4, 1);
	ck_assert_int_eq(read_range(&r, 1, 100 * LEAF, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.text,
		"block 100 (bytes 1638400..1638404 of"));
	stop(&r);
	start(&r, BIG, false);
	fixture_flip(r.fd, r.b.tree_start + LEAF, 1);
	ck_assert_int_eq(read_range(&r, 1, 512 * LEAF, &err), -EIO);
	ck_assert_str_eq(err.text,
		"app.holdall: node 1 of level 0 of the hash tree does not match"
		" its hash; the file is damaged or was changed");
	stop(&r);
}
END_TEST

/* What was read well before is not remembered as good. */
START_TEST(a_change_after_a_good_read_is_seen)
{
	struct reading r;
	struct err err;

	start(&r, 50 * LEAF, false);
	ck_assert_int_eq(read_range(&r, 100, 7 * LEAF, &err), 0);
	fixture_flip(r.fd, r.b.payload_start + 7 * LEAF + 50, 1);
	/* other leaves take the private copy's place */
	ck_assert_int_eq(read_range(&r, 4 * LEAF, 20 * LEAF, &err), 0);
	ck_assert_int_eq(read_range(&r, 1, 7 * LEAF, &err), -EIO);
	/* and it is not remembered as bad */
	fixture_flip(r.fd, r.b.payload_start + 7 * LEAF + 50, 1);
	ck_assert_int_eq(read_range(&r, 100, 7 * LEAF, &err), 0);
	stop(&r);
}
END_TEST

/* The slot into which bad bytes were read held good ones of another place. */
START_TEST(a_failed_read_leaves_nothing_behind)
{
	struct reading r;
	struct err err;

	start(&r, 50 * LEAF, false);
	for (unsigned i = 10; i < 20; i++)
		fixture_flip(r.fd, r.b.payload_start + i * LEAF + 50, 1);
	ck_assert_int_eq(read_range(&r, LEAF, 7 * LEAF, &err), 0);
	ck_assert_int_eq(read_range(&r, LEAF, 8 * LEAF, &err), 0);
	for (unsigned i = 10; i < 20; i++)
		ck_assert_int_eq(read_range(&r, 1, i * LEAF, &err), -EIO);
	ck_assert_int_eq(read_range(&r, LEAF, 7 * LEAF, &err), 0);
	ck_assert_int_eq(read_range(&r, LEAF, 8 * LEAF, &err), 0);
	stop(&r);
}
END_TEST

/* The same for nodes: all slots but one way to the root get bad bytes. */
START_TEST(a_failed_node_leaves_nothing_behind)
{
	struct reading r;
	struct err err;

	start(&r, 12u * 512 * LEAF, false);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(read_range(&r, 1, i * 512u * LEAF, &err), 0);
	for (unsigned i = 3; i < 12; i++) {
		fixture_flip(r.fd, r.b.tree_start + i * LEAF + 50, 1);
		ck_assert_int_eq(read_range(&r, 1, i * 512u * LEAF, &err),
				 -EIO);
	}
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(read_range(&r, 1, (i * 512u + 1) * LEAF,
					    &err), 0);
	stop(&r);
}
END_TEST

START_TEST(a_swapped_leaf_is_seen)
{
	struct reading r;
	uint8_t leaf[LEAF];
	struct err err;

	start(&r, 50 * LEAF, false);
	ck_assert_int_eq(fd_pread_all(r.fd, leaf, LEAF,
				      r.b.payload_start + 3 * LEAF), 0);
	ck_assert_int_eq(fd_pwrite_all(r.fd, leaf, LEAF,
				       r.b.payload_start + 4 * LEAF), 0);
	ck_assert_int_eq(read_range(&r, 10, 3 * LEAF, &err), 0);
	ck_assert_int_eq(read_range(&r, 10, 4 * LEAF, &err), -EIO);
	stop(&r);
}
END_TEST

START_TEST(a_file_cut_off_in_use_is_an_error)
{
	struct reading r;
	struct err err;

	start(&r, 50 * LEAF, false);
	ck_assert_int_eq(read_range(&r, 10, 0, &err), 0);
	ck_assert_int_eq(ftruncate(r.fd, (off_t)r.b.payload_start + LEAF), 0);
	ck_assert_int_eq(read_range(&r, 10, 5 * LEAF, &err), -EIO);
	ck_assert_str_eq(err.text,
		"app.holdall: the file became shorter while it was in use");
	stop(&r);
}
END_TEST

/* More nodes than the cache holds, walked so that none stays. */
START_TEST(more_nodes_than_slots)
{
	struct reading r;
	struct err err;
	size_t size = 12u * 512 * LEAF;

	start(&r, size, false);
	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(read_range(&r, 10, (uint64_t)(i * 5 % 12) *
					    512 * LEAF + i * LEAF, &err), 0);
	stop(&r);
}
END_TEST

#ifndef HOLDALL_SAN
/* Bytes of private memory that are really there. */
static size_t anonymous_now(void)
{
	CLEANUP_FILE FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %zu kB", &kib) == 1)
			break;
	ck_assert_uint_gt(kib, 0);
	return kib * 1024;
}

START_TEST(memory_is_bounded)
{
	const uint8_t *data;
	size_t before, most;
	struct reading r;
	struct err err;
	uint8_t byte;

	start(&r, 12u * 512 * LEAF, false);
	before = anonymous_now();
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(payload_read(r.p, &byte, 1,
			(uint64_t)(i % 12) * 512 * LEAF + i * LEAF, &err), 0);
	most = anonymous_now() - before;
	ck_assert_uint_gt(most, 8 * LEAF);
	/* and a few pages of stack and libraries */
	ck_assert_uint_le(most, PAYLOAD_MEMORY_MAX - PAYLOAD_VIEW_MAX + LEAF);
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(payload_view(r.p, PAYLOAD_VIEW_MAX - i,
					      i * 77777u, &data, &err), 0);
	most = anonymous_now() - before;
	ck_assert_uint_gt(most, PAYLOAD_VIEW_MAX);
	ck_assert_uint_le(most, PAYLOAD_MEMORY_MAX + LEAF);
	ck_assert_int_eq(payload_view(r.p, PAYLOAD_VIEW_MAX + 1, 0, &data,
				      &err), -EINVAL);
	ck_assert_int_eq(payload_view(r.p, 0, 0, &data, &err), -EINVAL);
	stop(&r);
}
END_TEST

/* The jail of the image server, as far as this file needs it: any other call
 * ends the process. */
static int jailed(struct reading *r)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	static uint8_t buf[40000];
	const uint8_t *data;
	struct err err;

	if (!f ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(pread64), 1,
			     SCMP_A0(SCMP_CMP_EQ, (unsigned)r->b.fd)) ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 0) ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0) ||
	    seccomp_load(f))
		return 10;
	for (unsigned i = 0; i < 200; i++)
		if (payload_read(r->p, buf, sizeof(buf), i * 47000u, &err) < 0 ||
		    payload_view(r->p, sizeof(buf), i * 47000u, &data, &err) < 0)
			return 11;
	/* the way of an error, too */
	if (payload_read(r->p, buf, 1, 575 * LEAF, &err) != -EIO)
		return 12;
	return 0;
}

START_TEST(works_in_the_jail)
{
	struct reading r;
	int status;
	pid_t pid;

	start(&r, BIG, false);
	fixture_flip(r.fd, r.b.payload_start + 575 * LEAF, 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(jailed(&r));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d",
		      WTERMSIG(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	stop(&r);
}
END_TEST
#endif

int main(void)
{
	Suite *s = suite_create("payload");
	TCase *t = tcase_create("payload");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, reads_what_was_written, 0, ARRAY_SIZE(sizes));
	tcase_add_test(t, nothing_lies_beyond_the_end);
	tcase_add_test(t, a_flipped_bit_is_never_data);
	tcase_add_test(t, verify_finds_every_flipped_bit);
	tcase_add_test(t, every_byte_of_the_tree_counts);
	tcase_add_test(t, messages_name_bundle_and_block);
	tcase_add_test(t, a_change_after_a_good_read_is_seen);
	tcase_add_test(t, a_failed_read_leaves_nothing_behind);
	tcase_add_test(t, a_failed_node_leaves_nothing_behind);
	tcase_add_test(t, a_swapped_leaf_is_seen);
	tcase_add_test(t, a_file_cut_off_in_use_is_an_error);
	tcase_add_test(t, more_nodes_than_slots);
#ifndef HOLDALL_SAN
	tcase_add_test(t, memory_is_bounded);
	tcase_add_test(t, works_in_the_jail);
#endif
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
