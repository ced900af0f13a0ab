/*
 * bundle_rewrite.h - the same bundle with another stub or other signatures
 *
 * Payload, tree and seal are copied byte for byte and not looked at: who reads
 * the new file checks them as in any other.  So restub and sign cost what a copy
 * costs, or nearly nothing where the file system shares blocks.
 */
#ifndef HOLDALL_BUNDLE_REWRITE_H
#define HOLDALL_BUNDLE_REWRITE_H

#include <stddef.h>

#include "runtime/bundle.h"
#include "runtime/err.h"

/* Writes to an empty file.  `stub_fd` -1: the stub as it is.  `signatures`
 * replace those that are there. */
int bundle_rewrite(const struct bundle *b, int stub_fd,
		   const char *signatures, size_t len, int out_fd,
		   struct err *err);

/* Puts signatures into a bundle in its own file, which is open for writing and
 * not yet anybody's: the end of the file is written anew. */
int bundle_put_signatures(const struct bundle *b, const char *signatures,
			  size_t len, int fd, struct err *err);

#endif
