/*
 * debian_tree.c - see debian_tree.h
 */
#include "bundler/debian_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bundler/debian_deb.h"
#include "bundler/filter.h"
#include "bundler/glob.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define COMPARE_CHUNK 65536u

struct laid {
	const struct origin *origin;
	char *replaces;			/* the field, or NULL */
};

struct laying {
	struct tree *t;
	const struct debian_cache *cache;
	const struct debian_wish *wish;
	const struct notes *notes;
	int base_fd;			/* unpacked/, owned by the tree */
	struct laid *v;			/* of this source */
	size_t n;
};

/* ---- what is left out ---- */

static const char *const dropped[] = {
	"usr/share/man", "usr/share/info", "usr/share/lintian",
	"usr/share/linda", "usr/share/bug", "usr/share/doc-base",
	"usr/share/gtk-doc", "usr/share/gnome/help",
};

/* The component at p, and what lies below it. */
static size_t component(const char *p)
{
	return strcspn(p, "/");
}

static bool doc_stays(const char *rest, enum entry_type type)
{
	const char *p = rest + component(rest);

	/* doc/NAME -> doc/OTHER leads to another one's copyright. */
	if (!*p)
		return type == ENTRY_LINK;
	return !strcmp(p, "/copyright");
}

/* locale/de/..., help/de/...: "C" and what is no folder stay. */
static bool other_language(const struct debian_wish *w, const char *rest,
			   enum entry_type type)
{
	size_t len = component(rest);

	if (!rest[len] && type == ENTRY_FILE)
		return false;
	if (*rest == 'C' && (len == 1 || rest[1] == '.'))
		return false;
	return !filter_lists_language(w->locales, rest, len);
}

static bool is_kept(const struct debian_wish *w, const char *path)
{
	for (size_t i = 0; i < w->keep->n; i++)
		if (glob_covers(w->keep->v[i], path))
			return true;
	return false;
}

static bool in_rules(const struct debian_wish *w, const char *path,
		     enum entry_type type)
{
	const char *rest;

	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		if (path_below(path, dropped[i]))
			return true;
	rest = path_below(path, "usr/share/doc");
	if (rest && *rest)
		return !doc_stays(rest, type);
	rest = path_below(path, "usr/share/locale");
	if (!rest)
		rest = path_below(path, "usr/share/help");
	return rest && *rest && other_language(w, rest, type);
}

bool debian_leaves_out(const struct debian_wish *w, const char *path,
		       enum entry_type type)
{
	return in_rules(w, path, type) && !is_kept(w, path);
}

/* ---- the same file twice ---- */

/* The entry that stands where `path` would be laid, or NULL. */
static struct entry *find_old(const struct tree *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *parent = NULL;
	CLEANUP_FREE char *place = NULL;
	const struct entry *dir;

	if (!slash)
		return tree_find(t, path);
	parent = strndup(path, (size_t)(slash - path));
	dir = parent ? tree_resolve(t, parent) : NULL;
	if (!dir)
		return NULL;
	place = *dir->path ? path_join(dir->path, slash + 1) :
			     strdup(slash + 1);
	return place ? tree_find(t, place) : NULL;
}

static const struct laid *find_laid(const struct laying *x,
				    const struct origin *o)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].origin == o)
			return &x->v[i];
	return NULL;
}

static bool replaces(const struct laid *a, const struct laid *b)
{
	return a->replaces && relations_hold(a->replaces, b->origin->name);
}

static int same_bytes(const struct entry *a, const struct entry *b,
		      bool *ret, struct err *err)
{
	CLEANUP_FREE char *space = malloc(2 * COMPARE_CHUNK);
	CLEANUP_FD int fa = -1;
	CLEANUP_FD int fb = -1;
	int r = space ? entry_open(a, &fa, err) : err_nomem(err);
	bool same = true;

	if (r == 0)
		r = entry_open(b, &fb, err);
	for (uint64_t off = 0; off < a->content.size && same && r == 0;) {
		size_t n = a->content.size - off < COMPARE_CHUNK ?
			   (size_t)(a->content.size - off) : COMPARE_CHUNK;

		r = entry_read(a, fa, space, n, off, err);
		if (r == 0)
			r = entry_read(b, fb, space + COMPARE_CHUNK, n, off,
				       err);
		same = r == 0 && !memcmp(space, space + COMPARE_CHUNK, n);
		off += n;
	}
	if (r == 0)
		*ret = same;
	return r;
}

static int same_entry(const struct entry *a, const struct entry *b, bool *ret,
		      struct err *err)
{
	*ret = false;
	if (a->type != b->type)
		return 0;
	if (a->type == ENTRY_LINK) {
		*ret = !strcmp(a->target, b->target);
		return 0;
	}
	if (a->content.size != b->content.size)
		return 0;
	return same_bytes(a, b, ret, err);
}

