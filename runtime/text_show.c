/*
 * text_show.c - text for people: quoted names, sizes, the nearest word
 *
 * A name from outside must neither drive the terminal nor lie about itself: what
 * is a control character, is not UTF-8, or changes the direction of the text
 * around it is shown as \xXX, byte by byte.
 */
#include "runtime/text.h"

#include <stdio.h>
#include <string.h>

/* Characters that need no quotes: what a shell leaves alone, too. */
static bool is_harmless(const char *s, size_t n)
{
	if (n > 1)
		return true;
	return (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
	       (*s >= '0' && *s <= '9') || strchr("_-./:=@%+,", *s);
}

/* C1 controls, direction marks, line separators. */
static bool is_treacherous(const unsigned char *s, size_t n)
{
	if (n == 2)
		return (s[0] == 0xc2 && s[1] < 0xa0) ||
		       (s[0] == 0xd8 && s[1] == 0x9c);
	if (n != 3 || s[0] != 0xe2)
		return false;
	if (s[1] == 0x80)
		return s[2] == 0x8e || s[2] == 0x8f ||
		       (s[2] >= 0xa8 && s[2] <= 0xae);
	return s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9;
}

/* Length of the showable character at s; 0: this byte has to be escaped. */
static size_t showable(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = text_utf8_length(s, len);

	if (n == 1 && (*u < 0x20 || *u == 0x7f))
		return 0;
	if (n > 1 && is_treacherous(u, n))
		return 0;
	return n;
}

static bool needs_quotes(const char *s, size_t len)
{
	size_t n;

	if (!len)
		return true;
	for (; len; s += n, len -= n) {
		n = showable(s, len);
		if (!n || !is_harmless(s, n))
			return true;
	}
	return false;
}

void text_quote(struct buf *out, const char *s)
{
	size_t len = strlen(s), n;

	if (!needs_quotes(s, len)) {
		buf_add(out, s, len);
		return;
	}
	buf_addc(out, '\'');
	for (; len; s += n, len -= n) {
		n = showable(s, len);
		if (!n) {
			buf_addf(out, "\\x%02X", (unsigned char)*s);
			n = 1;
			continue;
		}
		if (*s == '\'' || *s == '\\')
			buf_addc(out, '\\');
		buf_add(out, s, n);
	}
	buf_addc(out, '\'');
}

/* Cuts at a character's border so that the rest stays UTF-8. */
static void cut(char *space, size_t size, const char *s)
{
	size_t keep = size - 4;

	while (keep && ((unsigned char)s[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(space, s, keep);
	memcpy(space + keep, "...", 4);
}

const char *text_quoted(char *space, size_t size, const char *s)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	text_quote(&out, s);
	if (out.failed)
		(void)snprintf(space, size, "?");
	else if (out.len < size)
		memcpy(space, out.data, out.len + 1);
	else if (size >= 4)
		cut(space, size, out.data);
	else if (size)
		space[0] = '\0';
	return space;
}

#define DISTANCE_MAX 64

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned text_distance(const char *a, const char *b)
{
	size_t a_len = strnlen(a, DISTANCE_MAX);
	size_t b_len = strnlen(b, DISTANCE_MAX);
	unsigned row[DISTANCE_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned above = row[j];

			row[j] = smallest(above + 1, row[j - 1] + 1,
					  diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word);
	unsigned best = len <= 2 ? 2 : len <= 4 ? 3 : 4;	/* excluded */
	const char *ret = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = text_distance(word, words[i]);

		/* A word of which nothing is left is not a near one. */
		if (d < best && d < strlen(words[i])) {
			best = d;
			ret = words[i];
		}
	}
	return ret;
}

const char *text_size(char *space, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1000;
	size_t i = 0;

	if (bytes < 1000) {
		(void)snprintf(space, size, "%u B", (unsigned)bytes);
		return space;
	}
	/* 999.95 kB would be printed as 1000.0: that is the next unit. */
	while (i + 1 < ARRAY_SIZE(units) && bytes / unit >= 999 &&
	       bytes >= unit * 1000 - unit / 20) {
		unit *= 1000;
		i++;
	}
	bytes = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
	(void)snprintf(space, size, "%u.%u %s", (unsigned)(bytes / 10),
		       (unsigned)(bytes % 10), units[i]);
	return space;
}
