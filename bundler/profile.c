/*
 * profile.c - see profile.h
 */
#include "bundler/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/image_write.h"
#include "runtime/fd.h"
#include "runtime/image_profile.h"
#include "runtime/text.h"

#define BLOCK_MAX (1u << 24)

_Static_assert(PROFILE_BLOCK_UNIT == IMAGE_BLOCK_SIZE,
	       "blocks of a profile are blocks of our images");

int launch_profile_open(const char *path, struct profile *ret,
			struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char name[512];
	size_t len;
	int r = fd < 0 ? -errno : fd_slurp(fd, PROFILE_TEXT_MAX, &text, &len);

	text_quoted(name, sizeof(name), path);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s: larger than a launch profile "
			       "can be (8 MiB)", name);
	if (r < 0)
		return err_sys(err, -r, "cannot read the launch profile %s",
			       name);
	return profile_parse(path, text, len, ret, err);
}

/* The index of exactly this path, or t->n. */
static size_t find_index(const struct tree *t, const char *path)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = tree_compare_paths(path, t->v[mid]->path);

		if (c == 0)
			return mid;
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return t->n;
}

size_t launch_profile_unknown(const struct profile *p, const struct tree *t)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += find_index(t, p->v[i].path) == t->n;
	return n;
}

/* ---- order ------------------------------------------------------------------ */

struct order {
	const struct tree *t;
	const struct image_node *nodes;
	bool *taken;
	size_t *v, n;
};

static void take(struct order *o, size_t i)
{
	if (i == o->t->n || o->t->v[i]->type != ENTRY_FILE)
		return;
	i = o->nodes[i].primary;
	if (o->taken[i])
		return;
	o->taken[i] = true;
	o->v[o->n++] = i;
}

int launch_profile_order(const struct profile *p, const struct tree *t,
			 const struct image_node *nodes, size_t **ret,
			 size_t *ret_n, struct err *err)
{
	CLEANUP_FREE bool *taken = calloc(t->n, sizeof(*taken));
	CLEANUP_FREE size_t *v = calloc(t->n, sizeof(*v));
	struct order o = { .t = t, .nodes = nodes, .taken = taken, .v = v };

	if (!taken || !v)
		return err_nomem(err);
	for (size_t i = 0; p && i < p->n; i++)
		if (p->v[i].kind == TRACE_READ)
			take(&o, find_index(t, p->v[i].path));
	for (size_t i = 0; i < t->n; i++)
		take(&o, i);
	*ret = steal_ptr(&v);
	*ret_n = o.n;
	return 0;
}

/* ---- section ---------------------------------------------------------------- */

/* One line as an entry; false: it says nothing new, or nothing that is there. */
static bool make_entry(const struct profile_entry *line, const struct tree *t,
		       const struct image_node *nodes, uint32_t block_size,
		       bool *met, struct image_profile_entry *ret)
{
	size_t i = find_index(t, line->path);
	uint64_t from = (uint64_t)line->first * PROFILE_BLOCK_UNIT;
	uint64_t to = ((uint64_t)line->last + 1) * PROFILE_BLOCK_UNIT;

	if (i == t->n)
		return false;
	i = nodes[i].primary;
	*ret = (struct image_profile_entry){ .ref = nodes[i].ref };
	if (line->kind != TRACE_READ || t->v[i]->type != ENTRY_FILE) {
		if (met[i])
			return false;
		met[i] = true;
		return true;
	}
	/* The file may be shorter in this version. */
	if (to > t->v[i]->content.size)
		to = t->v[i]->content.size;
	if (from >= to || from / block_size > BLOCK_MAX)
		return false;
	met[i] = true;
	ret->first = (uint32_t)(from / block_size);
	ret->n = (uint32_t)((to - 1) / block_size - ret->first + 1);
	return true;
}

/* Of blocks that are larger than the profile's several lines name one. */
static bool is_repeated(const struct image_profile *out)
{
	const struct image_profile_entry *last = &out->v[out->n];

	return out->n && last->n && last[-1].n && last->ref == last[-1].ref &&
	       last->first >= last[-1].first &&
	       last->first + last->n <= last[-1].first + last[-1].n;
}

static int make_section(const struct profile *p, const struct tree *t,
			const struct image_node *nodes, uint32_t block_size,
			struct buf *ret, struct err *err)
{
	CLEANUP_FREE bool *met = calloc(t->n, sizeof(*met));
	CLEANUP_FREE struct image_profile *out = calloc(1, sizeof(*out));
	CLEANUP_FREE uint8_t *bytes = malloc(IMAGE_PROFILE_BYTES_MAX);

	if (!met || !out || !bytes)
		return err_nomem(err);
	for (size_t i = 0; i < p->n && out->n < IMAGE_PROFILE_MAX; i++)
		if (make_entry(&p->v[i], t, nodes, block_size, met,
			       &out->v[out->n]) && !is_repeated(out))
			out->n++;
	if (out->n)
		buf_add(ret, bytes, image_profile_format(out, bytes));
	return buf_check(ret, err);
}

int launch_profile_section(const struct profile *p, const struct tree *t,
			   const struct image_node *nodes, struct buf *ret,
			   struct err *err)
{
	return make_section(p, t, nodes, IMAGE_BLOCK_SIZE, ret, err);
}

int launch_profile_taken(const struct profile *p, const struct tree *t,
			 uint32_t block_size, struct buf *ret,
			 struct err *err)
{
	struct image_node *nodes = NULL;
	uint32_t ignored;
	int r = image_nodes_make(t, &nodes, &ignored, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < t->n; i++)
		nodes[i].ref = t->v[i]->ref;
	r = make_section(p, t, nodes, block_size, ret, err);
	image_nodes_free(nodes, t->n);
	return r;
}
