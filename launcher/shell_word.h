/*
 * shell_word.h - a word as a shell reads it, for lines that a person copies
 */
#ifndef HOLDALL_SHELL_WORD_H
#define HOLDALL_SHELL_WORD_H

#include "runtime/buf.h"

void shell_word(struct buf *out, const char *s);

#endif
