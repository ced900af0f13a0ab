/*
 * step_icu.c - ICU's data: what nobody in the tree looks for
 *
 * libicudata is 31 MB, 10 MB compressed, and comes into every GTK app that reads
 * XML or spells.  Its few users are known: libxml2 asks ICU for a converter only
 * after its own and iconv's were no help; libgspell asks for the names of
 * languages.  Where these are the only ones that need ICU, the other tables
 * (converters, sorting, line breaking, units, zones, currencies) go, and so do the
 * languages that `locales` does not list, English excepted.  The library itself stays,
 * whole and loadable: its table of contents gets shorter, and what is no longer
 * in it becomes zeros, which an image stores as nothing.  ICU's libraries that
 * nobody needs are dropped.
 *
 * Only Debian's own library is touched, and nothing is where `keep` covers
 * libicudata.  The data, from the symbol icudtNN_dat on: a header (its size in the
 * first two bytes, 0xda 0x27, at 12 the form "CmnD"); then, offsets from here, a
 * 32-bit count, and per item the offsets of name and data; names ascend.
 */
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

#include "bundler/elf_file.h"
#include "bundler/filter.h"
#include "bundler/glob.h"
#include "bundler/step.h"
#include "runtime/path.h"

#define LIBRARY_MAX ((size_t)64 << 20)
#define HEADER_MIN 16u
#define HEADER_MAX 4096u
#define ITEMS_MAX 65536u

static const char icu[] = "/usr/lib/%m/libicu*.so.*";
static const char *const data[] = { "/usr/lib/%m/libicudata.so.*", NULL };

/* ---- who needs it ---- */

static bool is_elf(const struct entry *e)
{
	struct err ignored = { 0 };
	char magic[SELFMAG];
	size_t len;

	return e->type == ENTRY_FILE && e->content.size > sizeof(Elf64_Ehdr) &&
	       entry_read_head(e, magic, sizeof(magic), &len, &ignored) == 0 &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

static bool needs_icu(const struct elf_file *elf)
{
	for (size_t i = 0; i < elf->needed.n; i++)
		if (!strncmp(elf->needed.v[i], "libicu", 6))
			return true;
	return false;
}

/* ICU itself, and those whose questions are known. */
static bool may_need(const struct entry *e)
{
	static const char *const known[] = {
		"libicu", "libxml2.so", "libgspell-1.so",
	};
	const char *slash = strrchr(e->path, '/');
	const char *name = slash ? slash + 1 : e->path;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncmp(name, known[i], strlen(known[i])))
			return true;
	return false;
}

/* Does anything else need ICU?  What cannot be read may. */
static bool somebody_needs(const struct tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		CLEANUP_ELF_FILE struct elf_file elf = { 0 };
		struct err ignored = { 0 };
		CLEANUP_FD int fd = -1;

		if (may_need(t->v[i]) || !is_elf(t->v[i]))
			continue;
		if (entry_open(t->v[i], &fd, &ignored) < 0)
			return true;
		if (elf_file_read(fd, t->v[i]->path, &elf, &ignored) == 1 &&
		    needs_icu(&elf))
			return true;
	}
	return false;
}

/* ---- the table of contents ---- */

/* Where in the file a symbol's bytes lie; 0: no such symbol. */
static uint64_t file_offset(Elf *elf, uint64_t address)
{
	size_t n;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &n) != 0)
		return 0;
	for (size_t i = 0; i < n && i < 64; i++)
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD &&
		    address >= ph.p_vaddr &&
		    address - ph.p_vaddr < ph.p_filesz)
			return ph.p_offset + (address - ph.p_vaddr);
	return 0;
}

static bool find_symbol(Elf *elf, Elf_Scn *scn, uint64_t *ret_off,
			uint64_t *ret_size)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Shdr sh;
	GElf_Sym sym;
	const char *name;

	if (!d || !gelf_getshdr(scn, &sh) || sh.sh_type != SHT_DYNSYM)
		return false;
	for (int i = 0; i < 64 && gelf_getsym(d, i, &sym); i++) {
		name = elf_strptr(elf, sh.sh_link, sym.st_name);
		if (!name || !glob_match("/icudt*_dat", name))
			continue;
		*ret_off = file_offset(elf, sym.st_value);
		*ret_size = sym.st_size;
		return *ret_off != 0;
	}
	return false;
}

