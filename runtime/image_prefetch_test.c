/*
 * image_prefetch_test.c - a launch profile is a hint: it makes reads find their blocks
 * decoded, and whatever it says, bytes stay the same
 *
 * Images are read in this process from memory, with a crew of the reader and the
 * helper.  Nothing depends on time but how long is waited for what must come.
 */
#include <check.h>
#include <errno.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/image_crew.h"
#include "runtime/image_fixture.h"
#include "runtime/image_prefetch.h"
#include "runtime/image_profile.h"
#include "runtime/image_state.h"

#define BIG (9u << 20)
#define BLOCK 131072u

struct memory {
	char *data;
	size_t size;
};

static int read_memory(void *arg, void *buf, size_t len, uint64_t off,
		       struct err *err UNUSED)
{
	struct memory *m = arg;

	ck_assert(off <= m->size && len <= m->size - off);
	memcpy(buf, m->data + off, len);
	return 0;
}

struct stage {
	struct fixture f;
	struct memory memory;
	struct image *im;
	struct image_crew *crew;
	struct image_inode big, small, root;
	uint8_t *want;
	int way[2];			/* to the helper, in its table too */
};

static void find(struct stage *s, const char *name, struct image_inode *ret)
{
	struct image_dirent de;
	struct err err;

	ck_assert_int_eq(image_lookup(s->im, &s->root, name, strlen(name), &de,
				      &err), 0);
	ck_assert_int_eq(image_dirent_inode(s->im, &de, ret, &err), 0);
}

/* The inode of `big` says less than its blocks hold: so many bytes. */
static void shorten(struct stage *s, uint32_t size)
{
	const uint32_t want = htole32(BIG), now = htole32(size);
	unsigned n = 0;

	for (size_t i = 0; i + 4 <= s->memory.size; i++)
		if (!memcmp(s->memory.data + i, &want, sizeof(want))) {
			memcpy(s->memory.data + i, &now, sizeof(now));
			n++;
		}
	ck_assert_uint_eq(n, 1);
}

/* With a `size`, the image lies about that of `big`. */
static void start_with(struct stage *s, const char *options, uint32_t size)
{
	struct image_source src = { .read = read_memory, .arg = &s->memory,
				    .name = "test" };
	cpu_set_t cpus;
	struct err err;
	CLEANUP_FD int fd = -1;

	*s = (struct stage){ .im = NULL };
	fixture_start(&s->f);
	fixture_file(&s->f, "big", BIG, 11);
	fixture_file(&s->f, "small", 5000, 12);
	fixture_squash(&s->f, options);
	s->want = malloc(BIG);
	ck_assert_ptr_nonnull(s->want);
	fixture_fill(s->want, BIG, 11);
	fd = open(s->f.image, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_slurp(fd, 64u << 20, &s->memory.data,
				  &s->memory.size), 0);
	if (size)
		shorten(s, size);
	src.size = s->memory.size;
	CPU_ZERO(&cpus);
	ck_assert_int_eq(image_new(&src, &s->im, &err), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->way), 0);
	ck_assert_int_eq(image_crew_new(1, &cpus, -1, &s->crew, &err), 0);
	image_crew_attach(s->crew, s->im, &src);
	/* From here on the image is the helper's too. */
	image_lock(s->im, &s->im->workers[0]);
	ck_assert_int_eq(image_inode_get(s->im, image_root(s->im), &s->root,
					 &err), 0);
	find(s, "big", &s->big);
	find(s, "small", &s->small);
	image_unlock(s->im);
}

static void start(struct stage *s)
{
	start_with(s, "-b 128K", 0);
}

static void stop(struct stage *s)
{
	image_crew_free(s->crew);
	image_free(s->im);
	(void)close(s->way[0]);
	(void)close(s->way[1]);
	free(s->memory.data);
	free(s->want);
	fixture_end(&s->f);
}

static int begin(struct stage *s, const struct image_profile *p)
{
	static uint8_t bytes[IMAGE_PROFILE_BYTES_MAX];

	return image_prefetch_begin(s->im, bytes,
				    image_profile_format(p, bytes));
}

