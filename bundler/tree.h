/*
 * tree.h - what will be in the file, as a plain value
 *
 * One entry per name: directory, regular file or symbolic link, with mode,
 * time, the place its bytes come from, and its origin.  Sources fill the tree,
 * post-steps change it, and from tree_sort() on writers only read it.
 *
 * Invariants, checked once where an entry comes in (tree_add):
 *  - `path` is relative and clean, any bytes but NUL, every component at most
 *    255 bytes; the root is "" and always there;
 *  - every parent is a directory of the tree.  A parent that is a link is
 *    followed inside the tree, so nothing ever lies "below" a link: with
 *    lib -> usr/lib in the tree, lib/x is stored as usr/lib/x;
 *  - mode holds 0777 bits only: setuid, setgid and sticky are dropped.
 *
 * Sources are laid over each other in order.  A file or link replaces a file or
 * link; a directory joins a directory, or the directory a link leads to; any
 * other pair is a mistake that names both origins.
 *
 * Nothing is read when an entry is added: a file's bytes are a reference (base
 * directory and path beneath it, or memory) opened when they are wanted, and
 * a file that has changed its size since then is an error.
 */
#ifndef HOLDALL_TREE_H
#define HOLDALL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/err.h"

#define TREE_PATH_MAX 4096u		/* bytes of a path, with its NUL */
#define TREE_NAME_MAX 255u
#define TREE_ENTRIES_MAX (4u << 20)
/* Of all names together: one deep path in a package of a few KiB makes thousands of
 * folders with long ones. */
#define TREE_NAMES_MAX ((size_t)256 << 20)

enum entry_type { ENTRY_DIR, ENTRY_FILE, ENTRY_LINK };

enum origin_kind {
	ORIGIN_HOLDALL,			/* made here: empty folders, ld.so.cache */
	ORIGIN_DIR,
	ORIGIN_FILES,
	ORIGIN_DEBIAN,
	ORIGIN_IMAGE,
};

/* Where an entry comes from; owned by the tree, shared by many entries. */
struct origin {
	enum origin_kind kind;
	unsigned line;			/* of the source in the manifest, or 0 */
	char *name;			/* folder or package, for people */
	char *version;			/* of the package, or NULL */
};

enum content_kind {
	CONTENT_NONE,
	CONTENT_BENEATH,
	CONTENT_MEMORY,
	CONTENT_PART,			/* of a larger file */
};

/* Some bytes of a file that are not as the source has them. */
#define PATCH_MAX 8u
struct patch {
	uint64_t off;
	uint8_t len;			/* 0: no patch */
	uint8_t bytes[PATCH_MAX];
};

struct content {
	enum content_kind kind;
	int base_fd;			/* BENEATH: one of the tree's bases;
					 * PART: the file, not the tree's */
	char *rel;			/* BENEATH: path beneath the base */
	char *data;			/* MEMORY */
	uint64_t part_off;		/* PART: of the first byte */
	int dir_fd;			/* PART: folder for a copy that is too
					 * large for memory */
	uint64_t size;
	struct patch patch;
};

struct entry {
	char *path;
	enum entry_type type;
	unsigned mode;			/* 0777 */
	int64_t mtime;			/* the source's; images hold one time */
	char *target;			/* LINK */
	struct content content;		/* FILE */
	uint64_t dev, ino;		/* equal and ino != 0: hard links */
	const struct origin *origin;
	uint64_t ref;			/* of its inode in a ready image */
};

struct tree {
	struct entry **v;
	size_t n, cap;
	size_t names;			/* bytes of paths and links' targets */
	size_t *slots;			/* hash table: index + 1, 0: free */
	size_t n_slots;
	int *bases;
	size_t n_bases;
	struct origin **origins;
	size_t n_origins;
	bool sorted;
	/* The file that is being made anew: a folder that holds it as well as
	 * the sources must not pack the old one.  skip_ino 0: none. */
	uint64_t skip_dev, skip_ino;
};

#define TREE_INIT ((struct tree){ 0 })
void tree_free(struct tree *t);
#define CLEANUP_TREE CLEANUP(tree_free)

/* The empty tree with its root.  Call before anything else. */
int tree_new(struct tree *ret, struct err *err);

/* The tree owns the descriptor from here on (also on failure). */
int tree_base(struct tree *t, int fd, struct err *err);
/* A new origin, or NULL (memory).  Texts are copied; version may be NULL. */
const struct origin *tree_origin(struct tree *t, enum origin_kind kind,
				 unsigned line, const char *name,
				 const char *version);

/* Adds a copy of `spec` (path, target, content.rel are copied; content.data is
 * taken over on success).  Missing parents are made, mode 0755.  `ret` may be
 * NULL; it is the entry that now stands for the path. */
int tree_add(struct tree *t, const struct entry *spec, struct entry **ret,
	     struct err *err);
/* The common cases, for what holdall itself makes. */
int tree_add_dir(struct tree *t, const char *path, const struct origin *o,
		 struct err *err);
int tree_add_link(struct tree *t, const char *path, const char *target,
		  const struct origin *o, struct err *err);
int tree_add_text(struct tree *t, const char *path, const void *data,
		  size_t len, const struct origin *o, struct err *err);

/* The entry of exactly this path (no link is followed), or NULL. */
struct entry *tree_find(const struct tree *t, const char *path);

/* Follows links inside the tree as a process would whose root it is.  `path` may
 * be absolute.  NULL when nothing is there, or after too many links. */
struct entry *tree_resolve(const struct tree *t, const char *path);

/* Drops every entry for which drop() says so; a directory's content must be
 * dropped with it. */
int tree_prune(struct tree *t, bool (*drop)(void *arg, const struct entry *e),
	       void *arg, struct err *err);

/* Byte order by components: each directory stands directly before everything
 * in it, and names of one directory ascend. */
int tree_sort(struct tree *t, struct err *err);
int tree_compare_paths(const char *a, const char *b);

/* Opens a file's bytes (a memory file for generated ones); reads through
 * entry_read, which lays the patch over them. */
int entry_open(const struct entry *e, int *ret_fd, struct err *err);
/* Exactly len bytes; the file must still have the size it was added with. */
int entry_read(const struct entry *e, int fd, void *buf, size_t len,
	       uint64_t off, struct err *err);
/* Up to `max` bytes from the start: for magic numbers and `#!`. */
int entry_read_head(const struct entry *e, void *buf, size_t max,
		    size_t *ret_len, struct err *err);

const char *origin_text(const struct origin *o, char *space, size_t size);

#endif
