/*
 * store.c - small files in directories of ours (see store.h)
 */
#include "launcher/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "launcher/host.h"
#include "launcher/quoted.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define DIR_MODE 0700
#define FILE_MODE 0600

int store_make_base(const char *path, struct err *err)
{
	CLEANUP_FREE char *copy = strdup(path);
	int passed = 0;
	struct quoted q;

	if (!copy)
		return err_nomem(err);
	for (char *p = copy + 1; ; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		/* What exists already may be a link of the user's own, and a folder
		 * above may be closed to us. */
		if (mkdir(copy, DIR_MODE) == 0 || errno == EEXIST)
			passed = 0;
		else if (c && (errno == EROFS || errno == EACCES))
			passed = errno;
		else
			return err_sys(err, errno == ENOENT && passed ?
				       passed : errno, "cannot make the folder "
				       "%s", quote(&q, copy));
		*p = c;
		if (!c)
			return 0;
	}
}

int store_open_dir(int dirfd, const char *rel, bool make, int *ret_fd,
		   struct err *err)
{
	int fd = path_try_beneath(dirfd, rel, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ENOENT && !make)
		return -ENOENT;
	if (fd == -ENOENT) {
		int r = path_mkdir_beneath(dirfd, rel, DIR_MODE, NULL, err);

		if (r < 0)
			return r;
		fd = path_try_beneath(dirfd, rel, O_RDONLY | O_DIRECTORY, 0);
	}
	if (fd == -ELOOP)
		return err_set(err, ELOOP, "cannot open %s: a symbolic link is "
			       "in the way", rel);
	if (fd < 0)
		return err_sys(err, -fd, "cannot open the folder %s", rel);
	*ret_fd = fd;
	return 0;
}

int store_read(int dirfd, const char *name, size_t max, char **ret,
	       size_t *ret_len, struct err *err)
{
	/* O_NONBLOCK: whatever lies there, opening does not wait. */
	CLEANUP_FD int fd = path_try_beneath(dirfd, name,
					     O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	int r;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", name);
	r = fd_slurp(fd, max, ret, ret_len);
	return r < 0 ? err_sys(err, -r, "cannot read %s", name) : 0;
}

static int write_temporary(int dirfd, const char *name, const void *data,
			   size_t len, struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(dirfd, name, O_WRONLY | O_CREAT |
					     O_EXCL, FILE_MODE);
	int r;

	if (fd < 0)
		return err_sys(err, -fd, "cannot make %s", name);
	r = fd_write_all(fd, data, len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "cannot write %s", name) : 0;
}

int store_write(int dirfd, const char *name, const void *data, size_t len,
		struct err *err)
{
	char temporary[128], random[17];
	int r = host_random_hex(random, 8, err);

	if (r < 0)
		return r;
	if (snprintf(temporary, sizeof(temporary), "%s.%s", name, random) >=
	    (int)sizeof(temporary))
		return err_set(err, ENAMETOOLONG, "name too long: %s", name);
	r = write_temporary(dirfd, temporary, data, len, err);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = err_sys(err, errno, "cannot rename %s to %s", temporary,
			    name);
	if (r < 0)
		(void)unlinkat(dirfd, temporary, 0);
	return r;
}

int store_lock(int dirfd, const char *name, bool wait, int *ret_fd,
	       struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(dirfd, name, O_RDWR | O_CREAT,
					     FILE_MODE);
	int r;

	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s", name);
	do {
		r = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	} while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EWOULDBLOCK)
		return -EBUSY;
	if (r < 0)
		return err_sys(err, errno, "cannot lock %s", name);
	*ret_fd = steal_fd(&fd);
	return 0;
}
