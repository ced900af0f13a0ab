/*
 * lock_fuzz.c - any bytes as holdall.lock
 *
 * What is read is written back as the very same bytes, and shows no changes
 * against itself.
 */
#include <stdint.h>
#include <string.h>

#include "bundler/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_LOCK struct lock l = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_BUF struct buf changes = BUF_INIT;
	struct err err = { 0 };

	if (lock_parse((const char *)data, size, &l, &err) < 0)
		return 0;
	if (lock_format(&l, &out, &err) < 0 || out.len != size ||
	    memcmp(out.data, data, size))
		abort();
	if (lock_changes(&l, &l, &changes) != 0)
		abort();
	return 0;
}
