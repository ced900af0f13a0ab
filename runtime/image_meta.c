/*
 * image_meta.c - the image object, its caches, and the metadata cursor
 *
 * Decoded metadata blocks are kept, META_BLOCKS of them, until the server has
 * nothing to do: then all memory goes back.  The source keeps the
 * last verified leaves itself, so reading a block's length and then its bytes
 * costs one hash.
 *
 * The cursor is the one place that decides where metadata may be read: it is
 * made with the end of its table, and every block it enters must lie before
 * that, with its length.  A block that decodes to nothing is refused, so every
 * step of a cursor makes progress.
 */
#include "runtime/image_ahead.h"
#include "runtime/image_prefetch.h"
#include "runtime/image_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int image_broken(const struct image *im, struct err *err, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, EIO, "%s: broken image: %s", im->src.name, what);
}

/* ---- the object ------------------------------------------------------------ */

/* One mapping for everything; nothing of it is touched here. */
static int map_areas(struct image *im, struct err *err)
{
	size_t block = im->super.block_size;
	size_t packed = block > SQUASHFS_META_SIZE ? block : SQUASHFS_META_SIZE;
	uint8_t *p;

	im->n_data = (unsigned)(DATA_BYTES_MAX / block);
	if (im->n_data > DATA_BLOCKS_MAX)
		im->n_data = DATA_BLOCKS_MAX;
	im->map_len = META_BLOCKS * SQUASHFS_META_SIZE +
		      WORKERS_MAX * (image_zstd_size() + packed) +
		      IMAGE_READ_MAX + im->n_data * block +
		      ((size_t)im->super.n_fragments / 512 + 1) * 8;
	p = mmap(NULL, im->map_len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return err_nomem(err);
	im->map = p;
	im->meta_area = p;
	p += META_BLOCKS * SQUASHFS_META_SIZE;
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		im->workers[i].dec.zstd_area = p;
		im->workers[i].dec.packed = p + image_zstd_size();
		p += image_zstd_size() + packed;
	}
	im->zero = p;
	im->data_area = im->zero + IMAGE_READ_MAX;
	im->fragment_index = (void *)(im->data_area + im->n_data * block);
	return 0;
}

int image_new(const struct image_source *src, struct image **ret,
	      struct err *err)
{
	struct image *im = calloc(1, sizeof(*im));
	int r;

	if (!im)
		return err_nomem(err);
	im->src = *src;
	im->cur = &im->workers[0];
	im->cur->dec.src = *src;
	r = image_super_read(src, &im->super, err);
	if (!r)
		r = map_areas(im, err);
	if (r < 0) {
		image_free(im);
		return r;
	}
	*ret = im;
	return 0;
}

void image_free(struct image *im)
{
	if (!im)
		return;
	image_prefetch_end(im);
	if (im->map)
		(void)munmap(im->map, im->map_len);
	free(im);
}

bool image_drop_caches(struct image *im)
{
	for (unsigned i = 0; i < im->n_data; i++)
		if (im->data[i].busy || im->data[i].pins)
			return false;
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		struct image_decoder *dec = &im->workers[i].dec;

		if (dec->src.idle)
			dec->src.idle(dec->src.arg);
		dec->zstd = NULL;
	}
	(void)madvise(im->map, im->map_len, MADV_DONTNEED);
	memset(im->meta, 0, sizeof(im->meta));
	memset(im->data, 0, sizeof(im->data));
	memset(im->places, 0, sizeof(im->places));
	memset(im->fragments_seen, 0, sizeof(im->fragments_seen));
	im->meta_last = 0;
	im->fragments_known = false;
	im->next_file = 0;
	image_prefetch_end(im);
	return true;
}

void image_idle(struct image *im)
{
	image_ahead_pause(im);
	image_lock(im, &im->workers[0]);
	image_read_done(im);
	(void)image_drop_caches(im);
	image_unlock(im);
}

uint64_t image_root(const struct image *im)
{
	return im->super.root;
}

uint32_t image_inode_count(const struct image *im)
{
	return im->super.n_inodes;
}

uint64_t image_bytes(const struct image *im)
{
	return im->super.bytes_used;
}

uint32_t image_block_size(const struct image *im)
{
	return im->super.block_size;
}

const char *image_name(const struct image *im)
{
	return im->src.name;
}

/* ---- blocks ---------------------------------------------------------------- */

