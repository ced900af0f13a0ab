/*
 * image_super.c - the superblock: checked whole before anything else is read
 *
 * After image_super_read all places lie inside the image and in order, the
 * block size is a power of two between 4 KiB and 1 MiB, and the counts are
 * no larger than the tables that hold them could be.  Memory that depends
 * on the image is allocated from these numbers only.
 */
#include "runtime/image_state.h"

#include <errno.h>

static int broken(const struct image_source *src, struct err *err,
		  const char *what)
{
	return err_set(err, EIO, "%s: broken image: %s", src->name, what);
}

static int check_codec(const struct image_source *src, unsigned codec,
		       struct err *err)
{
	static const char *const names[] = { NULL, "gzip", "lzma", "lzo", "xz",
					     "lz4", "zstd" };

	if (codec == SQUASHFS_ZSTD)
		return 0;
	if (codec < 1 || codec >= ARRAY_SIZE(names))
		return broken(src, err, "it names a codec that does not exist");
	return err_set(err, ENOTSUP, "%s: the image is packed with %s, but only "
		       "zstd can be read; repack it with `holdall pack --image`",
		       src->name, names[codec]);
}

/* What says which format it is. */
static int check_kind(const struct image_source *src, const uint8_t *raw,
		      struct err *err)
{
	unsigned major = le16(raw + SUPER_MAJOR);
	unsigned minor = le16(raw + SUPER_MINOR);

	if (le32(raw + SUPER_MAGIC) != SQUASHFS_MAGIC)
		return broken(src, err, "it is not a squashfs");
	if (major != 4 || minor != 0)
		return err_set(err, ENOTSUP, "%s: the image is squashfs %u.%u, "
			       "but only 4.0 can be read; pack it again with "
			       "newer tools", src->name, major, minor);
	return check_codec(src, le16(raw + SUPER_CODEC), err);
}

static int read_sizes(const struct image_source *src, const uint8_t *raw,
		      struct image_super *s, struct err *err)
{
	s->block_size = le32(raw + SUPER_BLOCK_SIZE);
	s->block_log = le16(raw + SUPER_BLOCK_LOG);
	if (s->block_log < SQUASHFS_BLOCK_LOG_MIN ||
	    s->block_log > SQUASHFS_BLOCK_LOG_MAX ||
	    s->block_size != 1u << s->block_log)
		return broken(src, err, "its block size is no power of two "
			      "between 4 KiB and 1 MiB");
	s->bytes_used = le64(raw + SUPER_BYTES_USED);
	if (s->bytes_used < SQUASHFS_SUPER_SIZE || s->bytes_used > src->size)
		return broken(src, err, "it claims more bytes than there are");
	s->n_inodes = le32(raw + SUPER_INODES);
	s->n_fragments = le32(raw + SUPER_FRAGMENTS);
	if (s->n_inodes == 0 || s->n_inodes > IMAGE_INODES_MAX)
		return broken(src, err, "it claims no file, or more than 2^24");
	if (s->n_fragments > s->n_inodes)
		return broken(src, err, "it claims more fragments than files");
	return 0;
}

/* The directory table ends where the first of the later tables begins. */
static int read_tables(const struct image_source *src, const uint8_t *raw,
		       struct image_super *s, struct err *err)
{
	const uint64_t later[] = {
		s->n_fragments ? le64(raw + SUPER_FRAGMENT_TABLE) :
				 SQUASHFS_NONE,
		le64(raw + SUPER_EXPORT_TABLE),
		le64(raw + SUPER_ID_TABLE),
		le64(raw + SUPER_XATTR_TABLE),
	};

	s->inode_start = le64(raw + SUPER_INODE_TABLE);
	s->inode_end = s->dir_start = le64(raw + SUPER_DIR_TABLE);
	if (s->inode_start < SQUASHFS_SUPER_SIZE ||
	    s->inode_start >= s->inode_end || s->dir_start > s->bytes_used)
		return broken(src, err, "its tables overlap or lie outside");
	s->dir_end = s->bytes_used;
	for (unsigned i = 0; i < ARRAY_SIZE(later); i++) {
		if (later[i] == SQUASHFS_NONE)
			continue;
		if (later[i] < s->dir_start || later[i] > s->bytes_used)
			return broken(src, err,
				      "its tables overlap or lie outside");
		if (later[i] < s->dir_end)
			s->dir_end = later[i];
	}
	s->fragment_index = later[0];
	return 0;
}

/* The tables must be able to hold what is counted. */
static int check_counts(const struct image_source *src,
			const struct image_super *s, struct err *err)
{
	uint64_t packed = s->inode_end - s->inode_start;
	uint64_t index = ((uint64_t)s->n_fragments + 511) / 512 * 8;

	/* A metadata block has at least 3 bytes, an inode at least 20. */
	if ((packed / 3 + 1) * SQUASHFS_META_SIZE < (uint64_t)s->n_inodes * 20)
		return broken(src, err, "it claims more files than fit into its "
			      "inode table");
	if (s->n_fragments && index > s->bytes_used - s->fragment_index)
		return broken(src, err, "its fragment table leaves the image");
	return 0;
}

int image_super_read(const struct image_source *src, struct image_super *ret,
		     struct err *err)
{
	uint8_t raw[SQUASHFS_SUPER_SIZE];
	struct image_super s = { 0 };
	int r;

	if (src->size < sizeof(raw))
		return broken(src, err, "it is shorter than its superblock");
	r = src->read(src->arg, raw, sizeof(raw), 0, err);
	if (!r)
		r = check_kind(src, raw, err);
	if (!r)
		r = read_sizes(src, raw, &s, err);
	if (!r)
		r = read_tables(src, raw, &s, err);
	if (!r)
		r = check_counts(src, &s, err);
	if (r < 0)
		return r;
	s.root = le64(raw + SUPER_ROOT);
	s.mtime = le32(raw + SUPER_MTIME);
	*ret = s;
	return 0;
}
