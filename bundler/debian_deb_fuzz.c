/*
 * debian_deb_fuzz.c - any bytes as a .deb
 *
 * The reader runs beside its jail, so that the fuzzer sees it, and what it says goes to
 * the packer's side over a file.
 */
#include "bundler/debian_fuzz_kit.h"

#include <sys/mman.h>

#include "runtime/fd.h"

/* What is compressed can be any size. */
#define RECORDS_MAX ((uint64_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FD int fd = memfd_create("deb", MFD_CLOEXEC);
	CLEANUP_FD int said = memfd_create("records", MFD_CLOEXEC);

	if (fd < 0 || said < 0 || fd_write_all(fd, data, size) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	(void)deb_read(fd, said, RECORDS_MAX);
	fuzz_take(said);
	return 0;
}
