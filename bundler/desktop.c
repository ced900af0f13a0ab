/*
 * desktop.c - see desktop.h
 *
 * Of the desktop file only the group [Desktop Entry] is looked at, and in it
 * plain keys without a language.  The whole file goes into the bundle unchanged.
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
	free(d->name);
}

static int too_large(const char *what, const char *name, size_t max,
		     struct err *err)
{
	return err_set(err, EFBIG, "the %s %s is larger than %zu KiB", what,
		       name, max >> 10);
}

static int from_image(const struct tree *t, const char *what, const char *path,
		      size_t max, struct buf *ret, struct err *err)
{
	const struct entry *e = tree_resolve(t, path);
	CLEANUP_FREE char *data = NULL;
	size_t len;
	int r;

	if (!e || e->type != ENTRY_FILE)
		return err_set(err, ENOENT, "the image has no %s %s", what,
			       path);
	if (e->content.size > max)
		return too_large(what, path, max, err);
	data = malloc((size_t)e->content.size + 1);
	if (!data)
		return err_nomem(err);
	r = entry_read_head(e, data, (size_t)e->content.size, &len, err);
	if (r < 0)
		return r;
	buf_add(ret, data, len);
	return buf_check(ret, err);
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

static int named(const struct tree *t, int dir_fd, const char *what,
		 const char *path, size_t max, struct buf *ret,
		 struct err *err)
{
	return path[0] == '/' ?
		from_image(t, what, path, max, ret, err) :
		from_folder(dir_fd, what, path, max, ret, err);
}

/* The value of a plain key of [Desktop Entry], fresh, or NULL. */
static char *entry_value(const struct buf *file, const char *key)
{
	const char *p = buf_text(file);
	size_t key_len = strlen(key);
	bool inside = false;

	while (*p) {
		size_t len = strcspn(p, "\n");

		if (*p == '[')
			inside = len >= 15 &&
				 !strncmp(p, "[Desktop Entry]", 15);
		else if (inside && len > key_len && p[key_len] == '=' &&
			 !strncmp(p, key, key_len))
			return strndup(p + key_len + 1, strcspn(p, "\r\n") -
				       key_len - 1);
		p += len + (p[len] == '\n');
	}
	return NULL;
}

static bool is_true(const struct buf *file, const char *key)
{
	CLEANUP_FREE char *value = entry_value(file, key);

	return value && !strcmp(value, "true");
}

/* The places of the icon theme specification that nearly all packages use,
 * the sharpest first. */
static int find_icon(const struct tree *t, struct desktop *d, struct err *err)
{
	static const char *const places[] = {
		"usr/share/icons/hicolor/scalable/apps/%s.svg",
		"usr/share/icons/hicolor/256x256/apps/%s.png",
		"usr/share/icons/hicolor/128x128/apps/%s.png",
		"usr/share/icons/hicolor/64x64/apps/%s.png",
		"usr/share/icons/hicolor/48x48/apps/%s.png",
		"usr/share/pixmaps/%s.svg", "usr/share/pixmaps/%s.png",
		"%s",
	};
	CLEANUP_FREE char *name = entry_value(&d->file, "Icon");

	for (size_t i = 0; name && *name && i < ARRAY_SIZE(places); i++) {
		CLEANUP_FREE char *path = NULL;
		const struct entry *e;

		if (asprintf(&path, places[i], name) < 0)
			return err_nomem(err);
		e = tree_resolve(t, path);
		if (e && e->type == ENTRY_FILE && e->content.size <= ICON_MAX)
			return from_image(t, "icon", path, ICON_MAX, &d->icon,
					  err);
	}
	return 0;
}

static int find_file(const struct tree *t, const struct manifest *m,
		     int dir_fd, struct desktop *d, struct err *err)
{
	CLEANUP_FREE char *path = NULL;

	if (m->desktop)
		return named(t, dir_fd, "desktop file", m->desktop,
			     DESKTOP_MAX, &d->file, err);
	if (asprintf(&path, "usr/share/applications/%s.desktop", m->id) < 0)
		return err_nomem(err);
	if (!tree_resolve(t, path))
		return 0;
	return from_image(t, "desktop file", path, DESKTOP_MAX, &d->file, err);
}

int desktop_find(const struct tree *t, const struct manifest *m, int dir_fd,
		 struct desktop *ret, struct err *err)
{
	CLEANUP_DESKTOP struct desktop d = { .file = BUF_INIT,
					     .icon = BUF_INIT };
	bool none = m->desktop && !strcmp(m->desktop, "none");
	int r = none ? 0 : find_file(t, m, dir_fd, &d, err);

	if (r == 0 && m->icon)
		r = named(t, dir_fd, "icon", m->icon, ICON_MAX, &d.icon, err);
	else if (r == 0 && d.file.len)
		r = find_icon(t, &d, err);
	if (r < 0)
		return r;
	d.name = entry_value(&d.file, "Name");
	d.graphical = d.file.len && !is_true(&d.file, "Terminal") &&
		      !is_true(&d.file, "NoDisplay");
	*ret = d;
	d = (struct desktop){ .file = BUF_INIT, .icon = BUF_INIT };
	return 0;
}
