/*
 * tree.c - entries, their index by path, and laying one over the other
 *
 * Entries are single allocations in a growing array, found by an open-addressed
 * hash of their path.  There are no child lists: sorted by components, a
 * directory's content follows it, and that is all the writers need.
 */
#include "bundler/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/walk.h"
#include "runtime/path.h"

/* ---- index ---- */

static uint64_t hash_path(const char *path)
{
	uint64_t h = UINT64_C(14695981039346656037);	/* FNV-1a */

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
	return h ^ h >> 29;
}

static size_t slot_of(const struct tree *t, const char *path)
{
	size_t i = (size_t)hash_path(path) & (t->n_slots - 1);

	/* Never full: index_grow keeps a half of the slots free. */
	while (t->slots[i] && strcmp(t->v[t->slots[i] - 1]->path, path))
		i = (i + 1) & (t->n_slots - 1);
	return i;
}

static int index_build(struct tree *t, size_t n_slots, struct err *err)
{
	size_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return err_nomem(err);
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	for (size_t i = 0; i < t->n; i++)
		t->slots[slot_of(t, t->v[i]->path)] = i + 1;
	return 0;
}

static int index_grow(struct tree *t, struct err *err)
{
	size_t cap = t->cap ? t->cap * 2 : 256;
	struct entry **v;

	if (t->n >= TREE_ENTRIES_MAX)
		return err_set(err, EFBIG, "more than %u files and folders",
			       TREE_ENTRIES_MAX);
	if (t->n < t->cap)
		return 0;
	v = realloc(t->v, cap * sizeof(struct entry *));
	if (!v)
		return err_nomem(err);
	t->v = v;
	t->cap = cap;
	return index_build(t, cap * 2, err);
}

struct entry *tree_find(const struct tree *t, const char *path)
{
	size_t i;

	if (!t->n_slots)
		return NULL;
	i = t->slots[slot_of(t, path)];
	return i ? t->v[i - 1] : NULL;
}

/* ---- entries ---- */

static void content_free(struct content *c)
{
	free(c->rel);
	free(c->data);
	*c = (struct content){ .base_fd = -1 };
}

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	free(e->path);
	free(e->target);
	content_free(&e->content);
	free(e);
}

static void entry_cleanup(struct entry **e)
{
	entry_free(*e);
}

static char *dup_or_null(const char *s)
{
	return s ? strdup(s) : NULL;
}

/* A copy without the memory content, which is taken over last. */
static struct entry *entry_copy(const struct entry *spec, const char *path)
{
	CLEANUP(entry_cleanup) struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	*e = *spec;
	e->mode &= 0777;
	e->content.data = NULL;
	e->path = strdup(path);
	e->target = dup_or_null(spec->target);
	e->content.rel = dup_or_null(spec->content.rel);
	if (!e->path || (spec->target && !e->target) ||
	    (spec->content.rel && !e->content.rel))
		return NULL;
	return steal_ptr(&e);
}

static int append(struct tree *t, const struct entry *spec, const char *path,
		  struct entry **ret, struct err *err)
{
	CLEANUP(entry_cleanup) struct entry *e = NULL;
	int r = index_grow(t, err);

	if (r < 0)
		return r;
	t->names += strlen(path) + (spec->target ? strlen(spec->target) : 0);
	if (t->names > TREE_NAMES_MAX)
		return err_set(err, EFBIG, "more than %zu MiB of file names",
			       TREE_NAMES_MAX >> 20);
	e = entry_copy(spec, path);
	if (!e)
		return err_nomem(err);
	e->content.data = spec->content.data;
	*ret = e;
	t->v[t->n++] = e;
	t->slots[slot_of(t, path)] = t->n;
	t->sorted = false;
	e = NULL;
	return 0;
}

/* Puts `spec` in the place of an entry, which keeps its index. */
static int replace(struct entry *old, const struct entry *spec,
		   struct err *err)
{
	CLEANUP(entry_cleanup) struct entry *e = entry_copy(spec, old->path);
	struct entry swap;

	if (!e)
		return err_nomem(err);
	e->content.data = spec->content.data;
	swap = *old;
	*old = *e;
	*e = swap;
	return 0;
}

/* ---- lookup through links ---- */

struct entry *tree_resolve(const struct tree *t, const char *path)
{
	struct entry *e;
	struct walk w;
	int r;

