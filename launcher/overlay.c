/*
 * overlay.c - rows that are overlays: /etc, /var and homes
 *
 * Options name descriptors only (/proc/self/fd/N), never a path from outside.
 * Where overlayfs cannot work, a plain bind with the same content takes its place.
 */
#include "launcher/executor_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "launcher/mounts.h"
#include "runtime/buf.h"
#include "runtime/path.h"

/* Appends "/proc/self/fd/N" of a layer, whose descriptor goes to fds[*n]. */
static int add_layer(struct executor *x, struct buf *options,
		     const char *separator, const char *path, int *fds,
		     size_t *n)
{
	int fd = path_try_beneath(x->root_fd, executor_rel(path),
				  O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	fds[(*n)++] = fd;
	buf_adds(options, separator);
	buf_addf(options, "/proc/self/fd/%d", fd);
	return 0;
}

#define LAYERS_MAX 16

/* Never a path from outside in the options: only numbers of descriptors. */
static int overlay_options(struct executor *x, const struct row *row,
			   struct buf *options, int *fds, size_t *n)
{
	int r;

	for (size_t i = 0; i < row->layers.n && i < LAYERS_MAX - 2; i++) {
		r = add_layer(x, options, *n ? ":" : "lowerdir=",
			      row->layers.v[i], fds, n);
		/* A layer that the image has not got (/etc/skel) is left out. */
		if (r < 0 && r != -ENOENT)
			return r;
	}
	if (!row->upper)
		return options->failed ? -ENOMEM : 0;
	r = add_layer(x, options, ",upperdir=", row->upper, fds, n);
	if (r < 0)
		return r;
	r = add_layer(x, options, ",workdir=", row->work, fds, n);
	if (r < 0)
		return r;
	buf_adds(options, ",userxattr,index=on");
	return options->failed ? -ENOMEM : 0;
}

#define LINKS_MAX 4096

/* Links in the topmost layer, which is ours, to what a lower one of the image has
 * besides. */
static int link_layer(struct executor *x, const char *top, const char *lower)
{
	CLEANUP_FD int to = path_try_beneath(x->root_fd, executor_rel(top),
					     O_PATH | O_DIRECTORY, 0);
	int from = path_try_beneath(x->root_fd, executor_rel(lower),
				    O_RDONLY | O_DIRECTORY, 0);
	CLEANUP_DIR DIR *dir = from < 0 ? NULL : fdopendir(from);
	struct dirent *de;
	int n = 0;

	if (from < 0)
		return from == -ENOENT ? 0 : from;
	if (to < 0 || !dir)
		return to < 0 ? to : -errno;
	while ((de = readdir(dir)) && n++ < LINKS_MAX) {
		CLEANUP_FREE char *target = path_join(lower, de->d_name);

		if (!target)
			return -ENOMEM;
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, "..") &&
		    symlinkat(target, to, de->d_name) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

#define FOLDERS_MAX 32

/* Adds the folders in `dir` of our own layer: there are few, and no hostile ones. */
static int add_folders(struct executor *x, const char *top, const char *rel,
		       struct strlist *todo)
{
	CLEANUP_FREE char *path = path_join(top, rel);
	int fd = path ? path_try_beneath(x->root_fd, executor_rel(path),
					 O_RDONLY | O_DIRECTORY, 0) : -ENOMEM;
	CLEANUP_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (!dir)
		return fd < 0 ? fd : -errno;
	while (todo->n < FOLDERS_MAX && (de = readdir(dir))) {
		CLEANUP_FREE char *below = NULL;

		if (de->d_type != DT_DIR || !strcmp(de->d_name, ".") ||
		    !strcmp(de->d_name, ".."))
			continue;
		below = *rel ? path_join(rel, de->d_name) :
			       strdup(de->d_name);
		if (!below || strlist_add(todo, below) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A folder that both have (/etc/fonts) is ours, with links in it in turn. */
static int link_folders(struct executor *x, const char *top, const char *lower)
{
	CLEANUP_STRLIST struct strlist todo = { 0 };
	int r = strlist_add(&todo, "");

	for (size_t i = 0; r == 0 && i < todo.n; i++) {
		CLEANUP_FREE char *ours = path_join(top, todo.v[i]);
		CLEANUP_FREE char *theirs = path_join(lower, todo.v[i]);

		r = ours && theirs ? add_folders(x, top, todo.v[i], &todo) :
				     -ENOMEM;
		if (r == 0)
			r = link_layer(x, ours, theirs);
	}
	return r;
}

/* Where overlay cannot work (missing, or a home on NFS or vfat): the upper alone
 * for a home; otherwise our own layer, with links to what the image has. */
static int overlay_fallback(struct executor *x, const struct row *row,
			    int why, struct err *err)
{
	const char *only = row->upper ? row->upper : row->layers.v[0];
	CLEANUP_FD int fd = path_try_beneath(x->root_fd, executor_rel(only),
					     O_PATH | O_DIRECTORY, 0);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 1; r == 0 && !row->upper && i < row->layers.n; i++)
		r = link_folders(x, only, row->layers.v[i]);
	if (r == 0)
		r = mount_bind(fd, x->root_fd, executor_rel(row->target),
			       executor_attrs(row) | (row->upper ? 0 : ATTR_RO));
	if (r < 0)
		return err_sys(err, -why, "cannot mount an overlay on %s",
			       row->target);
	return 0;
}

/* Linux 5.11 is the first with overlays in user namespaces. */
static int overlay_refused(int num, struct err *err)
{
	if (num == ENODEV)
		return err_set(err, num, "this kernel has no overlayfs; as "
			       "root: modprobe overlay");
	if (num == EPERM || num == EACCES)
		return err_set(err, num, "this kernel mounts no overlayfs in "
			       "a user namespace; Linux 5.11 or newer does");
	if (num == EINVAL)
		return err_set(err, num, "overlayfs does not take this "
			       "folder as a layer (an overlay of an overlay, "
			       "or a file system it does not know); use a "
			       "folder on ext4, xfs, btrfs or tmpfs");
	return err_sys(err, num, "cannot mount an overlay");
}

int executor_overlay(struct executor *x, const struct row *row,
		     struct err *err)
{
	CLEANUP_BUF struct buf options = BUF_INIT;
	CLEANUP_FD int target = -1;
	int fds[LAYERS_MAX];
	size_t n = 0;
	unsigned long flags = MS_NODEV | (row->upper ? 0 : MS_RDONLY);
	int r = executor_open_target(x, row, &target, err);

	if (r < 0)
		return r;
	r = overlay_options(x, row, &options, fds, &n);
	if (r == 0)
		r = mount_new("overlay", "overlay", target, flags,
			      options.data);
	/* index=on wants file handles, which not every upper has. */
	if (r == -EINVAL && row->upper && options.len > 9) {
		options.data[options.len - 9] = '\0';
		r = mount_new("overlay", "overlay", target, flags,
			      options.data);
	}
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
	if (r == -EBUSY)
		return err_set(err, EBUSY, "the home of this app is still "
			       "being written by an instance that ended; try "
			       "again in a moment");
	if (r < 0 && row->flags & ROW_STRICT)
		return overlay_refused(-r, err);
	return r < 0 ? overlay_fallback(x, row, r, err) : 0;
}
