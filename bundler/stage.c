/*
 * stage.c - see stage.h
 *
 * Who may write where: only we write below ID, so a name below it is what we
 * made it.  Still each folder is opened through the one door, once, and entries
 * are made in it by their last name; the tree promises that nothing lies below a
 * link.
 *
 * Removing does not recurse, however deep the tree was: a folder found in a
 * folder is moved up beside the first and emptied in its turn.
 */
#include "bundler/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "runtime/fd.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define TRIES 16u
#define PASSES_MAX 8192u		/* of removing; at most the tree's depth */
#define COPY_CHUNK ((size_t)256 << 10)
#define CHECK_EVERY 256u

/* ---- removing ---- */

/* Empties a folder of `top`; folders in it are moved up to `top`. */
static void empty_folder(int top_fd, const char *name, uint64_t *number)
{
	CLEANUP_DIR DIR *dir = NULL;
	int fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			O_CLOEXEC);
	char up[32];
	struct dirent *d;

	if (fd < 0)
		return;
	(void)fchmod(fd, 0700);
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return;
	}
	while ((d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), d->d_name, 0) == 0)
			continue;
		(void)snprintf(up, sizeof(up), ".gone-%llu",
			       (unsigned long long)++*number);
		/* A folder without w for us cannot be moved. */
		if (d->d_type == DT_DIR)
			(void)fchmodat(dirfd(dir), d->d_name, 0700, 0);
		(void)renameat(dirfd(dir), d->d_name, top_fd, up);
	}
}

