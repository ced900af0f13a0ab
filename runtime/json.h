/*
 * json.h - writing JSON (RFC 8259) into a buf
 *
 * Output only; nothing in holdall reads JSON.  The writer keeps track of
 * commas and indents by two spaces.  Strings that are not UTF-8 get U+FFFD for
 * each bad byte.
 *
 *	struct json j = JSON_INIT(&buf);
 *	json_open(&j, NULL, '{');
 *	json_str(&j, "id", id);
 *	json_open(&j, "list", '[');
 *	json_str(&j, NULL, "item");
 *	json_close(&j, ']');
 *	json_close(&j, '}');		(adds a newline after the outermost)
 */
#ifndef HOLDALL_JSON_H
#define HOLDALL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/buf.h"

struct json {
	struct buf *out;
	unsigned depth;
	bool first;
};
#define JSON_INIT(buf_) ((struct json){ .out = (buf_), .first = true })

void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_str(struct json *j, const char *key, const char *s);
void json_u64(struct json *j, const char *key, uint64_t n);
void json_bool(struct json *j, const char *key, bool b);
void json_null(struct json *j, const char *key);

#endif
