/*
 * desktop.h - the desktop file and icon of a bundle
 */
#ifndef HOLDALL_DESKTOP_H
#define HOLDALL_DESKTOP_H

#include "bundler/tree.h"
#include "manifests/manifest.h"
#include "runtime/buf.h"

#define DESKTOP_MAX (64u << 10)
#define ICON_MAX (1u << 20)

struct desktop {
	struct buf file;		/* the desktop file's bytes; empty: none */
	struct buf icon;		/* the icon's; empty: none */
	bool graphical;
	char *name;			/* Name= of the file, or NULL */
};

void desktop_free(struct desktop *d);
#define CLEANUP_DESKTOP CLEANUP(desktop_free)

/* `desktop` and `icon` of the manifest: an absolute path in the image, or a file
 * beside the manifest (beneath `dir_fd`); without them
 * usr/share/applications/<id>.desktop, and the icon that the file names.  A bundle
 * is graphical with a desktop file that is neither Terminal=true nor
 * NoDisplay=true; `desktop: none` says that it is not. */
int desktop_find(const struct tree *t, const struct manifest *m, int dir_fd,
		 struct desktop *ret, struct err *err);

#endif
