/*
 * bundle.h - an open bundle: places, seal, and verified reads
 *
 * bundle_open reads trailer and seal, checks both hashes and every place
 * against the file's size, and parses the seal.  It never looks at the
 * payload; that is only read through a `struct payload`, which verifies each
 * 16 KiB leaf against the tree each time it is read, in a private buffer, and
 * copies from that same buffer.  There is no "already verified" list of
 * payload bytes; inner tree nodes are kept in private memory once verified,
 * in a small cache.
 *
 * Messages name the bundle's file (`name` as given by the caller, for people).
 */
#ifndef HOLDALL_BUNDLE_H
#define HOLDALL_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/err.h"
#include "runtime/seal.h"

struct bundle {
	int fd;				/* owned; O_RDONLY */
	char *name;			/* for messages, owned */
	uint64_t file_size;
	uint64_t stub_size;
	uint64_t payload_start;		/* in the file */
	uint64_t payload_size;
	uint64_t tree_start, tree_size;
	uint64_t seal_start, seal_size;
	uint64_t signatures_start, signatures_size;
	uint8_t seal_hash[LAYOUT_HASH_SIZE];
	uint8_t signatures_hash[LAYOUT_HASH_SIZE];
	struct seal seal;
};

#define BUNDLE_INIT ((struct bundle){ .fd = -1 })
void bundle_free(struct bundle *b);
#define CLEANUP_BUNDLE CLEANUP(bundle_free)

/* Takes the descriptor (closed on failure too).  errno values that callers may
 * tell apart: ENOEXEC not a bundle (also: empty, a folder, holdall itself),
 * ENODATA cut off, EOPNOTSUPP made for a newer holdall, EBADMSG damaged or
 * forged. */
int bundle_open_fd(int fd, const char *name, struct bundle *ret,
		   struct err *err);
int bundle_open(const char *path, struct bundle *ret, struct err *err);

/* Does the file end in a trailer?  1 yes, 0 no, negative: cannot be read.
 * Only the magic is looked at: a damaged bundle is still a bundle. */
int bundle_probe(int fd);

/* Fresh copies of the raw bytes. */
int bundle_read_seal(const struct bundle *b, char **ret, size_t *ret_len,
		     struct err *err);

/* Reads and verifies one whole section (its hash too); size limit 16 MiB. */
int bundle_read_section(const struct bundle *b, const struct section *s,
			char **ret, size_t *ret_len, struct err *err);

/*
 * Verified reading of the payload.  One owner at a time, no locking.  It keeps
 * in private memory, touched when first needed: the leaves read last, a few
 * inner nodes of the tree (numbers in payload.c) and what was viewed last;
 * altogether at most PAYLOAD_MEMORY_MAX bytes.  payload_new does all that needs
 * other system calls than reading, which uses pread64 on the bundle's descriptor
 * only, and so works in a jail.  The bundle must outlive it.
 */
#define PAYLOAD_VIEW_MAX (1u << 20)
#define PAYLOAD_MEMORY_MAX (PAYLOAD_VIEW_MAX + 12u * 16384u)
struct payload;
int payload_new(const struct bundle *b, struct payload **ret,
		struct err *err);
void payload_free(struct payload *p);
/* Gives the memory back; what is needed is read again. */
void payload_idle(struct payload *p);
/* Exactly len bytes at `off` from the payload's start.  -EIO with a message
 * that names bundle and block for a changed byte, -EINVAL beyond the end. */
int payload_read(struct payload *p, void *buf, size_t len, uint64_t off,
		 struct err *err);

/* The same without a copy, for 1 to PAYLOAD_VIEW_MAX bytes: they lie at *ret until
 * the next view. */
int payload_view(struct payload *p, size_t len, uint64_t off,
		 const uint8_t **ret, struct err *err);

/* Checks every byte: payload against tree and root, gaps and padding zero, each
 * section's hash; with threads, where there are processors for them.  `progress`
 * may be NULL; only the caller's thread calls it. */
int bundle_verify(const struct bundle *b,
		  void (*progress)(void *arg, uint64_t done, uint64_t all),
		  void *arg, struct err *err);

#endif
