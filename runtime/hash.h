/*
 * hash.h - BLAKE2b-256, the one hash of the format
 *
 * hash_prepare lets libsodium choose the fastest code for this CPU.  Measured
 * on an EPYC: it costs 6 us, seldom 100 (it seeds a random generator: two
 * getrandom calls, which no jail of ours allows) and makes a 16 KiB leaf 17.8
 * instead of 19.9 us.  So whoever reads a payload calls it once before its jail,
 * and bundle_open, which hashes a few KiB on the way to the app's first
 * instruction, does not.  Later calls make no system call.
 */
#ifndef HOLDALL_HASH_H
#define HOLDALL_HASH_H

#include <sodium/crypto_generichash_blake2b.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/layout.h"

struct hash {
	crypto_generichash_blake2b_state state;
};

void hash_prepare(void);

void hash_start(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
void hash_end(struct hash *h, uint8_t ret[LAYOUT_HASH_SIZE]);

void hash_bytes(const void *data, size_t len, uint8_t ret[LAYOUT_HASH_SIZE]);
bool hash_equal(const uint8_t *a, const uint8_t *b);

#endif
