/*
 * source_dir.c - walks a folder by descriptors
 *
 * The walk holds a stack of directories still to be read, as paths beneath the
 * base, and opens each through the one door: a folder that is exchanged for
 * a link while we walk is an error, not a way out.  Order of readdir does not
 * matter, the tree is sorted later.
 */
#include "bundler/source_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/path.h"
#include "runtime/text.h"

struct dir_walk {
	struct tree *t;
	int base_fd;
	const char *to;
	const struct origin *origin;
	const struct notes *notes;
	struct strlist todo;		/* a stack of paths beneath the base */
};

static int read_target(int fd, char target[PATH_MAX])
{
	ssize_t n = readlinkat(fd, "", target, PATH_MAX);

	if (n < 0)
		return -errno;
	if (n == 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	target[n] = '\0';
	return 0;
}

int source_entry(struct tree *t, int base_fd, int fd, const char *rel,
		 const char *path, const struct origin *origin,
		 struct entry **ret, struct err *err)
{
	char target[PATH_MAX];
	struct entry spec = { .path = (char *)path, .origin = origin,
			      .content.base_fd = -1 };
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", rel);
	spec.mode = st.st_mode & 0777;
	spec.mtime = st.st_mtim.tv_sec;
	if (S_ISDIR(st.st_mode)) {
		spec.type = ENTRY_DIR;
	} else if (S_ISLNK(st.st_mode)) {
		spec.type = ENTRY_LINK;
		r = read_target(fd, target);
		if (r < 0)
			return err_sys(err, -r, "cannot read the link %s",
				       rel);
		spec.target = target;
	} else if (S_ISREG(st.st_mode)) {
		spec.type = ENTRY_FILE;
		spec.content.kind = CONTENT_BENEATH;
		spec.content.base_fd = base_fd;
		spec.content.rel = (char *)rel;
		spec.content.size = (uint64_t)st.st_size;
		if (st.st_nlink > 1) {
			spec.dev = st.st_dev;
			spec.ino = st.st_ino;
		}
	} else {
		return -ENOTSUP;
	}
	return tree_add(t, &spec, ret, err);
}

/* a + "/" + b, where each may be empty. */
static char *join(const char *a, const char *b)
{
	char *s = NULL;

	if (!*a || !*b)
		return strdup(*a ? a : b);
	return asprintf(&s, "%s/%s", a, b) < 0 ? NULL : s;
}

static bool is_output(const struct tree *t, int fd)
{
	struct stat st;

	return t->skip_ino && fstat(fd, &st) == 0 &&
	       st.st_dev == t->skip_dev && st.st_ino == t->skip_ino;
}

static int take(struct dir_walk *w, int dir_fd, const char *dir,
		const char *name, struct err *err)
{
	CLEANUP_FREE char *rel = join(dir, name);
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FD int fd = -1;
	struct entry *e;
	struct stat st;
	int r;

	path = rel ? join(w->to, rel) : NULL;
	if (!path)
		return err_nomem(err);
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", rel);
	if (is_output(w->t, fd)) {
		notes_note(w->notes, "left out %s: it is the bundle that is "
			   "being made", rel);
		return 0;
	}
	r = source_entry(w->t, w->base_fd, fd, rel, path, w->origin, &e, err);
	if (r == -ENOTSUP) {
		notes_note(w->notes, "left out %s: neither file, folder nor "
			   "link", rel);
		return 0;
	}
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (strlist_add_steal(&w->todo, steal_ptr(&rel)) < 0)
		return err_nomem(err);
	return 0;
}

static unsigned depth_of(const char *rel)
{
	unsigned n = *rel != '\0';

	for (; *rel; rel++)
		n += *rel == '/';
	return n;
}

static int read_folder(struct dir_walk *w, const char *rel, struct err *err)
{
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *d;
	int r, fd;

	if (depth_of(rel) > SOURCE_DEPTH_MAX)
		return err_set(err, ELOOP, "%.200s...: more than %u folders "
			       "deep", rel, SOURCE_DEPTH_MAX);
	r = path_open_beneath(w->base_fd, rel, O_RDONLY | O_DIRECTORY |
			      O_NOFOLLOW, 0, &fd, err);
	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return err_sys(err, errno, "cannot read %s", rel);
	}
	/* Bounded by TREE_ENTRIES_MAX: each turn adds an entry or a note. */
	while (errno = 0, (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		r = take(w, dirfd(dir), rel, d->d_name, err);
		if (r < 0)
			return r;
	}
	if (errno)
		return err_sys(err, errno, "cannot read %s", rel);
	return notes_check(w->notes, err);
}

static int walk_all(struct dir_walk *w, struct err *err)
{
	int r = strlist_add(&w->todo, "") < 0 ? err_nomem(err) : 0;

	while (r == 0 && w->todo.n) {
		CLEANUP_FREE char *rel = w->todo.v[--w->todo.n];

		w->todo.v[w->todo.n] = NULL;
		r = read_folder(w, rel, err);
	}
	return r;
}

int source_dir(struct tree *t, int dir_fd, const char *to,
	       const struct origin *origin, const struct notes *notes,
	       struct err *err)
{
	struct dir_walk w = { .t = t, .to = to, .origin = origin,
			      .notes = notes };
	int r;

	w.base_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	if (w.base_fd < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	r = tree_base(t, w.base_fd, err);
	if (r == 0 && *to)
		r = tree_add_dir(t, to, origin, err);
	if (r == 0)
		r = walk_all(&w, err);
	strlist_free(&w.todo);
	return r < 0 ? err_prefix(err, "%s", origin->name) : 0;
}
