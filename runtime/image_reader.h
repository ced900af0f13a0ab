/*
 * image_reader.h - a bounded reader of squashfs 4.0 with zstd
 *
 * Only for code that runs in the jail (and for tests): image.h is the door for
 * everybody else.  The image is hostile.  Every number of it is checked where
 * it enters one of these objects, once; afterwards the invariants named here
 * hold and nobody checks again.  Nothing recurses, every loop is bounded by the
 * size of a table, a name, a block or a written maximum.
 *
 * Errors: -EIO with a sentence that names the bundle and what is broken; the
 * object concerned cannot be read, others can.
 *
 * All memory is one mapping that is touched as it is used: a few pages for an
 * idle image.  One thread at a time, unless there is a crew (image_crew.h).
 */
#ifndef HOLDALL_IMAGE_READER_H
#define HOLDALL_IMAGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "runtime/err.h"

#define IMAGE_NAME_MAX 255u
#define IMAGE_TARGET_MAX 4095u		/* of a symbolic link */
#define IMAGE_PATH_MAX 4095u
#define IMAGE_DEPTH_MAX 256u		/* of directories in a walk */
#define IMAGE_INODES_MAX (1u << 24)
#define IMAGE_FILE_BLOCKS_MAX (1u << 24)
#define IMAGE_READ_MAX (256u << 10)	/* bytes of one image_file_read */
/* Blocks of 4 KiB that such a read can touch, both ends cut. */
#define IMAGE_SLICES_MAX (IMAGE_READ_MAX / 4096u + 2u)

/* Where the bytes come from: the verified payload, or memory in tests. */
struct image_source {
	int (*read)(void *arg, void *buf, size_t len, uint64_t off,
		    struct err *err);
	/* The same without a copy, valid until the next view; at most a block
	 * of 1 MiB.  May be NULL. */
	int (*view)(void *arg, size_t len, uint64_t off, const uint8_t **ret,
		    struct err *err);
	/* Nothing to do for a while: give memory back.  May be NULL. */
	void (*idle)(void *arg);
	void *arg;
	uint64_t size;
	const char *name;		/* of the bundle, for messages */
};

struct image;

/* Checks the superblock and makes the caches.  `src` is copied. */
int image_new(const struct image_source *src, struct image **ret,
	      struct err *err);
void image_free(struct image *im);
/* Gives all cached memory back; what is needed is read again. */
void image_idle(struct image *im);

/* ---- metadata cursor: a place in one table that can only move forward ---- */

/* Invariant: start <= pos < end (of the table), off <= 8192. */
struct meta_cursor {
	uint64_t pos;			/* of the metadata block, in the image */
	uint64_t end;			/* of the table */
	uint32_t off;			/* in the decoded block */
};

enum image_table { TABLE_INODES, TABLE_DIRS };

int meta_seek(const struct image *im, enum image_table table, uint64_t block,
	      uint32_t off, struct meta_cursor *ret, struct err *err);
/* Copies len bytes (buf NULL: skips them) and moves on. */
int meta_read(struct image *im, struct meta_cursor *c, void *buf, size_t len,
	      struct err *err);

/* ---- inodes ---- */

struct image_inode {
	uint64_t ref;			/* 48 bits */
	uint64_t size;			/* file, link target; else 0 */
	uint32_t ino, nlink, mtime;
	mode_t mode;			/* with type; no setuid, no setgid */
	uint8_t type;			/* enum squashfs_type, basic */
	/* A regular file. */
	uint64_t data;			/* place of the first block */
	uint32_t n_blocks;		/* without the fragment */
	uint32_t fragment, fragment_off;
	/* A directory: place and length of its listing. */
	uint32_t dir_block, dir_off, dir_len;
	uint32_t n_index;		/* entries of its index; mostly 0 */
	/* What follows the inode: block sizes, link target, or index. */
	struct meta_cursor rest;
};

uint64_t image_root(const struct image *im);
uint32_t image_inode_count(const struct image *im);
uint64_t image_bytes(const struct image *im);
uint32_t image_block_size(const struct image *im);
const char *image_name(const struct image *im);

int image_inode_get(struct image *im, uint64_t ref, struct image_inode *ret,
		    struct err *err);
/* Where the next inode of the table lies, if there is one. */
int image_inode_behind(struct image *im, const struct image_inode *node,
		       uint64_t *ret_ref, struct err *err);
void image_inode_stat(const struct image *im, const struct image_inode *node,
		      struct stat *ret);
/* Writes at most IMAGE_TARGET_MAX bytes and a NUL. */
int image_readlink(struct image *im, const struct image_inode *node,
		   char target[IMAGE_TARGET_MAX + 1], struct err *err);

/* ---- directories ---- */

struct image_dir {
	struct meta_cursor cur;
	uint64_t dir_ref;		/* of the directory, for messages */
	uint32_t len, pos;		/* bytes of the listing, all and read */
	uint32_t run_pos;		/* where the current header stands */
	uint32_t run_n, run_i;		/* entries behind it, all and read */
	uint32_t run_block, run_ino;
	uint8_t last_len;		/* of the name before; 0: none */
	char last[IMAGE_NAME_MAX];
};

struct image_dirent {
	uint64_t ref;
	uint64_t next;			/* image_dir_seek goes behind this entry */
	uint32_t ino;
	uint8_t type;			/* enum squashfs_type, basic */
	uint8_t len;
	char name[IMAGE_NAME_MAX + 1];	/* NUL-terminated; no '/', not ".." */
};

int image_dir_open(struct image *im, const struct image_inode *node,
		   struct image_dir *ret, struct err *err);
/* 1: an entry, 0: the end.  Names come in strictly ascending byte order, as
 * every writer sorts them: so none comes twice. */
int image_dir_next(struct image *im, struct image_dir *dir,
		   struct image_dirent *ret, struct err *err);
/* Only on a freshly opened directory. */
int image_dir_seek(struct image *im, struct image_dir *dir, uint64_t next,
		   struct err *err);
/* -ENOENT without a message when there is no such name. */
int image_lookup(struct image *im, const struct image_inode *dir,
		 const char *name, size_t len, struct image_dirent *ret,
		 struct err *err);

/* The inode behind an entry; its type must be the one that the entry says. */
int image_dirent_inode(struct image *im, const struct image_dirent *de,
		       struct image_inode *ret, struct err *err);

/* ---- data ---- */

/* Slices of at most IMAGE_READ_MAX bytes from `off`, cut at the end of the
 * file.  They point into the cache: valid until this thread's next call, or until
 * it says that it is done. */
struct image_slices {
	struct iovec iov[IMAGE_SLICES_MAX];
	unsigned n;
	size_t len;
};
int image_file_read(struct image *im, const struct image_inode *node,
		    uint64_t off, size_t len, struct image_slices *ret,
		    struct err *err);
void image_read_done(struct image *im);
/* Is this slice a hole of the file? */
bool image_slice_is_hole(const struct image *im, const struct iovec *slice);

#endif
