/*
 * image_stream_test.c - the record stream of real images against their trees
 */
#include "runtime/image.h"

#include "runtime/image_fixture.h"

static struct fixture fx;

static void setup(void)
{
	fixture_start(&fx);
	fixture_tree(&fx);
}

static void teardown(void)
{
	fixture_end(&fx);
}

static unsigned n_linked;		/* entries with several names */

/* One entry against the file it was made from. */
static void compare_entry(const struct image_record *rec, int *ret_fd)
{
	char full[4200], target[4200];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", fx.tree, rec->path);
	ck_assert_msg(lstat(full, &st) == 0, "%s does not exist", full);
	ck_assert_msg(rec->st.st_mode == (st.st_mode & ~06000u),
		      "%s: mode %o", full, rec->st.st_mode);
	/* gensquashfs gives the root a time of its own. */
	if (rec->path[0])
		ck_assert_int_eq(rec->st.st_mtim.tv_sec, st.st_mtim.tv_sec);
	/* gensquashfs does not look for hard links. */
	if (!S_ISDIR(st.st_mode) && rec->st.st_nlink != 1)
		ck_assert_uint_eq(rec->st.st_nlink, st.st_nlink);
	if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
		ck_assert_int_eq(rec->st.st_size, st.st_size);
	n_linked += !S_ISDIR(st.st_mode) && rec->st.st_nlink > 1;
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlink(full, target, sizeof(target) - 1);

		ck_assert_int_gt(n, 0);
		target[n] = '\0';
		ck_assert_str_eq(rec->target, target);
	} else {
		ck_assert_ptr_null(rec->target);
	}
	if (*ret_fd >= 0)
		(void)close(*ret_fd);
	*ret_fd = S_ISREG(st.st_mode) ? open(full, O_RDONLY | O_CLOEXEC) : -1;
}

static void compare_data(const struct image_record *rec, int fd)
{
	char *want = malloc(rec->len);

	ck_assert_ptr_nonnull(want);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_read_all(fd, want, rec->len), 0);
	ck_assert_int_eq(memcmp(want, rec->data, rec->len), 0);
	free(want);
}

static unsigned count_files(void)
{
	char cmd[300];
	unsigned n = 0;
	FILE *f;

	(void)snprintf(cmd, sizeof(cmd), "find %s | wc -l", fx.tree);
	f = popen(cmd, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%u", &n), 1);
	(void)pclose(f);
	return n;
}

static void compare_all(void)
{
	struct image_stream *s;
	struct image_record rec;
	unsigned n = 0;
	int r, fd = -1;

	r = image_stream_open(&fx.bundle, "",
			      IMAGE_STREAM_DATA | IMAGE_STREAM_RECURSE, &s,
			      &fx.err);
	ck_assert_int_eq(r, 0);
	while ((r = image_stream_next(s, &rec, &fx.err)) > 0) {
		if (rec.type == IMAGE_ENTRY) {
			compare_entry(&rec, &fd);
			n++;
		} else {
			compare_data(&rec, fd);
		}
	}
	ck_assert_msg(r == 0, "%s", fx.err.text);
	ck_assert_uint_eq(n, count_files());
	if (fd >= 0)
		(void)close(fd);
	image_stream_close(s);
}

START_TEST(walk_equals_tree)
{
	static const char *const options[] = {
		"-b 131072", "-b 4096", "-b 1048576", "-no-fragments",
		"-always-use-fragments", "-noI -noD -noF", "-no-exports",
	};

	fixture_squash(&fx, options[_i]);
	fixture_bundle(&fx);
	compare_all();
	ck_assert_uint_eq(n_linked, 2);
}
END_TEST

START_TEST(walk_equals_tree_of_gensquashfs)
{
	run_command("gensquashfs -c zstd -q -D %s -k %s >/dev/null", fx.tree,
		    fx.image);
	fixture_bundle(&fx);
	compare_all();
}
END_TEST

/* The first entry of a path, or the fault. */
static int first(const char *path, int flags, char *ret_path, size_t size)
{
	struct image_stream *s;
	struct image_record rec;
	int r = image_stream_open(&fx.bundle, path, flags, &s, &fx.err);

	ck_assert_int_eq(r, 0);
	r = image_stream_next(s, &rec, &fx.err);
	if (r > 0)
		(void)snprintf(ret_path, size, "%s", rec.path);
	image_stream_close(s);
	return r;
}

START_TEST(paths_are_resolved_inside)
{
	static const struct {
		const char *path;
		int flags;
		int r;
		const char *found;
	} cases[] = {
		{ "", 0, 1, "" },
		{ "/", 0, 1, "" },
		{ "a//b/./tail", 0, 1, "a/b/tail" },
		{ "/a/b/tail", 0, 1, "a/b/tail" },
		{ "../../a/../a/b", 0, 1, "a/b" },
		{ "bin/tool", 0, 1, "usr/bin/tool" },
		{ "bin", 0, 1, "bin" },
		{ "bin", IMAGE_STREAM_FOLLOW, 1, "usr/bin" },
		{ "abs/tail", 0, 1, "a/b/tail" },
		{ "a/up", IMAGE_STREAM_FOLLOW, 1, "a/b/c" },
		{ "loop", 0, 1, "loop" },
		{ "loop", IMAGE_STREAM_FOLLOW, -ELOOP, NULL },
		{ "nothing", 0, -ENOENT, NULL },
		{ "a/nothing/b", 0, -ENOENT, NULL },
		{ "small/b", 0, -ENOTDIR, NULL },
	};
	char path[4200];

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = first(cases[i].path, cases[i].flags, path, sizeof(path));

		ck_assert_msg(r == cases[i].r, "%s: %d %s", cases[i].path, r,
			      fx.err.text);
		if (r > 0)
			ck_assert_str_eq(path, cases[i].found);
	}
}
END_TEST

