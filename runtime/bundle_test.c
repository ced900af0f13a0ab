/*
 * bundle_test.c - opening bundles; what is refused, and how it is called
 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/bundle_fixture.h"
#include "runtime/text.h"

#define IMAGE_SIZE 100000u

START_TEST(opens_what_was_written)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	const struct section *s;

	fixture_must_open(fd, &b);
	ck_assert_str_eq(b.name, "app.holdall");
	ck_assert_uint_eq(b.file_size, fixture_size(fd));
	ck_assert_uint_eq(b.stub_size, FIXTURE_STUB);
	ck_assert_uint_eq(b.payload_start, 131072);
	ck_assert_uint_eq(b.signatures_size, 0);
	ck_assert_str_eq(b.seal.header, FIXTURE_HEADER);
	ck_assert_uint_eq(b.seal.n_sections, 2);
	s = seal_section(&b.seal, SECTION_IMAGE);
	ck_assert(s && s->critical && s->offset == 0 && s->size == IMAGE_SIZE);
	s = seal_section(&b.seal, SECTION_MANIFEST);
	ck_assert(s && !s->critical && s->offset == 114688);
	ck_assert_uint_eq(b.payload_size, s->offset + s->size);
	ck_assert_int_eq(bundle_probe(fd), 1);
}
END_TEST

START_TEST(same_input_gives_same_bytes)
{
	CLEANUP_FD int a = fixture_new(IMAGE_SIZE, true);
	CLEANUP_FD int b = fixture_new(IMAGE_SIZE, true);
	size_t size = (size_t)fixture_size(a);
	CLEANUP_FREE char *bytes_a = malloc(size);
	CLEANUP_FREE char *bytes_b = malloc(size);

	ck_assert(bytes_a && bytes_b);
	ck_assert_uint_eq(fixture_size(b), size);
	ck_assert_int_eq(fd_pread_all(a, bytes_a, size, 0), 0);
	ck_assert_int_eq(fd_pread_all(b, bytes_b, size, 0), 0);
	ck_assert_mem_eq(bytes_a, bytes_b, size);
}
END_TEST

START_TEST(gives_the_seal_and_sections_back)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *manifest = NULL;
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct err err;
	size_t len;

	fixture_must_open(fd, &b);
	ck_assert_int_eq(bundle_read_seal(&b, &text, &len, &err), 0);
	ck_assert_int_eq(seal_format(&b.seal, &again, &err), 0);
	ck_assert_uint_eq(again.len, len);
	ck_assert_mem_eq(again.data, text, len);
	ck_assert_int_eq(bundle_read_section(&b,
		seal_section(&b.seal, SECTION_MANIFEST), &manifest, &len,
		&err), 0);
	ck_assert_uint_eq(len, strlen(FIXTURE_MANIFEST));
	ck_assert_str_eq(manifest, FIXTURE_MANIFEST);
}
END_TEST

static void must_refuse(int fd, int num, const char *says)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct err err;
	int r = fixture_open(fd, &b, &err);

	ck_assert_msg(r < 0, "accepted, instead of: %s", says);
	ck_assert_msg(strstr(err.text, says), "'%s' is not in '%s'", says,
		      err.text);
	ck_assert_int_eq(r, -num);
	ck_assert_int_eq(strncmp(err.text, "app.holdall: ", 13), 0);
}

START_TEST(every_changed_byte_behind_the_tree_is_refused)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	struct bundle places = BUNDLE_INIT;
	uint64_t seal_start, size = fixture_size(fd);

	fixture_must_open(fd, &places);
	seal_start = places.seal_start;
	bundle_free(&places);
	for (uint64_t at = seal_start; at < size; at++) {
		CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
		struct err err;
		int r;

		fixture_flip(fd, at, (uint8_t)(1 << at % 8));
		r = fixture_open(fd, &b, &err);
		fixture_flip(fd, at, (uint8_t)(1 << at % 8));
		ck_assert_msg(r < 0, "byte %llu", (unsigned long long)at);
		if (at < size - LAYOUT_TRAILER_SIZE)
			ck_assert_ptr_nonnull(strstr(err.text, "its seal is"));
	}
	fixture_must_open(fd, &places);
	bundle_free(&places);
}
END_TEST

static void cut_to(int fd, uint64_t size)
{
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	if (size == 0)
		must_refuse(fd, ENOEXEC, "the file is empty");
	else if (size < LAYOUT_NOTE_OFFSET + sizeof(layout_note))
		must_refuse(fd, ENOEXEC, "not a bundle");
	else
		must_refuse(fd, ENODATA, "cut off");
}

/* Cut at every 4 KiB and at every byte of the end: never accepted, and called
 * cut off as long as the beginning tells what it was. */
