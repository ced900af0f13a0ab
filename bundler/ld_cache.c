/*
 * ld_cache.c - see ld_cache.h
 *
 * The old format ("ld.so-1.7.0") may stand in front of the new one, as ldconfig
 * wrote it by default before glibc 2.32; it is skipped by its own count.
 */
#include "bundler/ld_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define NEW_MAGIC_LEN 20u
#define OLD_MAGIC "ld.so-1.7.0"
#define OLD_MAGIC_LEN 11u
#define OLD_HEADER 16u			/* magic, padding, u32 count */
#define OLD_ENTRY 12u
#define HEADER_SIZE 48u
#define ENTRY_SIZE 24u
#define LITTLE_ENDIAN_FLAG 2u
#define NAMES_MAX (1u << 20)

#define FLAG_ELF_LIBC6 0x0003u
#if defined(__x86_64__)
#define FLAG_MACHINE 0x0300u
#elif defined(__aarch64__)
#define FLAG_MACHINE 0x0a00u
#elif defined(__riscv) && __riscv_xlen == 64
#define FLAG_MACHINE 0x1000u
#else
#define FLAG_MACHINE 0x0000u
#endif
#define FLAGS_WANTED (FLAG_ELF_LIBC6 | FLAG_MACHINE)

static uint32_t get32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static void put32(struct buf *out, uint32_t v)
{
	char b[4] = { (char)v, (char)(v >> 8), (char)(v >> 16),
		      (char)(v >> 24) };

	buf_add(out, b, sizeof(b));
}

void ld_cache_free(struct ld_cache *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].name);
		free(c->v[i].path);
	}
	free(c->v);
	*c = (struct ld_cache){ 0 };
}

int ld_cache_add(struct ld_cache *c, const char *name, const char *path,
		 struct err *err)
{
	struct ld_entry e;

	if (c->n >= NAMES_MAX)
		return err_set(err, EFBIG, "too many libraries for ld.so.cache");
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct ld_entry *v = realloc(c->v, cap * sizeof(*v));

		if (!v)
			return err_nomem(err);
		c->v = v;
		c->cap = cap;
	}
	e.name = strdup(name);
	e.path = strdup(path);
	if (!e.name || !e.path) {
		free(e.name);
		free(e.path);
		return err_nomem(err);
	}
	c->v[c->n++] = e;
	return 0;
}

/* glibc's _dl_cache_libcmp: runs of digits compare as numbers. */
static int name_compare(const char *a, const char *b)
{
	while (*a) {
		bool da = *a >= '0' && *a <= '9', db = *b >= '0' && *b <= '9';

		if (da && db) {
			char *end_a, *end_b;
			unsigned long long x = strtoull(a, &end_a, 10);
			unsigned long long y = strtoull(b, &end_b, 10);

			if (x != y)
				return x < y ? -1 : 1;
			a = end_a;
			b = end_b;
		} else if (da != db) {
			return da ? 1 : -1;
		} else if (*a != *b) {
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return *b ? -1 : 0;
}

/* ---- reading ---- */

static const char *string_at(const char *data, size_t len, uint32_t off)
{
	if (off >= len || !memchr(data + off, '\0', len - off))
		return NULL;
	return data + off;
}

static int broken(struct err *err)
{
	return err_set(err, EINVAL,
		       "ld.so.cache is broken; run ldconfig as root");
}

static int read_new(const char *data, size_t len, struct ld_cache *c,
		    struct err *err)
{
	uint32_t n;

	if (len < HEADER_SIZE || memcmp(data, NEW_MAGIC, NEW_MAGIC_LEN))
		return broken(err);
	n = get32(data + NEW_MAGIC_LEN);
	if (n > NAMES_MAX || n > (len - HEADER_SIZE) / ENTRY_SIZE)
		return broken(err);
	for (uint32_t i = 0; i < n; i++) {
		const char *e = data + HEADER_SIZE + (size_t)i * ENTRY_SIZE;
		const char *name = string_at(data, len, get32(e + 4));
		const char *path = string_at(data, len, get32(e + 8));
		int r;

		if (!name || !path)
			return broken(err);
		if (get32(e) != FLAGS_WANTED || get32(e + 16) || get32(e + 20))
			continue;
		r = ld_cache_add(c, name, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int ld_cache_read(const char *data, size_t len, struct ld_cache *ret,
		  struct err *err)
{
	CLEANUP_LD_CACHE struct ld_cache c = { 0 };
	size_t skip = 0;
	int r;

	if (len >= OLD_HEADER && !memcmp(data, OLD_MAGIC, OLD_MAGIC_LEN)) {
		uint32_t n = get32(data + 12);

		if (n > (len - OLD_HEADER) / OLD_ENTRY)
			return broken(err);
		skip = (OLD_HEADER + (size_t)n * OLD_ENTRY + 7) & ~(size_t)7;
	}
	if (skip > len)
		return broken(err);
	r = read_new(data + skip, len - skip, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct ld_cache){ 0 };
	return 0;
}

const char *ld_cache_find(const struct ld_cache *c, const char *name)
{
	/* A host's cache is searched some hundred times in all. */
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].name, name))
			return c->v[i].path;
	return NULL;
}

/* ---- writing ---- */

/* Stable in effect: of equal names the one added first comes first. */
static void sort_entries(struct ld_cache *c)
{
	for (size_t i = 1; i < c->n; i++) {
		struct ld_entry e = c->v[i];
		size_t lo = 0, hi = i;

		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (name_compare(c->v[mid].name, e.name) >= 0)
				lo = mid + 1;
			else
				hi = mid;
		}
		memmove(&c->v[lo + 1], &c->v[lo], (i - lo) * sizeof(e));
		c->v[lo] = e;
	}
}

static void drop_doubles(struct ld_cache *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (kept && !strcmp(c->v[kept - 1].name, c->v[i].name)) {
			free(c->v[i].name);
			free(c->v[i].path);
		} else {
			c->v[kept++] = c->v[i];
		}
	}
	c->n = kept;
}

int ld_cache_write(struct ld_cache *c, struct buf *out, struct err *err)
{
	CLEANUP(buf_free) struct buf strings = BUF_INIT;
	uint32_t base;

	sort_entries(c);
	drop_doubles(c);
	base = HEADER_SIZE + (uint32_t)c->n * ENTRY_SIZE;
	for (size_t i = 0; i < c->n; i++) {
		buf_add(&strings, c->v[i].name, strlen(c->v[i].name) + 1);
		buf_add(&strings, c->v[i].path, strlen(c->v[i].path) + 1);
	}
	buf_add(out, NEW_MAGIC, NEW_MAGIC_LEN);
	put32(out, (uint32_t)c->n);
	put32(out, (uint32_t)strings.len);
	put32(out, LITTLE_ENDIAN_FLAG);
	for (int i = 0; i < 4; i++)	/* no extensions; unused */
		put32(out, 0);
	for (size_t i = 0; i < c->n; i++) {
		put32(out, FLAGS_WANTED);
		put32(out, base);
		base += (uint32_t)strlen(c->v[i].name) + 1;
		put32(out, base);
		base += (uint32_t)strlen(c->v[i].path) + 1;
		for (int k = 0; k < 3; k++)	/* osversion, hwcap */
			put32(out, 0);
	}
	buf_add(out, strings.data, strings.len);
	return buf_check(&strings, err) < 0 ? -err->num : buf_check(out, err);
}
