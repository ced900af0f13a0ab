/*
 * landlock.c - see landlock.h
 *
 * One ruleset.  It handles every file right of the ABI, not only reading and
 * writing, so that a directory descriptor that slipped in is as good as dead.
 * The rule for "/" allows all of them for whatever is mounted below: Landlock
 * walks from a file up through the mounts to the root of the mount tree.  A
 * descriptor from outside has another root on its way up and never meets that
 * rule, only the one for its own inode.
 *
 * REFER must be handled and allowed: what no ruleset handles is denied there,
 * and rename between two directories would fail.  So ABI 1, which lacks it,
 * counts as no Landlock.  IOCTL_DEV (ABI 5) is left out: inherited terminals
 * are open already, and opening one again must give the same terminal.
 *
 * The structures are written out here because the headers of the build machine
 * may be older than the kernel it runs on.
 */
#include "launcher/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/filters.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

struct ruleset_attr {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

enum {
	CREATE_VERSION = 1,		/* flag of landlock_create_ruleset */
	RULE_PATH_BENEATH = 1,
};

enum {
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_TRUNCATE = 1 << 14,
	FS_ALL_ABI_2 = (1 << 14) - 1,	/* EXECUTE .. REFER */
};

enum {
	SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
	SCOPE_SIGNAL = 1 << 1,
};

unsigned landlock_ability(void)
{
	/* Any error means: not there, or not for us (a filter around us). */
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   CREATE_VERSION);
	unsigned bits = 0;

	if (abi >= 2)
		bits |= LANDLOCK_FILES;
	if (abi >= 3)
		bits |= LANDLOCK_TRUNCATE;
	if (abi >= 6)
		bits |= LANDLOCK_SOCKETS | LANDLOCK_SIGNALS;
	return bits;
}

unsigned landlock_relax(void)
{
	return landlock_ability() & LANDLOCK_SIGNALS ? FILTER_SCOPED : 0;
}

static uint64_t file_rights(unsigned ability)
{
	return FS_ALL_ABI_2 | (ability & LANDLOCK_TRUNCATE ? FS_TRUNCATE : 0);
}

static int new_ruleset(unsigned ability)
{
	struct ruleset_attr attr = { .handled_fs = file_rights(ability) };

	if (ability & LANDLOCK_SOCKETS)
		attr.scoped |= SCOPE_ABSTRACT_UNIX_SOCKET;
	if (ability & LANDLOCK_SIGNALS)
		attr.scoped |= SCOPE_SIGNAL;
	/* Older kernels take the longer structure when its end is zero. */
	return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
			    0);
}

static int add_rule(int ruleset, int fd, uint64_t allowed)
{
	struct path_beneath_attr attr = { .allowed = allowed,
					  .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
		       &attr, 0) ? -errno : 0;
}

static int allow_root(int ruleset, unsigned ability, struct err *err)
{
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? -errno : add_rule(ruleset, root,
					     file_rights(ability));

	if (r < 0)
		return err_sys(err, -r, "cannot make Landlock's rule for /");
	return 0;
}

/* The rights of an open descriptor; 0 for what cannot or shall not be opened
 * again (socket, directory, O_PATH, closed). */
static uint64_t descriptor_rights(int fd, unsigned ability)
{
	uint64_t write = FS_WRITE_FILE | (file_rights(ability) & FS_TRUNCATE);
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || (flags & O_PATH) || fstat(fd, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode) &&
	    !S_ISFIFO(st.st_mode))
		return 0;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return FS_READ_FILE;
	case O_WRONLY:
		return write;
	case O_RDWR:
		return FS_READ_FILE | write;
	default:			/* 3: for ioctl alone */
		return 0;
	}
}

static int allow_descriptor(int ruleset, int fd, unsigned ability,
			    struct err *err)
{
	uint64_t rights = descriptor_rights(fd, ability);
	int r = rights ? add_rule(ruleset, fd, rights) : 0;

	/* Anonymous pipes and memfds lie on no mount: Landlock leaves them
	 * alone and takes no rule for them. */
	if (r == -EBADFD || r == 0)
		return 0;
	return err_sys(err, -r, "cannot make Landlock's rule for descriptor %d",
		       fd);
}

int landlock_confine(const int *fds, size_t n, struct err *err)
{
	unsigned ability = landlock_ability();
	CLEANUP_FD int ruleset = -1;
	int r;

	if (!(ability & LANDLOCK_FILES))
		return 0;
	ruleset = new_ruleset(ability);
	if (ruleset < 0)
		return err_sys(err, errno, "cannot make a Landlock ruleset");
	r = allow_root(ruleset, ability, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = allow_descriptor(ruleset, fds[i], ability, err);
	if (r < 0)
		return r;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		return err_sys(err, errno, "cannot enter the Landlock ruleset");
	return (int)ability;
}
