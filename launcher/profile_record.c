/*
 * profile_record.c - see profile_record.h
 *
 * Two passes.  The trace, up to where the start ends, gives the set of inode
 * numbers; a walk over the image gives the path of each (the first of several hard
 * links); the trace again gives the entries.  What was noted already is left out, so
 * a profile is as long as the start is wide, however often it asked.
 *
 * The trace is the jailed server's to fill, so a number in it may be anything: one
 * that no entry of the image has is skipped.
 */
#include "launcher/profile_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/image.h"

#define SEEN_SLOTS (4u * IMAGE_TRACE_MAX)

struct known {
	uint32_t ino;
	char *path;			/* NULL: not met so far */
};

struct recording {
	struct image_trace_event *v;
	uint32_t n;
	struct known *known;		/* by ino */
	size_t n_known;
	uint64_t *seen;			/* hash table; 0: free */
};

static void recording_free(struct recording *r)
{
	for (size_t i = 0; i < r->n_known; i++)
		free(r->known[i].path);
	free(r->known);
	free(r->v);
	free(r->seen);
}

/* Copies the events of the start. */
static int take_start(struct recording *r, const struct image_trace *t,
		      unsigned seconds, struct err *err)
{
	int32_t limit = (int32_t)seconds * 1000;
	uint32_t n = image_trace_count(t), i;

	r->v = calloc((size_t)n + 1, sizeof(*r->v));
	if (!r->v)
		return err_nomem(err);
	for (i = 0; i < n; i++) {
		r->v[i] = image_trace_get(t, i);
		/* Signed: of two threads the one that came first may have looked
		 * at the clock last. */
		if (i && ((int32_t)(r->v[i].time_ms - r->v[0].time_ms) >
				  limit ||
			  (int32_t)(r->v[i].time_ms - r->v[i - 1].time_ms) >
				  (int32_t)PROFILE_SILENCE_MS))
			break;
	}
	r->n = i;
	return 0;
}

static int by_ino(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int list_inodes(struct recording *r, struct err *err)
{
	size_t n = 0;

	r->known = calloc((size_t)r->n + 1, sizeof(*r->known));
	if (!r->known)
		return err_nomem(err);
	for (uint32_t i = 0; i < r->n; i++)
		r->known[i].ino = r->v[i].ino;
	qsort(r->known, r->n, sizeof(*r->known), by_ino);
	for (uint32_t i = 0; i < r->n; i++)
		if (!n || r->known[n - 1].ino != r->known[i].ino)
			r->known[n++].ino = r->known[i].ino;
	r->n_known = n;
	return 0;
}

static struct known *find_known(const struct recording *r, uint64_t ino)
{
	struct known key = { .ino = (uint32_t)ino };

	return ino > UINT32_MAX ? NULL :
		bsearch(&key, r->known, r->n_known, sizeof(key), by_ino);
}

static int walk(struct recording *r, struct image_stream *s, struct err *err)
{
	struct image_record rec;
	int e;

	while ((e = image_stream_next(s, &rec, err)) > 0) {
		struct known *k = rec.type == IMAGE_ENTRY ?
				  find_known(r, rec.st.st_ino) : NULL;

		if (!k || k->path)
			continue;
		k->path = strdup(rec.path);
		if (!k->path)
			return err_nomem(err);
	}
	return e;
}

static int find_paths(struct recording *r, const struct bundle *b,
		      struct err *err)
{
	struct image_stream *s;
	int e = image_stream_open(b, "", IMAGE_STREAM_RECURSE, &s, err);

	if (e < 0)
		return e;
	e = walk(r, s, err);
	image_stream_close(s);
	return e;
}

/* At most IMAGE_TRACE_MAX keys come, so a free slot is always found. */
static bool is_new(struct recording *r, const struct image_trace_event *e)
{
	uint64_t key = (uint64_t)e->ino << 32 | e->kind_block;
	size_t i = (key + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 46;

	key++;				/* 0 marks a free slot */
	while (r->seen[i % SEEN_SLOTS]) {
		if (r->seen[i % SEEN_SLOTS] == key)
			return false;
		i++;
	}
	r->seen[i % SEEN_SLOTS] = key;
	return true;
}

static int make_entries(struct recording *r, struct profile *ret,
			struct err *err)
{
	r->seen = calloc(SEEN_SLOTS, sizeof(*r->seen));
	if (!r->seen)
		return err_nomem(err);
	for (uint32_t i = 0; i < r->n; i++) {
		const struct known *k = find_known(r, r->v[i].ino);
		unsigned kind = image_trace_kind(r->v[i]);

		if (!k || !k->path || kind > TRACE_READ ||
		    image_trace_block(r->v[i]) > PROFILE_BLOCK_MAX ||
		    !is_new(r, &r->v[i]))
			continue;
		if (profile_add(ret, (enum image_trace_kind)kind, k->path,
				image_trace_block(r->v[i]), err) < 0)
			return -err->num;
	}
	return 0;
}

int profile_record(const struct image_trace *t, const struct bundle *b,
		   unsigned seconds, struct profile *ret, struct err *err)
{
	CLEANUP(recording_free) struct recording r = { 0 };
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;
	int e = take_start(&r, t, seconds, err);

	if (e == 0)
		e = list_inodes(&r, err);
	if (e == 0)
		e = find_paths(&r, b, err);
	if (e == 0)
		e = make_entries(&r, &p, err);
	if (e < 0)
		return e;
	*ret = p;
	p = PROFILE_INIT;
	return 0;
}
