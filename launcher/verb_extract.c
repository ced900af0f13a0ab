/*
 * verb_extract.c - extract: files of the image into a new folder
 *
 * The image is hostile: each path is opened beneath the new folder through the
 * one door, files are made with O_EXCL, no link is ever followed, setuid bits and
 * device nodes are left out.  Folders are writable for us until the end; their
 * modes and times are set last, innermost first.
 *
 * All or nothing: what was made is listed, and after a fault or a signal it is
 * removed again, in reverse order.  Signals wait meanwhile and are looked at
 * between records, and while the image server is silent.
 *
 * Holes stay holes.  What the rest may take is disk_room.h's rule; the list of what
 * was made has LIST_MAX bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/cli.h"
#include "launcher/disk_room.h"
#include "launcher/image_path.h"
#include "launcher/quoted.h"
#include "runtime/fd.h"
#include "runtime/image.h"
#include "runtime/path.h"

#define SUFFIX ".holdall"
#define MADE_MAX (1u << 24)
#define LIST_MAX ((size_t)512 << 20)
#define MODE_KEPT 0777

struct made {
	char *path;			/* below the folder */
	bool directory;
	bool known;			/* mode and time came from the image */
	mode_t mode;
	struct timespec mtime;
};

struct extraction {
	const char *name;		/* the folder, for messages */
	int dir;			/* the folder */
	struct made *made;
	size_t n_made;
	size_t list_bytes;
	size_t left_out;
	struct disk_room room;
	int file;			/* the file being written, or -1 */
	bool hole;			/* of which the last bytes are zeros */
	struct image_record last;	/* its entry; path is not owned */
	sigset_t old_mask;
};

static void extraction_free(struct extraction *x)
{
	for (size_t i = 0; i < x->n_made; i++)
		free(x->made[i].path);
	free(x->made);
	if (x->dir >= 0)
		(void)close(x->dir);
	if (x->file >= 0)
		(void)close(x->file);
}

/* ---- the list ---- */

/* Grows at powers of two. */
static int note_made(struct extraction *x, const char *path, bool directory,
		     struct err *err)
{
	size_t bytes = strlen(path) + 1 + sizeof(struct made);
	struct made *m;
	int r = disk_room_entry(&x->room, x->dir, err);

	if (r < 0)
		return r;
	if (x->n_made == MADE_MAX || bytes > LIST_MAX - x->list_bytes)
		return err_set(err, E2BIG, "too many files, or too long paths; "
			       "extract a part of the image");
	x->list_bytes += bytes;
	if ((x->n_made & (x->n_made - 1)) == 0) {
		m = reallocarray(x->made, x->n_made ? 2 * x->n_made : 1,
				 sizeof(*m));
		if (!m)
			return err_nomem(err);
		x->made = m;
	}
	m = &x->made[x->n_made];
	*m = (struct made){ .path = strdup(path), .directory = directory };
	if (!m->path)
		return err_nomem(err);
	x->n_made++;
	return 0;
}

/* A directory that holds `path`, opened through the door, and the last name. */
static int open_parent(const struct extraction *x, const char *path,
		       const char **ret_name)
{
	CLEANUP_FREE char *parent = strdup(path);
	char *slash;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	*ret_name = path + (slash ? slash - parent + 1 : 0);
	if (slash)
		*slash = '\0';
	return path_try_beneath(x->dir, slash ? parent : ".",
				O_PATH | O_DIRECTORY, 0);
}

static void remove_made(struct extraction *x)
{
	for (size_t i = x->n_made; i-- > 0;) {
		const struct made *m = &x->made[i];
		const char *name;
		CLEANUP_FD int fd = open_parent(x, m->path, &name);

		if (fd >= 0)
			(void)unlinkat(fd, name,
				       m->directory ? AT_REMOVEDIR : 0);
	}
}

/* ---- one entry ---- */

static int failed(const struct extraction *x, const char *what,
		  const char *path, int num, struct err *err)
{
	struct quoted dir, q;

	(void)err_sys(err, num, "cannot %s %s/%s", what,
		      quote(&dir, x->name), quote(&q, path));
	return num == EEXIST ? err_hint(err, "it was asked for twice") : -num;
}

static int make_dir(struct extraction *x, const char *path, struct err *err)
{
	const char *name;
	CLEANUP_FD int fd = open_parent(x, path, &name);
	int r;

	if (fd < 0)
		return failed(x, "make the folder", path, -fd, err);
	r = note_made(x, path, true, err);
	if (r < 0)
		return r;
	if (mkdirat(fd, name, 0700) == 0)
		return 0;
	r = errno;
	/* Not ours: it must not be removed. */
	free(x->made[--x->n_made].path);
	return r == EEXIST ? -EEXIST :
		failed(x, "make the folder", path, r, err);
}

/* Folders above what was asked for alone, where it really lies: a path may lead
 * through links in the image (/bin). */
