/*
 * elf_file.c - program headers and dynamic section through libelf
 */
#include "bundler/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PHDRS_MAX 1024u
#define DYNAMIC_MAX (1u << 20)		/* bytes of the dynamic section */
#define STRINGS_MAX (64u << 20)		/* bytes of its string table */
#define INTERP_MAX 4096u
#define NEEDED_MAX 4096u

struct reader {
	Elf *elf;
	uint64_t file_size;
	size_t n_phdrs;
	const char *strings;
	size_t strings_size;
	struct elf_file *out;
};

void elf_file_free(struct elf_file *e)
{
	free(e->interp);
	free(e->soname);
	free(e->rpath);
	free(e->runpath);
	strlist_free(&e->needed);
	*e = (struct elf_file){ 0 };
}

static void elf_cleanup(Elf **elf)
{
	(void)elf_end(*elf);
}

/* A part of the file, or NULL when it does not lie in it. */
static Elf_Data *chunk(const struct reader *r, uint64_t off, uint64_t size,
		       uint64_t max, Elf_Type type)
{
	if (!size || size > max || off > r->file_size ||
	    size > r->file_size - off)
		return NULL;
	return elf_getdata_rawchunk(r->elf, (int64_t)off, (size_t)size, type);
}

/* File offset of an address of the loaded image; false when nothing maps it. */
static bool offset_of(const struct reader *r, uint64_t addr, uint64_t *ret)
{
	GElf_Phdr ph;

	for (size_t i = 0; i < r->n_phdrs; i++) {
		if (!gelf_getphdr(r->elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (addr < ph.p_vaddr || addr - ph.p_vaddr >= ph.p_filesz)
			continue;
		return !__builtin_add_overflow(addr - ph.p_vaddr, ph.p_offset,
					       ret);
	}
	return false;
}

static bool read_interp(struct reader *r, const GElf_Phdr *ph)
{
	Elf_Data *d = chunk(r, ph->p_offset, ph->p_filesz, INTERP_MAX,
			    ELF_T_BYTE);

	if (!d || r->out->interp || !memchr(d->d_buf, '\0', d->d_size))
		return false;
	r->out->interp = strdup(d->d_buf);
	return r->out->interp != NULL;
}

static bool find_strings(struct reader *r, Elf_Data *dyn, size_t n)
{
	uint64_t addr = 0, size = 0, off;
	Elf_Data *d;
	GElf_Dyn e;

	for (size_t i = 0; i < n && gelf_getdyn(dyn, (int)i, &e); i++) {
		if (e.d_tag == DT_NULL)
			break;
		if (e.d_tag == DT_STRTAB)
			addr = e.d_un.d_ptr;
		if (e.d_tag == DT_STRSZ)
			size = e.d_un.d_val;
	}
	if (!offset_of(r, addr, &off))
		return false;
	d = chunk(r, off, size, STRINGS_MAX, ELF_T_BYTE);
	if (!d || ((const char *)d->d_buf)[d->d_size - 1])
		return false;
	r->strings = d->d_buf;
	r->strings_size = d->d_size;
	return true;
}

static bool take_string(const struct reader *r, uint64_t at, char **ret)
{
	/* The table ends in NUL, so each string in it ends in it. */
	if (at >= r->strings_size)
		return false;
	free(*ret);
	*ret = strdup(r->strings + at);
	return *ret != NULL;
}

static bool take_dyn(struct reader *r, const GElf_Dyn *e)
{
	CLEANUP_FREE char *name = NULL;

	switch (e->d_tag) {
	case DT_NEEDED:
		return take_string(r, e->d_un.d_val, &name) &&
		       r->out->needed.n < NEEDED_MAX &&
		       strlist_add(&r->out->needed, name) == 0;
	case DT_SONAME:
		return take_string(r, e->d_un.d_val, &r->out->soname);
	case DT_RPATH:
		return take_string(r, e->d_un.d_val, &r->out->rpath);
	case DT_RUNPATH:
		return take_string(r, e->d_un.d_val, &r->out->runpath);
	case DT_FLAGS_1:
		r->out->nodeflib = (e->d_un.d_val & DF_1_NODEFLIB) != 0;
		return true;
	default:
		return true;
	}
}

static bool read_dynamic(struct reader *r, const GElf_Phdr *ph)
{
	Elf_Data *d = chunk(r, ph->p_offset, ph->p_filesz, DYNAMIC_MAX,
			    ELF_T_DYN);
	GElf_Dyn e;
	size_t n;

	if (!d)
		return false;
	n = d->d_size / gelf_fsize(r->elf, ELF_T_DYN, 1, EV_CURRENT);
	if (!find_strings(r, d, n))
		return false;
	for (size_t i = 0; i < n && gelf_getdyn(d, (int)i, &e); i++) {
		if (e.d_tag == DT_NULL)
			break;
		if (!take_dyn(r, &e))
			return false;
	}
	return true;
}

static bool read_headers(struct reader *r)
{
	GElf_Ehdr eh;
	GElf_Phdr ph;

	if (!gelf_getehdr(r->elf, &eh) ||
	    elf_getphdrnum(r->elf, &r->n_phdrs) < 0 ||
	    r->n_phdrs > PHDRS_MAX)
		return false;
	r->out->machine = eh.e_machine;
	r->out->class = eh.e_ident[EI_CLASS];
	r->out->type = eh.e_type;
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return true;
	for (size_t i = 0; i < r->n_phdrs; i++) {
		if (!gelf_getphdr(r->elf, (int)i, &ph))
			return false;
		/* A file of debug symbols has headers without bytes. */
		if (ph.p_type == PT_INTERP && ph.p_filesz &&
		    !read_interp(r, &ph))
			return false;
		if (ph.p_type == PT_DYNAMIC && ph.p_filesz &&
		    !read_dynamic(r, &ph))
			return false;
	}
	return true;
}

int elf_file_read(int fd, const char *name, struct elf_file *ret,
		  struct err *err)
{
	CLEANUP(elf_cleanup) Elf *elf = NULL;
	CLEANUP_ELF_FILE struct elf_file out = { 0 };
	struct reader r = { .out = &out };
	char magic[SELFMAG];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", name);
	if (pread(fd, magic, SELFMAG, 0) != SELFMAG ||
	    memcmp(magic, ELFMAG, SELFMAG))
		return 0;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_set(err, ENOTSUP, "libelf is too old");
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return err_set(err, ENOEXEC, "%s: broken ELF file", name);
	r.elf = elf;
	r.file_size = (uint64_t)st.st_size;
	if (!read_headers(&r))
		return err_set(err, ENOEXEC, "%s: broken ELF file (its program"
			       " headers or dynamic section)", name);
	if (out.type != ET_EXEC && out.type != ET_DYN)
		return 0;
	*ret = out;
	out = (struct elf_file){ 0 };
	return 1;
}

const char *elf_machine_name(uint16_t machine, uint8_t class)
{
	bool wide = class == ELFCLASS64;

	switch (machine) {
	case EM_X86_64:
		return wide ? "x86_64" : "x32";
	case EM_386:
		return "i686";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return wide ? "riscv64" : "riscv32";
	case EM_PPC64:
		return "ppc64le";
	case EM_S390:
		return wide ? "s390x" : "s390";
	case EM_MIPS:
		return wide ? "mips64" : "mips";
	case EM_LOONGARCH:
		return "loongarch64";
	default:
		return "an unknown machine";
	}
}

uint16_t elf_machine_here(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__i386__)
	return EM_386;
#else
#error "name this machine here and in ld_cache.c"
#endif
}

uint8_t elf_class_here(void)
{
	return sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
}
