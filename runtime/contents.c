/*
 * contents.c - see contents.h
 */
#include "runtime/contents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/text.h"

static const char *const kinds[] = { "debian", "dir", "files", "image",
				     "holdall" };

/* No image holds more: sums of rows cannot overflow. */
#define BYTES_MAX (UINT64_C(1) << 48)

static void row_free(struct contents_row *r)
{
	free(r->kind);
	free(r->name);
	free(r->version);
}

void contents_free(struct contents *c)
{
	for (size_t i = 0; i < c->n; i++)
		row_free(&c->v[i]);
	free(c->v);
	*c = (struct contents){ 0 };
}

static bool is_kind(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(s, kinds[i]))
			return true;
	return false;
}

int contents_add(struct contents *c, const char *kind, const char *name,
		 const char *version, uint64_t files, uint64_t bytes,
		 struct err *err)
{
	struct contents_row *v, row;

	if (!is_kind(kind) || !*name || files > BYTES_MAX ||
	    bytes > BYTES_MAX)
		return err_set(err, EINVAL, "not a row of packages: %s %s",
			       kind, name);
	if (c->n == CONTENTS_ROWS_MAX)
		return err_set(err, E2BIG, "more than %u packages",
			       CONTENTS_ROWS_MAX);
	v = reallocarray(c->v, c->n + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	c->v = v;
	row = (struct contents_row){ strdup(kind), strdup(name),
				     strdup(version), files, bytes };
	if (!row.kind || !row.name || !row.version) {
		row_free(&row);
		return err_nomem(err);
	}
	v[c->n++] = row;
	return 0;
}

/* ---- text ---- */

static void write_row(const struct contents_row *row, struct buf *ret)
{
	char files[24], bytes[24];
	char *items[] = { row->kind, row->name, row->version, files, bytes,
			  NULL };
	const struct strlist l = { items, ARRAY_SIZE(items) - 1 };

	(void)snprintf(files, sizeof(files), "%" PRIu64, row->files);
	(void)snprintf(bytes, sizeof(bytes), "%" PRIu64, row->bytes);
	buf_adds(ret, "package=");
	text_write_list(ret, &l);
	buf_addc(ret, '\n');
}

int contents_format(const struct contents *c, struct buf *ret,
		    struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		write_row(&c->v[i], ret);
	if (buf_check(ret, err) < 0)
		return -err->num;
	return text_sort(ret, err);
}

static int bad_line(unsigned number, struct err *err)
{
	return err_set(err, EBADMSG, "the section of packages is damaged in "
		       "line %u", number);
}

static int read_row(const struct text_line *line, struct contents *c,
		    struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	uint64_t files, bytes;

	if (!text_key_is(line, "package") ||
	    text_read_list(line->value, line->value_len, &l) < 0 ||
	    l.n != 5 || !is_kind(l.v[0]) || !*l.v[1] ||
	    text_read_u64(l.v[3], strlen(l.v[3]), &files) < 0 ||
	    text_read_u64(l.v[4], strlen(l.v[4]), &bytes) < 0 ||
	    files > BYTES_MAX || bytes > BYTES_MAX)
		return bad_line(line->number, err);
	return contents_add(c, l.v[0], l.v[1], l.v[2], files, bytes, err);
}

int contents_parse(const char *text, size_t len, struct contents *ret,
		   struct err *err)
{
	CLEANUP_CONTENTS struct contents c = { 0 };
	struct text_lines it = TEXT_LINES(text, len, true);
	struct text_line line;
	int r;

	if (len > CONTENTS_MAX)
		return err_set(err, EFBIG, "the section of packages is larger "
			       "than %zu MiB", CONTENTS_MAX >> 20);
	while ((r = text_next_line(&it, &line, err)) > 0) {
		r = read_row(&line, &c, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = c;
	c = (struct contents){ 0 };
	return 0;
}

/* ---- order ---- */

static int compare(const void *a, const void *b)
{
	const struct contents_row *x = a, *y = b;
	int r;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	r = strcmp(x->kind, y->kind);
	if (!r)
		r = strcmp(x->name, y->name);
	return r ? r : strcmp(x->version, y->version);
}

void contents_sort(struct contents *c)
{
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), compare);
}
