/*
 * header_internal.h - between header.c and header_lines.c
 */
#ifndef HOLDALL_HEADER_INTERNAL_H
#define HOLDALL_HEADER_INTERNAL_H

#include "manifests/header.h"

/* Bounds the lines of one header: all repeatable ones and the single ones. */
#define HEADER_LINES_MAX 2816

/* Stores one line; -ENOENT (err untouched): no such key. */
int header_read_line(struct header *h, const struct text_line *line,
		     struct err *err);
/* All lines of a header, unsorted. */
void header_write_lines(const struct header *h, struct buf *ret);

#endif