static void read_block(struct stage *s, uint32_t block)
{
	static struct image_slices slices;
	uint64_t off = (uint64_t)block * BLOCK;
	size_t at = 0;
	struct err err;

	image_lock(s->im, &s->im->workers[0]);
	ck_assert_msg(image_file_read(s->im, &s->big, off, BLOCK, &slices,
				      &err) == 0, "%s", err.text);
	for (unsigned i = 0; i < slices.n; i++) {
		ck_assert(!memcmp(slices.iov[i].iov_base, s->want + off + at,
				  slices.iov[i].iov_len));
		at += slices.iov[i].iov_len;
	}
	ck_assert_uint_eq(at, BLOCK);
	image_read_done(s->im);
	image_prefetch_read(s->im, &s->big, off);
	image_unlock(s->im);
}

static struct image_stats stats_of(struct stage *s)
{
	struct image_stats stats;

	image_lock(s->im, &s->im->workers[0]);
	stats = s->im->stats;
	image_unlock(s->im);
	return stats;
}

/* Until so many blocks are decoded ahead; two minutes at most. */
static void await_ahead(struct stage *s, uint64_t n)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (unsigned i = 0; i < 60000 && stats_of(s).ahead < n; i++)
		(void)nanosleep(&pause, NULL);
	ck_assert_uint_ge(stats_of(s).ahead, n);
}

static void await_parked(struct stage *s)
{
	image_lock(s->im, &s->im->workers[0]);
	while (!s->crew->parked || s->crew->n)
		(void)pthread_cond_wait(&s->crew->parked_now, &s->crew->lock);
	image_unlock(s->im);
}

START_TEST(reads_find_their_blocks)
{
	static struct image_profile p;
	struct stage s;
	uint32_t half;

	start(&s);
	half = s.im->n_data / 2;
	p = (struct image_profile){ .n = 3, .v = { { s.root.ref, 0, 0 },
		{ s.big.ref, 3, 1 }, { s.big.ref, 10, 60 } } };
	ck_assert_int_eq(begin(&s, &p), 0);
	await_ahead(&s, half);
	await_parked(&s);
	/* Bounded, as long as nobody uses them. */
	ck_assert_uint_eq(stats_of(&s).ahead, half);
	read_block(&s, 3);
	for (uint32_t b = 10; b < 10 + half - 1; b++)
		read_block(&s, b);
	ck_assert_uint_eq(stats_of(&s).misses, 0);
	ck_assert_uint_eq(stats_of(&s).profile_met, half);
	/* Now it has gone on. */
	await_ahead(&s, half + 1);
	stop(&s);
}
END_TEST

START_TEST(it_jumps_to_where_the_app_is)
{
	static struct image_profile p;
	struct stage s;

	start(&s);
	p = (struct image_profile){ .n = 2, .v = { { s.big.ref, 0, 40 },
						   { s.big.ref, 40, 30 } } };
	ck_assert_int_eq(begin(&s, &p), 0);
	await_ahead(&s, s.im->n_data / 2);
	await_parked(&s);
	read_block(&s, 50);
	read_block(&s, 0);
	await_ahead(&s, s.im->n_data / 2 + 1);
	await_parked(&s);
	image_lock(s.im, &s.im->workers[0]);
	ck_assert_ptr_nonnull(s.im->prefetch);
	image_unlock(s.im);
	/* 51 was taken next, not 24. */
	read_block(&s, 51);
	ck_assert_uint_eq(stats_of(&s).misses, 1);
	stop(&s);
}
END_TEST

START_TEST(it_ends_when_the_app_does_something_else)
{
	static struct image_profile p;
	uint64_t before;
	struct stage s;

	start(&s);
	p = (struct image_profile){ .n = 1, .v = { { s.big.ref, 0, 40 } } };
	ck_assert_int_eq(begin(&s, &p), 0);
	await_ahead(&s, s.im->n_data / 2);
	await_parked(&s);
	for (unsigned i = 0; i < 70; i++)
		read_block(&s, 41 + i % 30);
	before = stats_of(&s).profile_blocks;
	await_parked(&s);
	ck_assert_uint_eq(stats_of(&s).profile_blocks, before);
	ck_assert(!image_prefetch_knows(s.im, &s.big));
	stop(&s);
}
END_TEST

