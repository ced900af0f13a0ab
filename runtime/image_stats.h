/*
 * image_stats.h - what a FUSE server has done, as text for `--stats`
 */
#ifndef HOLDALL_IMAGE_STATS_H
#define HOLDALL_IMAGE_STATS_H

struct image;

/* Three lines to a pipe that the supervisor reads, at the end of the mount. */
void image_stats_tell(const struct image *im, int fd);

#endif
