/*
 * buf.h - a growing byte string
 *
 * Invariants: `data` is NULL or holds `cap` bytes of which `len` are used;
 * after any buf_add* the byte data[len] is NUL, so text can be used as a C
 * string.  A failed allocation sets `failed` and leaves the content as it
 * was; later calls do nothing.  Writers may therefore ignore every return
 * value and ask once at the end with buf_check().
 *
 * `max` bounds what anybody can make us allocate; buf_init sets 64 MiB.
 */
#ifndef HOLDALL_BUF_H
#define HOLDALL_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/err.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

#define BUF_INIT ((struct buf){ .max = (size_t)64 << 20 })

void buf_free(struct buf *b);
#define CLEANUP_BUF CLEANUP(buf_free)

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* 0, or an error when any earlier call could not allocate. */
int buf_check(const struct buf *b, struct err *err);

/* The text, never NULL; still owned by the buffer. */
const char *buf_text(const struct buf *b);

/* Hands the text to the caller (free it); the buffer is empty afterwards.
 * NULL when nothing could be allocated. */
char *buf_steal(struct buf *b);

#endif
