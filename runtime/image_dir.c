/*
 * image_dir.c - directory listings: iterating, resuming, looking up
 *
 * A listing is runs of at most 256 entries behind a header that names the
 * metadata block of their inodes.  A place in a listing, to resume from, is
 * (position of the run's header, entries of it already seen): 40 bits, plus one
 * so that no place is 0.
 */
#include "runtime/image_state.h"

#include <errno.h>

int image_dir_open(struct image *im, const struct image_inode *node,
		   struct image_dir *ret, struct err *err)
{
	struct image_dir d = { .dir_ref = node->ref, .len = node->dir_len };
	int r;

	if (node->type != TYPE_DIR)
		return err_set(err, ENOTDIR, "%s: not a directory",
			       im->src.name);
	/* An empty one need not have a place in the table. */
	if (d.len) {
		r = meta_seek(im, TABLE_DIRS, node->dir_block, node->dir_off,
			      &d.cur, err);
		if (r < 0)
			return r;
	}
	*ret = d;
	return 0;
}

/* Reads n bytes of the listing. */
static int take(struct image *im, struct image_dir *dir, void *buf, size_t n,
		struct err *err)
{
	if (n > dir->len - dir->pos)
		return image_broken(im, err, "a directory is cut off");
	dir->pos += (uint32_t)n;
	return meta_read(im, &dir->cur, buf, n, err);
}

static int read_header(struct image *im, struct image_dir *dir,
		       struct err *err)
{
	uint8_t d[12];
	int r;

	dir->run_pos = dir->pos;
	dir->run_i = dir->run_n = 0;
	r = take(im, dir, d, sizeof(d), err);
	if (r < 0)
		return r;
	if (le32(d) >= SQUASHFS_DIR_RUN_MAX)
		return image_broken(im, err, "a directory with a run of %u "
				    "entries", le32(d));
	dir->run_n = le32(d) + 1;
	dir->run_block = le32(d + 4);
	dir->run_ino = le32(d + 8);
	return 0;
}

static bool name_is_clean(const char *name, size_t len)
{
	if (len > IMAGE_NAME_MAX || memchr(name, '/', len) ||
	    memchr(name, '\0', len))
		return false;
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int r = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return r ? r : (a_len > b_len) - (a_len < b_len);
}

/* Checks the name of an entry and notes it as the last one. */
static int check_name(struct image *im, struct image_dir *dir,
		      const struct image_dirent *de, struct err *err)
{
	if (!name_is_clean(de->name, de->len))
		return image_broken(im, err, "a directory entry has a name that "
				    "no file can have");
	if (dir->last_len &&
	    compare(dir->last, dir->last_len, de->name, de->len) >= 0)
		return image_broken(im, err, "a directory is not sorted, or "
				    "holds a name twice");
	memcpy(dir->last, de->name, de->len);
	dir->last_len = de->len;
	return 0;
}

int image_dir_next(struct image *im, struct image_dir *dir,
		   struct image_dirent *ret, struct err *err)
{
	uint8_t d[8];
	unsigned len, type;
	int r = 0;

	if (dir->run_i == dir->run_n) {
		if (dir->pos == dir->len)
			return 0;
		r = read_header(im, dir, err);
	}
	if (!r)
		r = take(im, dir, d, sizeof(d), err);
	if (r < 0)
		return r;
	len = le16(d + 6) + 1u;
	type = le16(d + 4);
	if (len > IMAGE_NAME_MAX || type < TYPE_DIR || type > TYPE_SOCKET)
		return image_broken(im, err, "a directory entry of type %u with "
				    "a name of %u bytes", type, len);
	r = take(im, dir, ret->name, len, err);
	if (r < 0)
		return r;
	ret->name[len] = '\0';
	ret->len = (uint8_t)len;
	ret->type = (uint8_t)type;
	ret->ino = dir->run_ino + (uint32_t)(int16_t)le16(d + 2);
	ret->ref = (uint64_t)dir->run_block << 16 | le16(d);
	dir->run_i++;
	ret->next = ((uint64_t)dir->run_pos << 9 | dir->run_i) + 1;
	r = check_name(im, dir, ret, err);
	return r < 0 ? r : 1;
}

int image_dir_seek(struct image *im, struct image_dir *dir, uint64_t next,
		   struct err *err)
{
	uint32_t run_i = (next - 1) & 511;
	uint64_t run_pos = (next - 1) >> 9;
	struct image_dirent de;
	int r;

	if (!next)
		return 0;
	if (run_pos >= dir->len)
		return image_broken(im, err, "a place behind a directory's end");
	r = meta_read(im, &dir->cur, NULL, (size_t)run_pos, err);
	if (r < 0)
		return r;
	dir->pos = (uint32_t)run_pos;
	for (uint32_t i = 0; i < run_i; i++) {
		r = image_dir_next(im, dir, &de, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A large directory has an index: the first name of some of its runs, with the
 * run's position.  Goes to the last one that is not behind the name.  Of the
 * index only the position is used, so that what is found is always part of the
 * listing; an index that lies hides names or ends in a fault. */
static int use_index(struct image *im, const struct image_inode *node,
		     struct image_dir *dir, const char *name, size_t len,
		     struct err *err)
{
	struct meta_cursor c = node->rest;
	uint32_t pos = 0;
	int r;

	for (uint32_t i = 0; i < node->n_index; i++) {
		char first[IMAGE_NAME_MAX];
		uint8_t d[12];		/* position, block, length less one */

		r = meta_read(im, &c, d, sizeof(d), err);
		if (r < 0)
			return r;
		if (le32(d + 8) >= IMAGE_NAME_MAX || le32(d) >= dir->len)
			return image_broken(im, err, "a directory with a bad "
					    "index");
		r = meta_read(im, &c, first, le32(d + 8) + 1, err);
		if (r < 0)
			return r;
		if (compare(first, le32(d + 8) + 1, name, len) > 0)
			break;
		pos = le32(d);
	}
	r = pos ? meta_read(im, &dir->cur, NULL, pos, err) : 0;
	if (r < 0)
		return r;
	dir->pos = pos;
	return 0;
}

int image_lookup(struct image *im, const struct image_inode *node,
		 const char *name, size_t len, struct image_dirent *ret,
		 struct err *err)
{
	struct image_dir dir;
	int r = image_dir_open(im, node, &dir, err);

	if (!r && node->n_index)
		r = use_index(im, node, &dir, name, len, err);
	while (!r) {
		int order;

		r = image_dir_next(im, &dir, ret, err);
		if (r <= 0)
			break;
		order = compare(ret->name, ret->len, name, len);
		if (!order)
			return 0;
		/* Sorted: it cannot come any more. */
		r = order > 0;
	}
	return r < 0 ? r : -ENOENT;
}

int image_dirent_inode(struct image *im, const struct image_dirent *de,
		       struct image_inode *ret, struct err *err)
{
	struct image_inode n;
	int r = image_inode_get(im, de->ref, &n, err);

	if (r < 0)
		return r;
	if (n.type != de->type)
		return image_broken(im, err, "a directory entry and its inode "
				    "differ in type");
	/* A way back to the root would be a tree without an end. */
	if (de->ref == im->super.root)
		return image_broken(im, err, "a directory contains the root");
	*ret = n;
	return 0;
}
