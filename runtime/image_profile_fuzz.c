/*
 * image_profile_fuzz.c - any bytes as a profile section: what is taken is within
 * the limits and has this one spelling
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/image_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image_profile p;
	static uint8_t out[IMAGE_PROFILE_BYTES_MAX];
	uint64_t blocks = 0;

	if (image_profile_parse(data, size, &p) < 0)
		return 0;
	for (unsigned i = 0; i < p.n; i++)
		blocks += p.v[i].n;
	if (p.n > IMAGE_PROFILE_MAX || blocks > IMAGE_PROFILE_BLOCKS_MAX)
		abort();
	if (image_profile_format(&p, out) != size ||
	    memcmp(out, data, size) != 0)
		abort();
	return 0;
}