	if (!walk_start(&w, path))
		return NULL;
	while ((r = walk_step(&w)) > 0) {
		e = tree_find(t, w.at);
		if (!e || (e->type == ENTRY_FILE && !walk_is_last(&w)))
			return NULL;
		if (e->type == ENTRY_LINK && !walk_link(&w, e->target))
			return NULL;
	}
	return r < 0 ? NULL : tree_find(t, w.at);
}

/* ---- laying over ---- */

const char *origin_text(const struct origin *o, char *space, size_t size)
{
	static const char *const kinds[] = {
		[ORIGIN_HOLDALL] = "holdall", [ORIGIN_DIR] = "dir",
		[ORIGIN_FILES] = "files", [ORIGIN_DEBIAN] = "debian",
		[ORIGIN_IMAGE] = "image",
	};

	if (!o)
		(void)snprintf(space, size, "an unknown source");
	else if (o->kind == ORIGIN_HOLDALL)
		(void)snprintf(space, size, "holdall itself");
	else if (o->line)
		(void)snprintf(space, size, "%s %s, line %u", kinds[o->kind],
			       o->name, o->line);
	else
		(void)snprintf(space, size, "%s %s", kinds[o->kind], o->name);
	return space;
}

static int conflict(const struct entry *old, const struct entry *spec,
		    struct err *err)
{
	static const char *const types[] = {
		[ENTRY_DIR] = "a folder", [ENTRY_FILE] = "a file",
		[ENTRY_LINK] = "a link",
	};
	char a[512], b[512];

	return err_set(err, EEXIST,
		       "/%s is %s in one source (%s) and %s in another (%s); "
		       "exclude one of them", old->path, types[old->type],
		       origin_text(old->origin, a, sizeof(a)),
		       types[spec->type],
		       origin_text(spec->origin, b, sizeof(b)));
}

/* The directory that a name stands for, made when missing. */
static int enter(struct tree *t, const char *path, const struct entry *spec,
		 struct entry **ret, struct err *err)
{
	struct entry *to, *e = tree_find(t, path);
	struct entry dir = { .type = ENTRY_DIR, .mode = 0755,
			     .origin = spec->origin,
			     .content.base_fd = -1 };

	if (!e)
		return append(t, &dir, path, ret, err);
	to = e->type == ENTRY_LINK ? tree_resolve(t, path) : e;
	/* Our own links (lib -> usr/lib) may come before their folder. */
	if (!to && e->origin && e->origin->kind == ORIGIN_HOLDALL)
		return append(t, &dir, e->target, ret, err);
	if (!to || to->type != ENTRY_DIR)
		return conflict(to ? to : e, &dir, err);
	*ret = to;
	return 0;
}

static int check_path(const struct entry *spec, struct err *err)
{
	const char *p = spec->path;

	if (!*p && spec->type == ENTRY_DIR)
		return 0;
	if (!path_is_clean(p, false))
		return err_set(err, EINVAL, "%s: not a clean path", p);
	if (strlen(p) >= TREE_PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%.200s...: path too long",
			       p);
	while (*p) {
		size_t len = strcspn(p, "/");

		if (len > TREE_NAME_MAX)
			return err_set(err, ENAMETOOLONG,
				       "%.200s...: name too long", p);
		p += len + (p[len] == '/');
	}
	return 0;
}

/* Follows the parents of spec->path inside the tree; `w.at` is then the real
 * place of the path itself. */
static int find_place(struct tree *t, const struct entry *spec,
		      struct walk *w, struct err *err)
{
	struct entry *dir;
	int r, step = walk_start(w, spec->path) ? 0 : -1;

	while (step == 0 && (step = walk_step(w)) > 0 && !walk_is_last(w)) {
		r = enter(t, w->at, spec, &dir, err);
		if (r < 0)
			return r;
		(void)strcpy(w->at, dir->path);
		step = 0;
	}
	if (step < 0)
		return err_set(err, ENAMETOOLONG, "%.200s...: path too long",
			       spec->path);
	return 0;
}

int tree_add(struct tree *t, const struct entry *spec, struct entry **ret,
	     struct err *err)
{
	struct entry *old, *e = NULL;
	struct walk w;
	int r = check_path(spec, err);

