/*
 * ld_cache_fuzz.c - any bytes as ld.so.cache; what is read can be written
 *
 * Writing what was read and reading that again finds the same path for each name.
 */
#include <stdint.h>
#include <string.h>

#include "bundler/ld_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_LD_CACHE struct ld_cache c = { 0 }, again = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = { 0 };

	if (ld_cache_read((const char *)data, size, &c, &err) < 0)
		return 0;
	if (ld_cache_write(&c, &out, &err) < 0)
		return 0;
	if (ld_cache_read(out.data, out.len, &again, &err) < 0 ||
	    again.n != c.n)
		abort();
	for (size_t i = 0; i < c.n; i++)
		if (strcmp(again.v[i].name, c.v[i].name) ||
		    strcmp(again.v[i].path, c.v[i].path))
			abort();
	return 0;
}
