/*
 * image_file.h - libsquashfs's file object over a part of our output
 *
 * The image is written straight into the bundle: offset 0 of the image is
 * `start` of the descriptor.  The first failure's errno is kept, because the
 * library knows only "I/O error" and people want to read "disk full".
 */
#ifndef HOLDALL_IMAGE_FILE_H
#define HOLDALL_IMAGE_FILE_H

#include <sqfs/io.h>
#include <stdint.h>

struct image_file {
	sqfs_file_t base;		/* first: the library's view */
	int fd;				/* not owned */
	uint64_t start;
	uint64_t size;
	int error;			/* errno of the first failure, or 0 */
};

void image_file_init(struct image_file *f, int fd, uint64_t start);

#endif