static int make_parents(struct extraction *x, const char *path,
			struct err *err)
{
	CLEANUP_FREE char *part = strdup(path);
	int r = 0;

	if (!part)
		return err_nomem(err);
	for (char *p = part; r == 0 && (p = strchr(p, '/')); p++) {
		*p = '\0';
		r = make_dir(x, part, err);
		if (r == -EEXIST)
			r = 0;
		*p = '/';
	}
	return r;
}

static int enter_dir(struct extraction *x, const struct image_record *rec,
		     struct err *err)
{
	struct made *m;
	int r = 0;

	if (!rec->path[0])
		return 0;
	r = make_dir(x, rec->path, err);
	if (r == -EEXIST)
		return failed(x, "make the folder", rec->path, EEXIST, err);
	if (r < 0)
		return r;
	m = &x->made[x->n_made - 1];
	m->known = true;
	m->mode = rec->st.st_mode & MODE_KEPT;
	m->mtime = rec->st.st_mtim;
	return 0;
}

static int start_file(struct extraction *x, const struct image_record *rec,
		      struct err *err)
{
	const char *name;
	CLEANUP_FD int fd = open_parent(x, rec->path, &name);
	int r;

	if (fd < 0)
		return failed(x, "make", rec->path, -fd, err);
	x->file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
			 O_CLOEXEC, 0600);
	if (x->file < 0)
		return failed(x, "make", rec->path, errno, err);
	r = note_made(x, rec->path, false, err);
	if (r < 0) {
		(void)unlinkat(fd, name, 0);
		return r;
	}
	x->last = *rec;
	x->hole = false;
	return 0;
}

static int make_link(struct extraction *x, const struct image_record *rec,
		     struct err *err)
{
	struct timespec times[2] = { rec->st.st_mtim, rec->st.st_mtim };
	const char *name;
	CLEANUP_FD int fd = open_parent(x, rec->path, &name);
	int r;

	if (fd < 0)
		return failed(x, "make", rec->path, -fd, err);
	if (!rec->target || symlinkat(rec->target, fd, name) < 0)
		return failed(x, "make the link", rec->path,
			      rec->target ? errno : EINVAL, err);
	r = note_made(x, rec->path, false, err);
	if (r < 0) {
		(void)unlinkat(fd, name, 0);
		return r;
	}
	(void)utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* The file that was written is whole: its mode and time. */
static int finish_file(struct extraction *x, struct err *err)
{
	struct timespec times[2] = { x->last.st.st_mtim, x->last.st.st_mtim };
	int fd = x->file;
	int r = 0;

	if (fd < 0)
		return 0;
	x->file = -1;
	if ((x->hole && ftruncate(fd, x->last.st.st_size) < 0) ||
	    fchmod(fd, x->last.st.st_mode & MODE_KEPT) < 0 ||
	    futimens(fd, times) < 0)
		r = errno;
	if (close(fd) < 0 && !r)
		r = errno;
	return r ? failed(x, "finish", x->made[x->n_made - 1].path, r, err) : 0;
}

static int take_entry(struct extraction *x, const struct image_record *rec,
		      struct err *err)
{
	int r = finish_file(x, err);

	if (r < 0)
		return r;
	if (S_ISDIR(rec->st.st_mode))
		return enter_dir(x, rec, err);
	if (S_ISREG(rec->st.st_mode))
		return start_file(x, rec, err);
	if (S_ISLNK(rec->st.st_mode))
		return make_link(x, rec, err);
	x->left_out++;
	return 0;
}

static int take_record(struct extraction *x, const struct image_record *rec,
		       struct err *err)
{
	int r;

	if (rec->type == IMAGE_ENTRY)
		return take_entry(x, rec, err);
	if (rec->type == IMAGE_END)
		return finish_file(x, err);
	if (x->file < 0)
		return err_set(err, EBADMSG, "bytes of no file");
	x->hole = rec->type == IMAGE_HOLE;
	if (x->hole) {
		r = lseek(x->file, (off_t)rec->len, SEEK_CUR) < 0 ? -errno : 0;
	} else {
		r = disk_room_bytes(&x->room, x->dir, rec->len, err);
		if (r < 0)
			return r;
		r = fd_write_all(x->file, rec->data, rec->len);
	}
	return r < 0 ? failed(x, "write", x->made[x->n_made - 1].path, -r,
			      err) : 0;
}

/* ---- signals ---- */

static void hold_signals(struct extraction *x)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, &x->old_mask);
	/* A file size limit is a fault like a full disk. */
	(void)signal(SIGXFSZ, SIG_IGN);
}

static int check_signals(void *arg UNUSED, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigpending(&set);
	if (sigismember(&set, SIGINT) > 0 || sigismember(&set, SIGTERM) > 0 ||
	    sigismember(&set, SIGHUP) > 0)
		return err_set(err, EINTR, "interrupted; nothing is left");
	return 0;
}

/* ---- the whole ---- */

