/*
 * image_ld.c - the image's ld.so.cache
 *
 * What ldconfig does on a host, over the tree: every library of our architecture
 * in the folders of ld.so.conf and in the loader's own, under its file name, and
 * under its soname where no file has that name.  The first folder that has a name
 * wins.  (ldconfig itself wants an unpacked tree, and root for a changed root.)
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/elf_file.h"
#include "bundler/full_root.h"
#include "bundler/glob.h"
#include "bundler/ld_cache.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define CONF_MAX 65536u

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__riscv)
#define MULTIARCH "riscv64-linux-gnu"
#else
#define MULTIARCH "i386-linux-gnu"
#endif

static const char *const defaults[] = {
	"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH, "/lib64", "/usr/lib64",
	"/lib", "/usr/lib",
};

/* ---- folders ---- */

static int conf_folders(const struct entry *e, struct strlist *folders,
			struct err *err)
{
	char text[CONF_MAX + 1], *save, *line;
	size_t len;
	int r = entry_read_head(e, text, CONF_MAX, &len, err);

	if (r < 0)
		return r;
	text[len] = '\0';
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		line[strcspn(line, "# \t\r")] = '\0';
		if (line[0] == '/' && strlist_add(folders, line) < 0)
			return err_nomem(err);
	}
	return 0;
}

static int all_folders(const struct tree *t, struct strlist *folders,
		       struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < t->n && r == 0; i++) {
		const struct entry *e = t->v[i];

		if (e->type == ENTRY_FILE &&
		    (!strcmp(e->path, "etc/ld.so.conf") ||
		     glob_match("/etc/ld.so.conf.d/*.conf", e->path)))
			r = conf_folders(e, folders, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(defaults) && r == 0; i++)
		if (strlist_add(folders, defaults[i]) < 0)
			r = err_nomem(err);
	return r;
}

/* ---- libraries ---- */

/* 1: a library for us, *ret_soname fresh or NULL; 0: not. */
static int look(const struct entry *e, char **ret_soname, struct err *err)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	CLEANUP_FD int fd = -1;
	int r = entry_open(e, &fd, err);

	if (r < 0)
		return r;
	/* A broken library is no library: the loader would not take it. */
	if (elf_file_read(fd, e->path, &elf, err) != 1 ||
	    elf.type != ET_DYN || elf.machine != elf_machine_here() ||
	    elf.class != elf_class_here())
		return 0;
	*ret_soname = elf.soname;
	elf.soname = NULL;
	return 1;
}

static const char *library_name(const struct entry *e, const char *folder)
{
	const char *name = path_below(e->path, folder);

	if (!name || !*name || e->type == ENTRY_DIR ||
	    (!glob_match("/lib*.so*", name) && !glob_match("/ld-*.so*", name)))
		return NULL;
	return name;
}

static int add_named(struct ld_cache *c, const char *folder,
		     const char *name, const char *file, struct err *err)
{
	CLEANUP_FREE char *path = path_join(folder, file);

	return path ? ld_cache_add(c, name, path, err) : err_nomem(err);
}

static int add_library(const struct tree *t, struct ld_cache *c,
		       struct ld_cache *sonames, const char *folder,
		       const struct entry *e, const char *name,
		       struct err *err)
{
	const struct entry *file = tree_resolve(t, e->path);
	CLEANUP_FREE char *soname = NULL;
	int r;

	if (!file || file->type != ENTRY_FILE)
		return 0;
	r = look(file, &soname, err);
	if (r <= 0)
		return r;
	r = add_named(c, folder, name, name, err);
	if (r == 0 && soname && strcmp(soname, name))
		r = add_named(sonames, folder, soname, name, err);
	return r;
}

static int add_folder(const struct tree *t, struct ld_cache *c,
		      const char *folder, struct err *err)
{
	CLEANUP_LD_CACHE struct ld_cache sonames = { 0 };
	const struct entry *dir = tree_resolve(t, folder);
	int r = 0;

	if (!dir || dir->type != ENTRY_DIR)
		return 0;
	for (size_t i = 0; i < t->n && r == 0; i++) {
		const char *name = library_name(t->v[i], dir->path);

		if (name)
			r = add_library(t, c, &sonames, folder, t->v[i], name,
					err);
	}
	/* Behind the files: ld_cache_write keeps the first of a name. */
	for (size_t i = 0; i < sonames.n && r == 0; i++)
		r = ld_cache_add(c, sonames.v[i].name, sonames.v[i].path, err);
	return r;
}

int image_ld_cache(struct tree *t, const struct origin *o, struct err *err)
{
	CLEANUP_LD_CACHE struct ld_cache c = { 0 };
	CLEANUP_STRLIST struct strlist folders = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	int r = tree_sort(t, err);

	if (r == 0)
		r = all_folders(t, &folders, err);
	for (size_t i = 0; i < folders.n && r == 0; i++)
		r = add_folder(t, &c, folders.v[i], err);
	if (r == 0)
		r = ld_cache_write(&c, &out, err);
	if (r == 0)
		r = tree_add_text(t, "etc/ld.so.cache", out.data, out.len, o,
				  err);
	return r < 0 ? r : tree_sort(t, err);
}
