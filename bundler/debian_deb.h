/*
 * debian_deb.h - a .deb laid out in a folder without one name of its own
 *
 * A .deb is an ar archive of a version, control.tar.* and data.tar.*.  Whatever
 * names stand in it, on disk there are only ours:
 *
 *	0 1 2 ...	the bytes of its regular files, in its order
 *	c-control	and c-postinst, c-triggers where the package has them
 *	index		one line per entry, written last
 *
 * index lines, fields with single spaces between, names escaped as in text.h:
 *
 *	d MODE MTIME PATH
 *	l MTIME PATH TARGET
 *	f MODE MTIME SIZE NUMBER PATH
 *	h NUMBER PATH			another name of that file
 *	end COUNT
 *
 * So nothing that a hostile package names can leave the folder, and nothing has
 * to be undone but the folder.  What a package for an app cannot sensibly hold
 * is refused with one line: absolute names, `..`, links that climb out of the
 * tree, devices, FIFOs, hard links to anything but an earlier file of the same
 * package, names above 255 bytes, and two entries of one name.
 */
#ifndef HOLDALL_DEBIAN_DEB_H
#define HOLDALL_DEBIAN_DEB_H

#include "bundler/notes.h"
#include "bundler/tree.h"

#define DEB_ENTRIES_MAX (1u << 20)
#define DEB_BYTES_MAX ((uint64_t)32 << 30)	/* unpacked */
#define DEB_CONTROL_MAX ((size_t)1 << 20)	/* one control file */
#define DEB_CONTROLS_MAX ((uint64_t)64 << 20)	/* all, read or not */
#define DEB_INDEX_MAX ((size_t)256 << 20)

/* Unpacks the archive at `deb_fd` (read from its start) into the empty folder.
 * `name` is for messages. */
int deb_unpack(int deb_fd, const char *name, int dir_fd,
	       const struct notes *notes, struct err *err);

/* Reads an unpacked package's index back and hands over each entry as a spec for
 * tree_add: content.rel is `prefix` "/" NUMBER, dev and ino tell hard links,
 * base_fd and origin are the caller's to set.  -EBADMSG or -ENOENT: not a whole
 * unpacked package (unpack it again). */
int deb_index_read(int dir_fd, const char *prefix, uint64_t dev,
		   int (*each)(void *arg, struct entry *spec,
			       struct err *err),
		   void *arg, struct err *err);

#endif
