/*
 * path.c - openat2 beneath, its fall-back, and arithmetic on path texts
 *
 * The fall-back opens one component after the other with O_PATH|O_NOFOLLOW
 * and refuses "..", so a rename by another process can at most make it fail.
 */
#include "runtime/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

bool path_no_openat2;

#define COMPONENTS_MAX 256
#define AGAIN_MAX 32

static int try_openat2(int dirfd, const char *rel, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};

	for (int i = 0; i < AGAIN_MAX; i++) {
		long fd = syscall(SYS_openat2, dirfd, rel, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		/* EAGAIN: a rename happened anywhere during the walk. */
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

static int walk_beneath(int dirfd, const char *rel, int flags, mode_t mode)
{
	CLEANUP_FD int at = -1;
	char name[256];
	int cur = dirfd;

	for (int i = 0; i < COMPONENTS_MAX; i++) {
		const char *end = strchrnul(rel, '/');
		size_t len = (size_t)(end - rel);
		bool last;
		int fd;

		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, rel, len);
		name[len] = '\0';
		if (!strcmp(name, ".."))
			return -EXDEV;
		while (*end == '/')
			end++;
		last = *end == '\0';
		if (last)
			fd = openat(cur, len ? name : ".",
				    flags | O_NOFOLLOW | O_CLOEXEC, mode);
		else
			fd = openat(cur, len ? name : ".",
				    O_PATH | O_DIRECTORY | O_NOFOLLOW |
				    O_CLOEXEC);
		if (fd < 0)
			return errno == ENOTDIR && !last ? -ELOOP : -errno;
		if (last && (flags & O_PATH) && !(flags & O_NOFOLLOW)) {
			struct stat st;

			/* O_PATH|O_NOFOLLOW opens a link instead of failing. */
			if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
				(void)close(fd);
				return -ELOOP;
			}
		}
		if (last)
			return fd;
		if (at >= 0)
			(void)close(at);
		at = cur = fd;
		rel = end;
	}
	return -ENAMETOOLONG;
}

int path_try_beneath(int dirfd, const char *rel, int flags, mode_t mode)
{
	int fd = -ENOSYS;

	if (rel[0] == '/')
		return -EXDEV;
	if (!rel[0])
		rel = ".";
	if (!path_no_openat2)
		fd = try_openat2(dirfd, rel, flags, mode);
	/* EPERM: a seccomp filter of an outer sandbox that knows no openat2. */
	if (fd == -ENOSYS || fd == -EPERM)
		fd = walk_beneath(dirfd, rel, flags, mode);
	return fd;
}

int path_open_beneath(int dirfd, const char *rel, int flags, mode_t mode,
		      int *ret_fd, struct err *err)
{
	int fd = path_try_beneath(dirfd, rel, flags, mode);

	if (fd == -ELOOP)
		return err_set(err, ELOOP,
			       "cannot open %s: a symbolic link is in the way",
			       rel);
	if (fd == -EXDEV)
		return err_set(err, EXDEV,
			       "cannot open %s: it leads out of its folder", rel);
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s", rel);
	*ret_fd = fd;
	return 0;
}

int path_open_trusted(const char *path, int flags, int *ret_fd,
		      struct err *err)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	*ret_fd = fd;
	return 0;
}

int path_mkdir_beneath(int dirfd, const char *rel, mode_t mode, int *ret_fd,
		       struct err *err)
{
	CLEANUP_FREE char *copy = strdup(rel);
	CLEANUP_FD int at = -1;
	char *p, *save = NULL;
	int cur = dirfd, depth = 0;

