/*
 * image_inode.c - inodes: decoding, checks, and what stat shows
 *
 * Each of the seven types has a basic and an extended form; both end in the
 * same struct.  What follows an inode (block sizes, link target, index) is left where
 * it is, with a cursor on it.
 */
#include "runtime/image_state.h"

#include <errno.h>

#define LIST_MAX 1024u			/* blocks; longer lists are not skipped */
#define NODE_MODE_MASK 01777u		/* never setuid, never setgid */

static int decode_dir(struct image *im, struct image_inode *n, bool extended,
		      struct err *err)
{
	uint8_t d[24];
	uint32_t size;
	int r = meta_read(im, &n->rest, d, extended ? 24 : 16, err);

	if (r < 0)
		return r;
	n->nlink = le32(d + (extended ? 0 : 4));
	size = extended ? le32(d + 4) : le16(d + 8);
	n->dir_block = le32(d + (extended ? 8 : 0));
	n->dir_off = le16(d + (extended ? 18 : 10));
	n->n_index = extended ? le16(d + 16) : 0;
	n->dir_len = size > SQUASHFS_DIR_EXTRA ? size - SQUASHFS_DIR_EXTRA : 0;
	return 0;
}

/* The block list must fit into the inode table; a fragment must exist. */
static int check_file(const struct image *im, const struct image_inode *n,
		      struct err *err)
{
	const struct image_super *s = &im->super;
	uint64_t table = ((s->inode_end - s->inode_start) / 3 + 1) *
			 SQUASHFS_META_SIZE;
	uint64_t blocks = n->size >> s->block_log;

	if (blocks >= IMAGE_FILE_BLOCKS_MAX || blocks * 4 > table)
		return image_broken(im, err, "a file of %llu bytes without a "
				    "list of its blocks",
				    (unsigned long long)n->size);
	if (n->data > s->bytes_used)
		return image_broken(im, err, "a file's data lie outside");
	if (n->fragment == SQUASHFS_NO_FRAGMENT)
		return 0;
	if (n->fragment >= s->n_fragments)
		return image_broken(im, err, "a file names fragment %u of %u",
				    n->fragment, s->n_fragments);
	if (n->fragment_off >= s->block_size)
		return image_broken(im, err, "a file's tail lies outside its "
				    "fragment");
	return 0;
}

static int decode_file(struct image *im, struct image_inode *n, bool extended,
		       struct err *err)
{
	uint64_t mask = im->super.block_size - 1;
	uint8_t d[40];
	int r = meta_read(im, &n->rest, d, extended ? 40 : 16, err);

	if (r < 0)
		return r;
	if (extended) {
		n->data = le64(d);
		n->size = le64(d + 8);
		n->nlink = le32(d + 24);
		n->fragment = le32(d + 28);
		n->fragment_off = le32(d + 32);
	} else {
		n->data = le32(d);
		n->fragment = le32(d + 4);
		n->fragment_off = le32(d + 8);
		n->size = le32(d + 12);
		n->nlink = 1;
	}
	r = check_file(im, n, err);
	if (r < 0)
		return r;
	/* A last block that is not whole is one of its own, or a tail. */
	n->n_blocks = (uint32_t)(n->size >> im->super.block_log);
	if ((n->size & mask) && n->fragment == SQUASHFS_NO_FRAGMENT)
		n->n_blocks++;
	return 0;
}

static int decode_link(struct image *im, struct image_inode *n,
		       struct err *err)
{
	uint8_t d[8];
	int r = meta_read(im, &n->rest, d, sizeof(d), err);

	if (r < 0)
		return r;
	n->nlink = le32(d);
	n->size = le32(d + 4);
	if (n->size == 0 || n->size > IMAGE_TARGET_MAX)
		return image_broken(im, err, "a symbolic link of %llu bytes",
				    (unsigned long long)n->size);
	return 0;
}

/* Devices, fifos, sockets: shown, but their numbers are not handed out. */
static int decode_special(struct image *im, struct image_inode *n,
			  struct err *err)
{
	uint8_t d[4];
	int r = meta_read(im, &n->rest, d, sizeof(d), err);

