/*
 * report.c - messages with place and source line (see report.h)
 *
 * Everything is written with what may be hostile in it replaced: the file's
 * name goes through text_quote, the source line loses control characters, and
 * only a window of a long line is shown.
 */
#include "manifests/report.h"

#include <string.h>

#include "runtime/text.h"

#define WINDOW 100			/* characters of a source line shown */

void report_free(struct report *r)
{
	unsigned kept = r->n < REPORT_MAX ? r->n : REPORT_MAX;

	for (unsigned i = 0; i < kept; i++) {
		free(r->entries[i].message);
		free(r->entries[i].hint);
	}
	r->n = 0;
}

/* By place. */
static int compare(const void *a, const void *b)
{
	const struct report_entry *x = a, *y = b;

	if (x->mark.line != y->mark.line)
		return x->mark.line < y->mark.line ? -1 : 1;
	if (x->mark.column != y->mark.column)
		return x->mark.column < y->mark.column ? -1 : 1;
	return strcmp(x->message, y->message);
}

static void keep(struct report *r, struct mark mark, char *message,
		 const char *hint)
{
	struct report_entry *e = &r->entries[r->n];

	*e = (struct report_entry){ .mark = mark, .message = message };
	if (hint) {
		e->hint = strdup(hint);
		if (!e->hint)
			r->nomem = true;
	}
	r->n++;
}

void report_add(struct report *r, struct mark mark, const char *hint,
		const char *fmt, ...)
{
	char *message;
	va_list ap;
	int n;

	if (r->n >= REPORT_MAX) {
		r->n += r->n < 100000;
		return;
	}
	va_start(ap, fmt);
	n = vasprintf(&message, fmt, ap);
	va_end(ap);
	if (n < 0)
		r->nomem = true;
	else
		keep(r, mark, message, hint);
}

void report_err(struct report *r, struct mark mark, const struct err *err)
{
	char text[ERR_TEXT_MAX];
	char *hint = NULL;

	memcpy(text, err->text, sizeof(text));
	for (char *p = strstr(text, "; "); p; p = strstr(p + 1, "; "))
		hint = p;
	if (hint) {
		*hint = '\0';
		hint += 2;
	}
	report_add(r, mark, hint, "%s", text);
}

/* ---- the source line ----------------------------------------------------------- */

size_t report_bad_char(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	if (*u < 0x20 || *u == 0x7f)
		return *u != '\t' && *u != '\n' && *u != '\r';
	if (len >= 2 && u[0] == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0)
		return 2;
	if (len < 3 || u[0] != 0xe2)
		return 0;
	if (u[1] == 0x80 && u[2] >= 0xa8 && u[2] <= 0xae)
		return 3;
	return u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9 ? 3 : 0;
}

static const char *line_at(const struct report *r, unsigned line, size_t *ret)
{
	const char *p = r->text, *end = r->text + r->len, *stop;

	for (unsigned i = 1; i < line && p < end; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		p = nl ? nl + 1 : end;
	}
	stop = p < end ? memchr(p, '\n', (size_t)(end - p)) : end;
	if (!stop)
		stop = end;
	if (stop > p && stop[-1] == '\r')
		stop--;
	*ret = (size_t)(stop - p);
	return p;
}

/* Length of the character at s; a byte that is no UTF-8 is one. */
static size_t char_len(const char *s, size_t len)
{
	size_t n = text_utf8_length(s, len);

	return n ? n : 1;
}

static void show_char(struct buf *out, const char *s, size_t n, size_t len)
{
	if (!text_utf8_length(s, len) || report_bad_char(s, len) ||
	    *s == '\r')
		buf_addc(out, '?');
	else
		buf_add(out, s, n);
}

/* Shows the characters from `from` on and under them a caret at `column`. */
static void show_line(const char *s, size_t len, unsigned from,
		      unsigned column, struct buf *out)
{
	CLEANUP_BUF struct buf caret = BUF_INIT;
	unsigned at = 1;

	buf_adds(out, from > 1 ? "    ..." : "    ");
	buf_adds(&caret, from > 1 ? "       " : "    ");
	while (len && at < from + WINDOW) {
		size_t n = char_len(s, len);

		if (at >= from)
			show_char(out, s, n, len);
		if (at >= from && at < column)
			buf_addc(&caret, *s == '\t' ? '\t' : ' ');
		s += n;
		len -= n;
		at++;
	}
	buf_addf(out, "%s\n%s^\n", len ? "..." : "", buf_text(&caret));
	out->failed |= caret.failed;
}

static void write_source(const struct report *r, struct mark mark,
			 struct buf *out)
{
	unsigned from = 1;
	size_t len;
	const char *s = line_at(r, mark.line, &len);

	if (len == 0)
		return;
	if (mark.column > WINDOW - 20)
		from = mark.column - WINDOW / 2;
	show_line(s, len, from, mark.column, out);
}

int report_finish(struct report *r, struct buf *ret, struct err *err)
{
	unsigned kept = r->n < REPORT_MAX ? r->n : REPORT_MAX;
	char space[256];

	if (r->nomem)
		return err_nomem(err);
	if (!r->n)
		return 0;
	qsort(r->entries, kept, sizeof(r->entries[0]), compare);
	for (unsigned i = 0; i < kept; i++) {
		const struct report_entry *e = &r->entries[i];

		text_quote(ret, r->file);
		buf_addf(ret, ":%u:%u: %s\n", e->mark.line, e->mark.column,
			 e->message);
		write_source(r, e->mark, ret);
		if (e->hint)
			buf_addf(ret, "    %s\n", e->hint);
	}
	if (r->n > kept)
		buf_addf(ret, "(%u more not shown)\n", r->n - kept);
	if (ret->failed)
		return err_nomem(err);
	return err_set(err, EINVAL, "%s: %u error%s",
		       text_quoted(space, sizeof(space), r->file), r->n,
		       r->n == 1 ? "" : "s");
}