START_TEST(directory_alone_shows_children)
{
	struct image_stream *s;
	struct image_record rec;
	unsigned n = 0;
	int r;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	r = image_stream_open(&fx.bundle, "a", 0, &s, &fx.err);
	ck_assert_int_eq(r, 0);
	while ((r = image_stream_next(s, &rec, &fx.err)) > 0)
		n++;
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(n, 4);	/* a, b, hard, up */
	image_stream_close(s);
}
END_TEST

/* A changed byte: an error that names block and bundle, before END. */
START_TEST(changed_byte_is_an_error)
{
	struct image_stream *s;
	struct image_record rec;
	char byte;
	int fd, r;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	fd = open(fx.file, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_pread_all(fd, &byte, 1, 65536 + 20000), 0);
	byte ^= 1;
	ck_assert_int_eq(fd_pwrite_all(fd, &byte, 1, 65536 + 20000), 0);
	(void)close(fd);
	r = image_stream_open(&fx.bundle, "",
			      IMAGE_STREAM_DATA | IMAGE_STREAM_RECURSE, &s,
			      &fx.err);
	ck_assert_int_eq(r, 0);
	while ((r = image_stream_next(s, &rec, &fx.err)) > 0)
		continue;
	ck_assert_int_eq(r, -EIO);
	ck_assert_ptr_nonnull(strstr(fx.err.text, fx.file));
	ck_assert_ptr_nonnull(strstr(fx.err.text, "block"));
	image_stream_close(s);
}
END_TEST

/* Other codecs: one line that says what to do. */
START_TEST(other_codec_is_named)
{
	char path[8];

	run_command("mksquashfs %s %s -comp gzip -noappend -quiet -no-progress "
		    "-processors 1 >/dev/null", fx.tree, fx.image);
	fixture_bundle(&fx);
	ck_assert_int_eq(first("", 0, path, sizeof(path)), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(fx.err.text, "gzip"));
	ck_assert_ptr_nonnull(strstr(fx.err.text, "repack"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_stream");
	TCase *t = tcase_create("stream");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, walk_equals_tree, 0, 7);
	tcase_add_test(t, walk_equals_tree_of_gensquashfs);
	tcase_add_test(t, paths_are_resolved_inside);
	tcase_add_test(t, directory_alone_shows_children);
	tcase_add_test(t, changed_byte_is_an_error);
	tcase_add_test(t, other_codec_is_named);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
