/*
 * image_data.c - file contents: block lists, blocks, fragments, holes
 *
 * A file is whole blocks, stored one behind the other from `data` on, with
 * their packed sizes in a list behind the inode (0: a hole), and a last piece
 * that is a block of its own or lies with others in a fragment block.  Where
 * block i stands is the sum of the sizes before it, so the place that the last
 * read got to is noted per file; reading on does not start over.
 *
 * Decoded blocks are kept by their place in the image.  A read hands out
 * pointers into this cache; it holds more than one read can touch, and goes by
 * last use, so no slice is overwritten before the next read.  A whole block
 * whose last byte an earlier read has taken goes first: the kernel has it now,
 * and its memory is warm.
 */
#include "runtime/image_state.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(DATA_BYTES_MAX / (1u << SQUASHFS_BLOCK_LOG_MAX) >=
	       IMAGE_READ_MAX / (1u << SQUASHFS_BLOCK_LOG_MAX) + 3,
	       "the cache holds a whole read of the largest blocks");
_Static_assert(DATA_BLOCKS_MAX > IMAGE_SLICES_MAX,
	       "the cache holds a whole read of the smallest blocks");

/* ---- blocks ---------------------------------------------------------------- */

/* The bytes of a packed block, verified: where the source has them, or copied. */
static int fetch(struct image *im, uint64_t pos, size_t n, const uint8_t **ret,
		 struct err *err)
{
	int r;

	if (im->src.view)
		return im->src.view(im->src.arg, n, pos, ret, err);
	r = im->src.read(im->src.arg, im->packed, n, pos, err);
	if (!r)
		*ret = im->packed;
	return r;
}

static int load_data(struct image *im, uint64_t pos, uint32_t size,
		     uint8_t *out, uint32_t *ret_len, struct err *err)
{
	uint32_t n = size & SQUASHFS_BLOCK_SIZE_MASK;
	bool stored = size & SQUASHFS_BLOCK_STORED;
	const uint8_t *packed = NULL;
	long len = (long)n;
	int r;

	if (!n || n > im->super.block_size ||
	    size & ~(SQUASHFS_BLOCK_STORED | SQUASHFS_BLOCK_SIZE_MASK) ||
	    pos < SQUASHFS_SUPER_SIZE || pos > im->super.bytes_used ||
	    n > im->super.bytes_used - pos)
		return image_broken(im, err, "a block of %u bytes at %llu", n,
				    (unsigned long long)pos);
	r = fetch(im, pos, n, &packed, err);
	if (r < 0)
		return r;
	if (stored)
		memcpy(out, packed, n);
	else
		len = image_unpack(im, out, im->super.block_size, packed, n);
	if (len <= 0)
		return image_broken(im, err, "the block at %llu cannot be "
				    "unpacked", (unsigned long long)pos);
	*ret_len = (uint32_t)len;
	return 0;
}

static unsigned data_victim(const struct image *im)
{
	for (unsigned i = 0; i < im->n_data; i++)
		if (im->data[i].done && im->data[i].done < im->n_reads)
			return i;
	return image_cache_victim(im->data, im->n_data);
}

static int data_block(struct image *im, uint64_t pos, uint32_t size,
		      struct image_cached **ret, const uint8_t **ret_data,
		      struct err *err)
{
	struct image_cached *c = im->data;
	unsigned i;

	for (i = 0; i < im->n_data; i++)
		if (c[i].pos == pos)
			break;
	/* Position 0 is the superblock's: there a lie ends in load_data. */
	if (i == im->n_data || !pos) {
		int r;

		i = data_victim(im);
		c[i].pos = 0;
		c[i].done = 0;
		r = load_data(im, pos, size,
			      im->data_area + (size_t)i * im->super.block_size,
			      &c[i].len, err);
		if (r < 0)
			return r;
		c[i].pos = pos;
	}
	c[i].used = ++im->clock;
	*ret = &c[i];
	*ret_data = im->data_area + (size_t)i * im->super.block_size;
	return 0;
}

/* ---- fragments ------------------------------------------------------------- */

/* The list of the fragment table's blocks: at most 256 KiB, by the superblock's
 * checks. */
static int load_fragment_index(struct image *im, struct err *err)
{
	size_t n = ((size_t)im->super.n_fragments + 511) / 512;
	CLEANUP_FREE uint64_t *index = malloc(n * sizeof(*index));
	int r;

	if (!index)
		return err_nomem(err);
	r = im->src.read(im->src.arg, index, n * sizeof(*index),
			 im->super.fragment_index, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		index[i] = le64toh(index[i]);
		if (index[i] < im->super.dir_start ||
		    index[i] >= im->super.bytes_used)
			return image_broken(im, err, "its fragment table leaves "
					    "the image");
	}
	im->fragment_index = steal_ptr(&index);
	return 0;
}

