/*
 * debian_records_fuzz.c - any bytes as what the reader of a .deb says
 *
 * A reader that was taken over says what it likes.
 */
#include "bundler/debian_fuzz_kit.h"

#include <sys/mman.h>

#include "runtime/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FD int said = memfd_create("records", MFD_CLOEXEC);

	if (said < 0 || fd_write_all(said, data, size) < 0)
		return 0;
	fuzz_take(said);
	return 0;
}
