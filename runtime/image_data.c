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
 * pointers into this cache and pins their slots until it is done; a crew has no
 * more members than can find slots at once.  A block of which reads and
 * pushes have taken as much as it holds goes first: the kernel has it now, and its
 * memory is warm.  So of fragment blocks those stay whose files somebody may still
 * come to.
 *
 * A block is decoded once, however many threads want it: it is marked busy before
 * it is read and decoded without the lock, and the others wait for that.
 */
#include "runtime/image_ahead.h"
#include "runtime/image_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Slots that one read can pin: blocks with both ends cut, and a tail. */
#define PINS_MAX(block_size) (IMAGE_READ_MAX / (block_size) + 2u)

_Static_assert(DATA_BYTES_MAX >> SQUASHFS_BLOCK_LOG_MAX >=
	       PINS_MAX(1u << SQUASHFS_BLOCK_LOG_MAX) + HELPERS,
	       "a read of the largest blocks, and the helpers");
_Static_assert(DATA_BLOCKS_MAX >= SERVERS_MAX * IMAGE_SLICES_MAX + HELPERS,
	       "reads of the smallest blocks, and the helpers");

/* ---- blocks ---------------------------------------------------------------- */

/* The bytes of a packed block, verified: where the source has them, or copied. */
static int fetch(struct image_decoder *dec, uint64_t pos, size_t n,
		 const uint8_t **ret, struct err *err)
{
	int r;

	if (dec->src.view)
		return dec->src.view(dec->src.arg, n, pos, ret, err);
	r = dec->src.read(dec->src.arg, dec->packed, n, pos, err);
	if (!r)
		*ret = dec->packed;
	return r;
}

/* Only to measure what everything but this costs (bench/read.sh): a block counts
 * as read, verified and decoded, with whatever its slot holds. */
#ifdef HOLDALL_BENCH_NO_DECODE
#define NO_DECODE true
#else
#define NO_DECODE false
#endif

static int load_data(const struct image *im, struct image_decoder *dec,
		     uint64_t pos, uint32_t size, uint8_t *out,
		     uint32_t *ret_len, struct err *err)
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
	if (NO_DECODE) {
		*ret_len = im->super.block_size;
		return 0;
	}
	r = fetch(dec, pos, n, &packed, err);
	if (r < 0)
		return r;
	if (stored)
		memcpy(out, packed, n);
	else
		len = image_unpack(dec, out, im->super.block_size, packed, n);
	if (len <= 0)
		return image_broken(im, err, "the block at %llu cannot be "
				    "unpacked", (unsigned long long)pos);
	*ret_len = (uint32_t)len;
	return 0;
}

unsigned image_servers_max(const struct image *im)
{
	/* One slot for each helper, which holds one at most. */
	return (im->n_data - HELPERS) / PINS_MAX(im->super.block_size);
}

static uint8_t *block_bytes(const struct image *im, unsigned i)
{
	return im->data_area + (size_t)i * im->super.block_size;
}

const uint8_t *image_data_bytes(const struct image *im,
				const struct image_cached *c)
{
	return block_bytes(im, (unsigned)(c - im->data));
}

/* n_data when it is not there. */
static unsigned find_data(const struct image *im, uint64_t pos)
{
	unsigned i = 0;

	while (i < im->n_data && im->data[i].pos != pos)
		i++;
	return i;
}

struct image_cached *image_data_cached(struct image *im, uint64_t pos)
{
	unsigned i = find_data(im, pos);

	return i < im->n_data ? &im->data[i] : NULL;
}

/* Neither busy nor pinned; n_data: none such.  Given blocks come first, then
 * empty slots, then the least recently used. */
static unsigned data_victim(const struct image *im)
{
	unsigned best = im->n_data;

	for (unsigned i = 0; i < im->n_data; i++) {
		const struct image_cached *c = &im->data[i];

		if (c->busy || c->pins)
			continue;
		if (c->pos && c->given >= c->len)
			return i;
		if (best == im->n_data || !c->pos ||
		    (im->data[best].pos && c->used < im->data[best].used))
			best = i;
	}
	return best;
}