	if (r == 0)
		r = find_place(t, spec, &w, err);
	if (r < 0)
		return r;
	old = tree_find(t, w.at);
	if (!old) {
		r = append(t, spec, w.at, &e, err);
	} else if (spec->type == ENTRY_DIR && old->type != ENTRY_DIR) {
		r = enter(t, w.at, spec, &e, err);
	} else if (spec->type != ENTRY_DIR && old->type == ENTRY_DIR) {
		r = conflict(old, spec, err);
	} else {
		e = old;
		r = replace(old, spec, err);
	}
	if (r == 0 && ret)
		*ret = e;
	return r;
}

int tree_add_dir(struct tree *t, const char *path, const struct origin *o,
		 struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_DIR,
			      .mode = 0755, .origin = o,
			      .content.base_fd = -1 };

	return tree_add(t, &spec, NULL, err);
}

int tree_add_link(struct tree *t, const char *path, const char *target,
		  const struct origin *o, struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_LINK,
			      .mode = 0777, .target = (char *)target,
			      .origin = o, .content.base_fd = -1 };

	return tree_add(t, &spec, NULL, err);
}

int tree_add_text(struct tree *t, const char *path, const void *data,
		  size_t len, const struct origin *o, struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_FILE,
			      .mode = 0644, .origin = o,
			      .content = { .kind = CONTENT_MEMORY,
					   .base_fd = -1, .size = len } };
	int r;

	spec.content.data = malloc(len + 1);
	if (!spec.content.data)
		return err_nomem(err);
	if (len)
		memcpy(spec.content.data, data, len);
	r = tree_add(t, &spec, NULL, err);
	if (r < 0)
		free(spec.content.data);
	return r;
}

/* ---- the whole ---- */

int tree_new(struct tree *ret, struct err *err)
{
	struct tree t = TREE_INIT;
	struct entry root = { .path = (char *)"", .type = ENTRY_DIR,
			      .mode = 0755, .content.base_fd = -1 };
	struct entry *e;
	int r = append(&t, &root, "", &e, err);

	if (r < 0)
		return r;
	*ret = t;
	return 0;
}

void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		entry_free(t->v[i]);
	for (size_t i = 0; i < t->n_bases; i++)
		(void)close(t->bases[i]);
	for (size_t i = 0; i < t->n_origins; i++) {
		free(t->origins[i]->name);
		free(t->origins[i]->version);
		free(t->origins[i]);
	}
	free(t->v);
	free(t->slots);
	free(t->bases);
	free(t->origins);
	*t = TREE_INIT;
}

int tree_base(struct tree *t, int fd, struct err *err)
{
	int *bases = realloc(t->bases, (t->n_bases + 1) * sizeof(*bases));

	if (!bases) {
		(void)close(fd);
		return err_nomem(err);
	}
	t->bases = bases;
	t->bases[t->n_bases++] = fd;
	return 0;
}

const struct origin *tree_origin(struct tree *t, enum origin_kind kind,
				 unsigned line, const char *name,
				 const char *version)
{
	struct origin **v = realloc(t->origins, (t->n_origins + 1) *
						sizeof(struct origin *));
	struct origin *o;

	if (!v)
		return NULL;
	t->origins = v;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->kind = kind;
	o->line = line;
	o->name = strdup(name);
	o->version = dup_or_null(version);
	if (!o->name || (version && !o->version)) {
		free(o->name);
		free(o->version);
		free(o);
		return NULL;
	}
	t->origins[t->n_origins++] = o;
	return o;
}

int tree_prune(struct tree *t, bool (*drop)(void *arg, const struct entry *e),
	       void *arg, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i]->path[0] && drop(arg, t->v[i]))
			entry_free(t->v[i]);
		else
			t->v[kept++] = t->v[i];
	}
	t->n = kept;
	return index_build(t, t->n_slots, err);
}

int tree_compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	/* The end of a path, then '/', then every other byte by its value. */
	if (*a == '/' && *b)
		return -1;
	if (*b == '/' && *a)
		return 1;
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

static int by_path(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return tree_compare_paths((*x)->path, (*y)->path);
}

int tree_sort(struct tree *t, struct err *err)
{
	if (t->sorted)
		return 0;
	qsort(t->v, t->n, sizeof(struct entry *), by_path);
	t->sorted = true;
	return index_build(t, t->n_slots, err);
}
