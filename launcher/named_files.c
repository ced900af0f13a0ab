/*
 * named_files.c - arguments that name a file or a descriptor
 *
 * `jq . data.json`: an argument that is, as a whole, the path of an existing regular
 * file is bound read-only at that path.  Nothing else is looked into (`--x=FILE`),
 * and no folder is granted this way (`jq .`); that one was named is said.
 */
#include "launcher/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "launcher/protected.h"
#include "launcher/shell_word.h"
#include "runtime/path.h"

#define NAMED_FILES_MAX 4096
#define FD_ARGS_MAX 64
#define FOLDERS_SAID_MAX 4	/* `prog *`: the rest is the same story */

/* ---- files ---- */

/* The trusted prefix that a path lies below: the working directory, the home, or
 * the root of the file system. */
static const char *trusted_prefix(const struct files *f, const char *path)
{
	const char *cwd = f->in->probe->cwd, *home = f->in->probe->home;

	if (cwd && path_below(path, cwd))
		return cwd;
	return path_below(path, home) ? home : "/";
}

/* How a trusted prefix is opened: see add_cwd. */
static const char *prefix_base(const struct files *f, const char *prefix)
{
	return prefix == f->in->probe->cwd ? "." : prefix;
}

/* A link may name another file of the same folder; then its target is bound at
 * the link's path.  Returns 1 and the path beneath the prefix, 0 when it leaves
 * the folder, or -errno. */
