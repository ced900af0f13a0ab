/*
 * python_cache.h - compiled Python files that stay valid in the image
 *
 * A .pyc holds the time of its source, and Python compiles anew (at each start,
 * since it cannot write) when that differs.  All times in an image are the same
 * one, so that time is laid over the field; a .pyc that did not fit its source
 * before is dropped, for it would now look valid.
 */
#ifndef HOLDALL_PYTHON_CACHE_H
#define HOLDALL_PYTHON_CACHE_H

#include <stdint.h>

#include "bundler/tree.h"

int python_cache_fix(struct tree *t, uint32_t time, struct err *err);

#endif
