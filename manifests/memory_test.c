/*
 * memory_test.c - the end of memory at every single allocation
 *
 * A manifest is read, put into a header, formatted and parsed again, once for
 * each allocation of that way, which then fails.  Each time the result must be
 * "out of memory" or the same as with enough of it, and nothing may be left
 * allocated.  The sanitizers bring an allocator of their own: skipped there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "manifests/manifest.h"
#include "runtime/fd.h"

#define FILE_MAX ((size_t)1 << 20)

#ifndef HOLDALL_SAN
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *p);

static struct {
	long calls, fail_at, living;
} memory = { .fail_at = -1 };

static bool fails(void)
{
	return ++memory.calls == memory.fail_at;
}

void *malloc(size_t size)
{
	void *p = fails() ? NULL : __libc_malloc(size);

	memory.living += p != NULL;
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p = fails() ? NULL : __libc_calloc(n, size);

	memory.living += p != NULL;
	return p;
}

void *realloc(void *old, size_t size)
{
	void *p = fails() ? NULL : __libc_realloc(old, size);

	memory.living += p && !old;
	return p;
}

void free(void *p)
{
	memory.living -= p != NULL;
	__libc_free(p);
}

/* The header of a good manifest, or the messages about a bad one. */
static int way(const char *text, size_t len, struct buf *out)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_HEADER struct header again = { 0 };
	char arch[] = "x86_64";
	struct header h = { .arch = arch };
	struct err err;
	int r = manifest_read("m.yaml", text, len, &m, out, &err);

	if (r < 0)
		return r;
	h.id = m.id;
	h.version = m.version;
	h.name = m.name;
	h.commands = m.commands;
	h.n_commands = m.n_commands;
	h.environment = m.environment;
	h.perms = m.perms;
	h.limits = m.limits;
	h.n_limits = m.n_limits;
	r = header_format(&h, out, &err);
	return r < 0 ? r : header_parse(out->data, out->len, &again, &err);
}

/* In a message a name that could not be quoted for want of memory is "?". */
static bool is_as_expected(int good, const struct buf *out,
			   const char *expected)
{
	if (strcmp(buf_text(out), expected) == 0)
		return true;
	return good < 0 && strchr(buf_text(out), '?');
}

/* True when the way is right although allocation number `at` fails. */
static bool try_failure(const char *name, const char *text, size_t len, long at,
			int good, const char *expected)
{
	long before = memory.living, left;
	bool right;

	{
		CLEANUP_BUF struct buf out = BUF_INIT;
		int r;

		memory.calls = 0;
		memory.fail_at = at;
		r = way(text, len, &out);
		memory.fail_at = -1;
		right = r == -ENOMEM ||
			(r == good && is_as_expected(good, &out, expected));
	}
	left = memory.living - before;
	if (!right)
		fprintf(stderr, "%s: allocation %ld: a wrong result\n", name, at);
	if (left)
		fprintf(stderr, "%s: allocation %ld: %ld left\n", name, at, left);
	return right && !left;
}

static int try_file(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_BUF struct buf expected = BUF_INIT;
	CLEANUP_FREE char *text = NULL;
	int good, failed = 0;
	size_t len;
	long total;

	if (fd < 0 || fd_slurp(fd, FILE_MAX, &text, &len) < 0) {
		fprintf(stderr, "%s: cannot read it\n", path);
		return 1;
	}
	memory.calls = 0;
	good = way(text, len, &expected);
	total = memory.calls;
	for (long at = 1; at <= total; at++)
		failed |= !try_failure(path, text, len, at, good,
				       buf_text(&expected));
	printf("%s: %ld allocations\n", path, total);
	return failed || total < 50;
}
#endif

int main(void)
{
#ifdef HOLDALL_SAN
	printf("skipped: the sanitizer's allocator\n");
	return 0;
#else
	int failed = try_file("tests/corpus/manifest/everything");

	failed |= try_file("tests/manifests-bad/many-at-once.yaml");
	failed |= try_file("tests/manifests-bad/alias.yaml");
	failed |= try_file("tests/manifests-bad/quotes-not-closed.yaml");
	return failed;
#endif
}
