/*
 * hash.c - BLAKE2b-256 from libsodium (see hash.h)
 *
 * None of these calls can fail with these constant sizes; libsodium's return
 * values are ignored for that reason.
 */
#include "runtime/hash.h"

#include <sodium/core.h>
#include <string.h>

void hash_prepare(void)
{
	/* It fails only for want of random numbers, which we never use; the
	 * portable code stays then. */
	if (sodium_init() < 0)
		return;
}

void hash_start(struct hash *h)
{
	(void)crypto_generichash_blake2b_init(&h->state, NULL, 0,
					      LAYOUT_HASH_SIZE);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	(void)crypto_generichash_blake2b_update(&h->state, data, len);
}

void hash_end(struct hash *h, uint8_t ret[LAYOUT_HASH_SIZE])
{
	(void)crypto_generichash_blake2b_final(&h->state, ret,
					       LAYOUT_HASH_SIZE);
}

void hash_bytes(const void *data, size_t len, uint8_t ret[LAYOUT_HASH_SIZE])
{
	(void)crypto_generichash_blake2b(ret, LAYOUT_HASH_SIZE, data, len,
					 NULL, 0);
}

/* Nothing here is secret, so memcmp's timing tells nobody anything. */
bool hash_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, LAYOUT_HASH_SIZE) == 0;
}
