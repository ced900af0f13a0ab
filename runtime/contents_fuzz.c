/*
 * contents_fuzz.c - hostile sections of packages
 *
 * What is accepted is written again as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/contents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_CONTENTS struct contents c = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	if (contents_parse((const char *)data, size, &c, &err) < 0)
		return 0;
	if (contents_format(&c, &out, &err) < 0 || out.len != size ||
	    (size && memcmp(out.data, data, size)))
		abort();
	contents_sort(&c);
	for (size_t i = 1; i < c.n; i++)
		if (c.v[i - 1].bytes < c.v[i].bytes)
			abort();
	return 0;
}
