/*
 * image_profile.h - the launch profile as a section of the bundle
 *
 * What `holdall pack --profile` makes of a profile's paths: a row of (inode, blocks)
 * in the order in which a start wants them.  docs/format.md has the bytes.
 *
 * They are hints.  An entry names a place where an inode may stand; it is read
 * there as for any request, with all checks, and the places of blocks come from
 * that inode.  So a profile that lies makes a start slower, and nothing else.
 */
#ifndef HOLDALL_IMAGE_PROFILE_H
#define HOLDALL_IMAGE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/err.h"

#define IMAGE_PROFILE_BYTES_MAX (64u << 10)
#define IMAGE_PROFILE_HEAD 16u
#define IMAGE_PROFILE_ENTRY 16u
#define IMAGE_PROFILE_MAX \
	((IMAGE_PROFILE_BYTES_MAX - IMAGE_PROFILE_HEAD) / IMAGE_PROFILE_ENTRY)
#define IMAGE_PROFILE_BLOCKS_MAX 4096u	/* of all entries: 512 MiB */

struct image_profile_entry {
	uint64_t ref;			/* of an inode, below 2^48 */
	uint32_t first, n;		/* blocks; n 0: the inode, and the first
					 * names of a folder */
};

struct image_profile {
	unsigned n;
	struct image_profile_entry v[IMAGE_PROFILE_MAX];
};

/* 0, or -EINVAL: not the one spelling of a profile within the limits. */
int image_profile_parse(const uint8_t *data, size_t len,
			struct image_profile *ret);
/* The other way; returns the length.  What would exceed a limit is left out, from
 * the end. */
size_t image_profile_format(const struct image_profile *p,
			    uint8_t ret[IMAGE_PROFILE_BYTES_MAX]);

#endif
