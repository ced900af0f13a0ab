/*
 * bundle_write.h - putting a bundle together
 *
 * Order of calls: bundle_writer_new (copies the stub, pads), then the image is
 * written by the caller through bundle_writer_fd at payload_start (its size is
 * told with bundle_writer_image_done), then sections, then finish, which
 * computes section hashes, tree, seal and trailer.  The output file is the
 * caller's descriptor, read-write and not O_APPEND (pwrite would append);
 * making it under a temporary name, fsync and rename are the caller's.
 */
#ifndef HOLDALL_BUNDLE_WRITE_H
#define HOLDALL_BUNDLE_WRITE_H

#include <stdint.h>

#include "runtime/err.h"
#include "runtime/seal.h"

struct bundle_writer;

int bundle_writer_new(int fd, int stub_fd, struct bundle_writer **ret,
		      struct err *err);
void bundle_writer_free(struct bundle_writer *w);
uint64_t bundle_writer_payload_start(const struct bundle_writer *w);
int bundle_writer_image_done(struct bundle_writer *w, uint64_t size,
			     struct err *err);
int bundle_writer_section(struct bundle_writer *w, uint32_t type,
			  bool critical, const void *data, size_t len,
			  struct err *err);
/* `header`: canonical text of manifests/header.h. */
int bundle_writer_finish(struct bundle_writer *w, const char *header,
			 size_t header_len, const struct codec *codec,
			 struct err *err);

#endif
