/*
 * output.c - see output.h
 */
#include "bundler/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define TEMP_TRIES 16u

void output_free(struct output *o)
{
	if (o->temp)
		(void)unlinkat(o->dir_fd, o->temp, 0);
	if (o->fd >= 0)
		(void)close(o->fd);
	if (o->dir_fd >= 0)
		(void)close(o->dir_fd);
	free(o->path);
	free(o->name);
	free(o->temp);
	*o = OUTPUT_INIT;
}

/* What stands there must be something that a new file may replace. */
static int check_old(const struct output *o, struct err *err)
{
	struct stat st;

	if (fstatat(o->dir_fd, o->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 :
		       err_sys(err, errno, "cannot look at %s", o->path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s is a folder; name a file in it",
			       o->path);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(err, EINVAL, "%s is there and not a regular "
			       "file; name another one", o->path);
	return 0;
}

static int open_folder(struct output *o, struct err *err)
{
	const char *slash = strrchr(o->path, '/');
	CLEANUP_FREE char *folder = NULL;

	if (!slash)
		folder = strdup(".");
	else
		folder = strndup(o->path, slash == o->path ? 1 :
				 (size_t)(slash - o->path));
	o->name = strdup(slash ? slash + 1 : o->path);
	if (!folder || !o->name)
		return err_nomem(err);
	if (!*o->name || !strcmp(o->name, ".") || !strcmp(o->name, ".."))
		return err_set(err, EISDIR, "%s is a folder; name a file in it",
			       o->path);
	o->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dir_fd < 0)
		return err_sys(err, errno, "cannot write to the folder %s",
			       folder);
	return check_old(o, err);
}

static char *temp_name(const char *name)
{
	uint32_t n;
	char *s = NULL;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return NULL;
	/* Cut: the whole must stay a valid name. */
	if (asprintf(&s, ".%.200s.%08" PRIx32, name, n) < 0)
		return NULL;
	return s;
}

static int open_named(struct output *o)
{
	for (unsigned i = 0; i < TEMP_TRIES; i++) {
		CLEANUP_FREE char *temp = temp_name(o->name);

		if (!temp)
			return -ENOMEM;
		o->fd = openat(o->dir_fd, temp, O_RDWR | O_CREAT | O_EXCL |
			       O_CLOEXEC | O_NOFOLLOW, 0600);
		if (o->fd >= 0)
			o->temp = steal_ptr(&temp);
		if (o->fd >= 0 || errno != EEXIST)
			return o->fd >= 0 ? 0 : -errno;
	}
	return -EEXIST;
}

static int open_file(struct output *o, bool named, struct err *err)
{
	int r;

	/* To name it later, /proc is needed. */
	if (!named && access("/proc/self/fd", X_OK) == 0)
		o->fd = openat(o->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
			       0600);
	if (o->fd >= 0)
		return 0;
	r = open_named(o);
	return r < 0 ? err_sys(err, -r, "cannot write %s", o->path) : 0;
}

int output_open(const char *path, bool named, struct output *ret,
		struct err *err)
{
	CLEANUP_OUTPUT struct output o = OUTPUT_INIT;
	int r;

	o.path = strdup(path);
	if (!o.path)
		return err_nomem(err);
	r = open_folder(&o, err);
	if (r == 0)
		r = open_file(&o, named, err);
	if (r < 0)
		return r;
	*ret = o;
	o = OUTPUT_INIT;
	return 0;
}

/* Gives the file a name beside the wanted one. */
static int give_name(struct output *o)
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
	for (unsigned i = 0; i < TEMP_TRIES && !o->temp; i++) {
		CLEANUP_FREE char *temp = temp_name(o->name);

		if (!temp)
			return -ENOMEM;
		if (linkat(AT_FDCWD, self, o->dir_fd, temp,
			   AT_SYMLINK_FOLLOW) == 0)
			o->temp = steal_ptr(&temp);
		else if (errno != EEXIST)
			return -errno;
	}
	return o->temp ? 0 : -EEXIST;
}

static mode_t current_umask(void)
{
	mode_t mask = umask(077);

	(void)umask(mask);
	return mask;
}

int output_commit(struct output *o, struct err *err)
{
	mode_t mode = o->mode ? o->mode : 0755 & ~current_umask();
	int r = 0;

	if (fchmod(o->fd, mode) < 0 || fsync(o->fd) < 0)
		r = -errno;
	if (r == 0)
		r = give_name(o);
	if (r == 0 && renameat(o->dir_fd, o->temp, o->dir_fd, o->name) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "cannot write %s", o->path);
	free(o->temp);
	o->temp = NULL;
	/* The name itself becomes durable; some file systems cannot say so. */
	(void)fsync(o->dir_fd);
	return 0;
}