static int extract_path(struct extraction *x, const struct bundle *b,
			const char *path, struct err *err)
{
	struct image_stream *s = NULL;
	struct image_record rec;
	bool first = true;
	int r = image_stream_open(b, path, IMAGE_STREAM_DATA |
				  IMAGE_STREAM_RECURSE | IMAGE_STREAM_HOLES,
				  &s, err);

	if (r < 0)
		return r;
	image_stream_stop(s, check_signals, NULL);
	while ((r = image_stream_next(s, &rec, err)) > 0) {
		r = check_signals(NULL, err);
		if (r == 0 && first && rec.type == IMAGE_ENTRY)
			r = make_parents(x, rec.path, err);
		first = false;
		if (r == 0)
			r = take_record(x, &rec, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = finish_file(x, err);
	image_stream_close(s);
	return r;
}

/* A folder that its owner could not enter could not be removed either. */
static int finish_dirs(struct extraction *x, struct err *err)
{
	for (size_t i = x->n_made; i-- > 0;) {
		const struct made *m = &x->made[i];
		struct timespec times[2] = { m->mtime, m->mtime };
		CLEANUP_FD int fd = -1;

		if (!m->directory)
			continue;
		fd = path_try_beneath(x->dir, m->path, O_RDONLY | O_DIRECTORY,
				      0);
		if (fd < 0)
			return failed(x, "open", m->path, -fd, err);
		if (fchmod(fd, m->known ? m->mode | S_IRWXU : 0755) < 0 ||
		    (m->known && futimens(fd, times) < 0))
			return failed(x, "finish", m->path, errno, err);
	}
	return 0;
}

static int extract_all(struct extraction *x, const struct bundle *b,
		       const struct options *o, struct err *err)
{
	int r = 0;

	if (!o->args.n)
		r = extract_path(x, b, "", err);
	for (size_t i = 0; r == 0 && i < o->args.n; i++) {
		CLEANUP_FREE char *path = NULL;

		r = image_path(o->args.v[i], &path, err);
		if (r == 0)
			r = extract_path(x, b, path, err);
		if (r == -ENOENT && !o->output)
			(void)err_hint(err, "the new folder is named with -o");
	}
	return r < 0 ? r : finish_dirs(x, err);
}

/* A new folder, or one that is there and empty.  *ret_new: ours to remove. */
static int open_target(struct extraction *x, bool *ret_new, struct err *err)
{
	CLEANUP_DIR DIR *list = NULL;
	struct quoted q;
	struct dirent *de;
	int fd;

	*ret_new = mkdir(x->name, 0755) == 0;
	if (!*ret_new && errno != EEXIST)
		return err_sys(err, errno, "cannot make the folder %s",
			       quote(&q, x->name));
	x->dir = open(x->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->dir < 0)
		return err_sys(err, errno, "cannot open the folder %s",
			       quote(&q, x->name));
	fd = openat(x->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list)
		return err_sys(err, errno, "cannot read the folder %s",
			       quote(&q, x->name));
	while ((de = readdir(list)))
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			return err_set(err, EEXIST, "%s is there already and "
				       "not empty; name a new folder with -o",
				       quote(&q, x->name));
	return 0;
}

/* jq.holdall -> jq, here. */
static int default_target(const struct bundle *b, char **ret, struct err *err)
{
	const char *slash = strrchr(b->name, '/');
	const char *base = slash ? slash + 1 : b->name;
	size_t n = strlen(base), k = strlen(SUFFIX);

	if (n <= k || strcmp(base + n - k, SUFFIX) != 0)
		return err_set(err, EINVAL, "extract: name a new folder with "
			       "-o");
	*ret = strndup(base, n - k);
	return *ret ? 0 : err_nomem(err);
}

static int extract(struct extraction *x, const struct bundle *b,
		   const struct options *o, struct err *err)
{
	bool fresh = false;
	int r = open_target(x, &fresh, err);

	if (r == 0) {
		r = extract_all(x, b, o, err);
		if (r < 0)
			remove_made(x);
	}
	if (r < 0 && fresh)
		(void)rmdir(x->name);
	if (r == 0 && x->left_out)
		(void)fprintf(stderr, "holdall: %zu device nodes, sockets and "
			      "pipes were left out\n", x->left_out);
	return r;
}

int verb_extract(struct options *o, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP(extraction_free) struct extraction x = { .dir = -1,
							 .file = -1 };
	CLEANUP_FREE char *name = NULL;
	int r = cli_open_checked(o, &b, err);

	if (r == 0 && !o->output)
		r = default_target(&b, &name, err);
	if (r < 0)
		return r;
	x.name = o->output ? o->output : name;
	hold_signals(&x);
	r = extract(&x, &b, o, err);
	/* A signal that waited ends us here, after the folder is gone. */
	(void)sigprocmask(SIG_SETMASK, &x.old_mask, NULL);
	return r;
}