/* May `spec` be laid over `old`?  1: yes, 0: the old one stays. */
static int may_replace(const struct laying *x, const struct entry *old,
		       const struct entry *spec, struct err *err)
{
	const struct laid *new = &x->v[x->n - 1];
	const struct laid *was = find_laid(x, old->origin);
	bool same;
	int r;

	if (!was || was == new || replaces(new, was))
		return 1;
	if (replaces(was, new))
		return 0;
	r = same_entry(old, spec, &same, err);
	if (r < 0)
		return r;
	if (same)
		return 1;
	return err_set(err, EEXIST, "/%s is in two packages, %s %s and %s %s, "
		       "and neither says that it replaces the other; leave out "
		       "one of the packages", old->path, was->origin->name,
		       was->origin->version, new->origin->name,
		       new->origin->version);
}

/* ---- laying ---- */

static int lay_entry(void *arg, struct entry *spec, struct err *err)
{
	struct laying *x = arg;
	const struct entry *old;
	int r = 1;

	if (debian_leaves_out(x->wish, spec->path, spec->type))
		return 0;
	spec->origin = x->v[x->n - 1].origin;
	spec->content.base_fd = x->base_fd;
	if (spec->type != ENTRY_DIR) {
		old = find_old(x->t, spec->path);
		if (old && old->type != ENTRY_DIR)
			r = may_replace(x, old, spec, err);
	}
	return r <= 0 ? r : tree_add(x->t, spec, NULL, err);
}

static char *read_replaces(int dir_fd)
{
	CLEANUP_FD int fd = openat(dir_fd, "c-control", O_RDONLY | O_CLOEXEC |
				   O_NOFOLLOW);
	CLEANUP_FREE char *text = NULL;
	struct stanza s;
	const char *at;
	size_t len;

	if (fd < 0 || fd_slurp(fd, DEB_CONTROL_MAX, &text, &len) < 0)
		return NULL;
	at = text;
	return stanza_next(&at, text + len, &s) ? stanza_get(&s, "Replaces") :
						  NULL;
}

/* Checks the whole index, with the sizes of all files, before any of it is
 * laid: a package that is not whole can then be unpacked again. */
static int look_at(void *arg, struct entry *spec, struct err *err)
{
	(void)arg;
	(void)spec;
	(void)err;
	return 0;
}

static int open_whole(const struct laying *x, const struct debian_package *p,
		      int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r = debian_cache_unpacked(x->cache, p, x->notes, &fd, err);

	if (r < 0)
		return r;
	r = deb_index_read(fd, p->sha256, 1, look_at, NULL, err);
	if (r == -EBADMSG || r == -ENOENT) {
		cleanup_fd_(&fd);
		fd = -1;
		debian_cache_forget(x->cache, p);
		r = debian_cache_unpacked(x->cache, p, x->notes, &fd, err);
	}
	if (r == 0)
		*ret_fd = steal_fd(&fd);
	return r;
}

/* Hard links of one package must not meet those of another, or of a folder. */
static uint64_t device_of(const struct debian_package *p)
{
	char digits[17];

	memcpy(digits, p->sha256, 16);
	digits[16] = '\0';
	return strtoull(digits, NULL, 16) | 1;
}

static int lay_package(struct laying *x, const struct debian_package *p,
		       struct err *err)
{
	const struct origin *o = tree_origin(x->t, ORIGIN_DEBIAN,
					     x->wish->line, p->name,
					     p->version);
	CLEANUP_FD int fd = -1;
	int r = o ? open_whole(x, p, &fd, err) : err_nomem(err);

	if (r < 0)
		return r;
	x->v[x->n++] = (struct laid){ .origin = o,
				      .replaces = read_replaces(fd) };
	r = deb_index_read(fd, p->sha256, device_of(p), lay_entry, x, err);
	return r < 0 ? err_prefix(err, "%s %s", p->name, p->version) : 0;
}

static int lay_all(struct laying *x, const struct debian_list *l,
		   struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		notes_progress(x->notes, i, l->n);
		r = lay_package(x, &l->v[i], err);
		if (r == 0)
			r = notes_check(x->notes, err);
	}
	notes_progress(x->notes, l->n, l->n);
	return r;
}

int debian_lay(struct tree *t, const struct debian_cache *c,
	       const struct debian_list *l, const struct debian_wish *wish,
	       const struct notes *notes, struct err *err)
{
	struct laying x = { .t = t, .cache = c, .wish = wish,
			    .notes = notes };
	int r;

	x.base_fd = fcntl(c->unpacked_fd, F_DUPFD_CLOEXEC, 3);
	if (x.base_fd < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	r = tree_base(t, x.base_fd, err);
	if (r < 0)
		return r;
	x.v = calloc(l->n + 1, sizeof(*x.v));
	if (!x.v)
		return err_nomem(err);
	r = lay_all(&x, l, err);
	for (size_t i = 0; i < x.n; i++)
		free(x.v[i].replaces);
	free(x.v);
	return r;
}