unsigned image_cache_victim(const struct image_cached *c, unsigned n)
{
	unsigned best = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!c[i].pos)
			return i;
		if (c[i].used < c[best].used)
			best = i;
	}
	return best;
}

static int load_block(struct image *im, uint64_t pos, uint64_t end,
		      struct image_cached *c, uint8_t *out, struct err *err)
{
	uint8_t head[2];
	size_t n;
	long len;
	int r;

	if (end - pos < sizeof(head))
		return image_broken(im, err, "metadata block at %llu is cut off",
				    (unsigned long long)pos);
	r = image_bytes_at(im, head, sizeof(head), pos, err);
	if (r < 0)
		return r;
	n = le16(head) & ~SQUASHFS_META_STORED;
	if (!n || n > SQUASHFS_META_SIZE || n > end - pos - sizeof(head))
		return image_broken(im, err, "metadata block at %llu has a bad "
				    "length", (unsigned long long)pos);
	if (le16(head) & SQUASHFS_META_STORED) {
		r = image_bytes_at(im, out, n, pos + sizeof(head), err);
		len = (long)n;
	} else {
		struct image_decoder *dec = &im->cur->dec;

		r = image_bytes_at(im, dec->packed, n, pos + sizeof(head),
				   err);
		len = r < 0 ? 0 : image_unpack(dec, out, SQUASHFS_META_SIZE,
					       dec->packed, n);
	}
	if (r < 0)
		return r;
	if (len <= 0)
		return image_broken(im, err, "metadata block at %llu cannot be "
				    "unpacked", (unsigned long long)pos);
	c->next = pos + sizeof(head) + n;
	c->len = (uint32_t)len;
	c->pos = pos;
	return 0;
}

int meta_block(struct image *im, uint64_t pos, uint64_t end,
	       const struct image_cached **ret, const uint8_t **ret_data,
	       struct err *err)
{
	struct image_cached *c = im->meta;
	unsigned i;

	/* Mostly the same as before. */
	i = c[im->meta_last].pos == pos ? im->meta_last : 0;
	while (i < META_BLOCKS && c[i].pos != pos)
		i++;
	if (i == META_BLOCKS) {
		int r;

		i = image_cache_victim(c, META_BLOCKS);
		c[i].pos = 0;
		r = load_block(im, pos, end, &c[i],
			       im->meta_area + i * SQUASHFS_META_SIZE, err);
		if (r < 0)
			return r;
	}
	/* Cached by a reader of another table: its end may be farther. */
	if (c[i].next > end)
		return image_broken(im, err, "metadata block at %llu leaves its "
				    "table", (unsigned long long)pos);
	im->meta_last = i;
	c[i].used = ++im->meta_clock;
	*ret = &c[i];
	*ret_data = im->meta_area + i * SQUASHFS_META_SIZE;
	return 0;
}

/* ---- cursor ---------------------------------------------------------------- */

int meta_seek(const struct image *im, enum image_table table, uint64_t block,
	      uint32_t off, struct meta_cursor *ret, struct err *err)
{
	bool inodes = table == TABLE_INODES;
	uint64_t start = inodes ? im->super.inode_start : im->super.dir_start;
	uint64_t end = inodes ? im->super.inode_end : im->super.dir_end;

	if (block >= end - start || off >= SQUASHFS_META_SIZE)
		return image_broken(im, err, "a place outside the %s table",
				    inodes ? "inode" : "directory");
	*ret = (struct meta_cursor){ .pos = start + block, .end = end,
				     .off = off };
	return 0;
}

int meta_read(struct image *im, struct meta_cursor *c, void *buf, size_t len,
	      struct err *err)
{
	uint8_t *out = buf;

	while (len) {
		const struct image_cached *block;
		const uint8_t *data;
		size_t n;
		int r;

		/* 0 is the mark of an empty slot, and nobody's place. */
		if (!c->pos || c->pos >= c->end)
			return image_broken(im, err, "a table ends too early");
		r = meta_block(im, c->pos, c->end, &block, &data, err);
		if (r < 0)
			return r;
		if (c->off > block->len)
			return image_broken(im, err, "a place behind the end of "
					    "its metadata block");
		n = block->len - c->off;
		if (n > len)
			n = len;
		if (out) {
			memcpy(out, data + c->off, n);
			out += n;
		}
		len -= n;
		c->off += (uint32_t)n;
		if (c->off == block->len) {
			c->pos = block->next;
			c->off = 0;
		}
	}
	return 0;
}
