/*
 * image_profile.c - reading and writing the profile section (image_profile.h)
 *
 * Integers are little-endian: 8 bytes of magic, version, number of entries; then the
 * entries of 16 bytes.  The length follows from the number, so a profile has one
 * spelling.
 */
#include "runtime/image_profile.h"

#include <errno.h>
#include <string.h>

#include "runtime/image_format.h"

#define MAGIC "hprofile"
#define VERSION 1u
#define REF_MAX ((UINT64_C(1) << 48) - 1)
#define BLOCK_MAX (1u << 24)

int image_profile_parse(const uint8_t *data, size_t len,
			struct image_profile *ret)
{
	uint64_t blocks = 0;
	uint32_t n;

	if (len < IMAGE_PROFILE_HEAD || len > IMAGE_PROFILE_BYTES_MAX ||
	    memcmp(data, MAGIC, 8) != 0 || le32(data + 8) != VERSION)
		return -EINVAL;
	n = le32(data + 12);
	if (n > IMAGE_PROFILE_MAX ||
	    len != IMAGE_PROFILE_HEAD + (size_t)n * IMAGE_PROFILE_ENTRY)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *d = data + IMAGE_PROFILE_HEAD +
				   (size_t)i * IMAGE_PROFILE_ENTRY;
		struct image_profile_entry e = { le64(d), le32(d + 8),
						 le32(d + 12) };

		blocks += e.n;
		if (e.ref > REF_MAX || e.first > BLOCK_MAX ||
		    (!e.n && e.first) || blocks > IMAGE_PROFILE_BLOCKS_MAX)
			return -EINVAL;
		ret->v[i] = e;
	}
	ret->n = n;
	return 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void put_entry(uint8_t *p, const struct image_profile_entry *e)
{
	put32(p, (uint32_t)e->ref);
	put32(p + 4, (uint32_t)(e->ref >> 32));
	put32(p + 8, e->first);
	put32(p + 12, e->n);
}

size_t image_profile_format(const struct image_profile *p,
			    uint8_t ret[IMAGE_PROFILE_BYTES_MAX])
{
	uint32_t blocks = 0, n = 0;

	for (; n < p->n && n < IMAGE_PROFILE_MAX; n++) {
		if (p->v[n].n > IMAGE_PROFILE_BLOCKS_MAX - blocks)
			break;
		blocks += p->v[n].n;
		put_entry(ret + IMAGE_PROFILE_HEAD +
			  (size_t)n * IMAGE_PROFILE_ENTRY, &p->v[n]);
	}
	memcpy(ret, MAGIC, 8);
	put32(ret + 8, VERSION);
	put32(ret + 12, n);
	return IMAGE_PROFILE_HEAD + (size_t)n * IMAGE_PROFILE_ENTRY;
}
