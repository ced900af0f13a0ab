/*
 * image_state.h - what the files of the reader share; see image_reader.h
 */
#ifndef HOLDALL_IMAGE_STATE_H
#define HOLDALL_IMAGE_STATE_H

#include <zstd.h>

#include "runtime/image_format.h"
#include "runtime/image_reader.h"

#define META_BLOCKS 32u			/* decoded metadata blocks kept */
#define DATA_BLOCKS_MAX 128u		/* decoded data blocks kept, at most */
#define DATA_BYTES_MAX (6u << 20)	/* and in bytes */
#define FILE_PLACES 16u
#define FILE_SEEN 256u

/* Filled once by image_super_read; all places lie in the image, in order. */
struct image_super {
	uint64_t bytes_used;
	uint64_t root;
	uint64_t inode_start, inode_end;
	uint64_t dir_start, dir_end;
	uint64_t fragment_index;	/* place of the list of blocks */
	uint32_t n_inodes, n_fragments;
	uint32_t block_size, block_log;
	uint32_t mtime;
};

/* A decoded block in a cache: its bytes are at the same index of the area. */
struct image_cached {
	uint64_t pos;			/* in the image; 0: empty (superblock) */
	uint64_t next;			/* metadata: the block behind */
	uint64_t used;			/* clock of the last use */
	uint32_t len;
	/* Of data blocks: */
	uint32_t given;			/* bytes that reads have taken */
	uint64_t read;			/* the read that touched it last */
	bool busy;			/* being read and decoded */
	bool ahead;			/* decoded ahead, not used so far */
};

/* How far into a file's block list the last read got. */
struct file_place {
	uint64_t ref;			/* 0 and block 0: nothing noted */
	uint64_t data;			/* place of block `block` */
	uint32_t block;
	struct meta_cursor cur;
	uint64_t end;			/* where the last read ended */
	/* The first blocks: a bit for each that was read, or decoded ahead. */
	uint64_t seen[FILE_SEEN / 64];
};

/* What a thread needs to get from a place in the image to a decoded block. */
struct image_decoder {
	struct image_source src;
	ZSTD_DCtx *zstd;		/* in zstd_area; NULL: to be made */
	uint8_t *zstd_area;
	uint8_t *packed;		/* one block before decoding */
};

/* `data` with its bytes, `clock` and `n_reads` are under the lock when there is
 * a helper (image_ahead.c), which uses `back`; the rest is the reader's. */
struct image {
	struct image_source src;
	struct image_super super;
	uint64_t clock, meta_clock;	/* of last uses */
	struct image_decoder front, back;
	struct image_ahead *ahead;	/* or NULL */

	struct image_trace *trace;	/* or NULL */

	uint8_t *zero;			/* IMAGE_READ_MAX, never written */

	uint8_t *meta_area, *data_area;
	struct image_cached meta[META_BLOCKS];
	unsigned meta_last;		/* the block used last */
	struct image_cached data[DATA_BLOCKS_MAX];
	unsigned n_data;
	uint64_t n_reads;		/* of files, so far */
	struct file_place places[FILE_PLACES];
	uint32_t last_fragment;		/* that a read touched */
	bool reads_on;			/* the last read began where the one
					 * of its file before had ended */

	uint64_t *fragment_index;	/* read at the first use */

	void *map;
	size_t map_len;
};

int image_super_read(const struct image_source *src, struct image_super *ret,
		     struct err *err);

/* Fills `err` with "NAME: broken image: TEXT"; returns -EIO. */
int image_broken(const struct image *im, struct err *err, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Decodes one block of n bytes.  -1: not zstd, or more than `size` bytes; else
 * the length. */
size_t image_zstd_size(void);		/* of a context's memory */
long image_unpack(struct image_decoder *dec, void *out, size_t size,
		  const uint8_t *packed, size_t n);

/* The metadata block at pos, below end. */
int meta_block(struct image *im, uint64_t pos, uint64_t end,
	       const struct image_cached **ret, const uint8_t **ret_data,
	       struct err *err);

/* Slot to fill: an empty one, else the least recently used. */
unsigned image_cache_victim(const struct image_cached *c, unsigned n);

/* ---- between reader and helper; nothing without a helper ---- */

void image_lock(struct image *im);
void image_unlock(struct image *im);
void image_wait(struct image *im);
void image_ahead_verdict(struct image *im, bool used);

struct file_place *image_file_place(struct image *im,
				    const struct image_inode *node);
/* Place and packed size of a block (0: a hole).  Notes the place. */
int image_find_block(struct image *im, const struct image_inode *node,
		     uint32_t block, uint64_t *ret_pos, uint32_t *ret_size,
		     struct err *err);
/* Only of the file that the place is noted for. */
bool image_block_seen(const struct file_place *place, uint32_t block);
void image_block_see(struct file_place *place, uint32_t block);
/* The same of fragment block i < n_fragments. */
int image_fragment(struct image *im, uint32_t i, uint64_t *ret_pos,
		   uint32_t *ret_size, struct err *err);
/* With the lock held: is the block here, or being decoded?  And, by the helper:
 * decodes it, giving the lock up meanwhile. */
bool image_data_cached(const struct image *im, uint64_t pos);
void image_data_ahead(struct image *im, uint64_t pos, uint32_t size);

#endif
