/*
 * glob.c - see glob.h
 *
 * The pattern is run as a set of states, one bit per position, so the time is
 * length of the path times length of the pattern, whatever stars it holds.
 */
#include "bundler/glob.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PATTERN_MAX 1024u

struct states {
	uint8_t at[PATTERN_MAX + 1];
};

/* Length of the pattern element at p, and whether it takes the character c. */
static size_t set_length(const char *p)
{
	size_t i = 1;

	if (p[i] == '!' || p[i] == '^')
		i++;
	if (p[i] == ']')
		i++;
	while (p[i] && p[i] != ']')
		i++;
	return p[i] ? i + 1 : 0;
}

static bool set_has(const char *p, size_t len, unsigned char c)
{
	bool inverse = p[1] == '!' || p[1] == '^', in = false;
	size_t i = inverse ? 2 : 1;

	for (; i < len - 1; i++) {
		unsigned char lo = (unsigned char)p[i], hi = lo;

		if (p[i + 1] == '-' && i + 2 < len - 1) {
			hi = (unsigned char)p[i + 2];
			i += 2;
		}
		in |= lo <= c && c <= hi;
	}
	return c != '/' && in != inverse;
}

static size_t element(const char *p, unsigned char c, bool *ret_takes)
{
	size_t len;

	if (p[0] == '?') {
		*ret_takes = c != '/';
		return 1;
	}
	if (p[0] == '\\' && p[1]) {
		*ret_takes = (unsigned char)p[1] == c;
		return 2;
	}
	len = p[0] == '[' ? set_length(p) : 0;
	if (len) {
		*ret_takes = set_has(p, len, c);
		return len;
	}
	*ret_takes = (unsigned char)p[0] == c;
	return 1;
}

/* A star may take nothing: what stands behind it is reached as well. */
static void reach(struct states *s, const char *pattern, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s->at[i] && pattern[i] == '*')
			s->at[i + 1] = 1;
}

static void advance(const struct states *from, struct states *to,
		    const char *pattern, size_t len, unsigned char c)
{
	memset(to->at, 0, len + 1);
	for (size_t i = 0; i < len; i++) {
		bool takes;
		size_t n;

		if (!from->at[i])
			continue;
		if (pattern[i] == '*') {
			/* The second star of two also takes '/'. */
			if (c != '/' || (i && pattern[i - 1] == '*'))
				to->at[i] = 1;
			continue;
		}
		n = element(pattern + i, c, &takes);
		if (takes)
			to->at[i + n] = 1;
	}
}

static bool match_all(const char *pattern, size_t len, const char *text,
		      size_t text_len)
{
	struct states a = { .at = { 1 } }, b;

	reach(&a, pattern, len);
	for (size_t i = 0; i < text_len; i++) {
		advance(&a, &b, pattern, len, (unsigned char)text[i]);
		memcpy(a.at, b.at, len + 1);
		reach(&a, pattern, len);
	}
	return a.at[len];
}

static bool match_part(const char *pattern, const char *path, size_t path_len)
{
	size_t len = strlen(pattern);

	if (len >= PATTERN_MAX)
		return false;
	if (pattern[0] == '/')
		return match_all(pattern + 1, len - 1, path, path_len);
	for (size_t i = 0; i < path_len; i++)
		if ((!i || path[i - 1] == '/') &&
		    match_all(pattern, len, path + i, path_len - i))
			return true;
	return false;
}

bool glob_match(const char *pattern, const char *path)
{
	return match_part(pattern, path, strlen(path));
}

bool glob_covers(const char *pattern, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 1; i <= len; i++)
		if ((i == len || path[i] == '/') &&
		    match_part(pattern, path, i))
			return true;
	return false;
}
