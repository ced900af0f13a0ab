/*
 * desktop.c - see desktop.h
 *
 * Which file it is, the parts decide; here it is read, with its limits, and what
 * the manifest names itself is checked: a name that leads nowhere, a desktop
 * file that is none and an icon that is neither PNG nor SVG are errors there,
 * and passed over where they were only found.
 */
#include "bundler/desktop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/path.h"

void desktop_free(struct desktop *d)
{
	buf_free(&d->file);
	buf_free(&d->icon);
	buf_free(&d->appstream);
	free(d->path);
	free(d->icon_path);
	desktop_entry_free(&d->entry);
	*d = DESKTOP_INIT;
}

char *desktop_stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 8 && !strcmp(name + len - 8, ".desktop"))
		len -= 8;
	return strndup(name, len);
}

/* ---- reading ---- */

static int too_large(const char *what, const char *name, size_t max,
		     struct err *err)
{
	return err_set(err, EFBIG, "the %s %s is larger than %zu KiB", what,
		       name, max >> 10);
}

static int read_entry(const struct entry *e, const char *what, size_t max,
		      struct buf *ret, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t len;
	int r;

	if (e->content.size > max)
		return too_large(what, e->path, max, err);
	data = malloc((size_t)e->content.size + 1);
	if (!data)
		return err_nomem(err);
	r = entry_read_head(e, data, (size_t)e->content.size, &len, err);
	if (r < 0)
		return r;
	buf_add(ret, data, len);
	return buf_check(ret, err);
}

static int from_image(const struct tree *t, const char *what, const char *path,
		      size_t max, struct buf *ret, struct err *err)
{
	const struct entry *e = tree_resolve(t, path);

	if (!e || e->type != ENTRY_FILE)
		return err_set(err, ENOENT, "%s: the image has no file %s",
			       what, path);
	return read_entry(e, what, max, ret, err);
}

static int from_folder(int dir_fd, const char *what, const char *path,
		       size_t max, struct buf *ret, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	CLEANUP_FD int fd = -1;
	size_t len;
	int r = path_open_beneath(dir_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd,
				  err);

	if (r < 0)
		return err_prefix(err, "%s", what);
	r = fd_slurp(fd, max, &data, &len);
	if (r == -EFBIG)
		return too_large(what, path, max, err);
	if (r < 0)
		return err_sys(err, -r, "cannot read the %s %s", what, path);
	buf_add(ret, data, len);
	return buf_check(ret, err);
}

/* `t` may be NULL: then only a file beside the manifest is read. */
static int named(const struct tree *t, int dir_fd, const char *what,
		 const char *path, size_t max, struct buf *ret,
		 struct err *err)
{
	if (path[0] != '/')
		return from_folder(dir_fd, what, path, max, ret, err);
	return t ? from_image(t, what, path, max, ret, err) : 0;
}

/* ---- the desktop file ---- */

static bool is_none(const struct manifest *m)
{
	return m->desktop && !strcmp(m->desktop, "none");
}

static int named_file(const struct tree *t, const struct manifest *m,
		      int dir_fd, struct desktop *d, struct err *err)
{
	int r = named(t, dir_fd, "desktop", m->desktop, DESKTOP_MAX, &d->file,
		      err);

	if (r == 0 && d->file.len)
		r = desktop_entry_parse(d->file.data, d->file.len, &d->entry,
					err);
	if (r == -EINVAL)
		return err_prefix(err, "desktop: %s", m->desktop);
	if (r == 0 && m->desktop[0] == '/') {
		d->path = strdup(m->desktop + 1);
		r = d->path ? 0 : err_nomem(err);
	}
	return r;
}

static int found_file(const struct tree *t, const struct manifest *m,
		      const struct owners *o, struct desktop *d,
		      struct err *err)
{
	int r = desktop_choose(t, m, o, &d->path, err);

	if (r < 0 || !d->path)
		return r;
	r = from_image(t, "desktop", d->path, DESKTOP_MAX, &d->file, err);
	return r < 0 ? r : desktop_entry_parse(d->file.data, d->file.len,
					       &d->entry, err);
}

static int find_file(const struct tree *t, const struct manifest *m,
		     const struct owners *o, int dir_fd, struct desktop *d,
		     struct err *err)
{
	if (is_none(m))
		return 0;
	return m->desktop ? named_file(t, m, dir_fd, d, err) :
			    found_file(t, m, o, d, err);
}

/* ---- icon and AppStream ---- */

static int check_icon(const struct manifest *m, const struct buf *icon,
		      struct err *err)
{
	if (!icon->len || icon_is_usable(icon->data, icon->len))
		return 0;
	return err_set(err, EINVAL, "icon: %s is neither a PNG nor an SVG",
		       m->icon);
}

static int found_icon(const struct tree *t, const struct owners *o,
		      struct desktop *d, struct err *err)
{
	CLEANUP_FREE char *stem = d->path ? desktop_stem(d->path) : NULL;
	const struct entry *e;

	if (!d->file.len)
		return 0;
	e = icon_choose(t, o, d->entry.icon, stem);
	if (!e)
		return 0;
	d->icon_path = strdup(e->path);
	if (!d->icon_path)
		return err_nomem(err);
	return read_entry(e, "icon", ICON_MAX, &d->icon, err);
}

static int find_icon(const struct tree *t, const struct manifest *m,
		     const struct owners *o, int dir_fd, struct desktop *d,
		     struct err *err)
{
	int r;

	if (!m->icon)
		return found_icon(t, o, d, err);
	r = named(t, dir_fd, "icon", m->icon, ICON_MAX, &d->icon, err);
	return r < 0 ? r : check_icon(m, &d->icon, err);
}

static int find_appstream(const struct tree *t, const struct manifest *m,
			  const struct owners *o, struct desktop *d,
			  struct err *err)
{
	CLEANUP_FREE char *stem = d->path ? desktop_stem(d->path) : NULL;
	const struct entry *e = appstream_choose(t, o, m->id, stem);

	return e ? read_entry(e, "AppStream file", APPSTREAM_MAX,
			      &d->appstream, err) : 0;
}

int desktop_find(const struct tree *t, const struct manifest *m,
		 const struct owners *o, int dir_fd, struct desktop *ret,
		 struct err *err)
{
	CLEANUP_DESKTOP struct desktop d = DESKTOP_INIT;
	int r = find_file(t, m, o, dir_fd, &d, err);

	if (r == 0)
		r = find_icon(t, m, o, dir_fd, &d, err);
	if (r == 0)
		r = find_appstream(t, m, o, &d, err);
	if (r < 0)
		return r;
	d.graphical = d.file.len && !d.entry.terminal && !d.entry.no_display;
	*ret = d;
	d = DESKTOP_INIT;
	return 0;
}

int desktop_check_beside(const struct manifest *m, int dir_fd,
			 struct err *err)
{
	CLEANUP_DESKTOP struct desktop d = DESKTOP_INIT;
	int r = 0;

	if (m->desktop && !is_none(m))
		r = named_file(NULL, m, dir_fd, &d, err);
	if (r == 0 && m->icon)
		r = named(NULL, dir_fd, "icon", m->icon, ICON_MAX, &d.icon,
			  err);
	return r < 0 ? r : check_icon(m, &d.icon, err);
}
