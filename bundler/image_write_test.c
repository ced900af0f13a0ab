/*
 * image_write_test.c - images compared with their source by other people's tools
 *
 * unsquashfs unpacks the image at its offset; tree and bytes must be the ones
 * that went in, whatever the names.
 */
#include "bundler/test_kit.h"

#include "bundler/image_write.h"
#include "bundler/source_dir.h"

#define OFFSET 65536u

static char dir[64];

static void setup(void)
{
	kit_make(dir);
	ck_assert_int_eq(kit_run("mkdir %s/in", dir), 0);
}

static void teardown(void)
{
	kit_remove(dir);
}

static void write_image(const char *from, const char *to, unsigned level,
			unsigned jobs, struct image_stats *stats)
{
	CLEANUP_TREE struct tree t = TREE_INIT;
	struct image_options o = { .level = level, .jobs = jobs,
				   .time = 315619200 };
	CLEANUP_FREE char *in = NULL, *out = NULL;
	CLEANUP_FD int dir_fd = -1, fd = -1;
	const struct origin *origin;
	struct err err = { 0 };

	ck_assert_int_ge(asprintf(&in, "%s/%s", dir, from), 0);
	ck_assert_int_ge(asprintf(&out, "%s/%s", dir, to), 0);
	dir_fd = kit_open_dir(in);
	fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_ok(tree_new(&t, &err));
	origin = tree_origin(&t, ORIGIN_DIR, 1, in, NULL);
	ck_assert_ok(source_dir(&t, dir_fd, "", origin, NULL, &err));
	ck_assert_ok(image_write(&t, fd, OFFSET, &o, NULL, stats, &err));
}

