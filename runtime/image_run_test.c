/*
 * image_run_test.c - what is pushed to somebody who reads small files in order
 *
 * The helper's /dev/fuse is a file here, which then holds its messages: which files
 * were pushed, and that their bytes are right, is read from there.
 */
#include <check.h>
#include <errno.h>
#include <linux/fuse.h>
#include <sys/mman.h>
#include <time.h>

#include "runtime/image_ahead.h"
#include "runtime/image_crew.h"
#include "runtime/image_fixture.h"
#include "runtime/image_run.h"
#include "runtime/image_state.h"

#define FILES 40u

struct memory {
	char *data;
	size_t size;
};

static int read_memory(void *arg, void *buf, size_t len, uint64_t off,
		       struct err *err)
{
	struct memory *m = arg;

	(void)err;
	ck_assert(off <= m->size && len <= m->size - off);
	memcpy(buf, m->data + off, len);
	return 0;
}

struct run {
	struct fixture f;
	struct memory mem;
	struct image *im;
	struct image_crew *crew;
	int pushes;
	unsigned pushed[FILES];
};

/* Names in the order of their inodes; a link and a large file are among them. */
static void name_of(char name[16], const char *dir, unsigned i)
{
	(void)snprintf(name, 16, "%s/f%02u", dir, i);
}

static size_t size_of(unsigned i)
{
	return i == 7 ? 300000 : i == 9 ? 131072 : 100 + i * 977;
}

static void make_image(struct run *t, const char *options)
{
	struct image_source src = { .read = read_memory, .arg = &t->mem,
				    .name = "test" }, srcs[WORKERS_MAX];
	CLEANUP_FD int fd = -1;
	struct err err;
	cpu_set_t cpus;
	char name[16];

	CPU_ZERO(&cpus);
	*t = (struct run){ .pushes = -1 };
	fixture_start(&t->f);
	run_command("mkdir %s/d", t->f.tree);
	for (unsigned i = 0; i < FILES; i++) {
		name_of(name, "d", i);
		fixture_file(&t->f, name, size_of(i), i + 1);
	}
	run_command("ln -s f00 %s/d/f05.link", t->f.tree);
	fixture_squash(&t->f, options);
	fd = open(t->f.image, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_slurp(fd, 64u << 20, &t->mem.data, &t->mem.size),
			 0);
	src.size = t->mem.size;
	for (unsigned i = 0; i < ARRAY_SIZE(srcs); i++)
		srcs[i] = src;
	ck_assert_int_eq(image_new(&src, &t->im, &err), 0);
	/* Before the helper: its table of descriptors is its own. */
	t->pushes = memfd_create("pushes", MFD_CLOEXEC);
	ck_assert_int_ge(t->pushes, 0);
	ck_assert_int_eq(image_crew_new(2, &cpus, -1, &t->crew, &err), 0);
	image_crew_attach(t->crew, t->im, srcs);
	image_lock(t->im, &t->im->workers[0]);
	t->crew->push_fd = t->pushes;
	image_unlock(t->im);
}

static void stop(struct run *t)
{
	image_crew_free(t->crew);
	image_free(t->im);
	free(t->mem.data);
	(void)close(t->pushes);
	fixture_end(&t->f);
}

static void find(struct run *t, unsigned i, struct image_inode *ret)
{
	struct image_inode dir;
	struct image_dirent de;
	struct err err;
	char name[16];

	name_of(name, "d", i);
	ck_assert_int_eq(image_inode_get(t->im, image_root(t->im), &dir, &err),
			 0);
	ck_assert_int_eq(image_lookup(t->im, &dir, "d", 1, &de, &err), 0);
	ck_assert_int_eq(image_dirent_inode(t->im, &de, &dir, &err), 0);
	ck_assert_int_eq(image_lookup(t->im, &dir, name + 2, strlen(name) - 2,
				      &de, &err), 0);
	ck_assert_int_eq(image_dirent_inode(t->im, &de, ret, &err), 0);
}

/* Until the helpers have nothing to do. */
static void settle(struct run *t)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	bool done = false;

	while (!done) {
		(void)nanosleep(&pause, NULL);
		image_lock(t->im, &t->im->workers[0]);
		done = !t->crew->n && !t->crew->run.left && t->crew->parked &&
		       t->crew->spare_parked;
		image_unlock(t->im);
	}
}

static void read_file(struct run *t, unsigned i)
{
	static struct image_slices s;
	struct image_inode node;
	struct err err;

	image_lock(t->im, &t->im->workers[0]);
	find(t, i, &node);
	image_run_read(t->im, &node, 0);
	ck_assert_int_eq(image_file_read(t->im, &node, 0, 4096, &s, &err), 0);
	image_read_done(t->im);
	image_unlock(t->im);
	settle(t);
}

static unsigned file_of(struct run *t, uint64_t node_id)
{
	struct image_inode node;
	unsigned i = 0;

	image_lock(t->im, &t->im->workers[0]);
	for (; i < FILES; i++) {
		find(t, i, &node);
		if (node.ref + NODE_ID_ADD == node_id)
			break;
	}
	image_unlock(t->im);
	ck_assert_msg(i < FILES, "a push of what is no file");
	return i;
}

