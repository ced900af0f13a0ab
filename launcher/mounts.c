/*
 * mounts.c - binding, restricting and unmounting by descriptor (see mounts.h)
 *
 * The old way of making a bind read-only with all that lies below it: bind
 * recursively, then remount every mount that mountinfo shows at or below the
 * target, keeping the flags that are already set (in a user namespace they are
 * locked: clearing one is EPERM).
 */
#include "launcher/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "runtime/cleanup.h"
#include "runtime/fd.h"
#include "runtime/path.h"

bool mounts_no_setattr;

#define AT_RECURSIVE_ 0x8000u
#define MOUNTS_MAX 100000

struct attr_args {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

static uint64_t attr_bits(unsigned attrs)
{
	return (attrs & ATTR_NOSUID ? 2 : 0) | (attrs & ATTR_RO ? 1 : 0) |
	       (attrs & ATTR_NODEV ? 4 : 0) | (attrs & ATTR_NOEXEC ? 8 : 0);
}

static unsigned long ms_bits(unsigned attrs)
{
	return (attrs & ATTR_NOSUID ? MS_NOSUID : 0) |
	       (attrs & ATTR_RO ? MS_RDONLY : 0) |
	       (attrs & ATTR_NODEV ? MS_NODEV : 0) |
	       (attrs & ATTR_NOEXEC ? MS_NOEXEC : 0);
}

static int set_attrs(int fd, unsigned attrs, unsigned at_flags)
{
	struct attr_args args = { .attr_set = attr_bits(attrs) };

	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | at_flags, &args,
		    sizeof(args)) < 0)
		return -errno;
	return 0;
}

static void fd_name(char name[32], int fd)
{
	(void)snprintf(name, 32, "/proc/self/fd/%d", fd);
}

/* What mountinfo writes as \040 and the like. */
static void unescape_octal(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 +
					(s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

static int remount(const char *path, unsigned attrs)
{
	struct statvfs st;
	unsigned long keep = 0;

	if (statvfs(path, &st) < 0)
		return -errno;
	keep |= st.f_flag & ST_RDONLY ? MS_RDONLY : 0;
	keep |= st.f_flag & ST_NODEV ? MS_NODEV : 0;
	keep |= st.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	keep |= st.f_flag & ST_NOATIME ? MS_NOATIME : 0;
	keep |= st.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0;
	keep |= st.f_flag & ST_RELATIME ? MS_RELATIME : 0;
	if (mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | keep |
		  ms_bits(attrs), NULL) < 0)
		return -errno;
	return 0;
}

/* Remounts each mount below `top`, whose path as mountinfo sees it is read from
 * the descriptor's name. */
static int remount_below(const char *top, unsigned attrs)
{
	CLEANUP_FILE FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP_FREE char *line = NULL;
	size_t cap = 0;
	int n = 0;

	if (!f)
		return -errno;
	while (getline(&line, &cap, f) > 0 && n++ < MOUNTS_MAX) {
		char *save = NULL, *point = NULL;
		const char *rest;
		int r;

		for (int i = 0; i < 5; i++)
			point = strtok_r(i ? NULL : line, " ", &save);
		if (!point)
			continue;
		unescape_octal(point);
		rest = path_below(point, top);
		if (!rest || !*rest)
			continue;
		r = remount(point, attrs);
		if (r < 0 && r != -EACCES && r != -ENOENT)
			return r;
	}
	return 0;
}

/* The way below Linux 5.12: the mount itself, then each mount below it. */
static int restrict_old(int fd, unsigned attrs)
{
	char name[32], top[4096];
	ssize_t n;
	int r;

	fd_name(name, fd);
	n = readlink(name, top, sizeof(top) - 1);
	if (n < 0)
		return -errno;
	top[n] = '\0';
	r = remount(name, attrs);
	return r < 0 ? r : remount_below(top, attrs);
}

int mount_bind(int source_fd, int root_fd, const char *target,
	       unsigned attrs)
{
	CLEANUP_FD int below = path_try_beneath(root_fd, target, O_PATH, 0);
	CLEANUP_FD int top = -1;
	char source[32], name[32];
	int r = -ENOSYS;

	if (below < 0)
		return below;
	fd_name(source, source_fd);
	fd_name(name, below);
	if (mount(source, name, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	if (!attrs)
		return 0;
	/* `below` still names what lies under the new mount. */
	top = path_try_beneath(root_fd, target, O_PATH, 0);
	if (top < 0)
		return top;
	if (!mounts_no_setattr)
		r = set_attrs(top, attrs, AT_RECURSIVE_);
	return r == -ENOSYS ? restrict_old(top, attrs) : r;
}

int mount_node(const char *source, const char *target)
{
	return mount(source, target, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

int mount_new(const char *type, const char *name, int target_fd,
	      unsigned long ms_flags, const char *options)
{
	char target[32];

	fd_name(target, target_fd);
	if (mount(name, target, type, ms_flags | MS_NOSUID, options) < 0)
		return -errno;
	return 0;
}

int mount_restrict(int fd, unsigned attrs)
{
	char name[32];

	if (!mounts_no_setattr) {
		int r = set_attrs(fd, attrs, 0);

		if (r != -ENOSYS)
			return r;
	}
	fd_name(name, fd);
	return remount(name, attrs);
}

int mount_detach(int fd)
{
	char name[32];

	fd_name(name, fd);
	return umount2(name, MNT_DETACH) < 0 ? -errno : 0;
}
