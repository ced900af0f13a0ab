/*
 * trailer_fuzz.c - a trailer that is accepted tiles its file and has one form
 *
 * Input: the file's size (8 bytes, little-endian), then up to 160 bytes of
 * trailer.  The hash at its end is made here: a fuzzer cannot guess it, and
 * whoever forges a bundle can compute it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/hash.h"
#include "runtime/trailer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tiles(const struct trailer *t, uint64_t file_size)
{
	if (t->payload_start < t->stub_size ||
	    t->payload_start - t->stub_size >= LAYOUT_PAYLOAD_ALIGN ||
	    t->tree_start != t->payload_start + t->payload_size ||
	    t->seal_start != t->tree_start + t->tree_size ||
	    t->signatures_start != t->seal_start + t->seal_size ||
	    file_size != t->signatures_start + t->signatures_size +
			 LAYOUT_TRAILER_SIZE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE] = { 0 }, again[LAYOUT_TRAILER_SIZE];
	uint64_t file_size = 0;
	struct trailer t;
	struct err err;

	if (size < 8)
		return 0;
	for (unsigned i = 0; i < 8; i++)
		file_size |= (uint64_t)data[i] << 8 * i;
	size = size - 8 < TRAILER_HASH ? size - 8 : TRAILER_HASH;
	memcpy(bytes, data + 8, size);
	hash_bytes(bytes, TRAILER_HASH, bytes + TRAILER_HASH);
	if (trailer_parse(bytes, file_size, &t, &err) < 0)
		return 0;
	check_tiles(&t, file_size);
	trailer_format(&t, again);
	if (memcmp(again, bytes, sizeof(bytes)) != 0)
		abort();
	return 0;
}