/* Counts in t->pushed; each message holds a file from its first byte to its last. */
static void look(struct run *t)
{
	static uint8_t want[300000];
	CLEANUP_FREE uint8_t *all = NULL;
	off_t size = lseek(t->pushes, 0, SEEK_END), at = 0;

	ck_assert_int_ge(size, 0);
	all = malloc((size_t)size + 1);
	ck_assert_ptr_nonnull(all);
	ck_assert_int_eq(pread(t->pushes, all, (size_t)size, 0), size);
	memset(t->pushed, 0, sizeof(t->pushed));
	while (at < size) {
		struct fuse_out_header head;
		struct fuse_notify_store_out out;
		unsigned i;

		ck_assert_int_le(at + (off_t)(sizeof(head) + sizeof(out)), size);
		memcpy(&head, all + at, sizeof(head));
		memcpy(&out, all + at + sizeof(head), sizeof(out));
		ck_assert_int_eq(head.error, FUSE_NOTIFY_STORE);
		ck_assert_uint_eq(head.len, sizeof(head) + sizeof(out) +
				  out.size);
		ck_assert_int_le(at + head.len, size);
		i = file_of(t, out.nodeid);
		ck_assert_uint_eq(out.offset, 0);
		ck_assert_uint_eq(out.size, size_of(i));
		fixture_fill(want, size_of(i), i + 1);
		ck_assert_int_eq(memcmp(all + at + sizeof(head) + sizeof(out),
					want, size_of(i)), 0);
		t->pushed[i]++;
		at += head.len;
	}
}

/* Exactly `first` to `last`, but for 6, which is read, and those that are not
 * small; once each. */
static void expect(struct run *t, unsigned first, unsigned last)
{
	look(t);
	for (unsigned i = 0; i < FILES; i++)
		ck_assert_msg(t->pushed[i] == (i >= first && i <= last &&
					       i != 6 && i != 7 && i != 9),
			      "file %u was pushed %u times", i, t->pushed[i]);
}

static const char *const layouts[] = {
	"-b 128K", "-b 128K -no-fragments", "-b 128K -noD -noF",
};

/* Two steps: four files; where they end: eight more. */
START_TEST(files_in_order)
{
	struct run t;

	make_image(&t, layouts[_i]);
	read_file(&t, 0);
	expect(&t, 1, 0);
	read_file(&t, 1);
	expect(&t, 2, 5);
	read_file(&t, 6);
	/* 7 and 9 are not small. */
	expect(&t, 2, 16);
	/* The helper's own steps do not count as the reader's. */
	ck_assert_uint_eq(t.crew->run.left, 0);
	stop(&t);
}
END_TEST

START_TEST(files_in_no_order)
{
	static const unsigned mixed[] = { 20, 3, 17, 2, 30, 1, 15, 0, 12 };
	struct run t;

	make_image(&t, layouts[0]);
	for (unsigned i = 0; i < ARRAY_SIZE(mixed); i++)
		read_file(&t, mixed[i]);
	expect(&t, 1, 0);
	stop(&t);
}
END_TEST

/* Another thread answers at the same time: no push, and for a while none. */
START_TEST(a_crowd)
{
	struct run t;

	make_image(&t, layouts[0]);
	atomic_store(&t.crew->at_work, 2);
	read_file(&t, 0);
	atomic_store(&t.crew->at_work, 1);
	for (unsigned i = 1; i < 6; i++)
		read_file(&t, i);
	expect(&t, 1, 0);
	stop(&t);
}
END_TEST

/* The kernel refuses a store: nothing more is tried. */
START_TEST(a_store_fails)
{
	struct run t;
	uint64_t next;

	make_image(&t, layouts[0]);
	image_lock(t.im, &t.im->workers[0]);
	t.crew->push_fd = 1000000;	/* EBADF */
	image_unlock(t.im);
	read_file(&t, 0);
	read_file(&t, 1);
	ck_assert_uint_eq(t.crew->run.credit, 0);
	ck_assert_uint_eq(t.crew->run.left, 0);
	next = t.crew->run.next;
	ck_assert_uint_ne(next, 0);
	image_lock(t.im, &t.im->workers[0]);
	t.crew->push_fd = t.pushes;
	image_unlock(t.im);
	settle(&t);
	expect(&t, 1, 0);
	stop(&t);
}
END_TEST

/* A run that comes to where the one before began is over. */
START_TEST(the_folder_before)
{
	struct run t;

	make_image(&t, layouts[0]);
	read_file(&t, 13);
	read_file(&t, 10);
	read_file(&t, 11);
	expect(&t, 12, 12);
	stop(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_run");
	TCase *t = tcase_create("image_run");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, files_in_order, 0, ARRAY_SIZE(layouts));
	tcase_add_test(t, files_in_no_order);
	tcase_add_test(t, a_crowd);
	tcase_add_test(t, a_store_fails);
	tcase_add_test(t, the_folder_before);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