/* Places of no inode, blocks that are not there, everything again and again. */
START_TEST(a_lie_changes_nothing)
{
	static struct image_profile p;
	uint32_t state = (uint32_t)_i + 1;
	struct stage s;

	start(&s);
	p.n = 0;
	while (p.n < 1500) {
		struct image_profile_entry *e = &p.v[p.n++];

		state = state * 1664525u + 1013904223u;
		e->ref = state % 3 ? (uint64_t)(state >> 8) << 16 >> _i * 8 :
			 state % 2 ? s.big.ref : s.small.ref;
		e->n = state >> 30;
		e->first = e->n ? state >> 8 & (_i % 2 ? 0x7f : 0xffffff) : 0;
		e->first &= 0xffffff;
		e->ref &= (UINT64_C(1) << 48) - 1;
	}
	ck_assert_int_eq(begin(&s, &p), 0);
	for (uint32_t b = 0; b < BIG / BLOCK; b++) {
		image_lock(s.im, &s.im->workers[0]);
		image_prefetch_looked_up(s.im, b % 2 ? &s.big : &s.small);
		image_unlock(s.im);
		read_block(&s, b * 7 % (BIG / BLOCK));
	}
	await_parked(&s);
	ck_assert_uint_le(stats_of(&s).profile_blocks, 4096);
	stop(&s);
}
END_TEST

/* What the helper pushes comes to `ret` as the kernel would be given it. */
static void take_pushes(struct stage *s, int *ret)
{
	int pushes[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pushes), 0);
	ck_assert_int_eq(fd_send(s->way[0], pushes[1], "", 1), 0);
	image_crew_push(s->crew, s->way[1]);
	(void)close(pushes[1]);
	*ret = pushes[0];
}

/* The kernel would make the file longer. */
START_TEST(nothing_is_pushed_beyond_the_end)
{
	static struct image_profile p;
	static uint8_t bytes[BLOCK + 4096];
	const struct fuse_notify_store_out *out = (const void *)
		(bytes + sizeof(struct fuse_out_header));
	const uint32_t size = BIG - BLOCK / 2 - 3;
	struct pollfd in = { .events = POLLIN };
	struct stage s;

	start_with(&s, "-b 128K -noI", size);
	ck_assert_uint_eq(s.big.size, size);
	take_pushes(&s, &in.fd);
	p = (struct image_profile){ .n = 1, .v = { { s.big.ref,
						     BIG / BLOCK - 1, 1 } } };
	ck_assert_int_eq(begin(&s, &p), 0);
	ck_assert_int_eq(poll(&in, 1, 120000), 1);
	ck_assert_int_gt(recv(in.fd, bytes, sizeof(bytes), 0),
			 (int)sizeof(struct fuse_out_header));
	ck_assert_uint_eq(out->offset, BIG - BLOCK);
	ck_assert_uint_le(out->offset + out->size, size);
	(void)close(in.fd);
	stop(&s);
}
END_TEST

START_TEST(what_is_no_profile_is_refused)
{
	static const uint8_t bad[] = "hprofile\1\0\0\0\1\0\0\0";
	struct stage s;

	start(&s);
	ck_assert_int_eq(image_prefetch_begin(s.im, bad, 16), -EINVAL);
	ck_assert_int_eq(image_prefetch_begin(s.im, bad, 3), -EINVAL);
	ck_assert_ptr_null(s.im->prefetch);
	read_block(&s, 0);
	stop(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_prefetch");
	TCase *t = tcase_create("image_prefetch");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, reads_find_their_blocks);
	tcase_add_test(t, it_jumps_to_where_the_app_is);
	tcase_add_test(t, it_ends_when_the_app_does_something_else);
	tcase_add_loop_test(t, a_lie_changes_nothing, 0, 6);
	tcase_add_test(t, nothing_is_pushed_beyond_the_end);
	tcase_add_test(t, what_is_no_profile_is_refused);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
