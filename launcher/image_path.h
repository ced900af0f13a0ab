/*
 * image_path.h - a path of the image as people write it
 */
#ifndef HOLDALL_IMAGE_PATH_H
#define HOLDALL_IMAGE_PATH_H

#include "runtime/err.h"

/* "/usr//bin/" and "usr/bin" are one: fresh string without slash in front, "" for
 * the root.  One that climbs out of the image is an error. */
int image_path(const char *operand, char **ret, struct err *err);

#endif