static int follow_in_folder(int prefix, const char *rel, char *out,
			    size_t size)
{
	char name[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%s", rel);
	for (int i = 0; i < 8; i++) {
		CLEANUP_FD int dir = -1;
		char *slash = strrchr(name, '/');
		char target[PATH_MAX];
		ssize_t n;
		int at = prefix;

		if (slash) {
			*slash = '\0';
			dir = path_try_beneath(prefix, name,
					       O_PATH | O_DIRECTORY, 0);
			*slash = '/';
			if (dir < 0)
				return dir == -ELOOP ? 0 : dir;
			at = dir;
		}
		n = readlinkat(at, slash ? slash + 1 : name, target,
			       sizeof(target) - 1);
		if (n < 0) {
			(void)snprintf(out, size, "%s", name);
			return errno == EINVAL ? 1 : -errno;
		}
		target[n] = '\0';
		if (strchr(target, '/') || !strcmp(target, "..") ||
		    !strcmp(target, "."))
			return 0;
		(void)snprintf(slash ? slash + 1 : name,
			       sizeof(name) - (slash ? (size_t)(slash + 1 - name) : 0),
			       "%s", target);
	}
	return 0;
}

enum named { NAMED_NO, NAMED_YES, NAMED_LINK, NAMED_FOLDER };

/* Is it an existing regular file, reached beneath its prefix? */
static enum named look_up(const char *prefix, const char *rel, char *out,
			  size_t size)
{
	CLEANUP_FD int base = open(prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (base < 0 || fstatat(base, rel, &st, 0) < 0)
		return NAMED_NO;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? NAMED_FOLDER : NAMED_NO;
	(void)snprintf(out, size, "%s", rel);
	fd = path_try_beneath(base, rel, O_PATH, 0);
	if (fd < 0 && fd != -ELOOP)
		return NAMED_NO;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return NAMED_YES;
	r = follow_in_folder(base, rel, out, size);
	return r > 0 ? NAMED_YES : NAMED_LINK;
}

static bool already_named(const struct files *f, const char *target)
{
	for (size_t i = 0; i < f->plan->n_rows; i++)
		if (f->plan->rows[i].kind == ROW_BIND &&
		    !strcmp(f->plan->rows[i].target, target))
			return true;
	return false;
}

static int bind_named(struct files *f, const char *path, const char *prefix,
		      const char *source)
{
	unsigned flags = ROW_RO;
	int r = files_mount_point(f, path, false, &flags);

	if (r < 0)
		return r;
	return plan_bind(f->plan, path, BASE_HOST, prefix, source, flags,
			 "named on the command line, for reading");
}

/* The path means the bundle's file inside, if it has one; that may surprise. */
static int reserved_file(struct files *f, const char *arg, const char *path)
{
	struct stat st;

	/* What the kernel shows is there inside as well. */
	if (path_below(path, "/proc") || path_below(path, "/sys") ||
	    path_below(path, "/dev") || stat(path, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return files_note(f, "%s is not passed: that path is the bundle's own inside; "
		    "copy the file to another folder to name it", arg);
}

/* Does the sandbox have a folder of its own there? */
static bool is_folder_inside(const struct files *f, const char *path)
{
	const struct probe *p = f->in->probe;
	const char *rel = path_below(path, p->home);
	CLEANUP_FREE char *upper = NULL;
	CLEANUP_FD int fd = -1;

	if (path_below(p->home, path) || (p->cwd && path_below(p->cwd, path)) ||
	    !strcmp(path, "/tmp"))
		return true;
	if (!rel || f->in->home->dir_fd < 0)
		return false;
	upper = path_join("upper", rel);
	if (upper)
		fd = path_try_beneath(f->in->home->dir_fd, upper,
				      O_PATH | O_DIRECTORY, 0);
	return fd >= 0;
}

/* A folder is given by a permission only; a program that finds none there says
 * something else. */
static int named_folder(struct files *f, const char *arg, const char *path)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf grant = BUF_INIT;
	struct err why;

	if (is_folder_inside(f, path) || f->folders_said >= FOLDERS_SAID_MAX)
		return 0;
	f->folders_said++;
	buf_addf(&grant, "files=%s:ro", path);
	if (grant.failed)
		return -ENOMEM;
	buf_addf(&text, "%s is a folder and is not passed", arg);
	if (file_grants_check(f->in->probe, grant.data + strlen("files="),
			      &why) < 0) {
		buf_addf(&text, ": %s", why.text);
	} else {
		buf_adds(&text, "; --permit ");
		shell_word(&text, grant.data);
		buf_adds(&text, " gives it");
	}
	return text.failed ? -ENOMEM :
		strlist_add(&f->plan->notes, text.data);
}

static int named_file(struct files *f, const char *arg, struct err *err)
{
	CLEANUP_FREE char *joined = NULL;
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *real = NULL;
	char source[PATH_MAX];
	const char *prefix, *rel;
	enum named named;

	if (!*arg || strlen(arg) >= PATH_MAX ||
	    (arg[0] != '/' && !f->in->probe->cwd))
		return 0;
	joined = arg[0] == '/' ? strdup(arg) :
				 path_join(f->in->probe->cwd, arg);
	path = joined ? path_normalise(joined) : NULL;
	if (!path)
		return -ENOMEM;
	if (files_is_granted(f, path))
		return 0;
	if (protected_is_reserved(path, f->in->probe->home))
		return reserved_file(f, arg, path);
	prefix = trusted_prefix(f, path);
	rel = path_below(path, prefix);
	if (!rel || !*rel)
		return 0;
	named = look_up(prefix_base(f, prefix), rel, source, sizeof(source));
	if (named == NAMED_NO || already_named(f, path))
		return 0;
	if (named == NAMED_FOLDER)
		return named_folder(f, arg, path);
	if (named == NAMED_LINK)
		return files_note(f, "%s is not passed: a symbolic link in it leaves "
			    "its folder; name the file that it leads to", arg);
	if (files_need_protected(f, err) < 0)
		return -err->num;
	real = path_resolve_most(path, NULL);
	if (!real || protected_around(&f->protected, real))
		return files_note(f, "%s is not passed: it lies in a protected place",
			    arg);
	return bind_named(f, path, prefix_base(f, prefix), source);
}

/* null, zero, full, random, urandom (Linux: Documentation/admin-guide/devices):
 * of the character devices only these and terminals do no harm. */
static bool harmless_device(int fd, dev_t dev)
{
	unsigned n = minor(dev);

	if (isatty(fd))
		return true;
	return major(dev) == 1 && (n == 3 || n == 5 || n == 7 || n == 8 ||
				   n == 9);
}

/* May this kind of descriptor be passed?  Never a directory or O_PATH: from them
 * the app could open more. */
static bool fd_passes(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);
	int inherited = fcntl(fd, F_GETFD);

	/* All of ours are close-on-exec, and none that was inherited is: the
	 * number may by chance be one of ours. */
	if (flags < 0 || inherited < 0 || inherited & FD_CLOEXEC || flags & O_PATH || fstat(fd, &st) < 0)
		return false;
	return S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ||
	       S_ISSOCK(st.st_mode) ||
	       (S_ISCHR(st.st_mode) && harmless_device(fd, st.st_rdev));
}

/* Standard descriptors of another kind are replaced by /dev/null. */
static int check_std(struct files *f)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fd_passes(fd))
			continue;
		f->plan->null_fds |= 1u << fd;
		if (files_note(f, "descriptor %d is not passed: only files, pipes, "
			 "sockets and terminals are", fd) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* 1: it was a /dev/fd/N. */
static int named_fd(struct files *f, const char *arg)
{
	struct plan *p = f->plan;
	const char *digits = path_below(arg, "/dev/fd");
	uint64_t fd;
	int *fds;

	if (!digits)
		digits = path_below(arg, "/proc/self/fd");
	if (!digits || text_read_u64(digits, strlen(digits), &fd) < 0 ||
	    fd < 3 || fd > 1 << 20)
		return 0;
	if (!fd_passes((int)fd)) {
		int r = files_note(f, "%s is not passed: only files, pipes, sockets "
			     "and terminals are", arg);
		return r < 0 ? r : 1;
	}
	for (size_t i = 0; i < p->n_keep_fds; i++)
		if (p->keep_fds[i] == (int)fd)
			return 1;
	if (p->n_keep_fds == FD_ARGS_MAX)
		return 1;
	fds = realloc(p->keep_fds, (p->n_keep_fds + 1) * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	p->keep_fds = fds;
	fds[p->n_keep_fds++] = (int)fd;
	return 1;
}

int named_files_plan(struct files *f, struct err *err)
{
	const struct strlist *args = &f->in->options->app_args;

	for (size_t i = 0; i < args->n && i < NAMED_FILES_MAX; i++) {
		int r = named_fd(f, args->v[i]);

		if (r == 0)
			r = named_file(f, args->v[i], err);
		if (r < 0)
			return err_nomem(err);
	}
	return check_std(f) < 0 ? err_nomem(err) : 0;
}