/* Decodes a block into slot i; the lock is given up meanwhile. */
static int fill_slot(struct image *im, unsigned i, uint64_t pos,
		     uint32_t size, bool ahead, struct err *err)
{
	struct image_worker *w = im->cur;
	struct image_cached *c = &im->data[i];
	uint32_t len = 0;
	int r;

	if (c->pos && c->ahead)
		image_ahead_verdict(im, false);
	*c = (struct image_cached){ .pos = pos, .busy = true, .ahead = ahead };
	image_unlock(im);
	r = load_data(im, &w->dec, pos, size, block_bytes(im, i), &len, err);
	image_lock(im, w);
	c->busy = false;
	if (r < 0)
		c->pos = 0;
	c->len = len;
	c->used = ++im->clock;
	im->stats.packed_bytes += size & SQUASHFS_BLOCK_SIZE_MASK;
	im->stats.decoded_bytes += len;
	image_wake(im);
	/* A run may have waited for it. */
	if (im->crew && im->crew->run.left)
		image_crew_wake(im->crew);
	return r;
}

void image_data_ahead(struct image *im, uint64_t pos, uint32_t size)
{
	unsigned i = image_data_cached(im, pos) ? im->n_data : data_victim(im);
	struct err err;

	if (i == im->n_data)
		return;
	im->stats.ahead++;
	(void)fill_slot(im, i, pos, size, true, &err);
}

/* The slot of a decoded block, pinned. */
static int take_block(struct image *im, uint64_t pos, uint32_t size,
		      unsigned *ret, struct err *err)
{
	struct image_worker *w = im->cur;
	unsigned i;
	int r;

	for (;;) {
		i = find_data(im, pos);
		/* Another thread is at it.  It may fail: then it is our turn. */
		if (i < im->n_data && im->data[i].busy) {
			image_wait(im);
			continue;
		}
		if (i < im->n_data) {
			im->stats.hits++;
			break;
		}
		i = data_victim(im);
		if (i == im->n_data) {
			assert(im->crew);
			image_wait(im);
			continue;
		}
		im->stats.misses++;
		r = fill_slot(im, i, pos, size, false, err);
		if (r < 0)
			return r;
		break;
	}
	if (im->data[i].ahead) {
		im->data[i].ahead = false;
		image_ahead_verdict(im, true);
	}
	im->data[i].used = ++im->clock;
	im->data[i].pins++;
	assert(w->n_pins < ARRAY_SIZE(w->pins));
	w->pins[w->n_pins++] = (uint16_t)i;
	*ret = i;
	return 0;
}

void image_read_done(struct image *im)
{
	struct image_worker *w = im->cur;

	for (unsigned i = 0; i < w->n_pins; i++)
		im->data[w->pins[i]].pins--;
	if (w->n_pins)
		image_wake(im);
	w->n_pins = 0;
}

bool image_slice_is_hole(const struct image *im, const struct iovec *slice)
{
	return slice->iov_base == im->zero;
}

static int data_block(struct image *im, uint64_t pos, uint32_t size,
		      struct image_cached **ret, const uint8_t **ret_data,
		      struct err *err)
{
	unsigned i = 0;
	int r;

	/* Nobody's block, and the mark of an empty slot. */
	if (!pos)
		return image_broken(im, err, "a block at 0");
	r = take_block(im, pos, size, &i, err);
	if (r < 0)
		return r;
	*ret = &im->data[i];
	*ret_data = block_bytes(im, i);
	return 0;
}

/* ---- fragments ------------------------------------------------------------- */

/* The list of the fragment table's blocks: at most 256 KiB, by the superblock's
 * checks.  It lies in the image's mapping: a thread that allocates makes an arena
 * of its own, by calls that the jail forbids. */
