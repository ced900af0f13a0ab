/*
 * image_ahead_test.c - with helpers, reads give the same bytes, whatever they do
 *
 * Images are read in this process from memory.  The helpers' source counts, is
 * slow, or fails; the reader must never notice but by the clock.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime/image_ahead.h"
#include "runtime/image_crew.h"
#include "runtime/image_fixture.h"
#include "runtime/image_state.h"

#define BIG (9u << 20)
#define STEP 69632u			/* a read over the edges of blocks */

enum mood { GOOD, SLOW, FAILS };

struct memory {
	char *data;
	size_t size;
	enum mood mood;
	atomic_uint calls;
};

static int read_memory(void *arg, void *buf, size_t len, uint64_t off,
		       struct err *err)
{
	struct memory *m = arg;
	const struct timespec pause = { .tv_nsec = 300000 };

	atomic_fetch_add(&m->calls, 1);
	if (m->mood == FAILS)
		return err_set(err, EIO, "the helper's source fails");
	if (m->mood == SLOW)
		(void)nanosleep(&pause, NULL);
	ck_assert(off <= m->size && len <= m->size - off);
	memcpy(buf, m->data + off, len);
	return 0;
}

struct pair {
	struct fixture f;
	struct memory mine, helpers;
	struct image *im;
	struct image_crew *crew;
	struct image_inode node;
	uint8_t *want;
};

static void find(struct pair *p, const char *name)
{
	struct image_inode root;
	struct image_dirent de;
	struct err err;

	ck_assert_int_eq(image_inode_get(p->im, image_root(p->im), &root, &err),
			 0);
	ck_assert_int_eq(image_lookup(p->im, &root, name, strlen(name), &de,
				      &err), 0);
	ck_assert_int_eq(image_dirent_inode(p->im, &de, &p->node, &err), 0);
}

/* Of p->f.image; with two servers there is a spare helper too. */
static void open_image(struct pair *p, unsigned servers)
{
	struct image_source src = { .read = read_memory, .arg = &p->mine,
				    .name = "test" }, srcs[WORKERS_MAX];
	cpu_set_t cpus;
	struct err err;
	CLEANUP_FD int fd = -1;

	CPU_ZERO(&cpus);
	fd = open(p->f.image, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_slurp(fd, 64u << 20, &p->mine.data, &p->mine.size),
			 0);
	p->helpers.data = p->mine.data;
	p->helpers.size = src.size = p->mine.size;
	ck_assert_int_eq(image_new(&src, &p->im, &err), 0);
	ck_assert_int_eq(image_crew_new(servers, &cpus, -1, &p->crew,
					&err), 0);
	ck_assert_uint_eq(image_crew_others(p->crew), servers > 1 ?
			  servers + 1 : 1);
	src.arg = &p->helpers;
	for (unsigned i = 0; i < ARRAY_SIZE(srcs); i++)
		srcs[i] = src;
	image_crew_attach(p->crew, p->im, srcs);
}

static void start(struct pair *p, const char *options, enum mood mood,
		  unsigned servers)
{
	*p = (struct pair){ .helpers.mood = mood };
	fixture_start(&p->f);
	fixture_file(&p->f, "big", BIG, 11);
	fixture_squash(&p->f, options);
	p->want = malloc(BIG);
	ck_assert_ptr_nonnull(p->want);
	fixture_fill(p->want, BIG, 11);
	open_image(p, servers);
	image_lock(p->im, &p->im->workers[0]);
	find(p, "big");
	image_unlock(p->im);
}

static void stop(struct pair *p)
{
	image_crew_free(p->crew);
	image_free(p->im);
	free(p->mine.data);
	free(p->want);
	fixture_end(&p->f);
}

/* Slices are compared after the helper has had its chance to spoil them. */
static void read_at(struct pair *p, uint64_t off, size_t len)
{
	static struct image_slices s;
	size_t at = 0, most = off < BIG ? BIG - off : 0;
	struct err err;

	image_lock(p->im, &p->im->workers[0]);
	ck_assert_msg(image_file_read(p->im, &p->node, off, len, &s, &err) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(s.len, len < most ? len : most);
	image_ahead_follow(p->im, &p->node, off, s.len);
	image_unlock(p->im);
	if (off % 3 == 0)
		(void)sched_yield();
	for (unsigned i = 0; i < s.n; i++) {
		ck_assert_msg(memcmp(s.iov[i].iov_base, p->want + off + at,
				     s.iov[i].iov_len) == 0,
			      "wrong bytes at %llu",
			      (unsigned long long)(off + at));
		at += s.iov[i].iov_len;
	}
	ck_assert_uint_eq(at, s.len);
}

/* Until the helpers have nothing to do. */
static void settle(struct pair *p)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	bool done = false;

	while (!done) {
		(void)nanosleep(&pause, NULL);
		image_lock(p->im, &p->im->workers[0]);
		done = !p->crew->n && p->crew->parked &&
		       (!p->crew->has_spare || p->crew->spare_parked);
		image_unlock(p->im);
	}
}

static const struct {
	const char *options;
	enum mood mood;
} cases[] = {
	{ "-b 128K", GOOD }, { "-b 128K", SLOW }, { "-b 128K", FAILS },
	{ "-b 1M", GOOD }, { "-b 1M", SLOW }, { "-b 4K", GOOD },
	{ "-b 4K -noD", FAILS }, { "-b 64K -noD", GOOD },
};

