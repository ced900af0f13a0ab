/*
 * text.c - escaping, lists, and the walk over canonical lines (see text.h)
 *
 * Reading is the strict inverse of writing: every reader here accepts exactly
 * one byte sequence for one meaning, so that format(parse(x)) == x holds for
 * whatever is signed.  Only text_next_line has a second, lax form for files that
 * people write by hand; its values still go through the strict text_unescape.
 *
 * What is checked for people (quoting, names, numbers, nearest words) lives in
 * text_check.c and text_show.c.
 */
#include "runtime/text.h"

#include <errno.h>
#include <string.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_plain(unsigned char c)
{
	return c >= 0x21 && c <= 0x7e && c != '%';
}

/* Upper case only: lower case would be a second spelling. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void text_escape(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char escaped[3] = { '%', hex_digits[c >> 4],
				    hex_digits[c & 15] };

		if (is_plain(c))
			buf_addc(out, s[i]);
		else
			buf_add(out, escaped, sizeof(escaped));
	}
}

int text_unescape(const char *s, size_t len, char **ret)
{
	CLEANUP_FREE char *out = malloc(len + 1);
	size_t n = 0;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		int high, low;

		if (is_plain(c)) {
			out[n++] = (char)c;
			continue;
		}
		if (c != '%' || len - i < 3)
			return -EINVAL;
		high = hex_value(s[i + 1]);
		low = hex_value(s[i + 2]);
		if (high < 0 || low < 0)
			return -EINVAL;
		c = (unsigned char)(high << 4 | low);
		if (!c || is_plain(c))
			return -EINVAL;
		out[n++] = (char)c;
		i += 2;
	}
	out[n] = '\0';
	*ret = steal_ptr(&out);
	return 0;
}

/* ---- lists of strings ---- */

void strlist_free(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

int strlist_add_steal(struct strlist *l, char *s)
{
	CLEANUP_FREE char *owned = s;
	char **v;

	if (!owned)
		return -ENOMEM;
	/* Grows by doubling at powers of two; one more for the NULL. */
	if ((l->n & (l->n + 1)) == 0) {
		if (l->n > SIZE_MAX / sizeof(*v) / 4)
			return -ENOMEM;
		v = realloc(l->v, (2 * l->n + 2) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		l->v = v;
	}
	l->v[l->n++] = steal_ptr(&owned);
	l->v[l->n] = NULL;
	return 0;
}

int strlist_add(struct strlist *l, const char *s)
{
	return strlist_add_steal(l, strdup(s));
}

bool strlist_has(const struct strlist *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

int strlist_copy(struct strlist *ret, const struct strlist *from)
{
	CLEANUP_STRLIST struct strlist copy = { 0 };

	for (size_t i = 0; i < from->n; i++)
		if (strlist_add(&copy, from->v[i]) < 0)
			return -ENOMEM;
	*ret = copy;
	copy = (struct strlist){ 0 };
	return 0;
}

void text_write_list(struct buf *out, const struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_addc(out, ' ');
		if (l->v[i][0])
			text_escape(out, l->v[i], strlen(l->v[i]));
		else
			buf_addc(out, '%');
	}
}

static int read_item(const char *s, size_t len, struct strlist *list)
{
	char *item;
	int r;

	if (len == 0)
		return -EINVAL;
	if (len == 1 && s[0] == '%')
		return strlist_add(list, "");
	r = text_unescape(s, len, &item);
	if (r < 0)
		return r;
	return strlist_add_steal(list, item);
}

int text_read_list(const char *s, size_t len, struct strlist *ret)
{
	CLEANUP_STRLIST struct strlist list = { 0 };
	const char *end = s + len;

	while (len) {
		const char *space = memchr(s, ' ', (size_t)(end - s));
		const char *stop = space ? space : end;
		int r = read_item(s, (size_t)(stop - s), &list);

		if (r < 0)
			return r;
		if (!space)
			break;
		s = space + 1;
	}
	*ret = list;
	list = (struct strlist){ 0 };
	return 0;
}

/* ---- lines ---- */

void text_write_line(struct buf *out, const char *key, const char *value)
{
	buf_adds(out, key);
	buf_addc(out, '=');
	text_escape(out, value, strlen(value));
	buf_addc(out, '\n');
}

static int compare_bytes(const char *a, size_t a_len, const char *b,
			 size_t b_len)
{
	size_t common = a_len < b_len ? a_len : b_len;
	int c = common ? memcmp(a, b, common) : 0;

	if (c)
		return c;
	return (a_len > b_len) - (a_len < b_len);
}

struct sort_line {
	const char *text;
	size_t len, key_len;
	size_t at;			/* keeps the order of equal lines */
};

static int compare_lines(const void *pa, const void *pb)
{
	const struct sort_line *a = pa, *b = pb;
	int c = compare_bytes(a->text, a->key_len, b->text, b->key_len);

	if (!c)
		c = compare_bytes(a->text, a->len, b->text, b->len);
	if (!c)
		c = (a->at > b->at) - (a->at < b->at);
	return c;
}

/* Fills v with the lines of the text, or only counts them when v is NULL. */
static size_t split_lines(const char *p, size_t len, struct sort_line *v)
{
	const char *end = p + len;
	size_t n = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t line_len = (size_t)((nl ? nl : end) - p);

		if (v) {
			const char *eq = memchr(p, '=', line_len);

			v[n] = (struct sort_line){
				p, line_len,
				eq ? (size_t)(eq - p) : line_len, n,
			};
		}
		n++;
		p = nl ? nl + 1 : end;
	}
	return n;
}

int text_sort(struct buf *lines, struct err *err)
{
	CLEANUP_BUF struct buf sorted = BUF_INIT;
	CLEANUP_FREE struct sort_line *v = NULL;
	size_t n = split_lines(buf_text(lines), lines->len, NULL);
	int r = buf_check(lines, err);

	if (r < 0 || !n)
		return r;
	v = calloc(n, sizeof(*v));
	if (!v)
		return err_nomem(err);
	(void)split_lines(lines->data, lines->len, v);
	qsort(v, n, sizeof(*v), compare_lines);
	for (size_t i = 0; i < n; i++) {
		buf_add(&sorted, v[i].text, v[i].len);
		buf_addc(&sorted, '\n');
	}
	r = buf_check(&sorted, err);
	if (r < 0)
		return r;
	lines->len = 0;
	buf_add(lines, sorted.data, sorted.len);
	return buf_check(lines, err);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes blanks off both ends. */
static void trim(const char **p, size_t *len)
{
	while (*len && is_blank(**p)) {
		(*p)++;
		(*len)--;
	}
	while (*len && is_blank((*p)[*len - 1]))
		(*len)--;
}

/* Cuts the next raw line off; 0 at the end of the data. */
static int cut_line(struct text_lines *it, const char **ret, size_t *ret_len,
		    struct err *err)
{
	const char *nl;

	if (it->p == it->end)
		return 0;
	if (++it->number > TEXT_LINES_MAX)
		return err_set(err, E2BIG, "more than %u lines",
			       TEXT_LINES_MAX);
	nl = memchr(it->p, '\n', (size_t)(it->end - it->p));
	if (!nl && it->strict)
		return err_set(err, EINVAL,
			       "line %u: does not end in a newline",
			       it->number);
	*ret = it->p;
	*ret_len = (size_t)((nl ? nl : it->end) - it->p);
	it->p = nl ? nl + 1 : it->end;
	return 1;
}

/* Settings have app ids in their keys, so the lax form knows more letters. */
static bool is_key_byte(char c, bool strict)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	    c == '-')
		return true;
	return !strict && ((c >= 'A' && c <= 'Z') || c == '_');
}

