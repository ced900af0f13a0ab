/*
 * home.c - a private home: its directory, its lock, mount points inside it
 *
 * homes/<name>/ holds `upper` (the home's content), `work` (for overlay),
 * `lock`, and while an instance runs `mounts`: the mount points that were made in
 * `upper` for it.  The app owns what is in `upper` and may have planted links
 * there: everything in it is opened through the one door.
 *
 * A mount point is born as homes/<name>/new, listed with device and inode,
 * and only then renamed into its place: after a kill at any moment it is listed
 * or not there.  Lines: `point=<path> d|f <device> <inode>`.
 */
#include "launcher/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "launcher/store.h"
#include "launcher/quoted.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define NAME_MAX_ 64
#define LIST_MAX ((size_t)1 << 20)
#define POINTS_MAX 65536
#define NEW "new"
#define RENAME_NOREPLACE_ 1u
/* How long the last instance may need to let go: its image server ends after it. */
#define LOCK_TRIES 50
#define LOCK_WAIT_NS 5000000L

void home_free(struct home *h)
{
	free(h->rel);
	if (h->dir_fd >= 0)
		(void)close(h->dir_fd);
	if (h->lock_fd >= 0)
		(void)close(h->lock_fd);
	*h = HOME_INIT;
}

bool home_name_is_valid(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n && n <= NAME_MAX_ && !name[n] && name[0] != '.';
}

char *home_path(const struct state *s, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s/homes/%s/upper", s->base, s->rel,
			name) < 0 ? NULL : path;
}

/* ---- opening ---- */

/* Others run on this home and share it: so do we.  Not while one of them holds it
 * alone, at its start or end. */
static int join_others(struct home *h, struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(h->dir_fd, "lock", O_RDWR, 0);

	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s/lock", h->rel);
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY :
		       err_sys(err, errno, "cannot lock %s/lock", h->rel);
	h->lock_fd = steal_fd(&fd);
	h->joined = true;
	return 0;
}

static int take_lock(const struct state *s, struct home *h, struct err *err)
{
	const struct timespec wait = { .tv_nsec = LOCK_WAIT_NS };

	for (int i = 0; i < LOCK_TRIES; i++) {
		int r = store_lock(h->dir_fd, "lock", false, &h->lock_fd, err);

		if (r == -EBUSY && h->shared)
			r = join_others(h, err);
		if (r != -EBUSY)
			return r;
		(void)nanosleep(&wait, NULL);
	}
	return err_set(err, EBUSY, "%s is already running with this home; use "
		       "--home private:OTHER or --home ephemeral", s->id);
}

/* What is there already is the usual case. */
static int make_part(struct home *h, const char *name, struct err *err)
{
	if (mkdirat(h->dir_fd, name, 0700) == 0 || errno == EEXIST)
		return 0;
	return err_sys(err, errno, "cannot make %s/%s", h->rel, name);
}

/* Full disk, read-only disk, a foreign owner: which place, and the way out. */
static int explain(const struct state *s, const char *rel, int r,
		   struct err *err)
{
	struct quoted q;

	if (r == -EBUSY)
		return r;
	err_prefix(err, "the app's home %s/%s/%s", quote(&q, s->base), s->rel,
		   rel);
	return err_hint(err, "--home ephemeral starts without it");
}

int home_open(struct state *s, enum home_kind kind, const char *name,
	      bool share, struct home *ret, struct err *err)
{
	CLEANUP(home_free) struct home h = HOME_INIT;
	char rel[NAME_MAX_ + 8];
	struct quoted q;
	int r;

	h.kind = kind;
	h.shared = share && kind == HOME_PRIVATE;
	if (kind == HOME_HOST_READ)
		return err_set(err, EOPNOTSUPP, "this version has no home of "
			       "the kind host-read yet");
	if (kind != HOME_PRIVATE) {
		*ret = h;
		h = HOME_INIT;
		return 0;
	}
	if (!home_name_is_valid(name) || s->dir_fd < 0)
		return err_set(err, EINVAL, "%s is no name for a home",
			       quote(&q, name));
	(void)snprintf(rel, sizeof(rel), "homes/%s", name);
	h.rel = path_join(s->rel, rel);
	if (!h.rel)
		return err_nomem(err);
	r = store_open_dir(s->dir_fd, rel, true, &h.dir_fd, err);
	if (r == 0)
		r = make_part(&h, "upper", err);
	if (r == 0)
		r = make_part(&h, "work", err);
	if (r == 0)
		r = take_lock(s, &h, err);
	if (r == 0)
		r = home_sweep(&h, err);
	if (r == 0 && h.shared && !h.joined)
		(void)flock(h.lock_fd, LOCK_SH);
	h.joined = false;
	if (r < 0)
		return explain(s, rel, r, err);
	*ret = h;
	h = HOME_INIT;
	return 0;
}

