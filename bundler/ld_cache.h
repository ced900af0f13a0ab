/*
 * ld_cache.h - glibc's ld.so.cache: reading the host's, writing the image's
 *
 * Format "glibc-ld.so.cache1.1", little-endian here: a header of 48 bytes, then
 * entries of 24 bytes (flags, key, value, osversion, hwcap), then the strings; key
 * and value are offsets from the header.  Entries are sorted so that the loader
 * can search by halves: descending, digits compared as numbers.
 *
 * Only entries of our machine without a hwcap are read: a bundle has to run on
 * every processor of its architecture, so variants below glibc-hwcaps/ stay
 * out, and the loader falls back to the plain library as on any other host.
 */
#ifndef HOLDALL_LD_CACHE_H
#define HOLDALL_LD_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/err.h"

#define LD_CACHE_MAX (32u << 20)

struct ld_entry {
	char *name;			/* "libc.so.6" */
	char *path;			/* "/lib/x86_64-linux-gnu/libc.so.6" */
};

struct ld_cache {
	struct ld_entry *v;		/* sorted as in the file */
	size_t n, cap;
};

void ld_cache_free(struct ld_cache *c);
#define CLEANUP_LD_CACHE CLEANUP(ld_cache_free)

int ld_cache_add(struct ld_cache *c, const char *name, const char *path,
		 struct err *err);

/* Reads a cache file's bytes. */
int ld_cache_read(const char *data, size_t len, struct ld_cache *ret,
		  struct err *err);
/* Sorts, drops double names (the first added stays), appends the file. */
int ld_cache_write(struct ld_cache *c, struct buf *out, struct err *err);

/* The path of a library, or NULL. */
const char *ld_cache_find(const struct ld_cache *c, const char *name);

#endif