	if (r < 0)
		return r;
	n->nlink = le32(d);
	return 0;
}

static int decode_body(struct image *im, struct image_inode *n, bool extended,
		       struct err *err)
{
	switch (n->type) {
	case TYPE_DIR:
		return decode_dir(im, n, extended, err);
	case TYPE_FILE:
		return decode_file(im, n, extended, err);
	case TYPE_LINK:
		return decode_link(im, n, err);
	default:
		return decode_special(im, n, err);
	}
}

int image_inode_get(struct image *im, uint64_t ref, struct image_inode *ret,
		    struct err *err)
{
	static const mode_t formats[] = {
		[TYPE_DIR] = S_IFDIR, [TYPE_FILE] = S_IFREG,
		[TYPE_LINK] = S_IFLNK, [TYPE_BLOCK] = S_IFBLK,
		[TYPE_CHAR] = S_IFCHR, [TYPE_FIFO] = S_IFIFO,
		[TYPE_SOCKET] = S_IFSOCK,
	};
	struct image_inode n = { .ref = ref,
				 .fragment = SQUASHFS_NO_FRAGMENT };
	uint8_t d[16];
	unsigned type;
	int r;

	r = meta_seek(im, TABLE_INODES, ref >> 16, ref & 0xffff, &n.rest, err);
	if (!r)
		r = meta_read(im, &n.rest, d, sizeof(d), err);
	if (r < 0)
		return r;
	type = le16(d);
	if (type < TYPE_DIR || type > TYPE_SOCKET + TYPE_EXTENDED)
		return image_broken(im, err, "an inode of type %u", type);
	n.type = (uint8_t)(type > TYPE_SOCKET ? type - TYPE_EXTENDED : type);
	n.mode = formats[n.type] | (le16(d + 2) & NODE_MODE_MASK);
	n.mtime = le32(d + 8);
	n.ino = le32(d + 12);
	r = decode_body(im, &n, type > TYPE_SOCKET, err);
	if (r < 0)
		return r;
	*ret = n;
	return 0;
}

int image_inode_behind(struct image *im, const struct image_inode *node,
		       uint64_t *ret_ref, struct err *err)
{
	struct meta_cursor c = node->rest;
	size_t len = node->type == TYPE_FILE ? node->n_blocks * 4 :
		     node->type == TYPE_LINK ? (size_t)node->size : 0;
	int r;

	if (node->n_blocks > LIST_MAX || node->n_index)
		return err_set(err, E2BIG, "a long way to the next inode");
	r = meta_read(im, &c, NULL, len, err);
	if (!r)
		*ret_ref = (c.pos - im->super.inode_start) << 16 | c.off;
	return r;
}

void image_inode_stat(const struct image *im, const struct image_inode *n,
		      struct stat *ret)
{
	*ret = (struct stat){
		.st_ino = n->ino, .st_mode = n->mode,
		.st_nlink = n->nlink ? n->nlink : 1,
		.st_size = (off_t)n->size,
		.st_blocks = (blkcnt_t)(n->size / 512 + (n->size % 512 != 0)),
		.st_blksize = (blksize_t)im->super.block_size,
		.st_mtim.tv_sec = n->mtime, .st_ctim.tv_sec = n->mtime,
		.st_atim.tv_sec = n->mtime,
	};
}

int image_readlink(struct image *im, const struct image_inode *n,
		   char target[IMAGE_TARGET_MAX + 1], struct err *err)
{
	struct meta_cursor c = n->rest;
	size_t len = (size_t)n->size;
	int r;

	if (n->type != TYPE_LINK)
		return err_set(err, EINVAL, "%s: not a symbolic link",
			       im->src.name);
	r = meta_read(im, &c, target, len, err);
	if (r < 0)
		return r;
	target[len] = '\0';
	if (strlen(target) != len)
		return image_broken(im, err, "a symbolic link with a NUL in it");
	return 0;
}
