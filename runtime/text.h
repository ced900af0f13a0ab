/*
 * text.h - escaping, canonical key=value lines, names
 *
 * Settings, grants, header, seal and lock share one grammar: lines
 * `key=value\n`, keys of [a-z0-9.-], strictly ascending in byte order where a
 * key may repeat only if its values ascend; values percent-escaped: every byte
 * outside 0x21..0x7e, and '%', is written %XX (upper-case hex).  So a value
 * holds no space, no newline and no control character.  A list is its items,
 * each escaped, with one space between; an empty item is a lone '%', so that
 * the list of one empty item is not the empty list.
 *
 * Order is that of the text as written: first by key, then by the escaped value.
 * That is not the order of the plain values ("a b" is written a%20b, behind
 * a!b), so a writer collects its lines and calls text_sort.
 *
 * Hand-written files (settings, grants) are read in the lax form: blank lines,
 * lines that start with '#', any order, spaces around; keys may hold A-Z and '_'
 * too (the app ids of settings).  What we write, and
 * what is signed, is strict: exactly one byte sequence for one meaning, and the
 * reader refuses anything else.
 */
#ifndef HOLDALL_TEXT_H
#define HOLDALL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/err.h"

/* Appends `s` percent-escaped. */
void text_escape(struct buf *out, const char *s, size_t len);
/* The other way: fresh string in *ret; -EINVAL for a bad or needless escape
 * (strict: only the canonical form is read), and for an escaped NUL. */
int text_unescape(const char *s, size_t len, char **ret);

/* A list of strings.  Owned, NULL-terminated array as for execve. */
struct strlist {
	char **v;
	size_t n;
};
void strlist_free(struct strlist *l);
#define CLEANUP_STRLIST CLEANUP(strlist_free)
int strlist_add(struct strlist *l, const char *s);		/* 0, -ENOMEM */
int strlist_add_steal(struct strlist *l, char *s);	/* frees s on failure */
bool strlist_has(const struct strlist *l, const char *s);
int strlist_copy(struct strlist *ret, const struct strlist *from);

/* Appends the items escaped with single spaces between. */
void text_write_list(struct buf *out, const struct strlist *l);
int text_read_list(const char *s, size_t len, struct strlist *ret);

/* Appends `key=` + escaped value + newline. */
void text_write_line(struct buf *out, const char *key, const char *value);

/* Brings whole lines into the strict order (stable; duplicates stay and are
 * then refused by the reader). */
int text_sort(struct buf *lines, struct err *err);

/* Walks lines.  Usage:
 *	struct text_lines it = TEXT_LINES(data, len, strict);
 *	while ((r = text_next_line(&it, &line, err)) > 0) ...
 * 1: a line, 0: the end, negative: a fault (names the line's number).
 * key and raw value point into the data (not NUL-terminated).  The value is
 * printable ASCII; text_unescape or text_read_list check its escapes.  At most
 * TEXT_LINES_MAX lines. */
#define TEXT_LINES_MAX 65536u
struct text_lines {
	const char *p, *end;
	const char *last_key, *last_value;
	size_t last_key_len, last_value_len;
	unsigned number;
	bool strict;
};
#define TEXT_LINES(data_, len_, strict_) \
	((struct text_lines){ .p = (data_), .end = (data_) + (len_), \
			      .strict = (strict_) })
struct text_line {
	const char *key, *value;
	size_t key_len, value_len;
	unsigned number;
};
int text_next_line(struct text_lines *it, struct text_line *ret,
		   struct err *err);
bool text_key_is(const struct text_line *line, const char *key);

/* Appends a name for people: as it is when harmless, else in single quotes
 * with \xXX for control and non-UTF-8 bytes. */
void text_quote(struct buf *out, const char *s);
/* The same into a buffer on the stack; cut with "..." when too long. */
const char *text_quoted(char *space, size_t size, const char *s);

void text_hex(char *out, const uint8_t *data, size_t len); /* 2*len+1 bytes */
int text_unhex(const char *s, size_t s_len, uint8_t *ret, size_t len);

bool text_is_utf8(const char *s, size_t len);
/* Bytes of the well-formed UTF-8 character at s, 0 if there is none. */
size_t text_utf8_length(const char *s, size_t len);

/* Reverse-DNS id of at least three components: letters, digits, '_' and '-',
 * no component starting with a digit, at most 255 bytes (facts/portal.md 0.4:
 * real portals fail open or crash on others). */
bool text_is_app_id(const char *s);

/* Levenshtein distance, cut off at 64 bytes; and the nearest of a list of
 * words within a sensible distance, or NULL. */
unsigned text_distance(const char *a, const char *b);
const char *text_nearest(const char *word, const char *const *words, size_t n);

/* "12.3 MB", "512 B": decimal units. */
const char *text_size(char *space, size_t size, uint64_t bytes);

/* A decimal number without sign or leading zeros; -EINVAL, -ERANGE. */
int text_read_u64(const char *s, size_t len, uint64_t *ret);

#endif
