/*
 * desktop.h - the desktop file, icon and AppStream data of a bundle
 *
 * They become sections, so that tools read them without the image.  Their bytes
 * are those of the package; no file is renamed.
 */
#ifndef HOLDALL_DESKTOP_H
#define HOLDALL_DESKTOP_H

#include "bundler/desktop_entry.h"
#include "bundler/owners.h"
#include "bundler/tree.h"
#include "manifests/manifest.h"
#include "runtime/buf.h"

#define ICON_MAX ((size_t)1 << 20)
#define APPSTREAM_MAX ((size_t)512 << 10)

struct desktop {
	struct buf file;		/* the desktop file's bytes; empty: none */
	struct buf icon;		/* the icon's; empty: none */
	struct buf appstream;
	bool graphical;
	char *path;			/* of the file in the image, or NULL */
	char *icon_path;
	struct desktop_entry entry;
};

#define DESKTOP_INIT ((struct desktop){ .file = BUF_INIT, .icon = BUF_INIT, \
					.appstream = BUF_INIT })
void desktop_free(struct desktop *d);
#define CLEANUP_DESKTOP CLEANUP(desktop_free)

/* `desktop` and `icon` of the manifest: an absolute path in the image, or a file
 * beside the manifest (beneath `dir_fd`); those must be there and be what they
 * are said to be.  Without them usr/share/applications/<id>.desktop, else the
 * best of the app's own (desktop_choose.c), and the icon that it names
 * (desktop_icon.c).  `o` may be NULL: nothing is the app's own.  A bundle is
 * graphical with a desktop file that is neither Terminal=true nor
 * NoDisplay=true; `desktop: none` says that it is not. */
int desktop_find(const struct tree *t, const struct manifest *m,
		 const struct owners *o, int dir_fd, struct desktop *ret,
		 struct err *err);
/* The same for what the manifest names, without a tree: what lies in the image
 * is not looked at. */
int desktop_check_beside(const struct manifest *m, int dir_fd,
			 struct err *err);

/* ---- between desktop.c and its parts ---- */

/* Path of the best desktop file in the image; NULL in *ret: none fits. */
int desktop_choose(const struct tree *t, const struct manifest *m,
		   const struct owners *o, char **ret, struct err *err);
/* The best icon for `name` (Icon=; may be NULL); else one of the app's own that is
 * called `stem`.  NULL: none. */
const struct entry *icon_choose(const struct tree *t, const struct owners *o,
				const char *name, const char *stem);
/* The AppStream file that belongs to id or desktop file. */
const struct entry *appstream_choose(const struct tree *t,
				     const struct owners *o, const char *id,
				     const char *stem);
/* PNG or SVG? */
bool icon_is_usable(const char *data, size_t len);
/* "usr/share/applications/a.b.desktop" -> "a.b", fresh or NULL. */
char *desktop_stem(const char *path);

#endif
