/*
 * layout.h - the numbers of the bundle file, for reader and writer alike
 *
 * docs/format.md describes every byte; this header is that description in
 * constants.  Nothing else in the tree repeats one of these numbers.
 *
 *	stub ELF | zeros to 64 KiB | payload | hash tree | seal | signatures
 *	| trailer (fixed size, the last bytes of the file)
 */
#ifndef HOLDALL_LAYOUT_H
#define HOLDALL_LAYOUT_H

#include <stdint.h>

#define LAYOUT_VERSION 1u
#define LAYOUT_HASH_SIZE 32u		/* BLAKE2b-256 */
#define LAYOUT_PAYLOAD_ALIGN 65536u	/* payload start in the file */
#define LAYOUT_SECTION_ALIGN 16384u	/* sections in the payload */
#define LAYOUT_LEAF_SIZE 16384u		/* bytes under one leaf hash */
#define LAYOUT_NODE_SIZE 16384u		/* bytes under one inner hash */
#define LAYOUT_NODE_HASHES (LAYOUT_NODE_SIZE / LAYOUT_HASH_SIZE)
#define LAYOUT_LEVELS_MAX 3u		/* of a payload of LAYOUT_PAYLOAD_MAX */
#define LAYOUT_STUB_MAX (UINT64_C(64) << 20)
#define LAYOUT_SEAL_MAX (1u << 20)
#define LAYOUT_HEADER_MAX (64u << 10)
#define LAYOUT_SECTIONS_MAX 64u
#define LAYOUT_SIGNATURES_MAX 16u
#define LAYOUT_SIGNATURES_SIZE_MAX (64u << 10)
#define LAYOUT_PAYLOAD_MAX (UINT64_C(1) << 40)

/* Domain separation: the byte hashed in front of a leaf and of a node. */
#define LAYOUT_LEAF_PREFIX 0x00
#define LAYOUT_NODE_PREFIX 0x01

/* Section types.  Unknown ones are skipped, unless critical. */
enum section_type {
	SECTION_IMAGE = 1,
	SECTION_PROFILE = 2,
	SECTION_ICON = 3,
	SECTION_DESKTOP = 4,
	SECTION_APPSTREAM = 5,
	SECTION_MANIFEST = 6,
	SECTION_LOCK = 7,
	SECTION_SBOM = 8,
	SECTION_PACKAGES = 9,
};

/* The trailer, little-endian, the last LAYOUT_TRAILER_SIZE bytes. */
#define LAYOUT_MAGIC "holdall\x1a"	/* 8 bytes */
#define LAYOUT_TRAILER_SIZE 192u
enum trailer_offset {
	TRAILER_MAGIC = 0,		/* 8 bytes */
	TRAILER_VERSION = 8,		/* u32 */
	TRAILER_SIZE = 12,		/* u32: LAYOUT_TRAILER_SIZE */
	TRAILER_PAYLOAD_START = 16,	/* u64, from the file's start */
	TRAILER_PAYLOAD_SIZE = 24,	/* u64 */
	TRAILER_TREE_START = 32,	/* u64 */
	TRAILER_TREE_SIZE = 40,		/* u64 */
	TRAILER_SEAL_START = 48,	/* u64 */
	TRAILER_SEAL_SIZE = 56,		/* u64 */
	TRAILER_SIGNATURES_START = 64,	/* u64 */
	TRAILER_SIGNATURES_SIZE = 72,	/* u64 */
	TRAILER_STUB_SIZE = 80,		/* u64 */
	TRAILER_RESERVED = 88,		/* 8 bytes of zero */
	TRAILER_SEAL_HASH = 96,		/* 32 bytes */
	TRAILER_SIGNATURES_HASH = 128,	/* 32 bytes */
	TRAILER_HASH = 160,		/* 32 bytes: of the bytes before */
};

/* The constant ELF note in the stub (note.c), somewhere in the first
 * LAYOUT_NOTE_WITHIN bytes; LAYOUT_NOTE_OFFSET in our x86-64 stubs. */
#define LAYOUT_NOTE_NAME "holdall"
#define LAYOUT_NOTE_TYPE 1u
#define LAYOUT_NOTE_VERSION 1u
#define LAYOUT_NOTE_WITHIN 4096u
#define LAYOUT_NOTE_OFFSET 0x2b0u

struct layout_note {
	uint32_t name_size, desc_size, type;
	char name[8];
	uint32_t version;
};
extern const struct layout_note layout_note;

#endif
