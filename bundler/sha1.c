/*
 * sha1.c - see sha1.h (FIPS 180-4, 6.1)
 */
#include "bundler/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void expand(const uint8_t *p, uint32_t w[80])
{
	for (unsigned i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
}

/* The function and constant of each quarter of the rounds. */
static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round / 20) {
	case 0:
		return ((b & c) | (~b & d)) + 0x5a827999u;
	case 1:
		return (b ^ c ^ d) + 0x6ed9eba1u;
	case 2:
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
	default:
		return (b ^ c ^ d) + 0xca62c1d6u;
	}
}

static void eat(struct sha1 *s, const uint8_t *block)
{
	uint32_t w[80], v[5], next;

	expand(block, w);
	memcpy(v, s->h, sizeof(v));
	for (unsigned i = 0; i < 80; i++) {
		next = rotate(v[0], 5) + mix(i, v[1], v[2], v[3]) + v[4] + w[i];
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (unsigned i = 0; i < 5; i++)
		s->h[i] += v[i];
}

void sha1_init(struct sha1 *s)
{
	*s = (struct sha1){ .h = { 0x67452301u, 0xefcdab89u, 0x98badcfeu,
				   0x10325476u, 0xc3d2e1f0u } };
}

void sha1_add(struct sha1 *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 0; len--) {
		s->block[s->bytes++ % sizeof(s->block)] = *p++;
		if (s->bytes % sizeof(s->block) == 0)
			eat(s, s->block);
	}
}

void sha1_end(struct sha1 *s, uint8_t ret[SHA1_SIZE])
{
	static const uint8_t one = 0x80, zero = 0;
	uint64_t bits = s->bytes * 8;
	uint8_t length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha1_add(s, &one, 1);
	while (s->bytes % sizeof(s->block) != sizeof(s->block) - 8)
		sha1_add(s, &zero, 1);
	sha1_add(s, length, sizeof(length));
	for (unsigned i = 0; i < SHA1_SIZE; i++)
		ret[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
