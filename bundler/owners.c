/*
 * owners.c - see owners.h
 */
#include "bundler/owners.h"

#include <fcntl.h>
#include <string.h>

#include "bundler/debian_deb.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define OWNERS_MAX 1024u

void owners_free(struct owners *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].name);
		free(o->v[i].version);
	}
	free(o->v);
	*o = (struct owners){ 0 };
}

static struct owner *find(const struct owners *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->v[i].name, name))
			return &o->v[i];
	return NULL;
}

int owners_add(struct owners *o, const char *name, const char *version,
	       enum owner_rank rank, struct err *err)
{
	struct owner *old = find(o, name), *v, new = { .rank = rank };

	if (old) {
		if (rank < old->rank)
			old->rank = rank;
		return 0;
	}
	if (o->n == OWNERS_MAX)
		return 0;
	v = reallocarray(o->v, o->n + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	o->v = v;
	new.name = strdup(name);
	new.version = strdup(version);
	if (!new.name || !new.version) {
		free(new.name);
		free(new.version);
		return err_nomem(err);
	}
	o->v[o->n++] = new;
	return 0;
}

/* ---- packages ---- */

/* "jq:amd64", "jq=1.6-2", "jq/bookworm" are the package jq. */
static bool word_names(const char *word, const char *name)
{
	size_t n = strcspn(word, ":=/");

	return strlen(name) == n && !strncmp(word, name, n);
}

static bool is_requested(const struct lock_source *s, const char *name)
{
	for (size_t i = 0; i < s->request.n; i++)
		if (word_names(s->request.v[i], name))
			return true;
	return false;
}

/* Depends of an unpacked package; NULL: none that can be read. */
static char *read_depends(const struct debian_cache *cache,
			  const struct debian_package *p,
			  const struct notes *notes)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int dir_fd = -1;
	CLEANUP_FD int fd = -1;
	const char *at;
	struct stanza s;
	struct err err;
	size_t len;

	if (debian_cache_unpacked(cache, p, notes, &dir_fd, &err) < 0)
		return NULL;
	fd = openat(dir_fd, "c-control", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fd_slurp(fd, DEB_CONTROL_MAX, &text, &len) < 0)
		return NULL;
	at = text;
	return stanza_next(&at, text + len, &s) ? stanza_get(&s, "Depends") :
						  NULL;
}

static int add_siblings(struct owners *o, const struct debian_cache *cache,
			const struct lock_source *s,
			const struct debian_package *p,
			const struct notes *notes, struct err *err)
{
	CLEANUP_FREE char *depends = read_depends(cache, p, notes);
	int r = 0;

	for (size_t i = 0; depends && i < s->packages.n && r == 0; i++) {
		const struct debian_package *q = &s->packages.v[i];

		if (!strcmp(q->source, p->source) &&
		    relations_hold(depends, q->name))
			r = owners_add(o, q->name, q->version,
				       OWNER_SAME_SOURCE, err);
	}
	return r;
}

int owners_add_debian(struct owners *o, const struct debian_cache *cache,
		      const struct lock_source *s, const struct notes *notes,
		      struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < s->packages.n && r == 0; i++) {
		const struct debian_package *p = &s->packages.v[i];

		if (!is_requested(s, p->name))
			continue;
		r = owners_add(o, p->name, p->version, OWNER_NAMED, err);
		if (r == 0)
			r = add_siblings(o, cache, s, p, notes, err);
	}
	return r;
}

int owners_find(const struct manifest *m, const struct debian_job *job,
		struct owners *ret, struct err *err)
{
	CLEANUP_OWNERS struct owners o = { .m = m };
	int r = 0;

	for (size_t i = 0; i < job->new.n_sources && r == 0; i++)
		r = owners_add_debian(&o, &job->cache, &job->new.sources[i],
				      job->notes, err);
	if (r < 0)
		return r;
	*ret = o;
	o = (struct owners){ 0 };
	return 0;
}

/* ---- asking ---- */

/* Everything that a `files` source brings has one origin; named are only its
 * own items. */
static bool is_named_file(const struct manifest *m, const char *path)
{
	for (size_t i = 0; m && i < m->n_sources; i++) {
		const struct source *s = &m->sources[i];

		for (size_t k = 0; s->kind == SOURCE_FILES && k < s->items.n;
		     k++) {
			const char *item = s->items.v[k] + 1;
			const char *rest = path_below(path, "usr");

			/* /bin/x was laid as usr/bin/x. */
			if (*item && (path_below(path, item) ||
				      (rest && path_below(rest, item))))
				return true;
		}
	}
	return false;
}

enum owner_rank owners_rank(const struct owners *o, const struct entry *e)
{
	const struct owner *owner;

	if (!e->origin)
		return OWNER_NONE;
	switch (e->origin->kind) {
	case ORIGIN_DIR:
		return OWNER_NAMED;
	case ORIGIN_FILES:
		return is_named_file(o->m, e->path) ? OWNER_NAMED : OWNER_NONE;
	case ORIGIN_DEBIAN:
		owner = find(o, e->origin->name);
		return owner ? owner->rank : OWNER_NONE;
	default:
		return OWNER_NONE;
	}
}

bool owners_names(const struct owners *o, const char *package)
{
	const struct owner *owner = find(o, package);

	return owner && owner->rank == OWNER_NAMED;
}
