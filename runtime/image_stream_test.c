/*
 * image_stream_test.c - the record stream of real images against their trees
 */
#include "runtime/image.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "runtime/child.h"
#include "runtime/image_child.h"
#include "runtime/image_fixture.h"
#include "runtime/image_records.h"

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

/* ---- a server that was taken over ------------------------------------------ */

/* Half a record, then nothing. */
static int half_a_record(struct image_child *c, struct image *im UNUSED,
			 struct err *err UNUSED)
{
	(void)!write(c->channel, "\1\0\0\0\377", 5);
	return poll(NULL, 0, -1);
}

/* A byte now and then keeps nobody waiting for longer. */
static int trickle(struct image_child *c, struct image *im UNUSED,
		   struct err *err UNUSED)
{
	while (write(c->channel, "\1", 1) == 1)
		(void)poll(NULL, 0, 20);
	return 0;
}

static int flood(struct image_child *c, struct image *im UNUSED,
		 struct err *err UNUSED)
{
	const struct err e = { .num = 1, .text = "" };
	struct stat st = { .st_mode = S_IFDIR | 0755 };

	(void)record_send_entry(c->channel, "", "", &st, NULL);
	while (record_send_fault(c->channel, &e) == 0)
		continue;
	return 0;
}

static int third_time(void *arg, struct err *err)
{
	unsigned *asked = arg;

	return ++*asked < 3 ? 0 : err_set(err, EINTR, "enough");
}

START_TEST(waiting_can_be_ended)
{
	static image_run *const runs[] = { half_a_record, trickle };
	struct image_stream *s;
	struct image_record rec;
	unsigned asked = 0;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	ck_assert_int_eq(image_stream_open_by(runs[_i], &fx.bundle, "", 0, &s,
					      &fx.err), 0);
	image_stream_stop(s, third_time, &asked);
	ck_assert_int_eq(image_stream_next(s, &rec, &fx.err), -EINTR);
	ck_assert_uint_eq(asked, 3);
	/* What was said once stays said. */
	ck_assert_int_eq(image_stream_next(s, &rec, &fx.err), -EINTR);
	image_stream_close(s);
}
END_TEST

START_TEST(nothing_is_read_behind_a_fault)
{
	struct image_stream *s;
	struct image_record rec;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	ck_assert_int_eq(image_stream_open_by(flood, &fx.bundle, "", 0, &s,
					      &fx.err), 0);
	ck_assert_int_eq(image_stream_next(s, &rec, &fx.err), 1);
	ck_assert_int_eq(image_stream_next(s, &rec, &fx.err), -1);
	ck_assert_int_eq(image_stream_next(s, &rec, &fx.err), -1);
	image_stream_close(s);
}
END_TEST

static int spin(struct image_child *c UNUSED, struct image *im UNUSED,
		struct err *err UNUSED)
{
	while (poll(NULL, 0, 10) == 0)
		continue;
	return 0;
}

/* A caller that is killed takes it along. */
START_TEST(it_ends_with_its_caller)
{
	struct image_stream *s;
	int status;
	pid_t pid;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (image_stream_open_by(spin, &fx.bundle, "", 0, &s,
					 &fx.err) < 0)
			_exit(1);
		(void)usleep(100000);
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(child_wait(pid, &status), 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* The orphan is ours now; the test's own time limit is the wait's. */
	ck_assert_int_gt(waitpid(-1, &status, 0), 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

/* ---- holes ----------------------------------------------------------------- */

/* Bytes of `sparse` by kind; what is not a hole is compared. */
static void count_bytes(int flags, uint64_t *ret_data, uint64_t *ret_holes)
{
	struct image_stream *s;
	struct image_record rec;
	CLEANUP_FD int fd = -1;
	char path[300];
	uint64_t data = 0, holes = 0;
	int r;

	(void)snprintf(path, sizeof(path), "%s/sparse", fx.tree);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = image_stream_open(&fx.bundle, "sparse", IMAGE_STREAM_DATA | flags,
			      &s, &fx.err);
	ck_assert_int_eq(r, 0);
	while ((r = image_stream_next(s, &rec, &fx.err)) > 0) {
		if (rec.type == IMAGE_DATA) {
			ck_assert_int_eq(lseek(fd, (off_t)(data + holes),
					       SEEK_SET),
					 (off_t)(data + holes));
			compare_data(&rec, fd);
			data += rec.len;
		}
		if (rec.type == IMAGE_HOLE)
			holes += rec.len;
	}
	ck_assert_msg(r == 0, "%s", fx.err.text);
	image_stream_close(s);
	*ret_data = data;
	*ret_holes = holes;
}

/* 100 MiB of nothing, 5 bytes, 200 KiB of nothing: more than one record holds. */
START_TEST(holes_are_sent_as_holes)
{
	const uint64_t at = UINT64_C(100) << 20, size = at + 5 + 200 * 1024;
	char path[300];
	uint64_t data, holes;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/sparse", fx.tree);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_pwrite_all(fd, "bytes", 5, at), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	(void)close(fd);
	fixture_squash(&fx, "-b 131072");
	fixture_bundle(&fx);
	count_bytes(IMAGE_STREAM_HOLES, &data, &holes);
	ck_assert_uint_eq(data + holes, size);
	/* The block that holds the bytes, the tail, and one block of zeros that
	 * mksquashfs writes. */
	ck_assert_uint_ge(data, 5);
	ck_assert_uint_le(data, 3 << 17);
	count_bytes(0, &data, &holes);
	ck_assert_uint_eq(data, size);
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
	tcase_add_loop_test(t, waiting_can_be_ended, 0, 2);
	tcase_add_test(t, nothing_is_read_behind_a_fault);
	tcase_add_test(t, it_ends_with_its_caller);
	tcase_add_test(t, holes_are_sent_as_holes);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