static int fragment_entry(struct image *im, uint32_t i, uint64_t *ret_pos,
			  uint32_t *ret_size, struct err *err)
{
	uint8_t d[SQUASHFS_FRAGMENT_SIZE];
	struct meta_cursor c;
	int r = 0;

	if (!im->fragment_index)
		r = load_fragment_index(im, err);
	if (r < 0)
		return r;
	c = (struct meta_cursor){ .pos = im->fragment_index[i / 512],
				  .end = im->super.bytes_used,
				  .off = i % 512 * SQUASHFS_FRAGMENT_SIZE };
	r = meta_read(im, &c, d, sizeof(d), err);
	if (r < 0)
		return r;
	*ret_pos = le64(d);
	*ret_size = le32(d + 8);
	return 0;
}

/* ---- block lists ----------------------------------------------------------- */

/* Goes forward in a file's list by n entries, adding up. */
static int skip_blocks(struct image *im, struct file_place *p, uint32_t n,
		       struct err *err)
{
	uint8_t d[512];

	while (n) {
		uint32_t some = n < sizeof(d) / 4 ? n : sizeof(d) / 4;
		int r = meta_read(im, &p->cur, d, some * 4, err);

		if (r < 0)
			return r;
		/* At most 2^24 sizes below 2^24: no overflow. */
		for (uint32_t i = 0; i < some; i++)
			p->data += le32(d + i * 4) & SQUASHFS_BLOCK_SIZE_MASK;
		p->block += some;
		n -= some;
	}
	return 0;
}

/* Place and packed size of a block.  The noted place moves behind it. */
static int find_block(struct image *im, const struct image_inode *node,
		      uint32_t block, uint64_t *ret_pos, uint32_t *ret_size,
		      struct err *err)
{
	struct file_place *note = &im->places[node->ino % FILE_PLACES];
	struct file_place p = *note;
	uint8_t d[4];
	int r;

	if (p.ref != node->ref || !p.cur.end || p.block > block)
		p = (struct file_place){ .ref = node->ref, .data = node->data,
					 .cur = node->rest };
	r = skip_blocks(im, &p, block - p.block, err);
	if (r < 0)
		return r;
	*note = p;
	r = meta_read(im, &p.cur, d, sizeof(d), err);
	if (r < 0)
		return r;
	*ret_pos = p.data;
	*ret_size = le32(d);
	return 0;
}

/* ---- reading --------------------------------------------------------------- */

/* One piece of a file: within one block, or within the tail. */
struct piece {
	uint32_t block;
	uint32_t want;			/* bytes of the file in this block */
	uint32_t in, len;		/* the part asked for */
};

static int find_piece(struct image *im, const struct image_inode *node,
		      uint32_t block, uint64_t *ret_pos, uint32_t *ret_size,
		      struct err *err)
{
	if (block < node->n_blocks)
		return find_block(im, node, block, ret_pos, ret_size, err);
	return fragment_entry(im, node->fragment, ret_pos, ret_size, err);
}

/* The bytes of a piece: zeros for a hole, else in the cache. */
static int read_piece(struct image *im, const struct image_inode *node,
		      const struct piece *p, const uint8_t **ret,
		      struct err *err)
{
	bool tail = p->block >= node->n_blocks;
	uint32_t skip = tail ? node->fragment_off : 0, size;
	struct image_cached *c;
	const uint8_t *data;
	uint64_t pos;
	int r = find_piece(im, node, p->block, &pos, &size, err);

	if (r < 0)
		return r;
	if (!tail && !size) {
		*ret = im->zero;
		return 0;
	}
	r = data_block(im, pos, size, &c, &data, err);
	if (r < 0)
		return r;
	if (skip > c->len || p->want > c->len - skip ||
	    (!tail && p->want != c->len))
		return image_broken(im, err, "the block at %llu holds %u bytes, "
				    "not %u", (unsigned long long)pos, c->len,
				    p->want + skip);
	if (!tail && p->in + p->len == p->want)
		c->done = im->n_reads;
	*ret = data + skip + p->in;
	return 0;
}

int image_file_read(struct image *im, const struct image_inode *node,
		    uint64_t off, size_t len, struct image_slices *ret,
		    struct err *err)
{
	uint32_t bs = im->super.block_size;

	if (node->type != TYPE_FILE)
		return err_set(err, EINVAL, "%s: not a regular file",
			       im->src.name);
	im->n_reads++;
	ret->n = 0;
	ret->len = 0;
	if (off >= node->size)
		return 0;
	if (len > IMAGE_READ_MAX)
		len = IMAGE_READ_MAX;
	if (len > node->size - off)
		len = (size_t)(node->size - off);
	while (len) {
		struct piece p = {
			.block = (uint32_t)(off >> im->super.block_log),
			.in = (uint32_t)(off & (bs - 1)),
		};
		uint64_t left = node->size - (off - p.in);
		const uint8_t *data = NULL;
		int r;

		p.want = left < bs ? (uint32_t)left : bs;
		p.len = p.want - p.in < len ? p.want - p.in : (uint32_t)len;
		r = read_piece(im, node, &p, &data, err);
		if (r < 0)
			return r;
		ret->iov[ret->n++] = (struct iovec){ (void *)(uintptr_t)data,
						     p.len };
		ret->len += p.len;
		off += p.len;
		len -= p.len;
	}
	return 0;
}
