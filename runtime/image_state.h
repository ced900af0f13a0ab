/*
 * image_state.h - what the files of the reader share; see image_reader.h
 */
#ifndef HOLDALL_IMAGE_STATE_H
#define HOLDALL_IMAGE_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <zstd.h>

#include "runtime/image_format.h"
#include "runtime/image_reader.h"

#define META_BLOCKS 32u			/* decoded metadata blocks kept */
#define DATA_BLOCKS_MAX 512u		/* decoded data blocks kept, at most */
#define DATA_BYTES_MAX (6u << 20)	/* and in bytes */
#define FILE_PLACES 16u
#define FILE_SEEN 256u
#define FRAGMENTS_SEEN 4096u
#define SERVERS_MAX 4u			/* threads that answer */
#define HELPERS 2u			/* that answer nothing; the last pushes */
#define WORKERS_MAX (SERVERS_MAX + HELPERS)
#define TOUCHED_MAX 4u

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
	uint32_t given;			/* bytes that the kernel has, or more;
					 * of a fragment: of all its files */
	uint16_t pins;			/* reads and pushes that hold pointers */
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

/* A block, or a tail, of which a read took a part: the rest may be pushed. */
struct image_touched {
	uint64_t pos;			/* in the image */
	uint64_t off;			/* of its first byte, in the file */
	uint32_t skip, want;		/* where in the block, and how much */
	uint32_t in, len;		/* the part */
};

/* One thread that reads. */
struct image_worker {
	struct image_decoder dec;
	/* Slots whose bytes its last read has handed out. */
	uint16_t pins[IMAGE_SLICES_MAX];
	unsigned n_pins;
	struct image_touched touched[TOUCHED_MAX];
	unsigned n_touched;
	bool reads_on;			/* the last read began where the one
					 * of its file before had ended */
};

/* What `--stats` tells. */
struct image_stats {
	uint64_t requests[64];		/* by FUSE opcode; 0: any other */
	uint64_t asked_bytes;		/* by reads */
	uint64_t hits, misses;		/* blocks that reads found, or not */
	uint64_t ahead;			/* blocks decoded by the helper */
	uint64_t decoded_bytes, packed_bytes;
	uint64_t pushes, pushed_bytes;
	/* Blocks fetched along the launch profile; look-ups and reads of files
	 * that it has. */
	uint64_t profile_blocks, profile_met;
};

/* Everything here is under the lock of the crew, where there is one: whoever
 * holds it is `cur`.  It is given up while a block is read and decoded. */
struct image {
	struct image_source src;	/* for its name and size */
	struct image_super super;
	uint64_t clock, meta_clock;	/* of last uses */
	struct image_worker workers[WORKERS_MAX], *cur;
	struct image_crew *crew;	/* or NULL: one thread */
	struct image_stats stats;

	struct image_trace *trace;	/* or NULL */
	struct image_prefetch *prefetch; /* or NULL */

	uint8_t *zero;			/* IMAGE_READ_MAX, never written */

	uint8_t *meta_area, *data_area;
	struct image_cached meta[META_BLOCKS];
	unsigned meta_last;		/* the block used last */
	struct image_cached data[DATA_BLOCKS_MAX];
	unsigned n_data;
	struct file_place places[FILE_PLACES];
	uint32_t last_fragment;		/* that a read touched */
	/* The first fragment blocks: a bit for each that was wanted, by a read
	 * or ahead of one.  None is decoded ahead twice. */
	uint64_t fragments_seen[FRAGMENTS_SEEN / 64];
	uint64_t next_file;		/* reference of the one behind the last
					 * that was read to its end; 0: none */

