/*
 * bundle_fixture.h - bundles in memory, for tests only
 *
 * A fixture is a memfd that holds a valid bundle: a stub of FIXTURE_STUB bytes
 * (no program, but with the note at its place), an "image" of pseudo-random
 * bytes, and a manifest section.  Tests change bytes in it and open it.
 *
 * Each function fails the running test by Check's own means.  A header, because
 * test programs are linked of one object and the archives.
 */
#ifndef HOLDALL_BUNDLE_FIXTURE_H
#define HOLDALL_BUNDLE_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/bundle.h"
#include "runtime/bundle_write.h"
#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/trailer.h"

#define FIXTURE_STUB 70001u
#define FIXTURE_MANIFEST "schema: 1\nid: org.example.Test\n"
#define FIXTURE_HEADER "arch=x86_64\nid=org.example.Test\nversion=1\n"

/* The image's bytes are a function of their place. */
UNUSED static void fixture_bytes(uint8_t *out, size_t len, uint64_t off)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t x = (off + i) / 8 * UINT64_C(0x9e3779b97f4a7c15);

		x ^= x >> 29;
		x *= UINT64_C(0xbf58476d1ce4e5b9);
		x ^= x >> 32;
		out[i] = (uint8_t)(x >> (off + i) % 8 * 8);
	}
}

UNUSED static int fixture_stub(void)
{
	int fd = memfd_create("stub", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < FIXTURE_STUB; i += 4096) {
		uint8_t page[4096];
		size_t n = FIXTURE_STUB - i < 4096 ? FIXTURE_STUB - i : 4096;

		memset(page, 0xcc, sizeof(page));
		if (i == 0)
			memcpy(page + LAYOUT_NOTE_OFFSET, &layout_note,
			       sizeof(layout_note));
		ck_assert_int_eq(fd_pwrite_all(fd, page, n, i), 0);
	}
	return fd;
}

UNUSED static void fixture_image(struct bundle_writer *w, int fd, size_t size)
{
	struct err err;

	for (size_t i = 0; i < size; i += 4096) {
		uint8_t page[4096];
		size_t n = size - i < 4096 ? size - i : 4096;

		fixture_bytes(page, n, i);
		ck_assert_int_eq(fd_pwrite_all(fd, page, n,
			bundle_writer_payload_start(w) + i), 0);
	}
	ck_assert_msg(bundle_writer_image_done(w, size, &err) == 0, "%s",
		      err.text);
}

/* What every fixture names as its codec. */
UNUSED static const struct codec fixture_codec = {
	.library = (char *)"zstd", .version = (char *)"1.5.4", .level = 15,
	.block_size = 131072,
};

/* A bundle whose payload is an image of this size and, if asked for, the
 * manifest behind it. */
UNUSED static int fixture_new(size_t image_size, bool manifest)
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);
	CLEANUP_FD int stub = fixture_stub();
	struct bundle_writer *w = NULL;
	struct err err;

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(bundle_writer_new(fd, stub, &w, &err) == 0, "%s",
		      err.text);
	fixture_image(w, fd, image_size);
	if (manifest)
		ck_assert_msg(bundle_writer_section(w, SECTION_MANIFEST, false,
			FIXTURE_MANIFEST, strlen(FIXTURE_MANIFEST),
			&err) == 0, "%s", err.text);
	ck_assert_msg(bundle_writer_finish(w, FIXTURE_HEADER,
		strlen(FIXTURE_HEADER), &fixture_codec, &err) == 0, "%s",
		err.text);
	bundle_writer_free(w);
	return fd;
}

UNUSED static uint64_t fixture_size(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	ck_assert_int_gt(size, 0);
	return (uint64_t)size;
}

/* Opens as a user would; the fixture's descriptor stays. */
UNUSED static int fixture_open(int fd, struct bundle *ret, struct err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	ck_assert_int_ge(copy, 0);
	return bundle_open_fd(copy, "app.holdall", ret, err);
}

UNUSED static void fixture_must_open(int fd, struct bundle *ret)
{
	struct err err;

	ck_assert_msg(fixture_open(fd, ret, &err) == 0, "%s", err.text);
}

/* Changes one byte by XOR; the same call again changes it back. */
UNUSED static void fixture_flip(int fd, uint64_t off, uint8_t bits)
{
	uint8_t byte;

	ck_assert_int_eq(fd_pread_all(fd, &byte, 1, off), 0);
	byte ^= bits;
	ck_assert_int_eq(fd_pwrite_all(fd, &byte, 1, off), 0);
}

/* The seal as it is, or after a change to what it says. */
UNUSED static void fixture_seal(int fd, struct buf *ret,
				void (*change)(struct seal *seal))
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct err err;

	fixture_must_open(fd, &b);
	if (change)
		change(&b.seal);
	ck_assert_msg(seal_format(&b.seal, ret, &err) == 0, "%s", err.text);
}

/* What a forger does: other seal and signatures, and a trailer that fits. */
UNUSED static void fixture_reseal(int fd, const void *seal, size_t seal_len,
				  const void *signatures, size_t n)
{
	uint8_t data[LAYOUT_TRAILER_SIZE];
	struct trailer t;
	struct err err;

	ck_assert_int_eq(fd_pread_all(fd, data, sizeof(data),
				      fixture_size(fd) - sizeof(data)), 0);
	ck_assert_int_eq(trailer_parse(data, fixture_size(fd), &t, &err), 0);
	t.seal_size = seal_len;
	t.signatures_size = n;
	ck_assert_int_eq(trailer_plan(&t, &err), 0);
	hash_bytes(seal, seal_len, t.seal_hash);
	hash_bytes(signatures, n, t.signatures_hash);
	trailer_format(&t, data);
	ck_assert_int_eq(fd_pwrite_all(fd, seal, seal_len, t.seal_start), 0);
	if (n)
		ck_assert_int_eq(fd_pwrite_all(fd, signatures, n,
					       t.signatures_start), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, data, sizeof(data),
				       t.signatures_start + n), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)(t.signatures_start + n +
					       sizeof(data))), 0);
}

#endif
