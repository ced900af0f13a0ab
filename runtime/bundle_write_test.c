/*
 * bundle_write_test.c - verifying and writing bundles
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "runtime/bundle_fixture.h"

#define IMAGE_SIZE 100000u

/* ---- verify ---- */

static int verify(int fd, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	fixture_must_open(fd, &b);
	return bundle_verify(&b, NULL, NULL, err);
}

static void count_progress(void *arg, uint64_t done, uint64_t all)
{
	uint64_t *last = arg;

	ck_assert_uint_gt(done, *last);
	ck_assert_uint_le(done, all);
	*last = done;
}

START_TEST(verify_takes_a_good_one)
{
	/* around the borders of leaves and of nodes */
	static const size_t sizes[] = { 1, 4096, 16384, 16385, 32768, 100000,
					512 * 16384, 512 * 16384 + 1 };
	CLEANUP_FD int fd = fixture_new(sizes[_i / 2], _i % 2);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	uint64_t last = 0;
	struct err err;

	fixture_must_open(fd, &b);
	ck_assert_msg(bundle_verify(&b, count_progress, &last, &err) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(last, b.payload_size);
}
END_TEST

START_TEST(verify_wants_zero_padding)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	struct err err;

	fixture_flip(fd, FIXTURE_STUB, 1);
	ck_assert_int_eq(verify(fd, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "between stub and payload"));
	fixture_flip(fd, FIXTURE_STUB, 1);
	fixture_flip(fd, 131071, 128);
	ck_assert_int_eq(verify(fd, &err), -EBADMSG);
	fixture_flip(fd, 131071, 128);
	ck_assert_int_eq(verify(fd, &err), 0);
}
END_TEST

static void change_hash(struct seal *seal)
{
	seal->sections[1].hash[5] ^= 1;
}

START_TEST(verify_compares_section_hashes)
{
	CLEANUP_FD int fd = fixture_new(IMAGE_SIZE, true);
	CLEANUP_BUF struct buf seal = BUF_INIT;
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_FREE char *data = NULL;
	struct err err;
	size_t len;

	fixture_seal(fd, &seal, change_hash);
	fixture_reseal(fd, seal.data, seal.len, "", 0);
	ck_assert_int_eq(verify(fd, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "section 2 (manifest)"));
	fixture_must_open(fd, &b);
	ck_assert_int_eq(bundle_read_section(&b, &b.seal.sections[1], &data,
					     &len, &err), -EBADMSG);
	ck_assert_ptr_null(data);
}
END_TEST

/* The tree covers the gap's byte, so only verify can see it. */
START_TEST(verify_wants_zero_gaps)
{
	CLEANUP_FD int fd = memfd_create("bundle", MFD_CLOEXEC);
	CLEANUP_FD int stub = fixture_stub();
	struct bundle_writer *w = NULL;
	struct err err;

	ck_assert_int_eq(bundle_writer_new(fd, stub, &w, &err), 0);
	fixture_image(w, fd, IMAGE_SIZE);
	ck_assert_int_eq(fd_pwrite_all(fd, "!", 1,
		bundle_writer_payload_start(w) + IMAGE_SIZE + 7), 0);
	ck_assert_int_eq(bundle_writer_section(w, SECTION_LOCK, false, "l", 1,
					       &err), 0);
	ck_assert_int_eq(bundle_writer_finish(w, "", 0, &fixture_codec, &err),
			 0);
	bundle_writer_free(w);
	ck_assert_int_eq(verify(fd, &err), -EBADMSG);
	ck_assert_msg(strstr(err.text, "bytes between sections"), "%s",
		      err.text);
}
END_TEST

/* ---- the writer ---- */

