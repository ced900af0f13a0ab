/*
 * image_fixture.h - for tests: source trees, images, bundles around them
 *
 * Only included by tests.  A fixture is a temporary folder with a source tree
 * `tree`, the image made from it, and an (unsigned) bundle with a stub of a few
 * bytes.  Everything fails the running test on the spot.
 */
#ifndef HOLDALL_IMAGE_FIXTURE_H
#define HOLDALL_IMAGE_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/bundle.h"
#include "runtime/bundle_write.h"
#include "runtime/fd.h"

struct fixture {
	char dir[64];
	char tree[96], image[96], file[96];
	struct bundle bundle;
	struct err err;
};

static inline void run_command(const char *fmt, ...) PRINTF_LIKE(1, 2);
static inline void run_command(const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	ck_assert_msg(system(cmd) == 0, "failed: %s", cmd);
}

/* The content of file number `seed`: neither constant nor random. */
static inline void fixture_fill(uint8_t *p, size_t len, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		if (i % 7 == 0)
			x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
}

static inline void fixture_file(const struct fixture *f, const char *path,
				size_t len, unsigned seed)
{
	char full[4200];
	uint8_t *p = malloc(len + 1);
	int fd;

	ck_assert_ptr_nonnull(p);
	fixture_fill(p, len, seed);
	(void)snprintf(full, sizeof(full), "%s/%s", f->tree, path);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, p, len), 0);
	(void)close(fd);
	free(p);
}

static inline void fixture_start(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");

	*f = (struct fixture){ .bundle = BUNDLE_INIT };
	(void)snprintf(f->dir, sizeof(f->dir), "%.40s/holdall-image.XXXXXX",
		       tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	ck_assert_int_eq(chmod(f->dir, 0755), 0);
	(void)snprintf(f->tree, sizeof(f->tree), "%s/tree", f->dir);
	(void)snprintf(f->image, sizeof(f->image), "%s/image", f->dir);
	(void)snprintf(f->file, sizeof(f->file), "%s/bundle", f->dir);
	ck_assert_int_eq(mkdir(f->tree, 0755), 0);
}

static inline void fixture_end(struct fixture *f)
{
	bundle_free(&f->bundle);
	run_command("chmod -R u+rwX '%s'; rm -rf '%s'", f->dir, f->dir);
}

/* Everything a tree can hold, small and large. */
static inline void fixture_tree(struct fixture *f)
{
	char name[300];

	run_command("cd %s && mkdir -p a/b/c empty many usr/bin && "
		    "ln -s usr/bin bin && ln -s ../a/../a/b/c a/up && "
		    "ln -s /a/b abs && ln -s loop loop && "
		    "mkfifo fifo && chmod 700 a/b/c", f->tree);
	fixture_file(f, "zero", 0, 1);
	fixture_file(f, "small", 100, 2);
	fixture_file(f, "a/b/tail", 5000, 3);
	fixture_file(f, "block", 131072, 4);
	fixture_file(f, "blocks", 131072 * 5 + 777, 5);
	fixture_file(f, "usr/bin/tool", 20000, 6);
	run_command("cd %s && chmod 4755 usr/bin/tool && ln small a/hard && "
		    "truncate -s 3000000 sparse && "
		    "printf end | dd of=sparse bs=1 seek=2000000 conv=notrunc "
		    "status=none", f->tree);
	memset(name, 'n', 255);
	name[255] = '\0';
	fixture_file(f, name, 10, 7);
	/* More than one run of 256 and more than 64 KiB of listing. */
	run_command("cd %s/many && seq -f 'a-rather-long-name-in-a-large-"
		    "directory-%%05g-with-something-behind' 1 1200 | "
		    "xargs touch", f->tree);
}

/* mksquashfs with these options, zstd in front. */
static inline void fixture_squash(struct fixture *f, const char *options)
{
	run_command("rm -f %s; mksquashfs %s %s -comp zstd -Xcompression-level "
		    "3 -no-xattrs -noappend -quiet -no-progress -processors 1 "
		    "%s >/dev/null", f->image, f->tree, f->image, options);
}

static inline void fixture_copy_image(struct fixture *f,
				      struct bundle_writer *w, int out)
{
	CLEANUP_FREE char *data = NULL;
	CLEANUP_FD int fd = open(f->image, O_RDONLY | O_CLOEXEC);
	size_t len;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_slurp(fd, 64u << 20, &data, &len), 0);
	ck_assert_int_eq(fd_pwrite_all(out, data, len,
				       bundle_writer_payload_start(w)), 0);
	ck_assert_int_eq(bundle_writer_image_done(w, len, &f->err), 0);
}

/* Wraps f->image, whatever it holds, into f->file and opens it. */
static inline void fixture_bundle(struct fixture *f)
{
	static const char header[] = "id=org.example.Test\n";
	struct codec codec = { (char *)"zstd", (char *)"1", 3, 131072 };
	CLEANUP_FD int out = open(f->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
				  0644);
	CLEANUP_FD int stub = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	struct bundle_writer *w;

	ck_assert_int_ge(out, 0);
	ck_assert_msg(bundle_writer_new(out, stub, &w, &f->err) == 0, "%s",
		      f->err.text);
	fixture_copy_image(f, w, out);
	ck_assert_msg(bundle_writer_finish(w, header, strlen(header), &codec,
					   &f->err) == 0, "%s", f->err.text);
	bundle_writer_free(w);
	bundle_free(&f->bundle);
	ck_assert_msg(bundle_open(f->file, &f->bundle, &f->err) == 0, "%s",
		      f->err.text);
}

#endif
