/*
 * out.h - text to standard output, whole or a fault
 *
 * Verbs gather their answer in a buf and write it once: a full disk or a closed
 * pipe is then an error of the verb and never a silent half answer.
 */
#ifndef HOLDALL_OUT_H
#define HOLDALL_OUT_H

#include "runtime/buf.h"
#include "runtime/err.h"

int out_write(const void *data, size_t len, struct err *err);
int out_buf(const struct buf *b, struct err *err);

#endif
