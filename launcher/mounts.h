/*
 * mounts.h - mount(2) by descriptor: the few ways the executor mounts
 *
 * Every target and source is a descriptor opened through the door before, so no
 * path is resolved by the kernel a second time: mount(2) takes /proc/self/fd/N.
 * (open_tree and move_mount do the same in more time: closing the tree's
 * descriptor alone costs 13 us, three times a whole bind.)  Attributes are set with
 * mount_setattr (Linux 5.12), for its recursive flag; below that by remounting
 * what mountinfo shows.  mounts_no_setattr forces the latter, for tests.
 */
#ifndef HOLDALL_MOUNTS_H
#define HOLDALL_MOUNTS_H

#include <stdbool.h>

enum bind_attrs {
	ATTR_RO = 1, ATTR_NODEV = 2, ATTR_NOEXEC = 4, ATTR_NOSUID = 8,
};

/* All return 0 or -errno. */
int mount_bind(int source_fd, int root_fd, const char *target,
	       unsigned attrs);	/* target: beneath root_fd, exists */
/* A bind of a path made of our own words on a file or folder of our own tmpfs, which
 * is the working directory: no descriptors are opened for it. */
int mount_node(const char *source, const char *target);
int mount_new(const char *type, const char *name, int target_fd,
	      unsigned long ms_flags, const char *options);
/* Adds attributes to the mount at fd (its root), not to those below it. */
int mount_restrict(int fd, unsigned attrs);
int mount_detach(int fd);

extern bool mounts_no_setattr;

#endif