START_TEST(every_cut_is_named)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	uint64_t size = fixture_size(fd), at;

	for (at = size - 1; at > size - 600; at--)
		cut_to(fd, at);
	for (at = at / 4096 * 4096; at; at -= 4096)
		cut_to(fd, at);
	cut_to(fd, 100);
	cut_to(fd, 1);
	cut_to(fd, 0);
}
END_TEST

START_TEST(what_is_put_behind_is_refused)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	uint64_t size = fixture_size(fd);
	uint8_t trailer[LAYOUT_TRAILER_SIZE];

	ck_assert_int_eq(fd_pread_all(fd, trailer, sizeof(trailer),
				      size - sizeof(trailer)), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, "x", 1, size), 0);
	must_refuse(fd, ENODATA, "its end is not there");
	/* a second trailer behind the first one's file */
	ck_assert_int_eq(fd_pwrite_all(fd, trailer, sizeof(trailer), size), 0);
	must_refuse(fd, EBADMSG, "bytes are missing or were put in");
}
END_TEST

START_TEST(a_missing_middle_is_refused)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	uint64_t size = fixture_size(fd);
	uint8_t trailer[LAYOUT_TRAILER_SIZE];

	ck_assert_int_eq(fd_pread_all(fd, trailer, sizeof(trailer),
				      size - sizeof(trailer)), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, trailer, sizeof(trailer),
				       size - 4096 - sizeof(trailer)), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size - 4096), 0);
	must_refuse(fd, EBADMSG, "bytes are missing or were put in");
}
END_TEST

START_TEST(other_files_are_named)
{
	CLEANUP_FD int text = memfd_create("text", MFD_CLOEXEC);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct err err;
	int pipe_fds[2];

	ck_assert_int_ge(text, 0);
	ck_assert_int_eq(fd_write_all(text, "hello\n", 6), 0);
	must_refuse(text, ENOEXEC, "not a bundle");
	ck_assert_int_eq(bundle_probe(text), 0);
	ck_assert_int_eq(bundle_open("/", &b, &err), -ENOEXEC);
	ck_assert_ptr_nonnull(strstr(err.text, "a folder"));
	ck_assert_int_eq(bundle_open("/dev/null", &b, &err), -ENOEXEC);
	ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
	ck_assert_int_eq(bundle_open("/no\nsuch", &b, &err), -ENOENT);
	ck_assert_str_eq(err.text,
			 "cannot open '/no\\x0Asuch': No such file or directory");
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(bundle_probe(pipe_fds[0]), 0);
	close(pipe_fds[1]);
	ck_assert_int_eq(bundle_open_fd(pipe_fds[0], "p", &b, &err), -ENOEXEC);
	/* taken, though it failed */
	ck_assert_int_eq(fcntl(pipe_fds[0], F_GETFD), -1);
}
END_TEST

/* This test program carries the note and no trailer, as holdall itself. */
START_TEST(a_stub_alone_is_named)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct err err;

	ck_assert_int_eq(bundle_open("/proc/self/exe", &b, &err), -ENOEXEC);
	ck_assert_msg(strstr(err.text, "the holdall program itself"), "%s",
		      err.text);
}
END_TEST

