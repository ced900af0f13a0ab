/*
 * warn_libraries.c - needed libraries that no loader will find
 *
 * The app's own programs and libraries are asked for their NEEDED, and all
 * libraries that the loader finds by itself; not the plugins and helpers of
 * dependencies, which nobody may ever use (libcaca's OpenGL driver).  One is
 * found if the image's ld.so.cache has it, if it lies where RPATH or RUNPATH
 * point or beside who needs it, or if the same package brings it anywhere (a
 * plugin's library is loaded before the plugin is).  What is left is missing, or
 * lies where only an alternative's link would lead (libblas.so.3).
 *
 * One warning per library, with the first that needs it.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/elf_file.h"
#include "bundler/ld_cache.h"
#include "bundler/warnings.h"
#include "runtime/path.h"

#define MISSING_MAX 1024u

struct library {
	const char *name;		/* base name, in the entry's path */
	const struct entry *e;
};

struct missing {
	char *name;
	const struct entry *first, *hidden;
	size_t n;
};

struct looking {
	struct warnings *w;
	struct ld_cache cache;
	struct library *v;		/* by name */
	size_t n;
	struct missing *missing;
	size_t n_missing;
};

static void looking_free(struct looking *x)
{
	for (size_t i = 0; i < x->n_missing; i++)
		free(x->missing[i].name);
	free(x->missing);
	free(x->v);
	ld_cache_free(&x->cache);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- all libraries by name ---- */

static int compare(const void *a, const void *b)
{
	const struct library *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->e->path, y->e->path);
}

static int list_libraries(struct looking *x, struct err *err)
{
	const struct tree *t = x->w->t;

	x->v = calloc(t->n + 1, sizeof(*x->v));
	if (!x->v)
		return err_nomem(err);
	for (size_t i = 0; i < t->n; i++) {
		const char *name = base_name(t->v[i]->path);

		if (t->v[i]->type != ENTRY_DIR && strstr(name, ".so"))
			x->v[x->n++] = (struct library){ name, t->v[i] };
	}
	qsort(x->v, x->n, sizeof(*x->v), compare);
	return 0;
}

static int read_cache(struct looking *x, struct err *err)
{
	const struct entry *e = tree_resolve(x->w->t, "etc/ld.so.cache");
	CLEANUP_FREE char *data = NULL;
	size_t len;
	int r;

	if (!e || e->type != ENTRY_FILE || e->content.size > LD_CACHE_MAX)
		return 0;
	data = malloc((size_t)e->content.size + 1);
	if (!data)
		return err_nomem(err);
	r = entry_read_head(e, data, (size_t)e->content.size, &len, err);
	return r < 0 ? r : ld_cache_read(data, len, &x->cache, err);
}

/* ---- is it found? ---- */

static bool is_file(const struct tree *t, const char *dir, size_t dir_len,
		    const char *name)
{
	CLEANUP_FREE char *path = NULL;
	const struct entry *e;

	if (asprintf(&path, "%.*s/%s", (int)dir_len, dir, name) < 0) {
		path = NULL;
		return true;		/* not the library's fault */
	}
	e = tree_resolve(t, path);
	return e && e->type == ENTRY_FILE;
}

static bool beside(const struct looking *x, const struct entry *e,
		   const char *name)
{
	const char *slash = strrchr(e->path, '/');

	return is_file(x->w->t, e->path, slash ? (size_t)(slash - e->path) : 0,
		       name);
}

/* A colon-separated list with $ORIGIN; what has other tokens is believed. */
static bool in_list(const struct looking *x, const struct entry *e,
		    const char *list, const char *name)
{
	const char *slash = strrchr(e->path, '/');
	int own = slash ? (int)(slash - e->path) : 0;

	for (const char *p = list; p && *p;) {
		size_t len = strcspn(p, ":");
		size_t skip = !strncmp(p, "$ORIGIN", 7) ? 7 :
			      !strncmp(p, "${ORIGIN}", 9) ? 9 : 0;
		CLEANUP_FREE char *dir = NULL;

		if (asprintf(&dir, "%.*s%.*s", skip ? own : 0, e->path,
			     (int)(len - skip), p + skip) < 0) {
			dir = NULL;
			return true;
		}
		if (strchr(dir, '$') ||
		    is_file(x->w->t, dir, strlen(dir), name))
			return true;
		p += len + (p[len] == ':');
	}
	return false;
}