START_TEST(what_an_image_writer_leaves_behind_is_cut_off)
{
	CLEANUP_FD int fd = memfd_create("bundle", MFD_CLOEXEC);
	CLEANUP_FD int stub = fixture_stub();
	CLEANUP_FD int plain = fixture_new(IMAGE_SIZE, true);
	struct bundle_writer *w = NULL;
	struct err err;

	/* a file that was there before, longer than the bundle */
	ck_assert_int_eq(fd_pwrite_all(fd, "junk", 4, FIXTURE_STUB + 3), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, "junk", 4, 1 << 20), 0);
	ck_assert_int_eq(bundle_writer_new(fd, stub, &w, &err), 0);
	/* an image writer that wrote too far */
	ck_assert_int_eq(fd_pwrite_all(fd, "junk", 4,
		bundle_writer_payload_start(w) + IMAGE_SIZE + 50000), 0);
	fixture_image(w, fd, IMAGE_SIZE);
	ck_assert_int_eq(bundle_writer_section(w, SECTION_MANIFEST, false,
		FIXTURE_MANIFEST, strlen(FIXTURE_MANIFEST), &err), 0);
	ck_assert_int_eq(bundle_writer_finish(w, FIXTURE_HEADER,
		strlen(FIXTURE_HEADER), &fixture_codec, &err), 0);
	bundle_writer_free(w);
	ck_assert_uint_eq(fixture_size(fd), fixture_size(plain));
	ck_assert_int_eq(verify(fd, &err), 0);
}
END_TEST

START_TEST(writer_refuses)
{
	CLEANUP_FD int fd = memfd_create("bundle", MFD_CLOEXEC);
	CLEANUP_FD int stub = fixture_stub();
	CLEANUP_FD int empty = memfd_create("empty", MFD_CLOEXEC);
	struct bundle_writer *w = NULL;
	struct err err;

	ck_assert_int_eq(bundle_writer_new(fd, empty, &w, &err), -EINVAL);
	ck_assert_int_eq(bundle_writer_new(fd, stub, &w, &err), 0);
	ck_assert_int_eq(bundle_writer_section(w, SECTION_ICON, false, "x", 1,
					       &err), -EINVAL);
	ck_assert_int_eq(bundle_writer_finish(w, "", 0, &fixture_codec, &err),
			 -EINVAL);
	ck_assert_int_eq(bundle_writer_image_done(w, 0, &err), -EINVAL);
	ck_assert_int_eq(bundle_writer_image_done(w, 1, &err), -EINVAL);
	fixture_image(w, fd, 5000);
	ck_assert_int_eq(bundle_writer_image_done(w, 5000, &err), -EINVAL);
	ck_assert_int_eq(bundle_writer_section(w, SECTION_ICON, false, "", 0,
					       &err), -EINVAL);
	ck_assert_int_eq(bundle_writer_finish(w, "no line", 7, &fixture_codec,
					      &err), -EBADMSG);
	bundle_writer_free(w);
}
END_TEST

START_TEST(writer_counts_sections)
{
	CLEANUP_FD int fd = memfd_create("bundle", MFD_CLOEXEC);
	CLEANUP_FD int stub = fixture_stub();
	struct bundle_writer *w = NULL;
	struct err err;

	ck_assert_int_eq(bundle_writer_new(fd, stub, &w, &err), 0);
	fixture_image(w, fd, 5000);
	for (unsigned i = 1; i < LAYOUT_SECTIONS_MAX; i++)
		ck_assert_int_eq(bundle_writer_section(w, 1000 + i, false,
						       "x", 1, &err), 0);
	ck_assert_int_eq(bundle_writer_section(w, 2000, false, "x", 1, &err),
			 -E2BIG);
	ck_assert_int_eq(bundle_writer_finish(w, "", 0, &fixture_codec, &err),
			 0);
	bundle_writer_free(w);
	ck_assert_int_eq(verify(fd, &err), 0);
}
END_TEST

static TCase *verifying(void)
{
	TCase *t = tcase_create("verifying");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, verify_takes_a_good_one, 0, 16);
	tcase_add_test(t, verify_wants_zero_padding);
	tcase_add_test(t, verify_compares_section_hashes);
	tcase_add_test(t, verify_wants_zero_gaps);
	return t;
}

static TCase *writing(void)
{
	TCase *t = tcase_create("writing");

	tcase_add_test(t, what_an_image_writer_leaves_behind_is_cut_off);
	tcase_add_test(t, writer_refuses);
	tcase_add_test(t, writer_counts_sections);
	return t;
}

int main(void)
{
	Suite *s = suite_create("bundle_write");
	SRunner *r;
	int failed;

	suite_add_tcase(s, verifying());
	suite_add_tcase(s, writing());
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
