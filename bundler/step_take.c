/*
 * step_take.c - what a tool wrote becomes part of the tree (see step.h)
 *
 * The upper is hostile: a tool may have been talked into anything by the data it
 * read.  It is walked folder by folder, each opened through the one door, links
 * never followed, with limits on everything that is counted.  A regular file at a
 * declared place is read into memory, so nothing can change it any more.  What
 * lies in the places that any program may scribble on (/tmp and the like) is
 * passed over; anything else anywhere is a failure of the step, and then nothing
 * of what it wrote is taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/glob.h"
#include "bundler/step.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define NAMES_MAX 262144u		/* in the whole upper */

static const char *const scratch[] = {
	"/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys", "/root", "/home",
};

struct taking {
	struct steps *s;
	const struct step *step;
	int upper_fd;
	struct strlist folders;		/* still to be looked into */
	struct strlist files;		/* to be taken */
	uint64_t bytes;
	unsigned names;
};

static bool is_scratch(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(scratch); i++)
		if (glob_covers(scratch[i], path))
			return true;
	return false;
}

static bool is_output(const struct step *step, const char *path)
{
	char glob[TREE_PATH_MAX];

	for (size_t i = 0; i < STEP_GLOBS && step->outputs[i]; i++)
		if (step_expand(step->outputs[i], glob) &&
		    glob_match(glob, path))
			return true;
	return false;
}

static int elsewhere(const char *path, const struct stat *st, struct err *err)
{
	const char *did = S_ISREG(st->st_mode) ? "wrote" :
			  S_ISCHR(st->st_mode) && !st->st_rdev ? "removed" :
			  S_ISLNK(st->st_mode) ? "made the link" :
			  "made the special file";

	return err_set(err, EPERM, "its tool %s /%s, which is none of its "
		       "business; nothing of it was taken", did, path);
}

static int look_at_file(struct taking *x, const char *path,
			const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode) || !is_output(x->step, path))
		return elsewhere(path, st, err);
	if ((uint64_t)st->st_size > STEP_FILE_MAX ||
	    x->bytes + (uint64_t)st->st_size > STEP_BYTES_MAX ||
	    x->files.n >= STEP_FILES_MAX)
		return err_set(err, EFBIG, "its tool wrote too much (/%s and "
			       "before: %llu bytes, %zu files)", path,
			       (unsigned long long)(x->bytes +
						    (uint64_t)st->st_size),
			       x->files.n + 1);
	x->bytes += (uint64_t)st->st_size;
	return strlist_add(&x->files, path) < 0 ? err_nomem(err) : 0;
}

static int look_at(struct taking *x, int dir_fd, const char *dir,
		   const char *name, struct err *err)
{
	CLEANUP_FREE char *path = *dir ? path_join(dir, name) : strdup(name);
	struct stat st;

	if (!path)
		return err_nomem(err);
	if (strlen(path) >= TREE_PATH_MAX || ++x->names > NAMES_MAX)
		return err_set(err, EFBIG, "its tool made too many names, or "
			       "too long ones");
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "cannot look at what its tool "
			       "wrote");
	if (is_scratch(path))
		return 0;
	if (S_ISDIR(st.st_mode))
		return strlist_add(&x->folders, path) < 0 ? err_nomem(err) : 0;
	return look_at_file(x, path, &st, err);
}

static int look_into(struct taking *x, const char *path, struct err *err)
{
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *d;
	int fd, r;

	r = path_open_beneath(x->upper_fd, path, O_RDONLY | O_DIRECTORY, 0, &fd,
			      err);
	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return err_nomem(err);
	}
	while (r == 0 && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			r = look_at(x, dirfd(dir), path, d->d_name, err);
	return r;
}

static int look_everywhere(struct taking *x, struct err *err)
{
	int r = strlist_add(&x->folders, "") < 0 ? err_nomem(err) : 0;

	while (r == 0 && x->folders.n) {
		CLEANUP_FREE char *path = x->folders.v[--x->folders.n];

		x->folders.v[x->folders.n] = NULL;
		r = look_into(x, path, err);
	}
	return r;
}

static int take_file(struct taking *x, const char *path, struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_FILE,
			      .mode = 0644, .origin = x->s->origin,
			      .content = { .kind = CONTENT_MEMORY,
					   .base_fd = -1 } };
	CLEANUP_FD int fd = -1;
	struct stat st;
	size_t len;
	int r = path_open_beneath(x->upper_fd, path, O_RDONLY | O_NOFOLLOW |
				  O_NONBLOCK | O_NOCTTY, 0, &fd, err);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EIO, "/%s is no file any more", path);
	r = fd_slurp(fd, STEP_FILE_MAX, &spec.content.data, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read what its tool wrote, /%s",
			       path);
	spec.content.size = len;
	return step_add(x->s, &spec, err);
}

int step_take(struct steps *s, const struct step *step, int upper_fd,
	      struct err *err)
{
	struct taking x = { .s = s, .step = step, .upper_fd = upper_fd };
	int r = look_everywhere(&x, err);

	for (size_t i = 0; i < x.files.n && r == 0; i++)
		r = take_file(&x, x.files.v[i], err);
	strlist_free(&x.folders);
	strlist_free(&x.files);
	return r;
}