	if (!copy)
		return err_nomem(err);
	for (p = strtok_r(copy, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
		int fd;

		if (++depth > COMPONENTS_MAX || !strcmp(p, ".."))
			return err_set(err, EINVAL, "cannot make %s: bad path",
				       rel);
		if (mkdirat(cur, p, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "cannot make directory %s",
				       rel);
		fd = openat(cur, p, O_PATH | O_DIRECTORY | O_NOFOLLOW |
			    O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, errno, "cannot open directory %s",
				       rel);
		if (at >= 0)
			(void)close(at);
		at = cur = fd;
	}
	if (!ret_fd)
		return 0;
	if (at < 0) {
		at = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at < 0)
			return err_sys(err, errno, "cannot open directory");
	}
	*ret_fd = steal_fd(&at);
	return 0;
}

bool path_is_clean(const char *path, bool absolute)
{
	const char *p = path;

	if (absolute != (path[0] == '/'))
		return false;
	if (absolute) {
		p++;
		if (!*p)
			return true;
	}
	for (;;) {
		const char *end = strchrnul(p, '/');
		size_t len = (size_t)(end - p);

		if (len == 0 || (len == 1 && p[0] == '.') ||
		    (len == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (!*end)
			return true;
		p = end + 1;
	}
}

char *path_normalise(const char *path)
{
	bool absolute = path[0] == '/';
	size_t len = 0;
	char *out = malloc(strlen(path) + 2);

	if (!out)
		return NULL;
	for (const char *p = path; *p;) {
		const char *end = strchrnul(p, '/');
		size_t n = (size_t)(end - p);

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			while (len && out[len - 1] != '/')
				len--;
			if (len)
				len--;
		} else if (n && !(n == 1 && p[0] == '.')) {
			if (len || absolute)
				out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
		}
		p = *end ? end + 1 : end;
	}
	if (!len)
		out[len++] = absolute ? '/' : '.';
	out[len] = '\0';
	return out;
}

char *path_join(const char *base, const char *rel)
{
	size_t a = strlen(base), b = strlen(rel);
	char *s = malloc(a + b + 2);

	if (!s)
		return NULL;
	while (a > 1 && base[a - 1] == '/')
		a--;
	memcpy(s, base, a);
	if (b && !(a == 1 && base[0] == '/'))
		s[a++] = '/';
	memcpy(s + a, rel, b + 1);
	return s;
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (n == 1 && dir[0] == '/')
		return path[0] == '/' ? path + 1 : NULL;
	if (strncmp(path, dir, n) != 0)
		return NULL;
	if (path[n] == '\0')
		return path + n;
	return path[n] == '/' ? path + n + 1 : NULL;
}

#define LINKS_MAX 40

struct resolution {
	char *done;		/* resolved: absolute, no links */
	char *rest;		/* still to do */
	struct strlist *links;	/* where links lay, or NULL */
	int n_links;
};

static void resolution_free(struct resolution *r)
{
	free(r->done);
	free(r->rest);
}

/* Replaces a string; false when there is none. */
static bool put(char **where, char *s)
{
	if (!s)
		return false;
	free(*where);
	*where = s;
	return true;
}

static int follow_link(struct resolution *r, const char *link,
		       const char *target, const char *left)
{
	char *rest = path_join(target, left);

	if (!put(&r->rest, rest))
		return -ENOMEM;
	if (r->links && strlist_add(r->links, link) < 0)
		return -ENOMEM;
	if (target[0] == '/' && !put(&r->done, strdup("/")))
		return -ENOMEM;
	return ++r->n_links > LINKS_MAX ? -ELOOP : 0;
}

/* Takes the first name of the rest: as the kernel walks, so that ".." after a
 * link is the parent of where it led. */
static int resolve_step(struct resolution *r)
{
	const char *p = r->rest + strspn(r->rest, "/");
	size_t len = strcspn(p, "/");
	CLEANUP_FREE char *name = strndup(p, len);
	CLEANUP_FREE char *left = strdup(p + len + strspn(p + len, "/"));
	CLEANUP_FREE char *next = NULL;
	char target[4096];
	ssize_t n;

	if (!name || !left)
		return -ENOMEM;
	if (!strcmp(name, "..")) {
		char *slash = strrchr(r->done, '/');

		slash[slash == r->done] = '\0';
	} else if (len && strcmp(name, ".") != 0) {
		next = path_join(r->done, name);
		if (!next)
			return -ENOMEM;
		n = readlink(next, target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = '\0';
			return follow_link(r, next, target, left);
		}
		(void)put(&r->done, steal_ptr(&next));
	}
	(void)put(&r->rest, steal_ptr(&left));
	return 0;
}

char *path_resolve_most(const char *path, struct strlist *ret_links)
{
	CLEANUP(resolution_free) struct resolution r = {
		.done = strdup("/"), .rest = strdup(path),
		.links = ret_links,
	};

	if (!r.done || !r.rest || path[0] != '/')
		return NULL;
	while (r.rest[strspn(r.rest, "/")])
		if (resolve_step(&r) < 0)
			return NULL;
	return steal_ptr(&r.done);
}