/* The first library of this name in the list; the end when there is none. */
static size_t first_named(const struct looking *x, const char *name)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(x->v[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool same_package(const struct looking *x, const struct entry *e,
			 const char *name, const struct entry **ret_hidden)
{
	for (size_t i = first_named(x, name);
	     i < x->n && !strcmp(x->v[i].name, name); i++) {
		if (x->v[i].e->origin == e->origin)
			return true;
		if (!*ret_hidden)
			*ret_hidden = x->v[i].e;
	}
	return false;
}

static bool is_found(const struct looking *x, const struct entry *e,
		     const struct elf_file *elf, const char *name,
		     const struct entry **ret_hidden)
{
	return strchr(name, '/') || ld_cache_find(&x->cache, name) ||
	       beside(x, e, name) || in_list(x, e, elf->runpath, name) ||
	       in_list(x, e, elf->rpath, name) ||
	       same_package(x, e, name, ret_hidden);
}

/* ---- one file ---- */

static int note_missing(struct looking *x, const char *name,
			const struct entry *e, const struct entry *hidden,
			struct err *err)
{
	struct missing *v;

	for (size_t i = 0; i < x->n_missing; i++)
		if (!strcmp(x->missing[i].name, name)) {
			x->missing[i].n++;
			return 0;
		}
	if (x->n_missing == MISSING_MAX)
		return 0;
	v = reallocarray(x->missing, x->n_missing + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	x->missing = v;
	v[x->n_missing] = (struct missing){ .name = strdup(name), .first = e,
					    .hidden = hidden, .n = 1 };
	return v[x->n_missing].name ? (x->n_missing++, 0) : err_nomem(err);
}

static int look_at(struct looking *x, const struct entry *e, struct err *err)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	CLEANUP_FD int fd = -1;
	struct err ignored;
	int r = entry_open(e, &fd, err);

	if (r < 0)
		return r;
	/* A broken one is no library; whoever loads it says so. */
	if (elf_file_read(fd, e->path, &elf, &ignored) != 1 ||
	    elf.machine != elf_machine_here() || elf.class != elf_class_here())
		return 0;
	for (size_t i = 0; i < elf.needed.n && r == 0; i++) {
		const struct entry *hidden = NULL;

		if (!is_found(x, e, &elf, elf.needed.v[i], &hidden))
			r = note_missing(x, elf.needed.v[i], e, hidden, err);
	}
	return r;
}

/* ---- telling ---- */

/* Debian's rule: libfoo.so.3 is libfoo3, libfoo-1.so.2 is libfoo-1-2. */
static void guess_package(const char *name, char *ret, size_t size)
{
	const char *so = strstr(name, ".so");
	int stem = so ? (int)(so - name) : 0;
	const char *number = so && so[3] == '.' ? so + 4 : "";
	bool digit = stem && name[stem - 1] >= '0' && name[stem - 1] <= '9';

	(void)snprintf(ret, size, "%.*s%s%s", stem, name,
		       digit && *number ? "-" : "", number);
	for (char *p = ret; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
		if (*p == '_')
			*p = '-';
	}
}

static void tell(struct warnings *w, const struct missing *m)
{
	char package[128], others[32] = "";

	guess_package(m->name, package, sizeof(package));
	if (m->n > 1)
		(void)snprintf(others, sizeof(others), " and %zu more",
			       m->n - 1);
	if (m->hidden)
		warn(w, "/%s%s need%s %s, which is only at /%s, where the "
		     "loader does not look; add environment: "
		     "{LD_LIBRARY_PATH: /%.*s}", m->first->path, others,
		     m->n > 1 ? "" : "s", m->name, m->hidden->path,
		     (int)(strlen(m->hidden->path) - strlen(m->name) - 1),
		     m->hidden->path);
	else
		warn(w, "/%s%s need%s %s, which is not in the image; add to "
		     "the sources the package that has it, perhaps - debian: "
		     "[%s]", m->first->path, others, m->n > 1 ? "" : "s",
		     m->name, package);
}

/* In a folder that ld.so.cache was made from? */
static bool in_cache(const struct looking *x, const struct entry *e)
{
	const char *path = ld_cache_find(&x->cache, base_name(e->path));

	return path && tree_resolve(x->w->t, path) == e;
}

static bool is_looked_at(const struct looking *x, const struct entry *e)
{
	bool library = strstr(base_name(e->path), ".so") != NULL;

	if (e->type != ENTRY_FILE || !(library || (e->mode & 0111)))
		return false;
	return warn_is_own(x->w, e) || (library && in_cache(x, e));
}

int warn_libraries(struct warnings *w, struct err *err)
{
	CLEANUP(looking_free) struct looking x = { .w = w };
	int r;

	/* A thin bundle's libraries are the host's. */
	if (w->m->kind == KIND_THIN)
		return 0;
	r = list_libraries(&x, err);
	if (r == 0)
		r = read_cache(&x, err);
	for (size_t i = 0; i < w->t->n && r == 0; i++)
		if (is_looked_at(&x, w->t->v[i]))
			r = look_at(&x, w->t->v[i], err);
	for (size_t i = 0; r == 0 && i < x.n_missing; i++)
		tell(w, &x.missing[i]);
	return r;
}
