/*
 * image_parts.h - for fuzzing: an image from its decoded parts
 *
 * A fuzzer that changes bytes of an image mostly breaks lengths and compression
 * and never gets behind them.  So its input here is the parts as a reader sees them,
 * and the image is put together from it with right lengths, places, and blocks that
 * can be unpacked:
 *
 *	u8	flags: 1 metadata is packed with zstd
 *	u8	block size: its logarithm less 12, 0 to 8
 *	u8	number of changes to the superblock, at most 8
 *	u8	number of fragments, at most 16
 *	u16	length of the inode table, decoded
 *	u16	length of the directory table, decoded
 *	u64	reference of the root
 *	changes: u8 offset, u32 value
 *	fragments: u32 place from the data's start, u32 size as it stands
 *	inode table, directory table, data to the end
 *
 * Metadata blocks that are not packed stand 8194 bytes apart, which is what
 * references in an image of `mksquashfs -noI` say; tests/image_parts.py makes
 * this form of such an image.
 */
#ifndef HOLDALL_IMAGE_PARTS_H
#define HOLDALL_IMAGE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zstd.h>

#include "runtime/image_format.h"

#define PARTS_HEAD 16u
#define PARTS_CHANGES_MAX 8u
#define PARTS_FRAGMENTS_MAX 16u
#define PARTS_PACKED 1u

struct image_parts_at {			/* places in the input */
	unsigned flags, block_log, n_changes, n_fragments;
	size_t changes, fragments, inodes, dirs, data;
	size_t inodes_len, dirs_len, data_len;
};

/* Lengths are cut to what is there.  False: too short for anything. */
static inline bool image_parts_find(const uint8_t *in, size_t size,
				    struct image_parts_at *ret)
{
	struct image_parts_at p;
	size_t left;

	if (size < PARTS_HEAD)
		return false;
	p.flags = in[0];
	p.block_log = 12 + in[1] % 9;
	p.n_changes = in[2] % (PARTS_CHANGES_MAX + 1);
	p.n_fragments = in[3] % (PARTS_FRAGMENTS_MAX + 1);
	p.inodes_len = le16(in + 4);
	p.dirs_len = le16(in + 6);
	p.changes = PARTS_HEAD;
	p.fragments = p.changes + p.n_changes * 5u;
	p.inodes = p.fragments + p.n_fragments * 8u;
	if (p.inodes > size)
		return false;
	left = size - p.inodes;
	if (p.inodes_len > left)
		p.inodes_len = left;
	p.dirs = p.inodes + p.inodes_len;
	left -= p.inodes_len;
	if (p.dirs_len > left)
		p.dirs_len = left;
	p.data = p.dirs + p.dirs_len;
	p.data_len = left - p.dirs_len;
	*ret = p;
	return true;
}

struct parts_out {
	uint8_t *p;
	size_t len, cap;
	ZSTD_CCtx *zstd;		/* or NULL: nothing is packed */
};

static inline void parts_add(struct parts_out *o, const void *data, size_t n)
{
	if (n > o->cap - o->len)
		n = o->cap - o->len;
	if (n)
		memcpy(o->p + o->len, data, n);
	o->len += n;
}