START_TEST(a_newer_format_is_named)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	uint64_t start = fixture_size(fd) - LAYOUT_TRAILER_SIZE;
	uint8_t data[LAYOUT_TRAILER_SIZE];

	ck_assert_int_eq(fd_pread_all(fd, data, sizeof(data), start), 0);
	data[TRAILER_VERSION] = 2;
	hash_bytes(data, TRAILER_HASH, data + TRAILER_HASH);
	ck_assert_int_eq(fd_pwrite_all(fd, data, sizeof(data), start), 0);
	must_refuse(fd, EOPNOTSUPP, "format version 2, this holdall reads version 1");
	ck_assert_int_eq(bundle_probe(fd), 1);
}
END_TEST

/* ---- other seals under a trailer that fits ---- */

START_TEST(signatures_are_covered)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	CLEANUP_BUF struct buf seal = BUF_INIT;
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	fixture_seal(fd, &seal, NULL);
	fixture_reseal(fd, seal.data, seal.len, "untrusted comment: x\n", 21);
	fixture_must_open(fd, &b);
	ck_assert_uint_eq(b.signatures_size, 21);
	for (unsigned i = 0; i < 21; i++) {
		fixture_flip(fd, b.signatures_start + i, 4);
		must_refuse(fd, EBADMSG, "its signatures are damaged");
		fixture_flip(fd, b.signatures_start + i, 4);
	}
}
END_TEST

/* A seal that reaches back beyond what the first read takes. */
START_TEST(a_long_seal_is_read)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	CLEANUP_FREE char *signatures = calloc(1, 65536);
	CLEANUP_BUF struct buf seal = BUF_INIT;
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	ck_assert_ptr_nonnull(signatures);
	fixture_seal(fd, &seal, NULL);
	fixture_reseal(fd, seal.data, seal.len, signatures, 65536);
	fixture_must_open(fd, &b);
	ck_assert_str_eq(b.seal.header, FIXTURE_HEADER);
	fixture_flip(fd, b.seal_start + 20, 1);
	must_refuse(fd, EBADMSG, "its seal is damaged");
}
END_TEST

START_TEST(a_seal_that_is_no_seal_is_refused)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);

	fixture_reseal(fd, "hello\n", 6, "", 0);
	must_refuse(fd, EBADMSG, "its seal is not valid: line 1");
}
END_TEST

static void shorten(struct seal *seal)
{
	seal->sections[1].size--;
	seal->payload_size--;
}

START_TEST(seal_and_trailer_must_agree)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	CLEANUP_BUF struct buf seal = BUF_INIT;

	fixture_seal(fd, &seal, shorten);
	fixture_reseal(fd, seal.data, seal.len, "", 0);
	must_refuse(fd, EBADMSG, "its trailer speaks of a payload of");
}
END_TEST

static TCase *opening(void)
{
	TCase *t = tcase_create("opening");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, opens_what_was_written);
	tcase_add_test(t, same_input_gives_same_bytes);
	tcase_add_test(t, gives_the_seal_and_sections_back);
	tcase_add_test(t, every_changed_byte_behind_the_tree_is_refused);
	tcase_add_test(t, every_cut_is_named);
	tcase_add_test(t, what_is_put_behind_is_refused);
	tcase_add_test(t, a_missing_middle_is_refused);
	tcase_add_test(t, other_files_are_named);
	tcase_add_test(t, a_stub_alone_is_named);
	tcase_add_test(t, a_newer_format_is_named);
	tcase_add_test(t, signatures_are_covered);
	tcase_add_test(t, a_long_seal_is_read);
	tcase_add_test(t, a_seal_that_is_no_seal_is_refused);
	tcase_add_test(t, seal_and_trailer_must_agree);
	return t;
}

int main(void)
{
	Suite *s = suite_create("bundle");
	SRunner *r;
	int failed;

	suite_add_tcase(s, opening());
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
