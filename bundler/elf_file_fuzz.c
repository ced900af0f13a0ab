/*
 * elf_file_fuzz.c - hostile ELF files: sources are other people's
 *
 * No crash, no read beyond what was checked, and every text that comes out is
 * one that lies in the file.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "bundler/elf_file.h"
#include "runtime/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const uint8_t *data, size_t size, const char *text)
{
	if (text && *text && !memmem(data, size, text, strlen(text) + 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	CLEANUP_FD int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct err err = { 0 };
	int r;

	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		abort();
	r = elf_file_read(fd, "fuzz", &elf, &err);
	if (r < 0 && !err.text[0])
		abort();
	if (r != 1)
		return 0;
	check_text(data, size, elf.interp);
	check_text(data, size, elf.soname);
	check_text(data, size, elf.rpath);
	check_text(data, size, elf.runpath);
	for (size_t i = 0; i < elf.needed.n; i++)
		check_text(data, size, elf.needed.v[i]);
	return 0;
}
