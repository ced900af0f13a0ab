/*
 * image_format.h - the on-disk format of squashfs 4.0, as far as we read it
 *
 *	superblock | [codec options] | data blocks and fragment blocks |
 *	inode table | directory table | fragment table | export | ids | xattrs
 *
 * The inode and directory tables are chains of metadata blocks: 16 bits of
 * length (bit 15 set: stored as it is), then at most 8 KiB that decode to 8 KiB
 * (the last one to less).  A place in them is a pair (start of the block,
 * relative to the table; offset in the decoded block).  An inode's place is
 * written as one number, `start << 16 | offset`: its reference.
 *
 * Ids, export table and extended attributes are never read: every file
 * belongs to the user who runs the bundle, and nothing asks for the rest.
 * All numbers are little-endian.
 */
#ifndef HOLDALL_IMAGE_FORMAT_H
#define HOLDALL_IMAGE_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define SQUASHFS_MAGIC 0x73717368u
#define SQUASHFS_SUPER_SIZE 96u
#define SQUASHFS_META_SIZE 8192u	/* a decoded metadata block */
#define SQUASHFS_META_STORED 0x8000u	/* in its length: not compressed */
#define SQUASHFS_BLOCK_STORED (1u << 24)	/* the same for data blocks */
#define SQUASHFS_BLOCK_SIZE_MASK 0xffffffu
#define SQUASHFS_BLOCK_LOG_MIN 12u	/* 4 KiB */
#define SQUASHFS_BLOCK_LOG_MAX 20u	/* 1 MiB */
#define SQUASHFS_NONE UINT64_MAX	/* a table that is not there */
#define SQUASHFS_NO_FRAGMENT UINT32_MAX
#define SQUASHFS_FRAGMENT_SIZE 16u	/* an entry of the fragment table */
#define SQUASHFS_ZSTD 6u

/* Offsets in the superblock. */
enum squashfs_super {
	SUPER_MAGIC = 0,	/* u32 */
	SUPER_INODES = 4,	/* u32 */
	SUPER_MTIME = 8,	/* u32 */
	SUPER_BLOCK_SIZE = 12,	/* u32 */
	SUPER_FRAGMENTS = 16,	/* u32 */
	SUPER_CODEC = 20,	/* u16 */
	SUPER_BLOCK_LOG = 22,	/* u16 */
	SUPER_FLAGS = 24,	/* u16 */
	SUPER_IDS = 26,		/* u16 */
	SUPER_MAJOR = 28,	/* u16: 4 */
	SUPER_MINOR = 30,	/* u16: 0 */
	SUPER_ROOT = 32,	/* u64: reference */
	SUPER_BYTES_USED = 40,	/* u64 */
	SUPER_ID_TABLE = 48,	/* u64, from here places in the image */
	SUPER_XATTR_TABLE = 56,
	SUPER_INODE_TABLE = 64,
	SUPER_DIR_TABLE = 72,
	SUPER_FRAGMENT_TABLE = 80,
	SUPER_EXPORT_TABLE = 88,
};

/* Types of inodes; the extended ones are the basic ones plus 7, and directory
 * entries name the basic type for both. */
enum squashfs_type {
	TYPE_DIR = 1,
	TYPE_FILE,
	TYPE_LINK,
	TYPE_BLOCK,
	TYPE_CHAR,
	TYPE_FIFO,
	TYPE_SOCKET,
	TYPE_EXTENDED = 7,	/* added */
};

/* A directory's size counts 3 bytes for "." and "..", which are not there. */
#define SQUASHFS_DIR_EXTRA 3u
#define SQUASHFS_DIR_RUN_MAX 256u	/* entries behind one header */

static inline uint16_t le16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t le32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

#endif
