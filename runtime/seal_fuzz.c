/*
 * seal_fuzz.c - what seal_parse accepts, seal_format writes again, byte for byte
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SEAL struct seal seal = { 0 };
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct err err;

	if (seal_parse((const char *)data, size, &seal, &err) < 0)
		return 0;
	if (seal_format(&seal, &again, &err) < 0 || again.len != size ||
	    memcmp(again.data, data, size) != 0)
		abort();
	return 0;
}
