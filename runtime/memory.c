/*
 * memory.c - see memory.h
 *
 * The program's segments are found through the auxiliary vector; only those that
 * are not writable are dropped, so nothing is lost.
 */
#include "runtime/memory.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* Given by the linker: the first byte of the program in memory. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

void memory_drop_code(void)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
	unsigned long n = getauxval(AT_PHNUM);
	uintptr_t page = (uintptr_t)getauxval(AT_PAGESZ);
	uintptr_t base = (uintptr_t)__ehdr_start;

	for (unsigned long i = 0; ph && page && i < n; i++) {
		uintptr_t start = base + ph[i].p_vaddr;
		uintptr_t end = start + ph[i].p_filesz;

		if (ph[i].p_type != PT_LOAD || ph[i].p_flags & PF_W)
			continue;
		start &= ~(page - 1);
		end &= ~(page - 1);
		if (end > start)
			(void)madvise((void *)start, end - start,
				      MADV_DONTNEED);
	}
}
