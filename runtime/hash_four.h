/*
 * hash_four.h - four BLAKE2b-256 hashes side by side, where the CPU can
 *
 * A leaf's hash is one long chain of dependent steps, which leaves most of the
 * CPU's vector unit idle; leaves are independent of each other, so four of equal
 * length are hashed in the four 64-bit lanes of AVX2 registers.  The format does
 * not change: each hash is the ordinary one.
 */
#ifndef HOLDALL_HASH_FOUR_H
#define HOLDALL_HASH_FOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/layout.h"

/* False: hash_four must not be called. */
bool hash_four_works(void);

/* H(prefix || data[i]) for four inputs of len bytes each, len >= 127.  The same
 * input may stand in several places. */
void hash_four(uint8_t prefix, const uint8_t *const data[4], size_t len,
	       uint8_t ret[4][LAYOUT_HASH_SIZE]);

#endif
