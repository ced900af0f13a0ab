/*
 * python_cache.c - see python_cache.h
 *
 * The header of PEP 552: magic, flags, then for flags 0 time and size of the
 * source, each 32 bits little-endian.  Other flags (a hash) need nothing.
 * dir/__pycache__/name.cpython-311.opt-1.pyc belongs to dir/name.py.
 */
#include "bundler/python_cache.h"

#include <stdio.h>
#include <string.h>

#include "bundler/glob.h"

#define PYC_HEADER 16u
#define PYC_TIME 8u
#define PYC_SIZE 12u

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static const struct entry *source_of(const struct tree *t, const char *path)
{
	char source[TREE_PATH_MAX];
	const char *cache = strstr(path, "__pycache__/");
	const char *name = cache ? cache + strlen("__pycache__/") : path;
	size_t len = strcspn(name, ".");

	if (!cache || (size_t)snprintf(source, sizeof(source), "%.*s%.*s.py",
				       (int)(cache - path), path, (int)len,
				       name) >= sizeof(source))
		return NULL;
	return tree_resolve(t, source);
}

/* 1: stale, to be dropped; 0: good, or none of ours. */
static int fix_entry(const struct tree *t, struct entry *e, uint32_t time,
		     struct err *err)
{
	const struct entry *source = source_of(t, e->path);
	uint8_t head[PYC_HEADER];
	size_t len;
	int r;

	if (!source || source->type != ENTRY_FILE)
		return 0;
	r = entry_read_head(e, head, sizeof(head), &len, err);
	if (r < 0)
		return r;
	if (len < sizeof(head) || get32(head + 4))
		return 0;
	if (get32(head + PYC_TIME) != (uint32_t)source->mtime ||
	    get32(head + PYC_SIZE) != (uint32_t)source->content.size)
		return 1;
	e->content.patch.off = PYC_TIME;
	e->content.patch.len = 4;
	for (unsigned i = 0; i < 4; i++)
		e->content.patch.bytes[i] = (uint8_t)(time >> 8 * i);
	return 0;
}

struct stale {
	const bool *flags;		/* by index in the tree */
	size_t at;
};

/* tree_prune asks in the tree's order, the root (the first) left out. */
static bool drop(void *arg, const struct entry *e)
{
	struct stale *s = arg;

	(void)e;
	return s->flags[++s->at];
}

int python_cache_fix(struct tree *t, uint32_t time, struct err *err)
{
	CLEANUP_FREE bool *flags = calloc(t->n, sizeof(*flags));
	struct stale stale = { .flags = flags };

	if (!flags)
		return err_nomem(err);
	for (size_t i = 0; i < t->n; i++) {
		struct entry *e = t->v[i];
		int r = 0;

		if (e->type == ENTRY_FILE &&
		    glob_match("__pycache__/*.pyc", e->path))
			r = fix_entry(t, e, time, err);
		if (r < 0)
			return r;
		flags[i] = r > 0;
	}
	return tree_prune(t, drop, &stale, err);
}
