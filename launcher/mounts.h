/*
 * mounts.h - mount(2) by descriptor: the few ways the executor mounts
 *
 * Every target and source is a descriptor opened through the door before, so no
 * path is resolved by the kernel a second time.  The new calls (open_tree,
 * mount_setattr, move_mount: Linux 5.2 and 5.12) are used where they are there,
 * for their recursive flags; below that mount(2) on /proc/self/fd/N and a walk
 * of mountinfo.  mounts_no_new_api forces the latter, for tests.
 */
#ifndef HOLDALL_MOUNTS_H
#define HOLDALL_MOUNTS_H

#include <stdbool.h>

enum bind_attrs {
	ATTR_RO = 1, ATTR_NODEV = 2, ATTR_NOEXEC = 4,	/* nosuid: always */
};

/* All return 0 or -errno. */
int mount_bind(int source_fd, int target_fd, unsigned attrs);
int mount_new(const char *type, const char *name, int target_fd,
	      unsigned long ms_flags, const char *options);
/* Adds attributes to the mount at fd (its root), not to those below it. */
int mount_restrict(int fd, unsigned attrs);
int mount_detach(int fd);

extern bool mounts_no_new_api;

#endif
