/*
 * profile_test.c - a launch profile orders the data and makes a section, and the
 * image stays what it is for every other reader
 */
#include "bundler/test_kit.h"

#include "bundler/image_write.h"
#include "bundler/profile.h"
#include "bundler/source_dir.h"
#include "manifests/test_run.h"
#include "runtime/image_profile.h"

static char dir[64];

static void setup(void)
{
	kit_make(dir);
	/* Files that cannot be packed, so that places tell the order. */
	ck_assert_int_eq(kit_run("mkdir -p %s/in/d && cd %s/in && "
		"for f in a b c d/e z; do head -c 300000 /dev/urandom >$f; "
		"done; for i in 1 2 3; do head -c 900 /dev/urandom >s$i; done; "
		"ln b hard; ln -s a link", dir, dir), 0);
}

static void teardown(void)
{
	kit_remove(dir);
}

/* Writes the image `to`; the profile's text may be NULL. */
static void write_image(const char *to, const char *text, unsigned jobs,
			struct buf *section)
{
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;
	CLEANUP_TREE struct tree t = TREE_INIT;
	struct image_options o = { .level = 1, .jobs = jobs, .time = 1,
				   .profile = text ? &p : NULL,
				   .section = section };
	CLEANUP_FREE char *in = NULL, *out = NULL;
	CLEANUP_FD int dir_fd = -1, fd = -1;
	struct image_stats stats;
	struct err err = { 0 };

	ck_assert_int_ge(asprintf(&in, "%s/in", dir), 0);
	ck_assert_int_ge(asprintf(&out, "%s/%s", dir, to), 0);
	dir_fd = kit_open_dir(in);
	fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	if (text)
		ck_assert_ok(profile_parse("p", text, strlen(text), &p, &err));
	ck_assert_ok(tree_new(&t, &err));
	ck_assert_ok(source_dir(&t, dir_fd, "", tree_origin(&t, ORIGIN_DIR, 1,
							    in, NULL),
				NULL, &err));
	ck_assert_ok(image_write(&t, fd, 0, &o, NULL, &stats, &err));
}

/* Does the image hold the first bytes of `one` before those of `two`? */
static bool lies_before(const char *image, const char *one, const char *two)
{
	return kit_run("/usr/bin/python3 -c 'import sys; "
		       "i, a, b = (open(f, \"rb\").read() for f in sys.argv[1:]);"
		       "sys.exit(not 0 <= i.find(a[:64]) < i.find(b[:64]))' "
		       "%s/%s %s/in/%s %s/in/%s", dir, image, dir, one, dir,
		       two) == 0;
}

#define FIRST PROFILE_FIRST_LINE "\n"
static const char text[] = FIRST "node /\nlist /\nnode /z\nread /z 1-2\n"
	"read /gone 0-7\nread /s3 0\nread /z 0\nread /hard 0-9\nnode /z\n"
	"read /d/e 9\nlist /d\nread /link 0\n";

START_TEST(test_order)
{
	CLEANUP_BUF struct buf one = BUF_INIT, two = BUF_INIT;

	write_image("plain", NULL, 2, NULL);
	write_image("first", text, 1, &one);
	write_image("second", text, 2, &two);
	ck_assert_int_eq(kit_run("cmp %s/first %s/second", dir, dir), 0);
	ck_assert_uint_eq(one.len, two.len);
	ck_assert(!memcmp(one.data, two.data, one.len));
	ck_assert(lies_before("plain", "a", "b"));
	ck_assert(lies_before("plain", "b", "z"));
	ck_assert(lies_before("first", "z", "b"));	/* hard is b */
	ck_assert(lies_before("first", "b", "d/e"));
	ck_assert(lies_before("first", "d/e", "a"));
	ck_assert(lies_before("first", "a", "c"));
}
END_TEST

START_TEST(test_content_stays)
{
	CLEANUP_BUF struct buf section = BUF_INIT;

	write_image("image", text, 2, &section);
	ck_assert_int_eq(kit_run("unsquashfs -n -q -d %s/out %s/image "
				 ">/dev/null 2>&1", dir, dir), 0);
	ck_assert_int_eq(kit_run("diff -r --no-dereference %s/in %s/out", dir,
				 dir), 0);
}
END_TEST

START_TEST(test_section)
{
	static struct image_profile p;
	CLEANUP_BUF struct buf section = BUF_INIT;
	static const struct {
		uint32_t first, n;
	} want[] = {
		{ 0, 0 },		/* node / and list / */
		{ 0, 0 },		/* node /z */
		{ 1, 2 },		/* of three blocks */
		{ 0, 1 },		/* s3, a tail */
		{ 0, 1 },		/* z again */
		{ 0, 3 },		/* hard, cut to what it has */
		{ 0, 0 },		/* list /d */
		{ 0, 0 },		/* the link itself */
	};

	write_image("image", text, 2, &section);
	ck_assert_int_eq(image_profile_parse((const uint8_t *)section.data,
					     section.len, &p), 0);
	ck_assert_uint_eq(p.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		ck_assert_uint_eq(p.v[i].first, want[i].first);
		ck_assert_uint_eq(p.v[i].n, want[i].n);
	}
	ck_assert_uint_eq(p.v[1].ref, p.v[2].ref);
	ck_assert_uint_eq(p.v[2].ref, p.v[4].ref);
	ck_assert_uint_ne(p.v[2].ref, p.v[5].ref);
}
END_TEST

START_TEST(test_nothing_of_it)
{
	CLEANUP_BUF struct buf section = BUF_INIT;

	write_image("plain", NULL, 1, NULL);
	write_image("image", FIRST "node /x\nread /a 99\n", 1, &section);
	ck_assert_uint_eq(section.len, 0);
	/* `a` is first in both. */
	ck_assert_int_eq(kit_run("cmp %s/plain %s/image", dir, dir), 0);
}
END_TEST

START_TEST(test_limits)
{
	static uint8_t bytes[IMAGE_PROFILE_BYTES_MAX];
	static struct image_profile p, q;

	p.n = IMAGE_PROFILE_MAX;
	for (unsigned i = 0; i < p.n; i++)
		p.v[i] = (struct image_profile_entry){ i, 0, 2 };
	ck_assert_int_eq(image_profile_parse(bytes,
					     image_profile_format(&p, bytes),
					     &q), 0);
	ck_assert_uint_eq(q.n, IMAGE_PROFILE_BLOCKS_MAX / 2);
	for (unsigned i = 0; i < p.n; i++)
		p.v[i].n = 1;
	ck_assert_int_eq(image_profile_parse(bytes,
					     image_profile_format(&p, bytes),
					     &q), 0);
	ck_assert_uint_eq(q.n, IMAGE_PROFILE_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bundler_profile");
	TCase *t = tcase_create("bundler_profile");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_content_stays);
	tcase_add_test(t, test_section);
	tcase_add_test(t, test_nothing_of_it);
	tcase_add_test(t, test_limits);
	suite_add_tcase(s, t);
	return run_suite(s);
}
