/*
 * elf_file.h - what the loader reads of an ELF file
 *
 * Read from the program headers, as the loader does (section headers may be
 * stripped or lie).  Files come from sources, so every offset, size and count is
 * checked here; afterwards all texts are NUL-terminated and owned.
 */
#ifndef HOLDALL_ELF_FILE_H
#define HOLDALL_ELF_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/err.h"
#include "runtime/text.h"

struct elf_file {
	uint16_t machine;		/* EM_* */
	uint8_t class;			/* ELFCLASS32, ELFCLASS64 */
	uint16_t type;			/* ET_EXEC, ET_DYN */
	char *interp;			/* PT_INTERP or NULL */
	char *soname;			/* DT_SONAME or NULL */
	char *rpath, *runpath;		/* or NULL */
	struct strlist needed;
	bool nodeflib;			/* DF_1_NODEFLIB */
};

void elf_file_free(struct elf_file *e);
#define CLEANUP_ELF_FILE CLEANUP(elf_file_free)

/* 1: an ELF program or library, filled; 0: no ELF, or one that is not loaded
 * (objects, cores); negative: a broken one, err names `name`. */
int elf_file_read(int fd, const char *name, struct elf_file *ret,
		  struct err *err);

/* "x86_64" as uname says it; "machine 999" is never needed: "unknown". */
const char *elf_machine_name(uint16_t machine, uint8_t class);
/* What this program itself was built for. */
uint16_t elf_machine_here(void);
uint8_t elf_class_here(void);

#endif
