/*
 * profile.c - the text of a launch profile (see profile.h)
 *
 * A path is written with a slash in front and percent-escaped (text.h), so a line
 * is words with one space between.  The reader accepts what the writer writes, and
 * entries in any order and number up to PROFILE_LINES_MAX: people may cut and
 * join profiles.
 */
#include "launcher/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/text.h"

static const char *const kinds[] = {
	[TRACE_LIST] = "list", [TRACE_NODE] = "node", [TRACE_READ] = "read",
};

void profile_free(struct profile *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].path);
	free(p->v);
	*p = PROFILE_INIT;
}

/* Room for one more entry. */
static int grow(struct profile *p, struct err *err)
{
	size_t cap = p->cap ? p->cap * 2 : 256;
	struct profile_entry *v;

	if (p->n < p->cap)
		return 0;
	v = realloc(p->v, cap * sizeof(*v));
	if (!v)
		return err_nomem(err);
	p->v = v;
	p->cap = cap;
	return 0;
}

static int add_range(struct profile *p, const struct profile_entry *e,
		     struct err *err)
{
	char *path;

	if (grow(p, err) < 0)
		return -err->num;
	path = strdup(e->path);
	if (!path)
		return err_nomem(err);
	p->v[p->n] = *e;
	p->v[p->n++].path = path;
	return 0;
}

int profile_add(struct profile *p, enum image_trace_kind kind,
		const char *path, uint32_t block, struct err *err)
{
	struct profile_entry *last = p->n ? &p->v[p->n - 1] : NULL;
	struct profile_entry e = { kind, (char *)(uintptr_t)path, block,
				   block };

	if (last && kind == TRACE_READ && last->kind == TRACE_READ &&
	    block == last->last + 1 && !strcmp(last->path, path)) {
		last->last = block;
		return 0;
	}
	return add_range(p, &e, err);
}

/* ---- writing ---------------------------------------------------------------- */

void profile_format(const struct profile *p, struct buf *ret)
{
	buf_adds(ret, PROFILE_FIRST_LINE "\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct profile_entry *e = &p->v[i];

		buf_addf(ret, "%s /", kinds[e->kind]);
		text_escape(ret, e->path, strlen(e->path));
		if (e->kind == TRACE_READ)
			buf_addf(ret, " %u", e->first);
		if (e->kind == TRACE_READ && e->last != e->first)
			buf_addf(ret, "-%u", e->last);
		buf_addc(ret, '\n');
	}
}

/* ---- reading ---------------------------------------------------------------- */

struct reader {
	const char *name;
	unsigned line;
	const char *p, *end;		/* what is left of the line */
};

static int bad(const struct reader *r, struct err *err, const char *what)
{
	char space[256];

	return err_set(err, EINVAL, "%s:%u: %s",
		       text_quoted(space, sizeof(space), r->name), r->line,
		       what);
}

/* The next word of the line; 0 bytes when there is none. */
static size_t take_word(struct reader *r, const char **ret)
{
	const char *start = r->p;
	const char *space = memchr(start, ' ', (size_t)(r->end - start));
	const char *stop = space ? space : r->end;

	r->p = space ? space + 1 : r->end;
	*ret = start;
	return (size_t)(stop - start);
}

static int take_kind(struct reader *r, enum image_trace_kind *ret,
		     struct err *err)
{
	const char *word;
	size_t n = take_word(r, &word);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (n == strlen(kinds[i]) && !memcmp(kinds[i], word, n)) {
			*ret = (enum image_trace_kind)i;
			return 0;
		}
	return bad(r, err, "a line begins with list, node or read");
}

/* No component is empty, "." or "..". */
static bool is_clean(const char *path)
{
	for (const char *c = path; *path; c += strcspn(c, "/") + 1) {
		size_t n = strcspn(c, "/");

		if (!n || (n == 1 && c[0] == '.') ||
		    (n == 2 && c[0] == '.' && c[1] == '.'))
			return false;
		if (!c[n])
			break;
	}
	return true;
}

static int take_path(struct reader *r, char **ret, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	const char *word;
	size_t n = take_word(r, &word);
	int e;

	if (!n || word[0] != '/')
		return bad(r, err, "a path begins with a slash");
	e = text_unescape(word + 1, n - 1, &path);
	if (e == -ENOMEM)
		return err_nomem(err);
	if (e < 0)
		return bad(r, err, "the path is not escaped as holdall "
			   "writes it");
	if (strlen(path) > PROFILE_PATH_MAX || !is_clean(path))
		return bad(r, err, "the path is too long, or has an empty "
			   "part, '.' or '..'");
	*ret = steal_ptr(&path);
	return 0;
}

static int take_blocks(struct reader *r, struct profile_entry *e,
		       struct err *err)
{
	const char *word;
	size_t n = take_word(r, &word), first_n;
	const char *dash = memchr(word, '-', n);
	uint64_t first, last;

	first_n = dash ? (size_t)(dash - word) : n;
	if (text_read_u64(word, first_n, &first) < 0)
		return bad(r, err, "behind the path of a read stands a block, "
			   "or two with a dash");
	last = first;
	if (dash && text_read_u64(dash + 1, n - first_n - 1, &last) < 0)
		return bad(r, err, "behind the dash stands the last block");
	if (last < first || last > PROFILE_BLOCK_MAX)
		return bad(r, err, "a block beyond the largest file, or "
			   "blocks that go backwards");
	e->first = (uint32_t)first;
	e->last = (uint32_t)last;
	return 0;
}

static int take_line(struct reader *r, struct profile *p, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	struct profile_entry e = { 0 };

	if (take_kind(r, &e.kind, err) < 0 || take_path(r, &path, err) < 0)
		return -err->num;
	e.path = path;
	if (e.kind == TRACE_READ && take_blocks(r, &e, err) < 0)
		return -err->num;
	if (r->p != r->end)
		return bad(r, err, "there is something behind the last word");
	if (p->n == PROFILE_LINES_MAX)
		return bad(r, err, "more lines than a profile may have");
	return add_range(p, &e, err);
}

static int check_first(struct reader *r, struct err *err)
{
	static const char first[] = PROFILE_FIRST_LINE;
	size_t n = (size_t)(r->end - r->p);

	if (n == sizeof(first) - 1 && !memcmp(r->p, first, n))
		return 0;
	if (n > 16 && !memcmp(r->p, first, 16))
		return bad(r, err, "a profile of another version; record it "
			   "again with this holdall");
	return bad(r, err, "not a launch profile (the first line is not '"
		   PROFILE_FIRST_LINE "')");
}

static int parse(struct reader *r, const char *text, size_t len,
		 struct profile *ret, struct err *err)
{
	const char *end = text + len;
	int e = 0;

	for (const char *line = text; e == 0; line = r->end + 1) {
		const char *stop = line < end ?
			memchr(line, '\n', (size_t)(end - line)) : NULL;

		if (line == end && r->line)
			return 0;
		r->line++;
		r->p = line;
		r->end = stop ? stop : end;
		e = r->line == 1 ? check_first(r, err) : 0;
		if (e == 0 && !stop)
			return bad(r, err, "the last line has no end: the file "
				   "is cut off");
		if (e == 0 && r->line > 1)
			e = take_line(r, ret, err);
	}
	return e;
}

int profile_parse(const char *name, const char *text, size_t len,
		  struct profile *ret, struct err *err)
{
	CLEANUP_PROFILE struct profile p = PROFILE_INIT;
	struct reader r = { .name = name };
	int e = parse(&r, text, len, &p, err);

	if (e < 0)
		return e;
	*ret = p;
	p = PROFILE_INIT;
	return 0;
}
