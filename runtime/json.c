/*
 * json.c - writing JSON (see json.h)
 *
 * Every value goes through `lead`, which writes the comma, the line break and
 * the key; so nothing else has to know where it stands.
 */
#include "runtime/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "runtime/text.h"

static void indent(struct json *j)
{
	buf_addc(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		buf_adds(j->out, "  ");
}

/* One byte of ASCII. */
static void write_ascii(struct buf *out, char c)
{
	if (c == '"' || c == '\\') {
		buf_addc(out, '\\');
		buf_addc(out, c);
	} else if (c == '\n') {
		buf_adds(out, "\\n");
	} else if (c == '\t') {
		buf_adds(out, "\\t");
	} else if ((unsigned char)c < 0x20 || c == 0x7f) {
		buf_addf(out, "\\u%04x", (unsigned char)c);
	} else {
		buf_addc(out, c);
	}
}

static void write_string(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	buf_addc(out, '"');
	while (len) {
		size_t n = text_utf8_length(s, len);

		if (n == 1)
			write_ascii(out, *s);
		else if (n)
			buf_add(out, s, n);
		else
			buf_adds(out, "\xef\xbf\xbd");	/* U+FFFD */
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	buf_addc(out, '"');
}

static void lead(struct json *j, const char *key)
{
	if (!j->first)
		buf_addc(j->out, ',');
	if (j->depth)
		indent(j);
	j->first = false;
	if (!key)
		return;
	write_string(j->out, key);
	buf_adds(j->out, ": ");
}

void json_open(struct json *j, const char *key, char bracket)
{
	lead(j, key);
	buf_addc(j->out, bracket);
	j->depth++;
	j->first = true;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->first)
		indent(j);
	j->first = false;
	buf_addc(j->out, bracket);
	if (j->depth)
		return;
	buf_addc(j->out, '\n');
	j->first = true;
}

void json_str(struct json *j, const char *key, const char *s)
{
	if (!s) {
		json_null(j, key);
		return;
	}
	lead(j, key);
	write_string(j->out, s);
}

void json_u64(struct json *j, const char *key, uint64_t n)
{
	lead(j, key);
	buf_addf(j->out, "%" PRIu64, n);
}

void json_bool(struct json *j, const char *key, bool b)
{
	lead(j, key);
	buf_adds(j->out, b ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	lead(j, key);
	buf_adds(j->out, "null");
}