static int load_fragment_index(struct image *im, struct err *err)
{
	size_t n = ((size_t)im->super.n_fragments + 511) / 512;
	uint64_t *index = im->fragment_index;
	int r = image_bytes_at(im, index, n * sizeof(*index),
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
	im->fragments_known = true;
	return 0;
}

int image_fragment(struct image *im, uint32_t i, uint64_t *ret_pos,
		   uint32_t *ret_size, struct err *err)
{
	uint8_t d[SQUASHFS_FRAGMENT_SIZE];
	struct meta_cursor c;
	int r = 0;

	if (!im->fragments_known)
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

struct file_place *image_file_place(struct image *im,
				    const struct image_inode *node)
{
	return &im->places[node->ino % FILE_PLACES];
}

bool image_block_seen(const struct file_place *p, uint32_t block)
{
	return block < FILE_SEEN && p->seen[block / 64] >> block % 64 & 1;
}

void image_block_see(struct file_place *p, uint32_t block)
{
	if (block < FILE_SEEN)
		p->seen[block / 64] |= UINT64_C(1) << block % 64;
}

bool image_fragment_seen(const struct image *im, uint32_t i)
{
	return i < FRAGMENTS_SEEN &&
	       im->fragments_seen[i / 64] >> i % 64 & 1;
}

void image_fragment_see(struct image *im, uint32_t i)
{
	if (i < FRAGMENTS_SEEN)
		im->fragments_seen[i / 64] |= UINT64_C(1) << i % 64;
}

int image_find_block(struct image *im, const struct image_inode *node,
		     uint32_t block, uint64_t *ret_pos, uint32_t *ret_size,
		     struct err *err)
{
	struct file_place *note = image_file_place(im, node), p = *note;
	uint8_t d[4];
	int r;

	if (p.ref != node->ref || !p.cur.end)
		p = (struct file_place){ .ref = node->ref, .data = node->data,
					 .cur = node->rest };
	if (p.block > block) {
		p.block = 0;
		p.data = node->data;
		p.cur = node->rest;
	}
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
		return image_find_block(im, node, block, ret_pos, ret_size,
					err);
	return image_fragment(im, node->fragment, ret_pos, ret_size, err);
}

static void note_touched(struct image_worker *w, const struct piece *p,
			 uint64_t pos, uint64_t off, uint32_t skip)
{
	if (p->len < p->want && w->n_touched < TOUCHED_MAX)
		w->touched[w->n_touched++] = (struct image_touched){
			.pos = pos, .off = off, .skip = skip, .want = p->want,
			.in = p->in, .len = p->len,
		};
}

/* The bytes of a piece: zeros for a hole, else in the cache. */
static int read_piece(struct image *im, const struct image_inode *node,
		      const struct piece *p, const uint8_t **ret,
		      struct err *err)
{
	bool tail = p->block >= node->n_blocks;
	uint32_t skip = tail ? node->fragment_off : 0, size;
	struct image_cached *c = NULL;
	const uint8_t *data = NULL;
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
	    (!tail && p->want != c->len && !NO_DECODE))
		return image_broken(im, err, "the block at %llu holds %u bytes, "
				    "not %u", (unsigned long long)pos, c->len,
				    p->want + skip);
	c->given += p->len;
	note_touched(im->cur, p, pos, (uint64_t)p->block << im->super.block_log,
		     skip);
	if (tail)
		image_fragment_see(im, node->fragment);
	else
		image_block_see(image_file_place(im, node), p->block);
	*ret = data + skip + p->in;
	return 0;
}

static void begin_read(struct image *im, const struct image_inode *node,
		       uint64_t off)
{
	const struct file_place *place = image_file_place(im, node);

	image_read_done(im);
	im->cur->reads_on = place->ref == node->ref && place->end == off;
	im->cur->n_touched = 0;
}

int image_file_read(struct image *im, const struct image_inode *node,
		    uint64_t off, size_t len, struct image_slices *ret,
		    struct err *err)
{
	struct file_place *place = image_file_place(im, node);
	uint32_t bs = im->super.block_size;

	if (node->type != TYPE_FILE)
		return err_set(err, EINVAL, "%s: not a regular file",
			       im->src.name);
	begin_read(im, node, off);
	ret->n = 0;
	ret->len = 0;
	if (off >= node->size)
		return 0;
	if (len > IMAGE_READ_MAX)
		len = IMAGE_READ_MAX;
	if (len > node->size - off)
		len = (size_t)(node->size - off);
	image_ahead_split(im, node, off, len);
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
	im->stats.asked_bytes += ret->len;
	if (place->ref == node->ref)
		place->end = off;
	return 0;
}
