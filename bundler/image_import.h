/*
 * image_import.h - an image that another tool made, as a bundle's content
 *
 * The file is copied once, into a provisional bundle without a name beside the
 * output, and only that copy counts from then on: whoever changes the file
 * meanwhile changes nothing.  Then the jailed process walks and unpacks all of
 * it, through the record stream: our own reader, whose images are taken as they
 * are, or, for what it does not serve (gzip, lzma, xz, lz4), libsquashfs in the
 * same jail (image_foreign.h): those are repacked.  This process interprets no
 * byte of an image.
 *
 * What was unpacked fills the tree: packing goes on with that, as with any other
 * source.  The bytes of all files lie in one file without a name, the spool.
 */
#ifndef HOLDALL_IMAGE_IMPORT_H
#define HOLDALL_IMAGE_IMPORT_H

#include "bundler/notes.h"
#include "bundler/output.h"
#include "bundler/tree.h"
#include "runtime/bundle.h"

struct image_import {
	struct output copy, spool;	/* neither is ever committed */
	struct bundle bundle;		/* the copy, opened */
	bool as_is;			/* our reader serves it */
	uint64_t size;			/* of the image */
	uint64_t entries, unpacked;
};

#define IMAGE_IMPORT_INIT \
	((struct image_import){ .copy = OUTPUT_INIT, .spool = OUTPUT_INIT, \
				.bundle = BUNDLE_INIT })
/* After the tree, which refers to the spool. */
void image_import_free(struct image_import *im);

/* Reads the image at `path` into the (new) tree.  `beside` is the path of the
 * output: temporary files lie in its folder. */
int image_import_read(const char *path, const char *beside, int stub_fd,
		      const struct notes *notes, struct tree *t,
		      struct image_import *ret, struct err *err);

/* Only as_is: writes the image to fd at `start`. */
int image_import_copy(const struct image_import *im, int fd, uint64_t start,
		      struct err *err);
/* Only as_is: its block size, for the seal. */
int image_import_block_size(const struct image_import *im, uint32_t *ret,
			    struct err *err);

#endif