/* ---- making mount points ---- */

static int open_upper(const struct home *h, int *ret_fd, struct err *err)
{
	if (h->dir_fd < 0)
		return err_set(err, EINVAL, "this home has no folder");
	return path_open_beneath(h->dir_fd, "upper", O_PATH | O_DIRECTORY, 0,
				 ret_fd, err);
}

static int append_line(struct home *h, const char *line, size_t len,
		       struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(h->dir_fd, "mounts", O_WRONLY |
					     O_APPEND | O_CREAT, 0600);
	int r = fd < 0 ? fd : fd_write_all(fd, line, len);

	return r < 0 ? err_sys(err, -r, "cannot write %s/mounts", h->rel) : 0;
}

static int list_point(struct home *h, const char *rel, bool directory,
		      const struct stat *st, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	int r;

	buf_adds(&b, "point=");
	text_escape(&b, rel, strlen(rel));
	buf_addf(&b, " %c %llu %llu\n", directory ? 'd' : 'f',
		 (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	r = buf_check(&b, err);
	return r < 0 ? r : append_line(h, buf_text(&b), b.len, err);
}

/* An empty thing under our own name, whatever a kill left there before. */
static int make_new(struct home *h, bool directory, struct stat *ret_st)
{
	(void)unlinkat(h->dir_fd, NEW, 0);
	(void)unlinkat(h->dir_fd, NEW, AT_REMOVEDIR);
	if (directory) {
		if (mkdirat(h->dir_fd, NEW, 0755) < 0)
			return -errno;
	} else {
		CLEANUP_FD int fd = openat(h->dir_fd, NEW, O_WRONLY | O_CREAT |
					   O_EXCL | O_NOFOLLOW | O_CLOEXEC,
					   0644);
		if (fd < 0)
			return -errno;
	}
	return fstatat(h->dir_fd, NEW, ret_st, AT_SYMLINK_NOFOLLOW) < 0 ?
		-errno : 0;
}

/* Not every file system knows the flag (NFS); we hold the lock and have seen
 * that there is nothing. */
static int move_new(struct home *h, int parent, const char *name)
{
	if (syscall(SYS_renameat2, h->dir_fd, NEW, parent, name,
		    RENAME_NOREPLACE_) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return renameat(h->dir_fd, NEW, parent, name) < 0 ? -errno : 0;
}

/* Makes upper/`rel`, which is missing; its parent is there. */
static int make_one(struct home *h, int upper, const char *rel,
		    bool directory, struct err *err)
{
	CLEANUP_FREE char *parent = strdup(rel);
	CLEANUP_FD int parent_fd = -1;
	struct quoted q;
	struct stat st;
	char *slash;
	int r;

	if (!parent)
		return err_nomem(err);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	r = path_open_beneath(upper, slash ? parent : ".",
			      O_PATH | O_DIRECTORY, 0, &parent_fd, err);
	if (r < 0)
		return r;
	r = make_new(h, directory, &st);
	if (r < 0)
		return err_sys(err, -r, "cannot make %s/%s", h->rel, NEW);
	r = list_point(h, rel, directory, &st, err);
	if (r < 0)
		return r;
	r = move_new(h, parent_fd, slash ? slash + 1 : parent);
	return r < 0 ? err_sys(err, -r, "cannot make %s in the app's home",
			       quote(&q, rel)) : 0;
}

/* Is upper/`rel` there, and of the right type?  1, 0, or an error. */
static int look(int upper, const char *rel, bool directory, struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(upper, rel, O_PATH, 0);
	struct quoted q;
	struct stat st;

	if (fd == -ENOENT)
		return 0;
	if (fd == -ELOOP)
		return err_set(err, ELOOP, "cannot mount on %s: a symbolic "
			       "link is in the way in the app's home",
			       quote(&q, rel));
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s in the app's home",
			       quote(&q, rel));
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s",
			       quote(&q, rel));
	if (directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return err_set(err, directory ? ENOTDIR : EISDIR,
			       "cannot mount on %s: in the app's home that is "
			       "not a %s", quote(&q, rel),
			       directory ? "folder" : "regular file");
	return 1;
}

static int ensure(struct home *h, int upper, const char *rel, bool directory,
		  struct err *err)
{
	int r = look(upper, rel, directory, err);

	if (r == 0)
		return make_one(h, upper, rel, directory, err);
	return r < 0 ? r : 0;
}

int home_make_mountpoint(struct home *h, const char *rel, bool directory,
			 struct err *err)
{
	CLEANUP_FREE char *part = strdup(rel);
	CLEANUP_FD int points = -1;
	CLEANUP_FD int upper = -1;
	struct quoted q;
	int r;

	if (!part)
		return err_nomem(err);
	if (!path_is_clean(rel, false))
		return err_set(err, EINVAL, "%s is no place in a home",
			       quote(&q, rel));
	/* Others may be making theirs, under the same name of passage. */
	r = h->shared ? store_lock(h->dir_fd, "points", true, &points, err) : 0;
	if (r == 0)
		r = open_upper(h, &upper, err);
	for (char *p = part; r == 0 && (p = strchr(p, '/')); p++) {
		*p = '\0';
		r = ensure(h, upper, part, true, err);
		*p = '/';
	}
	return r < 0 ? r : ensure(h, upper, rel, directory, err);
}

/* ---- taking them back ---- */

struct point {
	char *rel;
	bool directory;
	uint64_t dev, ino;
};

struct points {
	struct point *v;
	size_t n;
};

static void points_free(struct points **p)
{
	if (!*p)
		return;
	for (size_t i = 0; i < (*p)->n; i++)
		free((*p)->v[i].rel);
	free((*p)->v);
	free(*p);
}

/* A line cut off by a full disk is none. */
static bool parse_point(const struct text_line *line, struct point *ret)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	struct point p = { 0 };

	if (!text_key_is(line, "point") ||
	    text_read_list(line->value, line->value_len, &l) < 0 || l.n != 4 ||
	    !path_is_clean(l.v[0], false) || strlen(l.v[1]) != 1 ||
	    !strchr("df", l.v[1][0]) ||
	    text_read_u64(l.v[2], strlen(l.v[2]), &p.dev) < 0 ||
	    text_read_u64(l.v[3], strlen(l.v[3]), &p.ino) < 0)
		return false;
	p.directory = l.v[1][0] == 'd';
	p.rel = strdup(l.v[0]);
	*ret = p;
	return p.rel != NULL;
}

static int parse_points(const char *text, size_t len, struct points *ret,
			struct err *err)
{
	struct text_lines it = TEXT_LINES(text, len, false);
	struct text_line line;
	int r;

	while ((r = text_next_line(&it, &line, err)) > 0) {
		if (ret->n % 256 == 0) {
			struct point *v = reallocarray(ret->v, ret->n + 256,
						       sizeof(*v));

			if (!v)
				return err_nomem(err);
			ret->v = v;
		}
		if (ret->n < POINTS_MAX && parse_point(&line, &ret->v[ret->n]))
			ret->n++;
	}
	return r;
}

/* Only the very thing that we made, and only if it is still empty. */
static void remove_point(int upper, const struct point *p)
{
	CLEANUP_FREE char *parent = strdup(p->rel);
	CLEANUP_FD int fd = -1;
	const char *name;
	struct stat st;
	char *slash;

	if (!parent)
		return;
	slash = strrchr(parent, '/');
	name = slash ? slash + 1 : parent;
	if (slash)
		*slash = '\0';
	fd = path_try_beneath(upper, slash ? parent : ".",
			      O_PATH | O_DIRECTORY, 0);
	if (fd < 0 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_dev != p->dev || st.st_ino != p->ino)
		return;
	/* A folder that is not empty stays by rmdir's own rule. */
	if (p->directory && S_ISDIR(st.st_mode))
		(void)unlinkat(fd, name, AT_REMOVEDIR);
	else if (!p->directory && S_ISREG(st.st_mode) && st.st_size == 0)
		(void)unlinkat(fd, name, 0);
}

/* The last one sweeps: a place that another instance mounts on must stay.  Called
 * at the start, with the lock held alone or joined, and at the end, where trying for
 * it alone may lose it. */
static bool is_alone(struct home *h)
{
	if (!h->shared)
		return true;
	return !h->joined && h->lock_fd >= 0 &&
	       flock(h->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

int home_sweep(struct home *h, struct err *err)
{
	CLEANUP(points_free) struct points *points = NULL;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int upper = -1;
	size_t len;
	int r;

	if (h->dir_fd < 0 || !is_alone(h))
		return 0;
	r = store_read(h->dir_fd, "mounts", LIST_MAX, &text, &len, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	points = calloc(1, sizeof(*points));
	if (!points)
		return err_nomem(err);
	r = open_upper(h, &upper, err);
	if (r == 0)
		r = parse_points(text, len, points, err);
	if (r < 0)
		return err_prefix(err, "%s/mounts", h->rel);
	for (size_t i = points->n; i-- > 0;)
		remove_point(upper, &points->v[i]);
	if (unlinkat(h->dir_fd, "mounts", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "cannot remove %s/mounts", h->rel);
	return 0;
}