static bool find_data(char *bytes, size_t len, uint64_t *ret_off,
		      uint64_t *ret_size)
{
	Elf_Scn *scn = NULL;
	bool found = false;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_memory(bytes, len);
	while (elf && !found && (scn = elf_nextscn(elf, scn)))
		found = find_symbol(elf, scn, ret_off, ret_size);
	elf_end(elf);
	return found && *ret_off < len && *ret_size <= len - *ret_off;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* "de_AT.res" is of a language; "res_index.res", "supplementalData.res" are not. */
static bool is_wanted_language(const struct strlist *locales, const char *name)
{
	size_t len = strcspn(name, ".");
	size_t language = strcspn(name, "_.");

	if (language > 3 || !strncmp(name, "res_", 4))
		return true;
	return !strncmp(name, "en", language) ||
	       filter_lists_language(locales, name, len);
}

static bool is_wanted_item(const struct strlist *locales, const char *name)
{
	size_t len = strlen(name);
	const char *rest = strchr(name, '/');	/* icudt72l/... */

	if (!rest || len < 4 || strcmp(name + len - 4, ".res"))
		return false;
	rest++;
	if (!strncmp(rest, "lang/", 5))
		rest += 5;
	else if (!strncmp(rest, "region/", 7))
		rest += 7;
	return !strchr(rest, '/') && is_wanted_language(locales, rest);
}

/* The form and every offset are checked before anything is changed. */
static bool is_sound(const uint8_t *toc, uint64_t size)
{
	uint32_t n, last = 0;

	if (size < 4)
		return false;
	n = get32(toc);
	if (n == 0 || n > ITEMS_MAX || 4 + (uint64_t)n * 8 > size)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t name = get32(toc + 4 + 8 * i);
		uint32_t item = get32(toc + 8 + 8 * i);

		if (name >= size || item >= size || item < last ||
		    item < 4 + 8 * n ||
		    !memchr(toc + name, '\0', (size_t)(size - name)))
			return false;
		last = item;
	}
	return true;
}

static void shorten(uint8_t *toc, uint64_t size, const struct strlist *locales)
{
	uint32_t n = get32(toc), kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t name = get32(toc + 4 + 8 * i);
		uint32_t item = get32(toc + 8 + 8 * i);
		uint64_t end = i + 1 < n ? get32(toc + 16 + 8 * i) : size;

		if (!is_wanted_item(locales, (const char *)toc + name)) {
			memset(toc + item, 0, (size_t)(end - item));
			continue;
		}
		put32(toc + 4 + 8 * kept, name);
		put32(toc + 8 + 8 * kept, item);
		kept++;
	}
	put32(toc, kept);
	memset(toc + 4 + 8 * kept, 0, 8 * (size_t)(n - kept));
}

bool step_icu_thin(uint8_t *p, uint64_t size, const struct strlist *locales)
{
	static const uint8_t magic[] = { 0xda, 0x27 };
	uint64_t header;

	if (size < HEADER_MIN)
		return false;
	header = p[0] | (uint64_t)p[1] << 8;
	if (memcmp(p + 2, magic, sizeof(magic)) || header < HEADER_MIN ||
	    header > HEADER_MAX || header >= size ||
	    memcmp(p + 12, "CmnD", 4) || !is_sound(p + header, size - header))
		return false;
	shorten(p + header, size - header, locales);
	return true;
}

static bool thin(char *bytes, size_t len, const struct strlist *locales)
{
	uint64_t off, size;

	return find_data(bytes, len, &off, &size) &&
	       step_icu_thin((uint8_t *)bytes + off, size, locales);
}

static int thin_library(struct steps *s, struct entry *e, struct err *err)
{
	CLEANUP_FREE char *bytes = NULL;
	struct entry spec = *e;		/* its path is copied by tree_add */
	size_t len;
	int r = step_read(e, LIBRARY_MAX, &bytes, &len, err);

	if (r < 0 || !thin(bytes, len, &s->job->manifest->locales))
		return r;
	spec.content = (struct content){ .kind = CONTENT_MEMORY,
					 .base_fd = -1, .size = len,
					 .data = steal_ptr(&bytes) };
	spec.ino = 0;
	r = tree_add(s->t, &spec, NULL, err);
	if (r < 0)
		free(spec.content.data);
	return r;
}

/* ---- the step ---- */

/* Nobody's but ICU's own: everything but the two that libxml2 needs. */
static bool is_idle(void *arg, const struct entry *e)
{
	const struct steps *s = arg;
	char glob[TREE_PATH_MAX];
	const char *name;

	if (e->type == ENTRY_DIR || !e->origin ||
	    e->origin->kind != ORIGIN_DEBIAN || !step_expand(icu, glob) ||
	    !glob_match(glob, e->path))
		return false;
	name = strrchr(e->path, '/') + 1;
	return strncmp(name, "libicuuc.", 9) &&
	       strncmp(name, "libicudata.", 11) &&
	       !filter_covers(&s->job->manifest->keep, e->path);
}

int step_icu(struct steps *s, const struct step *step, struct err *err)
{
	CLEANUP_STRLIST struct strlist libraries = { 0 };
	int r;

	(void)step;
	if (somebody_needs(s->t))
		return 0;
	r = step_matches(s->t, data, &libraries, err);
	for (size_t i = 0; i < libraries.n && r == 0; i++) {
		struct entry *e = tree_find(s->t, libraries.v[i]);

		if (e->type != ENTRY_FILE || !e->origin ||
		    e->origin->kind != ORIGIN_DEBIAN)
			continue;
		if (filter_covers(&s->job->manifest->keep, e->path))
			return 0;
		r = thin_library(s, e, err);
	}
	return r < 0 ? r : tree_prune(s->t, is_idle, s, err);
}
