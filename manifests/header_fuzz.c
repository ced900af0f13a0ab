/*
 * header_fuzz.c - hostile headers: no crash, and one text for one meaning
 */
#include <stdint.h>
#include <string.h>

#include "manifests/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_extension(const char *text, size_t len)
{
	return (len >= 2 && memcmp(text, "x-", 2) == 0) ||
	       memmem(text, len, "\nx-", 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	if (header_parse(text, size, &h, &err) < 0)
		return 0;
	if (header_format(&h, &out, &err) < 0)
		abort();
	if (!has_extension(text, size) &&
	    (out.len != size || memcmp(out.data, text, size) != 0))
		abort();
	return 0;
}