/* The names of the folders in `top`; everything else is removed. */
static int list_folders(int top_fd, struct strlist *ret)
{
	CLEANUP_DIR DIR *dir = NULL;
	int fd = openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *d;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return fd < 0 ? -errno : -ENOMEM;
	while ((d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (unlinkat(top_fd, d->d_name, 0) < 0 &&
		    strlist_add(ret, d->d_name) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void remove_tree(int all_fd, const char *id, int top_fd)
{
	uint64_t number = 0;

	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		CLEANUP_STRLIST struct strlist folders = { 0 };

		if (list_folders(top_fd, &folders) < 0 || !folders.n)
			break;
		for (size_t i = 0; i < folders.n; i++) {
			empty_folder(top_fd, folders.v[i], &number);
			(void)unlinkat(top_fd, folders.v[i], AT_REMOVEDIR);
		}
	}
	(void)unlinkat(all_fd, id, AT_REMOVEDIR);
}

/* A stage whose lock is free has no run any more. */
static void sweep_one(int all_fd, const char *id)
{
	CLEANUP_FD int fd = openat(all_fd, id, O_RDONLY | O_DIRECTORY |
				   O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		remove_tree(all_fd, id, fd);
}

static void sweep_all(int all_fd)
{
	CLEANUP_DIR DIR *dir = NULL;
	int fd = openat(all_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *d;

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			sweep_one(all_fd, d->d_name);
}

void stage_sweep(int cache_fd)
{
	CLEANUP_FD int fd = path_try_beneath(cache_fd, "stage", O_RDONLY |
					     O_DIRECTORY, 0);

	if (fd >= 0)
		sweep_all(fd);
}

void stage_free(struct stage *s)
{
	if (!s)
		return;
	if (s->lock_fd >= 0)
		remove_tree(s->all_fd, s->id, s->lock_fd);
	cleanup_fd_(&s->dir_fd);
	cleanup_fd_(&s->fd);
	cleanup_fd_(&s->lock_fd);
	cleanup_fd_(&s->all_fd);
	free(s);
}

/* ---- making ---- */

/* 0: ours and locked; 1: a sweeper was faster, try again; negative errno. */
static int make_locked(struct stage *s)
{
	uint8_t bytes[8] = { 0 };
	struct stat st;

	(void)!getrandom(bytes, sizeof(bytes), 0);
	text_hex(s->id, bytes, sizeof(bytes));
	if (mkdirat(s->all_fd, s->id, 0700) < 0)
		return errno == EEXIST ? 1 : -errno;
	s->lock_fd = openat(s->all_fd, s->id, O_RDONLY | O_DIRECTORY |
			    O_NOFOLLOW | O_CLOEXEC);
	if (s->lock_fd < 0)
		return errno == ENOENT ? 1 : -errno;
	/* Between the two it belonged to nobody, and may have been swept. */
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(s->lock_fd, &st) == 0 && st.st_nlink > 0 &&
	    mkdirat(s->lock_fd, "root", 0755) == 0)
		return 0;
	cleanup_fd_(&s->lock_fd);
	s->lock_fd = -1;
	return 1;
}

static int make_root(struct stage *s, struct err *err)
{
	int r = 1;

	for (unsigned i = 0; i < TRIES && r == 1; i++)
		r = make_locked(s);
	if (r)
		return err_sys(err, r < 0 ? -r : EBUSY, "cannot make a folder "
			       "in the cache's stage");
	return path_open_beneath(s->lock_fd, "root", O_RDONLY | O_DIRECTORY,
				 0, &s->fd, err);
}

int stage_open(int cache_fd, int64_t time, struct stage **ret,
	       struct err *err)
{
	CLEANUP_STAGE struct stage *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	s->all_fd = s->lock_fd = s->fd = s->dir_fd = -1;
	s->time = time;
	r = path_mkdir_beneath(cache_fd, "stage", 0700, NULL, err);
	if (r == 0)
		r = path_open_beneath(cache_fd, "stage", O_RDONLY |
				      O_DIRECTORY, 0, &s->all_fd, err);
	if (r < 0)
		return r;
	sweep_all(s->all_fd);
	r = make_root(s, err);
	if (r < 0)
		return r;
	*ret = steal_ptr(&s);
	return 0;
}

/* ---- entries ---- */

static void set_time(int dir_fd, const char *name, int64_t time)
{
	const struct timespec both[2] = { { .tv_sec = time },
					  { .tv_sec = time } };

	(void)utimensat(dir_fd, name, both, AT_SYMLINK_NOFOLLOW);
}

/* Opens the folder of `path`; *ret_name is the last name. */
static int enter(struct stage *s, const char *path, const char **ret_name,
		 struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	int fd, r;

	*ret_name = slash ? slash + 1 : path;
	if (s->dir_known && strlen(s->dir) == len &&
	    !memcmp(s->dir, path, len))
		return 0;
	s->dir_known = false;
	memcpy(s->dir, path, len);
	s->dir[len] = '\0';
	r = path_open_beneath(s->fd, s->dir, O_RDONLY | O_DIRECTORY, 0, &fd,
			      err);
	if (r < 0)
		return r;
	cleanup_fd_(&s->dir_fd);
	s->dir_fd = fd;
	s->dir_known = true;
	return 0;
}

static int no_room(const struct entry *e, int num, struct err *err)
{
	return err_sys(err, num, "cannot lay out /%s in the cache", e->path);
}

/* An unpacked package's file: its name in the cache is ours, and nobody writes
 * to it.  Mode and time of the one inode are the same for every run. */
static bool can_link(const struct entry *e)
{
	return e->content.kind == CONTENT_BENEATH && e->origin &&
	       e->origin->kind == ORIGIN_DEBIAN && !e->content.patch.len;
}

/* 1: linked; 0: must be copied. */
static int link_file(struct stage *s, const struct entry *e, const char *name,
		     struct err *err)
{
	mode_t mode = (e->mode | 0400) & 0777;
	struct stat st;

	if (linkat(e->content.base_fd, e->content.rel, s->dir_fd, name, 0) < 0)
		return 0;
	if (fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return no_room(e, errno, err);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != e->content.size)
		return err_set(err, ESTALE, "%s has changed while it was "
			       "packed; pack again", e->content.rel);
	if ((st.st_mode & 07777) != mode &&
	    fchmodat(s->dir_fd, name, mode, 0) < 0) {
		(void)unlinkat(s->dir_fd, name, 0);
		return 0;
	}
	if (st.st_mtim.tv_sec != STAGE_TIME || st.st_mtim.tv_nsec)
		set_time(s->dir_fd, name, STAGE_TIME);
	s->linked++;
	return 1;
}

/* 1: the kernel copied all of it; 0: it cannot. */
static int copy_in_kernel(const struct entry *e, int from, int to)
{
	uint64_t left = e->content.size;
	ssize_t n;

	if (ioctl(to, FICLONE, from) == 0)
		return 1;
	while (left > 0) {
		n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);
		if (n <= 0)
			return left == e->content.size ? 0 : -EIO;
		left -= (uint64_t)n;
	}
	return 1;
}

static int copy_by_hand(const struct entry *e, int from, int to,
			struct err *err)
{
	CLEANUP_FREE char *space = malloc(COPY_CHUNK);
	int r = space ? 0 : err_nomem(err);

	for (uint64_t off = 0; off < e->content.size && r == 0;) {
		uint64_t left = e->content.size - off;
		size_t n = left < COPY_CHUNK ? (size_t)left : COPY_CHUNK;

		r = entry_read(e, from, space, n, off, err);
		if (r < 0)
			return r;
		r = fd_pwrite_all(to, space, n, off);
		if (r < 0)
			return no_room(e, -r, err);
		off += n;
	}
	return r;
}

static int write_file(const struct entry *e, int to, struct err *err)
{
	CLEANUP_FD int from = -1;
	int r;

	if (e->content.kind == CONTENT_MEMORY) {
		r = fd_write_all(to, e->content.data, (size_t)e->content.size);
		return r < 0 ? no_room(e, -r, err) : 0;
	}
	r = entry_open(e, &from, err);
	if (r < 0)
		return r;
	r = e->content.patch.len ? 0 : copy_in_kernel(e, from, to);
	if (r < 0)
		return no_room(e, -r, err);
	return r == 1 ? 0 : copy_by_hand(e, from, to, err);
}

static int copy_file(struct stage *s, const struct entry *e, const char *name,
		     struct err *err)
{
	CLEANUP_FD int to = openat(s->dir_fd, name, O_RDWR | O_CREAT | O_EXCL |
				   O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (to < 0)
		return no_room(e, errno, err);
	r = write_file(e, to, err);
	if (r < 0)
		return r;
	if (fchmod(to, (e->mode | 0400) & 0777) < 0)
		return no_room(e, errno, err);
	set_time(s->dir_fd, name, s->time);
	s->copied++;
	return 0;
}

static int lay(struct stage *s, const struct entry *e, const char *name,
	       struct err *err)
{
	int r;

	switch (e->type) {
	case ENTRY_DIR:
		return mkdirat(s->dir_fd, name, 0755) < 0 && errno != EEXIST ?
		       no_room(e, errno, err) : 0;
	case ENTRY_LINK:
		return symlinkat(e->target, s->dir_fd, name) < 0 ?
		       no_room(e, errno, err) : 0;
	case ENTRY_FILE:
		r = can_link(e) ? link_file(s, e, name, err) : 0;
		return r == 0 ? copy_file(s, e, name, err) : r < 0 ? r : 0;
	}
	return err_set(err, EINVAL, "/%s: an entry of no known type", e->path);
}

int stage_lay(struct stage *s, const struct tree *t, const struct notes *notes,
	      struct err *err)
{
	const char *name;
	int r = 0;

	for (size_t i = 0; i < t->n && r == 0; i++) {
		const struct entry *e = t->v[i];

		if (!*e->path)
			continue;
		if (i % CHECK_EVERY == 0)
			r = notes_check(notes, err);
		if (r == 0)
			r = enter(s, e->path, &name, err);
		if (r == 0)
			r = lay(s, e, name, err);
	}
	/* Last, for each entry changed the time of its folder. */
	for (size_t i = 0; i < t->n && r == 0; i++)
		if (t->v[i]->type == ENTRY_DIR)
			set_time(s->fd, *t->v[i]->path ? t->v[i]->path : ".",
				 s->time);
	return r;
}

/* A folder whose content changed gets its time back. */
static void set_times_above(struct stage *s, const char *path)
{
	char dir[TREE_PATH_MAX];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		set_time(s->fd, dir, s->time);
	}
	set_time(s->fd, ".", s->time);
}

static int make_parent(struct stage *s, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *dir = NULL;

	if (!slash)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	return dir ? path_mkdir_beneath(s->fd, dir, 0755, NULL, err) :
		     err_nomem(err);
}

int stage_put(struct stage *s, const struct entry *e, struct err *err)
{
	const char *name;
	int r = make_parent(s, e->path, err);

	if (r == 0)
		r = enter(s, e->path, &name, err);
	if (r < 0)
		return r;
	if (e->type != ENTRY_DIR)
		(void)unlinkat(s->dir_fd, name, 0);
	r = lay(s, e, name, err);
	if (r == 0 && e->type == ENTRY_DIR)
		set_time(s->dir_fd, name, s->time);
	set_times_above(s, e->path);
	return r;
}
