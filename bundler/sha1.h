/*
 * sha1.h - SHA-1, for Java's key store
 *
 * Nothing of ours is protected by it: the form asks for it, and libsodium has
 * none.
 */
#ifndef HOLDALL_SHA1_H
#define HOLDALL_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20u

struct sha1 {
	uint32_t h[5];
	uint64_t bytes;
	uint8_t block[64];
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *data, size_t len);
void sha1_end(struct sha1 *s, uint8_t ret[SHA1_SIZE]);

#endif