	uint64_t *fragment_index;	/* in the mapping, read at the first use */
	bool fragments_known;

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

/* Verified bytes, by the thread that holds the lock. */
static inline int image_bytes_at(struct image *im, void *buf, size_t len,
				 uint64_t off, struct err *err)
{
	const struct image_source *src = &im->cur->dec.src;

	return src->read(src->arg, buf, len, off, err);
}

/* With the lock held: gives the caches back, unless a block is in use. */
bool image_drop_caches(struct image *im);

/* ---- the crew (image_crew.c, image_ahead.c) -------------------------------- */

#define JOBS_MAX 32u
#define WINDOW_START 4u

struct image_job {
	enum { JOB_DECODE, JOB_PUSH, JOB_FETCH } kind;
	uint64_t pos;			/* in the image; never 0 */
	uint32_t size;			/* as block lists hold it */
	/* To push: a piece of a file, which begins `skip` bytes into the block;
	 * of it in .. in + len is what the kernel has. */
	uint64_t node_id, off;
	uint32_t skip, want;
	uint32_t in, len;
};

/* See image_run.c. */
struct image_run {
	uint64_t first, next, stop;	/* references; 0: none */
	unsigned left, window;		/* files to push: now, and at once */
	unsigned credit;		/* runs that need no second step */
	unsigned crowd;			/* reads until one counts as alone */
};

struct image_crew {
	pthread_mutex_t lock;		/* of all here and the whole image */
	pthread_cond_t ready;		/* a block is decoded, a slot is free */
	pthread_cond_t more;		/* the spare helper: the same */
	pthread_cond_t parked_now;
	pthread_cond_t go;		/* the servers: serve, or quit */
	pthread_t helper, spare, servers[SERVERS_MAX];
	unsigned n_servers;		/* with the caller's thread */
	unsigned n_serving;
	uint32_t called;		/* the helper: a job, or quit */
	bool parked, quit;
	bool has_spare, spare_parked;	/* parked: or there is none */
	int foreign;			/* the helper closes it */
	struct image *im;
	void (*serve)(void *arg, unsigned i);
	void *serve_arg;

	struct image_job jobs[JOBS_MAX];
	unsigned first, n;
	unsigned window;		/* blocks ahead */

	struct image_run run;

	int push_from;			/* socket to take push_fd from */
	int push_fd;			/* in the helper's table; -1: none */
	size_t page;

	bool awake;			/* something was asked since the last
					 * time that all was given back */
	uint64_t requests, seen;
	atomic_uint at_work;		/* threads that answer just now */
};

static inline struct image_worker *image_helper(struct image *im)
{
	return &im->workers[WORKERS_MAX - 1];
}
static inline struct image_worker *image_spare(struct image *im)
{
	return &im->workers[WORKERS_MAX - 2];
}
/* With the lock held: does one job of the queue, or false. */
bool image_ahead_work(struct image_crew *c);
/* The same by the spare helper, which pushes nothing. */
bool image_ahead_decode(struct image_crew *c);
/* There is work for the helper, and for the spare one what that cannot do at once. */
void image_crew_wake(struct image_crew *c);

#define NODE_ID_ADD 2u			/* node id: an inode's reference plus 2 */

/* ---- the lock; nothing without a crew -------------------------------------- */

void image_lock(struct image *im, struct image_worker *w);
void image_unlock(struct image *im);
/* Gives the lock up until a block is ready, or a slot free. */
void image_wait(struct image *im);
void image_wake(struct image *im);

/* What became of a block that was decoded ahead. */
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
bool image_fragment_seen(const struct image *im, uint32_t i);
void image_fragment_see(struct image *im, uint32_t i);
/* Is the block here, or being decoded?  NULL: no. */
struct image_cached *image_data_cached(struct image *im, uint64_t pos);
const uint8_t *image_data_bytes(const struct image *im,
				const struct image_cached *c);
/* By the helper: decodes a block, giving the lock up meanwhile. */
void image_data_ahead(struct image *im, uint64_t pos, uint32_t size);
/* How many threads may answer at once, so that all find slots. */
unsigned image_servers_max(const struct image *im);

#endif