static inline void parts_add_u16(struct parts_out *o, size_t v)
{
	const uint8_t d[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	parts_add(o, d, 2);
}

static inline void parts_meta(struct parts_out *o, const uint8_t *data,
			      size_t len)
{
	uint8_t packed[SQUASHFS_META_SIZE + 512];

	while (len) {
		size_t n = len < SQUASHFS_META_SIZE ? len : SQUASHFS_META_SIZE;
		size_t r = o->zstd ? ZSTD_compressCCtx(o->zstd, packed,
						       sizeof(packed), data, n,
						       1) : n;

		if (o->zstd && !ZSTD_isError(r) && r < n) {
			parts_add_u16(o, r);
			parts_add(o, packed, r);
		} else {
			parts_add_u16(o, n | SQUASHFS_META_STORED);
			parts_add(o, data, n);
		}
		data += n;
		len -= n;
	}
}

static inline void parts_set(uint8_t *super, unsigned at, uint64_t v,
			     unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		super[at + i] = (uint8_t)(v >> 8 * i);
}

static inline void parts_fragments(struct parts_out *o, const uint8_t *in,
				   const struct image_parts_at *p,
				   uint8_t *super)
{
	uint8_t table[PARTS_FRAGMENTS_MAX * SQUASHFS_FRAGMENT_SIZE] = { 0 };
	uint64_t at = o->len;
	uint8_t index[8] = { 0 };

	for (unsigned i = 0; i < p->n_fragments; i++) {
		const uint8_t *f = in + p->fragments + 8u * i;
		uint8_t *e = table + SQUASHFS_FRAGMENT_SIZE * i;

		parts_set(e, 0, (uint64_t)le32(f) + SQUASHFS_SUPER_SIZE, 8);
		memcpy(e + 8, f + 4, 4);
	}
	parts_meta(o, table, SQUASHFS_FRAGMENT_SIZE * p->n_fragments);
	parts_set(super, SUPER_FRAGMENT_TABLE, o->len, 8);
	parts_set(index, 0, at, 8);
	if (p->n_fragments)
		parts_add(o, index, 8);
}

/* Bytes of the image, at most `cap`; 0: the input is too short. */
static inline size_t image_parts_make(const uint8_t *in, size_t size,
				      uint8_t *out, size_t cap,
				      ZSTD_CCtx *zstd)
{
	struct parts_out o = { .p = out, .cap = cap };
	uint8_t super[SQUASHFS_SUPER_SIZE] = { 0 };
	struct image_parts_at p;

	if (!image_parts_find(in, size, &p))
		return 0;
	if (p.flags & PARTS_PACKED)
		o.zstd = zstd;
	parts_add(&o, super, sizeof(super));
	parts_add(&o, in + p.data, p.data_len);
	parts_set(super, SUPER_MAGIC, SQUASHFS_MAGIC, 4);
	parts_set(super, SUPER_INODES, p.inodes_len / 20 ?: 1, 4);
	parts_set(super, SUPER_BLOCK_SIZE, 1u << p.block_log, 4);
	parts_set(super, SUPER_BLOCK_LOG, p.block_log, 2);
	parts_set(super, SUPER_FRAGMENTS, p.n_fragments, 4);
	parts_set(super, SUPER_CODEC, SQUASHFS_ZSTD, 2);
	parts_set(super, SUPER_MAJOR, 4, 2);
	parts_set(super, SUPER_ROOT, le64(in + 8), 8);
	parts_set(super, SUPER_INODE_TABLE, o.len, 8);
	parts_meta(&o, in + p.inodes, p.inodes_len);
	parts_set(super, SUPER_DIR_TABLE, o.len, 8);
	parts_meta(&o, in + p.dirs, p.dirs_len);
	parts_fragments(&o, in, &p, super);
	parts_set(super, SUPER_ID_TABLE, o.len, 8);
	parts_set(super, SUPER_XATTR_TABLE, SQUASHFS_NONE, 8);
	parts_set(super, SUPER_EXPORT_TABLE, SQUASHFS_NONE, 8);
	parts_add(&o, super, 8);
	parts_set(super, SUPER_BYTES_USED, o.len, 8);
	for (unsigned i = 0; i < p.n_changes; i++) {
		const uint8_t *c = in + p.changes + 5u * i;

		memcpy(super + c[0] % (SQUASHFS_SUPER_SIZE - 3), c + 1, 4);
	}
	memcpy(out, super, sizeof(super));
	return o.len;
}

/* ---- mutating -------------------------------------------------------------- */

static inline uint32_t parts_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Numbers at which readers go wrong. */
static inline uint64_t parts_number(uint32_t *seed, unsigned block_log)
{
	static const uint64_t some[] = {
		0, 1, 2, 3, 7, 8, 11, 12, 20, 255, 256, 257, 4095, 4096, 8190,
		8191, 8192, 8193, 8194, 0x7fff, 0x8000, 0xffff, 0x10000,
		0xffffff, 1u << 24, 0x7fffffff, 0x80000000, 0xffffffff,
		UINT64_C(1) << 32, UINT64_C(1) << 40, UINT64_C(1) << 48,
		UINT64_MAX, UINT64_MAX - 1,
	};
	uint32_t r = parts_random(seed);

	if (r % 8 == 0)
		return (UINT64_C(1) << block_log) + (r >> 8) % 3 - 1;
	return some[(r >> 3) % (sizeof(some) / sizeof(*some))];
}

/* A number that the image holds already: the root's place, or what stands somewhere
 * in its tables.  So directories contain their parents, and files share blocks. */
static inline uint64_t parts_other(const uint8_t *in,
				   const struct image_parts_at *p,
				   uint32_t *seed)
{
	size_t n = p->inodes_len + p->dirs_len;
	uint32_t r = parts_random(seed);

	if (r % 4 == 0)
		return le16(in + 8);
	if (r % 4 == 1)
		return le32(in + 10);
	/* Both tables stand one behind the other. */
	return n < 4 ? 0 : le32(in + p->inodes + (r >> 2) % (n - 3) / 2 * 2);
}

/* Changes one field of the input in place: in tables at even places, as nearly
 * all fields stand. */
static inline void image_parts_mutate(uint8_t *in, size_t size, uint32_t *seed)
{
	struct image_parts_at p;
	size_t from, len, at;
	uint64_t v;
	uint32_t r = parts_random(seed);
	unsigned width = 1u << parts_random(seed) % 4;

	if (!image_parts_find(in, size, &p))
		return;
	switch (r % 16) {
	case 0:
		from = 0, len = PARTS_HEAD;
		break;
	case 1:
		from = p.changes, len = p.inodes - p.changes;
		break;
	case 2:
		from = p.data, len = p.data_len;
		break;
	case 3: case 4: case 5: case 6: case 7:
		from = p.dirs, len = p.dirs_len;
		break;
	default:
		from = p.inodes, len = p.inodes_len;
		break;
	}
	if (len < width)
		return;
	at = from + parts_random(seed) % (len - width + 1);
	if (r & 0x100)
		at -= (at - from) % 2;
	v = parts_random(seed) % 4 ? parts_number(seed, p.block_log) :
				     parts_other(in, &p, seed);
	r = parts_random(seed);
	for (unsigned i = 0; i < width; i++)
		if (r % 4 == 0)
			in[at + i] = (uint8_t)(in[at + i] + (i ? 0 : r >> 8));
		else
			in[at + i] = (uint8_t)(v >> 8 * i);
}

#endif
