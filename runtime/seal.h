/*
 * seal.h - the canonical text that is signed
 *
 * Strict lines of text.h in a fixed order of parts:
 *	holdall-seal=1
 *	<header lines, each key prefixed "header.">
 *	section=<type> <critical 0|1> <offset> <size> <hash hex>   (by offset)
 *	... see docs/format.md
 *
 * seal_parse checks everything that can be checked without the payload:
 * counts, limits, alignment, order, that sections neither overlap nor leave
 * the payload, that no unknown type is critical, and that the first image
 * section lies at offset 0.  Afterwards these hold as invariants.
 */
#ifndef HOLDALL_SEAL_H
#define HOLDALL_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/err.h"
#include "runtime/layout.h"

#define SEAL_VERSION "1"
#define SEAL_HASH "blake2b-256"
#define SEAL_HEADER_PREFIX "header."

struct section {
	uint32_t type;			/* enum section_type, or unknown */
	bool critical;
	uint64_t offset;		/* from the payload's start */
	uint64_t size;
	uint8_t hash[LAYOUT_HASH_SIZE];	/* BLAKE2b-256 of the section's bytes */
};

struct codec {				/* what a delta needs for equal bytes */
	char *library;			/* "zstd" */
	char *version;			/* "1.5.4" */
	uint32_t level;
	uint32_t block_size;
};

struct seal {
	char *header;			/* canonical header text, owned */
	size_t header_len;
	struct section sections[LAYOUT_SECTIONS_MAX];
	unsigned n_sections;
	uint64_t payload_size;
	uint8_t root[LAYOUT_HASH_SIZE];
	struct codec codec;
};

void seal_free(struct seal *seal);
#define CLEANUP_SEAL CLEANUP(seal_free)

int seal_parse(const char *text, size_t len, struct seal *ret,
	       struct err *err);
/* The rules for values, without the spelling: both other functions ask it. */
int seal_check(const struct seal *seal, struct err *err);
int seal_format(const struct seal *seal, struct buf *ret, struct err *err);

/* The first section of a type, or NULL. */
const struct section *seal_section(const struct seal *seal, uint32_t type);

const char *section_type_name(uint32_t type);	/* "image"; "unknown" */

#endif
