/*
 * image_nodes.c - see image_nodes.h
 */
#include "bundler/image_nodes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_identity(const void *a, const void *b, void *arg)
{
	const struct tree *t = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct entry *e = t->v[x], *f = t->v[y];

	if (e->dev != f->dev)
		return e->dev < f->dev ? -1 : 1;
	if (e->ino != f->ino)
		return e->ino < f->ino ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool is_linked(const struct entry *e)
{
	return e->type == ENTRY_FILE && e->ino && !e->content.patch.len;
}

static int group_links(const struct tree *t, struct image_node *nodes,
		       struct err *err)
{
	CLEANUP_FREE size_t *v = calloc(t->n, sizeof(*v));
	size_t n = 0, primary = 0;

	if (!v)
		return err_nomem(err);
	for (size_t i = 0; i < t->n; i++)
		if (is_linked(t->v[i]))
			v[n++] = i;
	qsort_r(v, n, sizeof(*v), by_identity, (void *)t);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = t->v[v[i]];
		const struct entry *p = t->v[v[primary]];

		if (e->dev != p->dev || e->ino != p->ino)
			primary = i;
		nodes[v[i]].primary = v[primary];
		nodes[v[primary]].nlink += primary != i;
	}
	return 0;
}

static bool lies_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !len || (!strncmp(path, dir, len) && path[len] == '/');
}

/* The tree's promise; without it an image would hold names that lead nowhere. */
static bool is_right_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strchr(path + len + (len > 0), '/');
}

/* In the tree's order an entry's folder is the last one met, or one that that
 * one lies in. */
static void find_parents(const struct tree *t, struct image_node *nodes)
{
	size_t dir = 0;

	for (size_t i = 1; i < t->n; i++) {
		while (!lies_in(t->v[i]->path, t->v[dir]->path))
			dir = nodes[dir].parent;
		assert(is_right_below(t->v[i]->path, t->v[dir]->path));
		nodes[i].parent = dir;
		if (t->v[i]->type == ENTRY_DIR)
			dir = i;
	}
}

/* Backwards, so that putting in front keeps the order. */
static void link_nodes(const struct tree *t, struct image_node *nodes)
{
	for (size_t i = t->n; i-- > 1;) {
		struct image_node *p = &nodes[nodes[i].parent];

		nodes[i].next = p->first;
		p->first = i;
		p->nlink += t->v[i]->type == ENTRY_DIR;
	}
}

static uint32_t number_nodes(const struct tree *t, struct image_node *nodes)
{
	uint32_t number = 0;

	for (size_t d = t->n; d-- > 0;) {
		if (t->v[d]->type != ENTRY_DIR)
			continue;
		for (size_t i = nodes[d].first; i; i = nodes[i].next) {
			struct image_node *p = &nodes[nodes[i].primary];

			if (!p->number)
				p->number = ++number;
		}
	}
	nodes[0].number = ++number;
	return number;
}

int image_nodes_make(const struct tree *t, struct image_node **ret,
		     uint32_t *ret_inodes, struct err *err)
{
	struct image_node *nodes = calloc(t->n, sizeof(*nodes));
	int r;

	if (!nodes)
		return err_nomem(err);
	for (size_t i = 0; i < t->n; i++) {
		nodes[i].primary = i;
		nodes[i].nlink = t->v[i]->type == ENTRY_DIR ? 2 : 1;
	}
	find_parents(t, nodes);
	link_nodes(t, nodes);
	r = group_links(t, nodes, err);
	if (r < 0) {
		free(nodes);
		return r;
	}
	*ret_inodes = number_nodes(t, nodes);
	*ret = nodes;
	return 0;
}

void image_nodes_free(struct image_node *nodes, size_t n)
{
	for (size_t i = 0; nodes && i < n; i++)
		sqfs_free(nodes[i].inode);
	free(nodes);
}