static int check_key(const struct text_line *line, bool strict,
		     struct err *err)
{
	for (size_t i = 0; i < line->key_len; i++) {
		if (is_key_byte(line->key[i], strict))
			continue;
		return err_set(err, EINVAL,
			       "line %u: a key holds only %s, 0-9, '.' and '-'",
			       line->number,
			       strict ? "a-z" : "a-z, A-Z, '_'");
	}
	if (!line->key_len)
		return err_set(err, EINVAL, "line %u: no key before '='",
			       line->number);
	return 0;
}

static int check_value(const struct text_line *line, struct err *err)
{
	for (size_t i = 0; i < line->value_len; i++) {
		unsigned char c = (unsigned char)line->value[i];

		if (c < 0x20 || c > 0x7e)
			return err_set(err, EINVAL,
				       "line %u: byte 0x%02x in the value; write it as %%%02X",
				       line->number, c, c);
	}
	return 0;
}

static int check_order(struct text_lines *it, const struct text_line *line,
		       struct err *err)
{
	int c = 1;

	if (it->last_key)
		c = compare_bytes(line->key, line->key_len, it->last_key,
				  it->last_key_len);
	if (c == 0)
		c = compare_bytes(line->value, line->value_len, it->last_value,
				  it->last_value_len);
	if (c <= 0)
		return err_set(err, EINVAL,
			       "line %u: not in ascending order, or twice",
			       line->number);
	it->last_key = line->key;
	it->last_key_len = line->key_len;
	it->last_value = line->value;
	it->last_value_len = line->value_len;
	return 0;
}

static int split_line(struct text_lines *it, const char *p, size_t len,
		      struct text_line *ret, struct err *err)
{
	const char *eq = memchr(p, '=', len);

	if (!eq)
		return err_set(err, EINVAL, "line %u: no '='; write key=value",
			       it->number);
	*ret = (struct text_line){
		.key = p, .key_len = (size_t)(eq - p),
		.value = eq + 1, .value_len = len - (size_t)(eq + 1 - p),
		.number = it->number,
	};
	if (!it->strict) {
		trim(&ret->key, &ret->key_len);
		trim(&ret->value, &ret->value_len);
	}
	return 0;
}

int text_next_line(struct text_lines *it, struct text_line *ret,
		   struct err *err)
{
	struct text_line line = { 0 };
	const char *p;
	size_t len;
	int r;

	do {
		r = cut_line(it, &p, &len, err);
		if (r <= 0)
			return r;
		if (!it->strict)
			trim(&p, &len);
	} while (!it->strict && (len == 0 || *p == '#'));
	r = split_line(it, p, len, &line, err);
	if (r == 0)
		r = check_key(&line, it->strict, err);
	if (r == 0)
		r = check_value(&line, err);
	if (r == 0 && it->strict)
		r = check_order(it, &line, err);
	if (r < 0)
		return r;
	*ret = line;
	return 1;
}

bool text_key_is(const struct text_line *line, const char *key)
{
	return strlen(key) == line->key_len &&
	       memcmp(line->key, key, line->key_len) == 0;
}