START_TEST(bytes_are_the_same)
{
	unsigned state = 1;
	struct pair p;

	start(&p, cases[_i / 2].options, cases[_i / 2].mood,
	      1 + (unsigned)_i % 2);
	for (uint64_t off = 0; off < BIG; off += STEP) {
		read_at(&p, off, STEP);
		/* Once at least it has had the time. */
		if (off == BIG / 2 / STEP * STEP)
			settle(&p);
	}
	for (unsigned i = 0; i < 300; i++) {
		state = state * 1664525u + 1013904223u;
		read_at(&p, (state >> 8) % BIG / 4096 * 4096,
			i % 4 ? 4096 : IMAGE_READ_MAX);
		if (i % 100 == 50)
			image_idle(p.im);
	}
	ck_assert_uint_gt(atomic_load(&p.helpers.calls), 0);
	stop(&p);
}
END_TEST

/* Reading on, slowly: blocks are there before they are asked for. */
START_TEST(it_runs_ahead)
{
	unsigned before, own;
	struct pair p;

	start(&p, "-b 128K", GOOD, 1 + (unsigned)_i);
	before = atomic_load(&p.mine.calls);
	for (uint64_t off = 0; off < BIG; off += 131072) {
		read_at(&p, off, 131072);
		settle(&p);
	}
	own = atomic_load(&p.mine.calls) - before;
	ck_assert_uint_lt(own, 60);
	ck_assert_uint_gt(atomic_load(&p.helpers.calls), 12);
	stop(&p);
}
END_TEST

/* Random places of a file: nothing is decoded ahead more than once. */
START_TEST(it_does_not_run_wild)
{
	unsigned state = 7;
	struct pair p;

	start(&p, "-b 64K", GOOD, 1 + (unsigned)_i);
	for (unsigned i = 0; i < 3000; i++) {
		state = state * 1664525u + 1013904223u;
		read_at(&p, (state >> 8) % (BIG / 4096) * 4096ull, 4096);
	}
	image_ahead_pause(p.im);
	ck_assert_uint_le(atomic_load(&p.helpers.calls), BIG / 65536);
	stop(&p);
}
END_TEST

#define FILES 9u
#define FILE_SIZE 204800u		/* a block, and a tail */

static void read_file(struct pair *p, unsigned i)
{
	static struct image_slices s;
	char name[16];
	struct err err;

	(void)snprintf(name, sizeof(name), "f%u", i);
	for (uint64_t off = 0; off < FILE_SIZE; off += s.len) {
		image_lock(p->im, &p->im->workers[0]);
		find(p, name);
		ck_assert_int_eq(image_file_read(p->im, &p->node, off, 131072,
						 &s, &err), 0);
		ck_assert_uint_gt(s.len, 0);
		image_ahead_follow(p->im, &p->node, off, s.len);
		image_unlock(p->im);
		settle(p);
	}
}

/* Small files in order: after some steps the reader decodes nothing itself.  In
 * no order: nothing is decoded in vain. */
START_TEST(it_goes_to_the_next_file)
{
	static const unsigned mixed[FILES] = { 8, 3, 7, 2, 6, 1, 5, 0, 4 };
	struct pair p = { .helpers.mood = GOOD };
	uint64_t misses = 0;
	char name[16];

	fixture_start(&p.f);
	for (unsigned i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		fixture_file(&p.f, name, FILE_SIZE, i + 1);
	}
	fixture_squash(&p.f, "-b 128K -always-use-fragments");
	open_image(&p, 1 + (unsigned)_i % 2);
	for (unsigned i = 0; i < FILES; i++) {
		if (i == 3)
			misses = p.im->stats.misses;
		read_file(&p, _i < 2 ? i : mixed[i]);
	}
	if (_i < 2) {
		ck_assert_uint_ge(misses, 2);
		ck_assert_uint_eq(p.im->stats.misses, misses);
	} else {
		ck_assert_uint_eq(p.im->stats.ahead, 0);
	}
	stop(&p);
}
END_TEST

/* Whoever makes the crew may be kept to one CPU, for a while. */
START_TEST(threads_run_where_they_were_told)
{
	struct image_crew *crew = NULL;
	cpu_set_t all, one, got;
	pthread_t threads[3];
	struct err err;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ck_assert_int_eq(image_crew_new(2, &all, -1, &crew, &err), 0);
	threads[0] = crew->helper;
	threads[1] = crew->spare;
	threads[2] = crew->servers[1];
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		ck_assert_int_eq(pthread_getaffinity_np(threads[i], sizeof(got),
							&got), 0);
		ck_assert(CPU_EQUAL(&got, &all));
	}
	image_crew_free(crew);
	/* None told: as ever. */
	CPU_ZERO(&all);
	ck_assert_int_eq(image_crew_new(1, &all, -1, &crew, &err), 0);
	ck_assert_int_eq(pthread_getaffinity_np(crew->helper, sizeof(got),
						&got), 0);
	ck_assert(CPU_EQUAL(&got, &one));
	image_crew_free(crew);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_ahead");
	TCase *t = tcase_create("image_ahead");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, bytes_are_the_same, 0, 2 * ARRAY_SIZE(cases));
	tcase_add_loop_test(t, it_runs_ahead, 0, 2);
	tcase_add_loop_test(t, it_does_not_run_wild, 0, 2);
	tcase_add_loop_test(t, it_goes_to_the_next_file, 0, 4);
	tcase_add_test(t, threads_run_where_they_were_told);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
