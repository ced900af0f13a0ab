/*
 * host.c - see host.h
 */
#include "bundler/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/glob.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define GLOB_MAX 4096u			/* names taken from one folder */

static int look(int root_fd, const char *place, struct stat *st,
		char target[PATH_MAX])
{
	CLEANUP_FD int fd = -1;
	ssize_t n;
	int r = path_try_beneath(root_fd, place, O_PATH | O_NOFOLLOW, 0);

	if (r < 0)
		return r;
	fd = r;
	if (fstat(fd, st) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode))
		return 0;
	n = readlinkat(fd, "", target, PATH_MAX);
	if (n < 0)
		return -errno;
	if (n == 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	target[n] = '\0';
	return 0;
}

int host_resolve(int root_fd, const char *path, char ret[WALK_PATH_MAX],
		 struct stat *ret_st, struct strlist *links)
{
	char target[PATH_MAX];
	struct stat st = { 0 };
	struct walk w;
	int step, r;

	if (!walk_start(&w, path))
		return -ENAMETOOLONG;
	while ((step = walk_step(&w)) > 0) {
		r = look(root_fd, w.at, &st, target);
		if (r < 0)
			return r;
		if (S_ISLNK(st.st_mode)) {
			if (links && strlist_add(links, w.at) < 0)
				return -ENOMEM;
			if (!walk_link(&w, target))
				return -ELOOP;
		} else if (!S_ISDIR(st.st_mode) && !walk_is_last(&w)) {
			return -ENOTDIR;
		}
	}
	if (step < 0)
		return -ENAMETOOLONG;
	/* The walk may have ended on ".." or a link to a folder: look again. */
	r = look(root_fd, w.at[0] ? w.at : ".", &st, target);
	if (r < 0)
		return r;
	(void)strcpy(ret, w.at);
	*ret_st = st;
	return 0;
}

int host_open(int root_fd, const char *place, int *ret_fd, struct err *err)
{
	return path_open_beneath(root_fd, place, O_RDONLY | O_NOFOLLOW |
				 O_NONBLOCK | O_NOCTTY, 0, ret_fd, err);
}

int host_slurp(int root_fd, const char *path, size_t max, char **ret,
	       size_t *ret_len)
{
	char place[WALK_PATH_MAX];
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r = host_resolve(root_fd, path, place, &st, NULL);

	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = path_try_beneath(root_fd, place, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	return fd_slurp(fd, max, ret, ret_len);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int glob_folder(DIR *dir, const char *folder, const char *pattern,
		       struct strlist *ret)
{
	size_t first = ret->n;
	struct dirent *d;

	while ((d = readdir(dir))) {
		char *path = NULL;

		if (d->d_name[0] == '.' || !glob_match(pattern, d->d_name))
			continue;
		if (ret->n - first >= GLOB_MAX)
			return -E2BIG;
		if (asprintf(&path, "%s/%s", folder, d->d_name) < 0 ||
		    strlist_add_steal(ret, path) < 0)
			return -ENOMEM;
	}
	if (ret->n > first)
		qsort(ret->v + first, ret->n - first, sizeof(char *), compare);
	return 0;
}

int host_glob(int root_fd, const char *pattern, struct strlist *ret)
{
	CLEANUP_DIR DIR *dir = NULL;
	CLEANUP_FREE char *folder = strdup(pattern);
	char place[WALK_PATH_MAX];
	struct stat st;
	char *slash;
	int r, fd;

	if (!folder)
		return -ENOMEM;
	slash = strrchr(folder, '/');
	if (!slash)
		return -EINVAL;
	if (!strpbrk(slash, "*?[")) {
		r = host_resolve(root_fd, pattern, place, &st, NULL);
		return r == 0 ? strlist_add(ret, pattern) : r;
	}
	*slash = '\0';
	r = host_resolve(root_fd, folder, place, &st, NULL);
	if (r < 0)
		return r;
	fd = path_try_beneath(root_fd, place, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	return glob_folder(dir, folder, slash + 1, ret);
}
