/*
 * tree_contents.c - see tree_contents.h
 */
#include "bundler/tree_contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/pathset.h"

struct count {
	const struct origin *o;
	uint64_t files, bytes;
};

struct counting {
	struct count *v;
	size_t n;
	struct pathset links;		/* "dev:ino" of hard links seen */
};

static void counting_free(struct counting *c)
{
	free(c->v);
	pathset_free(&c->links);
}

static const char *kind_of(const struct origin *o)
{
	static const char *const names[] = {
		[ORIGIN_HOLDALL] = "holdall", [ORIGIN_DIR] = "dir",
		[ORIGIN_FILES] = "files", [ORIGIN_DEBIAN] = "debian",
		[ORIGIN_IMAGE] = "image",
	};

	return (size_t)o->kind < ARRAY_SIZE(names) && names[o->kind] ?
	       names[o->kind] : "holdall";
}

/* Entries of one origin mostly follow each other, but origins are few. */
static struct count *count_of(struct counting *c, const struct origin *o)
{
	for (size_t i = c->n; i-- > 0;)
		if (c->v[i].o == o)
			return &c->v[i];
	c->v[c->n] = (struct count){ .o = o };
	return &c->v[c->n++];
}

/* 1: another name of what was counted. */
static int is_seen(struct counting *c, const struct entry *e,
		   struct err *err)
{
	char key[48];
	int r;

	if (!e->ino)
		return 0;
	(void)snprintf(key, sizeof(key), "%llx:%llx",
		       (unsigned long long)e->dev, (unsigned long long)e->ino);
	r = pathset_add(&c->links, key, err);
	return r < 0 ? r : !r;
}

static int count_entry(struct counting *c, const struct entry *e,
		       struct err *err)
{
	struct count *to;
	int r;

	if (e->type == ENTRY_DIR || !e->origin)
		return 0;
	r = is_seen(c, e, err);
	if (r < 0)
		return r;
	to = count_of(c, e->origin);
	to->files++;
	if (e->type == ENTRY_FILE && !r)
		to->bytes += e->content.size;
	return 0;
}

/* Origins that say the same (two sources with one folder) are one row. */
static int add_row(struct contents *c, const struct count *x,
		   struct err *err)
{
	const char *version = x->o->version ? x->o->version : "";
	const char *name = x->o->name && *x->o->name ? x->o->name : "holdall";

	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].kind, kind_of(x->o)) &&
		    !strcmp(c->v[i].name, name) &&
		    !strcmp(c->v[i].version, version)) {
			c->v[i].files += x->files;
			c->v[i].bytes += x->bytes;
			return 0;
		}
	return contents_add(c, kind_of(x->o), name, version, x->files,
			    x->bytes, err);
}

int tree_contents(const struct tree *t, struct contents *ret,
		  struct err *err)
{
	CLEANUP(counting_free) struct counting c = { 0 };
	CLEANUP_CONTENTS struct contents all = { 0 };
	int r = 0;

	c.v = calloc(t->n_origins + 1, sizeof(*c.v));
	if (!c.v)
		return err_nomem(err);
	for (size_t i = 0; i < t->n && r == 0; i++)
		r = count_entry(&c, t->v[i], err);
	for (size_t i = 0; i < c.n && r == 0; i++)
		r = add_row(&all, &c.v[i], err);
	if (r < 0)
		return r;
	*ret = all;
	all = (struct contents){ 0 };
	return 0;
}
