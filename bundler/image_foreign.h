/*
 * image_foreign.h - reading images that our own reader does not serve
 *
 * A front of the jailed process (runtime/image_child.h): libsquashfs instead of
 * our reader, the same jail, the same record stream.  Whoever receives it need not
 * know which of the two sent it.
 */
#ifndef HOLDALL_IMAGE_FOREIGN_H
#define HOLDALL_IMAGE_FOREIGN_H

#include "runtime/image_child.h"

/* Sends the whole image with its data: c->flags must ask for that. */
int image_foreign_run(struct image_child *c, struct image *im,
		      struct err *err);

#endif