/* Unpacks and compares names, types, modes, links and bytes. */
static void compare(const char *from, const char *image)
{
	ck_assert_int_eq(kit_run("unsquashfs -n -q -o %u -d %s/out %s/%s "
				 ">%s/log 2>&1 || { cat %s/log; false; }",
				 OFFSET, dir, dir, image, dir, dir), 0);
	ck_assert_int_eq(kit_run("diff -r --no-dereference %s/%s %s/out", dir,
				 from, dir), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(kit_run("cd %s/%s && find . -mindepth 1 "
					 "-printf '%%P %%y %%m %%l %%s\\0' | "
					 "sed -z 's/ d \\([0-7]*\\)  [0-9]*$/"
					 " d \\1/' | sort -z >%s/list%d", dir,
					 i ? "out" : from, dir, i), 0);
	ck_assert_int_eq(kit_run("cmp %s/list0 %s/list1", dir, dir), 0);
}

START_TEST(test_names)
{
	static const char *const names[] = {
		"new\nline", "back\\slash", "\xff\xfe not utf-8", "a:b,c",
		" space ", "-rf", "*", "%s%n", "\x01\x7f", "..x", "tab\t",
	};
	struct image_stats stats;
	char in[80];

	(void)snprintf(in, sizeof(in), "%s/in", dir);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		kit_write(in, names[i], names[i], strlen(names[i]));
	ck_assert_int_eq(kit_run("cd %s/in && mkdir -p 'd\\x/e' && "
				 "ln -s '/no where' 'd\\x/link' && "
				 "touch 'd\\x/e/empty' && chmod 0701 'd\\x' && "
				 "chmod 0555 -- -rf", dir), 0);
	write_image("in", "image", IMAGE_LEVEL, 2, &stats);
	ck_assert_uint_eq(stats.files, ARRAY_SIZE(names) + 1);
	ck_assert_uint_eq(stats.links, 1);
	compare("in", "image");
}
END_TEST

START_TEST(test_data)
{
	struct image_stats one, two;

	/* Empty, one byte, around a block, many blocks, zeros, doubles. */
	ck_assert_int_eq(kit_run("cd %s/in && : >empty && printf x >one && "
		"head -c 131071 /dev/urandom >b-1 && "
		"head -c 131072 /dev/urandom >b && "
		"head -c 131073 /dev/urandom >b+1 && "
		"head -c 900000 /dev/urandom >big && cp big big2 && "
		"cp one one2 && head -c 400000 /dev/zero >zeros && "
		"seq 200000 >text && truncate -s 3M sparse", dir), 0);
	write_image("in", "image", IMAGE_LEVEL, 1, &one);
	write_image("in", "image2", IMAGE_LEVEL, 2, &two);
	compare("in", "image");
	ck_assert_int_eq(kit_run("cmp %s/image %s/image2", dir, dir), 0);
	ck_assert_uint_eq(one.size % 4096, 0);
	/* big2 must not cost anything. */
	ck_assert_uint_lt(one.size, 131071 + 131072 + 131073 + 900000 +
			  500000);
	write_image("in", "image3", IMAGE_LEVEL_FAST, 2, &two);
	ck_assert_int_eq(kit_run("rm -rf %s/out", dir), 0);
	compare("in", "image3");
}
END_TEST

START_TEST(test_hard_links)
{
	struct image_stats stats;

	ck_assert_int_eq(kit_run("cd %s/in && mkdir a z && seq 50000 >a/f && "
				 "ln a/f z/g && ln a/f h && seq 9 >other", dir),
			 0);
	write_image("in", "image", IMAGE_LEVEL, 2, &stats);
	compare("in", "image");
	ck_assert_int_eq(kit_run("cd %s/out && test $(stat -c %%h a/f) = 3 && "
				 "test a/f -ef z/g && test a/f -ef h && "
				 "test $(stat -c %%h other) = 1", dir), 0);
}
END_TEST

START_TEST(test_many_entries)
{
	struct image_stats stats;

	/* More than 256 in a folder (headers), more than 64 KiB of listing
	 * (extended folder with index), some depth. */
	ck_assert_int_eq(kit_run("cd %s/in && mkdir -p m/a/b/c/d/e/f && cd m && "
		"seq -f 'a-rather-long-name-of-a-file-%%05g' 3000 | xargs touch "
		"&& seq 300 | xargs mkdir", dir), 0);
	write_image("in", "image", IMAGE_LEVEL, 2, &stats);
	ck_assert_uint_eq(stats.files, 3000);
	compare("in", "image");
}
END_TEST

START_TEST(test_times_and_bits)
{
	struct image_stats stats;

	/* Two copies with other times, orders and bits: the same bytes. */
	ck_assert_int_eq(kit_run("cd %s && mkdir -p in/x && echo 1 >in/x/a && "
		"echo 2 >in/x/b && mkdir -p in2/x && echo 2 >in2/x/b && "
		"echo 1 >in2/x/a && touch -d 2001-01-01 in2/x/a in2/x && "
		"chmod 4755 in/x/a && chmod 0755 in2/x/a && chmod 1777 in/x && "
		"chmod 0777 in2/x", dir), 0);
	write_image("in", "image", IMAGE_LEVEL, 2, &stats);
	write_image("in2", "image2", IMAGE_LEVEL, 2, &stats);
	ck_assert_int_eq(kit_run("cmp %s/image %s/image2", dir, dir), 0);
	ck_assert_int_eq(kit_run("unsquashfs -s -o %u %s/image | "
				 "grep -q '1980'", OFFSET, dir), 0);
	ck_assert_int_eq(kit_run("unsquashfs -lln -o %u %s/image | "
				 "grep -q -- '-rwxr-xr-x 0/0.*1980.*x/a$'",
				 OFFSET, dir), 0);
}
END_TEST

START_TEST(test_kernel_reads_it)
{
	struct image_stats stats;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(kit_run("cd %s/in && seq 100000 >text && mkdir d m && "
		"ln text d/hard && ln -s text sym && cd m && "
		"seq -f 'a-rather-long-name-of-a-file-%%05g' 3000 | xargs touch",
		dir), 0);
	write_image("in", "image", IMAGE_LEVEL, 2, &stats);
	ck_assert_int_eq(kit_run("mkdir %s/mnt", dir), 0);
	/* Without loop devices there is nothing to compare with. */
	if (kit_run("mount -o ro,loop,offset=%u -t squashfs %s/image %s/mnt "
		    "2>/dev/null", OFFSET, dir, dir))
		return;
	ck_assert_int_eq(kit_run("diff -r --no-dereference %s/in %s/mnt; "
				 "r=$?; umount %s/mnt; exit $r", dir, dir, dir),
			 0);
}
END_TEST

START_TEST(test_full_disk)
{
	CLEANUP_TREE struct tree t = TREE_INIT;
	struct image_options o = { .level = 1, .jobs = 2, .time = 1 };
	CLEANUP_FD int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct image_stats stats = { .size = 77 };
	struct err err = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_ok(tree_new(&t, &err));
	ck_assert_ok(tree_add_text(&t, "a", "text", 4, NULL, &err));
	ck_assert_int_lt(image_write(&t, fd, 0, &o, NULL, &stats, &err), 0);
	ck_assert_msg(strstr(err.text, "No space left"), "%s", err.text);
	ck_assert_uint_eq(stats.size, 77);
}
END_TEST

static bool stop_at_once(void *arg)
{
	(void)arg;
	return true;
}

START_TEST(test_interrupt)
{
	CLEANUP_TREE struct tree t = TREE_INIT;
	struct image_options o = { .level = 1, .jobs = 2, .time = 1 };
	struct notes notes = { .stop = stop_at_once };
	FILE *f = tmpfile();
	struct image_stats stats;
	struct err err = { 0 };

	ck_assert_ok(tree_new(&t, &err));
	ck_assert_ok(tree_add_text(&t, "a", "text", 4, NULL, &err));
	ck_assert_int_eq(image_write(&t, fileno(f), 0, &o, &notes, &stats,
				     &err), -EINTR);
	(void)fclose(f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_write");
	TCase *c = tcase_create("image_write");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_names);
	tcase_add_test(c, test_data);
	tcase_add_test(c, test_hard_links);
	tcase_add_test(c, test_many_entries);
	tcase_add_test(c, test_times_and_bits);
	tcase_add_test(c, test_kernel_reads_it);
	tcase_add_test(c, test_full_disk);
	tcase_add_test(c, test_interrupt);
	suite_add_tcase(s, c);
	return kit_main(s);
}
