/*
 * files.c - which host files the app sees: grants, working directory, arguments
 *
 * Three sources, in this order of the plan (shorter targets first, so that what
 * lies deeper is mounted on top):
 *  1. `files` grants: whole folders, checked against the protected places;
 *  2. the working directory: at its own path, read-only and empty but for named
 *     files, unless a grant covers it or it is the home;
 *  3. named files: arguments that are, as a whole, the path of an existing
 *     regular file (`jq . data.json`); /dev/fd/N names a descriptor instead.
 *
 * Nothing here changes anything; what is looked up is looked up again, by
 * descriptor and beneath its trusted prefix, by the executor.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "launcher/plan.h"
#include "launcher/protected.h"
#include "launcher/xdg_dirs.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define NAMED_FILES_MAX 4096
#define FD_ARGS_MAX 64

struct grant {
	char *base;		/* trusted prefix on the host */
	char *rel;		/* beneath it, "" for itself */
	char *path;		/* both: also the target inside */
	char *real;		/* where it leads on the host, for comparing */
	enum file_access access;
	unsigned missing;	/* ROW_SKIP, ROW_SAY or 0 */
};

struct files {
	const struct plan_input *in;
	struct plan *plan;
	struct strlist protected;
	struct grant *grants;
	size_t n_grants;
	bool cwd_mounted;	/* an empty folder of ours lies there */
};

static void files_free(struct files *f)
{
	strlist_free(&f->protected);
	for (size_t i = 0; i < f->n_grants; i++) {
		free(f->grants[i].base);
		free(f->grants[i].rel);
		free(f->grants[i].path);
		free(f->grants[i].real);
	}
	free(f->grants);
}

static int note(struct files *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int note(struct files *f, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return strlist_add(&f->plan->notes, text);
}

/* ---- mount points ---- */

/* Where the mount point comes from: in a home that is bound directly it must be
 * made in the app's own folder (and taken back), elsewhere in our tmpfs. */
static int mount_point(struct files *f, const char *target, bool dir,
		       unsigned *flags)
{
	const struct plan_input *in = f->in;
	const char *rel = path_below(target, in->probe->home);
	CLEANUP_FREE char *entry = NULL;

	if (f->plan->overlay_home && rel && *rel) {
		CLEANUP_FREE char *layer = path_join(PLAN_SETUP "/points", rel);

		if (!layer)
			return -ENOMEM;
		return dir ? plan_dir(f->plan, layer, 0755) :
			     plan_file(f->plan, layer, "");
	}
	if (in->home->kind != HOME_PRIVATE || !rel || !*rel ||
	    (f->cwd_mounted && path_below(target, in->probe->cwd) &&
	     strcmp(target, in->probe->cwd) != 0)) {
		*flags |= dir ? ROW_MAKE_DIR : ROW_MAKE_FILE;
		return 0;
	}
	if (asprintf(&entry, "%c%s", dir ? 'd' : 'f', rel) < 0) {
		entry = NULL;
		return -ENOMEM;
	}
	return strlist_add(&f->plan->mountpoints, entry);
}

static bool is_granted(const struct files *f, const char *path)
{
	for (size_t i = 0; i < f->n_grants; i++)
		if (path_below(path, f->grants[i].path))
			return true;
	return false;
}

/* ---- grants ---- */

static int add_grant_at(struct files *f, const char *base, const char *rel,
			const char *path, const char *real,
			enum file_access access, unsigned missing,
			struct err *err)
{
	struct grant *g = realloc(f->grants,
				  (f->n_grants + 1) * sizeof(*g));

	if (!g)
		return err_nomem(err);
	f->grants = g;
	g = &f->grants[f->n_grants++];
	*g = (struct grant){ .base = strdup(base), .rel = strdup(rel),
			     .path = strdup(path), .real = strdup(real),
			     .access = access, .missing = missing };
	if (!g->base || !g->rel || !g->path || !g->real)
		return err_nomem(err);
	return 0;
}

static int add_grant(struct files *f, const char *base, const char *rel,
		     enum file_access access, unsigned missing,
		     struct err *err)
{
	CLEANUP_FREE char *path = path_join(base, rel);
	CLEANUP_FREE char *real = path ? path_resolve_most(path, NULL) : NULL;

	if (!path)
		return err_nomem(err);
	if (!real)
		return err_set(err, ELOOP, "files: %s cannot be resolved (a "
			       "loop of symbolic links)", path);
	return add_grant_at(f, base, rel, path, real, access, missing, err);
}

/* The kernel's own working directory, not the path by which the shell calls it:
 * what that path leads to may be changed between this look and the mount. */
static int add_cwd(struct files *f, const char *value,
		   enum file_access access, struct err *err)
{
	const struct probe *p = f->in->probe;

	if (!p->cwd || !p->cwd_real)
		return err_set(err, ENOENT, "files=%s: the current folder does "
			       "not exist", value);
	return add_grant_at(f, ".", "", p->cwd, p->cwd_real, access, 0, err);
}

static int add_drives(struct files *f, enum file_access access,
		      struct err *err)
{
	static const char *const places[] = { "/media", "/run/media" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP_FREE char *base =
			path_join(places[i], f->in->probe->user);
		struct stat st;

		if (!base)
			return err_nomem(err);
		if (stat(base, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		if (add_grant(f, base, "", access, ROW_SKIP, err) < 0)
			return -err->num;
	}
	return 0;
}

/* From the permission's words to base and path beneath it. */
static int resolve_grant(struct files *f, const char *value, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *xdg = NULL;
	enum file_access access;
	int r = perm_files_split(value, &path, &access, err);

	if (r < 0)
		return r;
	if (!strcmp(path, "drives"))
		return add_drives(f, access, err);
	if (!strcmp(path, "cwd"))
		return add_cwd(f, value, access, err);
	if (!strncmp(path, "xdg-", 4)) {
		r = xdg_user_dir(path, f->in->probe->home, &xdg, err);
		if (r < 0)
			return r;
		return add_grant(f, xdg, "", access, ROW_SAY, err);
	}
	if (path[0] == '~')
		return add_grant(f, f->in->probe->home,
				 path[1] ? path + 2 : "", access, ROW_SAY,
				 err);
	if (protected_is_reserved(path))
		return err_set(err, EACCES, "files=%s: %s belongs to the "
			       "sandbox itself and cannot be granted; name a "
			       "folder elsewhere", value, path);
	return add_grant(f, "/", path + 1, access, ROW_SAY, err);
}

/* Is `dir` the same folder as `path` or one above it, by whatever name?  A home can
 * be mounted a second time elsewhere. */
static bool is_above(const struct stat *dir, const char *path)
{
	CLEANUP_FREE char *p = strdup(path);
	struct stat st;

	while (p && *p) {
		char *slash;

		if (lstat(p, &st) == 0 && st.st_dev == dir->st_dev &&
		    st.st_ino == dir->st_ino)
			return true;
		slash = strrchr(p, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return p && stat("/", &st) == 0 && st.st_dev == dir->st_dev &&
	       st.st_ino == dir->st_ino;
}

/* A folder that is to be made: what it would be made in must not be the home or a
 * protected place under another name. */
static int check_missing(struct files *f, const struct grant *g,
			 const char *home, struct err *err)
{
	CLEANUP_FREE char *in = strdup(g->real);
	struct stat st;

	while (in && lstat(in, &st) < 0 && strrchr(in, '/') != in)
		*strrchr(in, '/') = '\0';
	if (!in)
		return err_nomem(err);
	/* By its own name it has been judged. */
	if (path_below(in, home))
		return 0;
	if (stat(home, &st) == 0 && is_above(&st, in))
		return err_set(err, EACCES, "files: %s lies in the home folder "
			       "under another name and cannot be granted",
			       g->path);
	for (size_t i = 0; i < f->protected.n; i++)
		if (stat(f->protected.v[i], &st) == 0 && is_above(&st, in))
			return err_set(err, EACCES, "files: %s lies in the "
				       "protected place %s and cannot be "
				       "granted", g->path, f->protected.v[i]);
	return 0;
}

/* The same questions as check_grant's, asked by device and inode. */
static int check_identity(struct files *f, const struct grant *g,
			  const char *home, struct err *err)
{
	struct stat st, place;

	if (stat(g->real, &st) < 0)
		return check_missing(f, g, home, err);
	if (is_above(&st, home))
		return err_set(err, EACCES, "files: %s is, or contains, the "
			       "home folder under another name and cannot be "
			       "granted", g->path);
	for (size_t i = 0; i < f->protected.n; i++) {
		const char *path = f->protected.v[i];

		/* What check_grant has judged by name. */
		if (path_below(path, g->real))
			continue;
		if (is_above(&st, path) ||
		    (stat(path, &place) == 0 && is_above(&place, g->real)))
			return err_set(err, EACCES, "files: %s reaches the "
				       "protected place %s under another name "
				       "and cannot be granted", g->path, path);
	}
	return 0;
}

/* Sockets of other programs stand there (agents, terminals, displays), and connect
 * works through a read-only mount too. */
static bool holds_sockets(const char *real)
{
	return path_below("/tmp/.X11-unix", real) != NULL;
}

static int check_grant(struct files *f, struct grant *g, struct err *err)
{
	CLEANUP_FREE char *home = path_resolve_most(f->in->probe->home, NULL);
	const char *real = g->real;
	const char *bad;

	if (!home || path_below(home, real))
		return err_set(err, EACCES, "files: %s contains the whole home "
			       "folder and cannot be granted; name a folder "
			       "below it", g->path);
	if (holds_sockets(real))
		return err_set(err, EACCES, "files: %s holds the sockets of "
			       "other programs and cannot be granted; name a "
			       "folder below it", g->path);
	bad = protected_around(&f->protected, real);
	if (bad)
		return err_set(err, EACCES, "files: %s is a protected place "
			       "(%s): what lies there runs outside the "
			       "sandbox; it cannot be granted", g->path, bad);
	bad = protected_inside(&f->protected, real);
	if (bad && g->access != ACCESS_RO)
		return err_set(err, EACCES, "files: %s contains the protected "
			       "place %s and cannot be granted for writing; "
			       "name a folder below", g->path, bad);
	if (protected_is_reserved(real))
		return err_set(err, EACCES, "files: %s belongs to the sandbox "
			       "itself and cannot be granted", g->path);
	return check_identity(f, g, home, err);
}

/* An empty folder, or an empty file, over each protected place in a read-only
 * grant: it cannot be renamed there, so covering it holds. */
static int hide_protected(struct files *f, const struct grant *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->protected.n; i++) {
		const char *path = f->protected.v[i];
		const char *rel = path_below(path, g->real);
		CLEANUP_FREE char *target = NULL;
		struct stat st;

		if (!rel || !*rel || lstat(path, &st) < 0)
			continue;
		target = path_join(g->path, rel);
		if (!target)
			return -ENOMEM;
		if (S_ISDIR(st.st_mode))
			r = plan_tmpfs(f->plan, target, "mode=0500,size=4k", 0,
				       "protected place, hidden");
		else if (S_ISREG(st.st_mode))
			r = plan_bind(f->plan, target, BASE_ROOT, NULL,
				      &PLAN_SETUP "/empty"[1], ROW_RO,
				      "protected place, hidden");
	}
	return r;
}

/* The rest of `path` below the folder `dir`, which may be mounted a second time
 * under another name: compared by device and inode.  NULL: not below. */
static const char *below_folder(const char *path, const char *dir)
{
	CLEANUP_FREE char *p = strdup(path);
	struct stat want, st;
	char *slash;

	if (!p || stat(dir, &want) < 0)
		return path_below(path, dir);
	while ((slash = strrchr(p, '/')) && slash != p) {
		*slash = '\0';
		if (stat(p, &st) == 0 && st.st_dev == want.st_dev &&
		    st.st_ino == want.st_ino)
			return path + (slash - p) + 1;
	}
	return path_below(path, dir);
}

/* A row whose source lies `below` the grant's own folder. */
static int bind_in_grant(struct files *f, const struct grant *g,
			 const char *target, const char *below,
			 unsigned flags, const char *why)
{
	CLEANUP_FREE char *source = path_join(g->rel, below);

	if (!source)
		return -ENOMEM;
	return plan_bind(f->plan, target, BASE_HOST, g->base,
			 *g->rel ? source : below, flags, why);
}

/* The running bundle's own file must not be changed by the app: it is bound
 * read-only over itself, and each folder between it and the grant on itself, so
 * that none of them can be renamed (EBUSY for a mount point). */
static int guard_bundle(struct files *f, const struct grant *g)
{
	/* The bundle's path is a real one, so it is compared with where the grant
	 * leads, and guarded under the grant's own name. */
	const char *rel = f->in->bundle_path ?
		below_folder(f->in->bundle_path, g->real) : NULL;
	CLEANUP_FREE char *bundle = NULL;
	int r = 0;

	if (!rel || !*rel || g->access == ACCESS_RO)
		return 0;
	for (const char *s = strchr(rel, '/'); r == 0 && s;
	     s = strchr(s + 1, '/')) {
		CLEANUP_FREE char *part = strndup(rel, (size_t)(s - rel));
		CLEANUP_FREE char *target = part ? path_join(g->path, part) :
						   NULL;

		if (!target)
			return -ENOMEM;
		r = bind_in_grant(f, g, target, part, 0,
			      "folder of the running bundle, kept in place");
	}
	bundle = path_join(g->path, rel);
	if (r < 0 || !bundle)
		return -ENOMEM;
	return bind_in_grant(f, g, bundle, rel, ROW_RO,
			     "the running bundle itself, read-only");
}

static int plan_grant(struct files *f, const struct grant *g)
{
	unsigned flags = g->missing | (g->access == ACCESS_RO ? ROW_RO : 0);
	struct stat st;
	bool there = stat(g->path, &st) == 0;
	int r;

	if (!there && g->access == ACCESS_CREATE) {
		if (strlist_add(&f->plan->create, g->base) < 0 ||
		    strlist_add(&f->plan->create, g->rel) < 0)
			return -ENOMEM;
		flags &= ~(unsigned)ROW_SAY;
	} else if (!there) {
		return note(f, "files: %s does not exist and is left out; use "
			    "the access word \"create\" to have it made",
			    g->path);
	}
	r = mount_point(f, g->path, !there || S_ISDIR(st.st_mode), &flags);
	if (r == 0)
		r = plan_bind(f->plan, g->path, BASE_HOST, g->base, g->rel,
			      flags, g->access == ACCESS_RO ?
			      "granted for reading" :
			      "granted for reading and writing");
	if (r == 0 && g->access == ACCESS_RO)
		r = hide_protected(f, g);
	return r < 0 ? r : guard_bundle(f, g);
}

static int by_length(const void *a, const void *b)
{
	const struct grant *x = a, *y = b;
	size_t lx = strlen(x->path), ly = strlen(y->path);

	return lx != ly ? (lx < ly ? -1 : 1) : strcmp(x->path, y->path);
}

/* Some sixty lookups, so only made once something asks: the usual start names
 * no grant and no file. */
static int need_protected(struct files *f, struct err *err)
{
	if (f->protected.n)
		return 0;
	return protected_list(f->in->probe->home, &f->protected, err);
}

static int resolve_grants(struct files *f, struct err *err)
{
	const struct perms *granted = &f->in->decision->granted;
	int r = 0;

	for (size_t i = 0; r == 0 && i < granted->n; i++)
		if (granted->v[i].word == PERM_FILES)
			r = resolve_grant(f, granted->v[i].value, err);
	if (r < 0)
		return r;
	if (!f->n_grants)
		return 0;
	qsort(f->grants, f->n_grants, sizeof(*f->grants), by_length);
	r = need_protected(f, err);
	for (size_t i = 0; r == 0 && i < f->n_grants; i++)
		r = check_grant(f, &f->grants[i], err);
	return r;
}

static int plan_grants(struct files *f, struct err *err)
{
	for (size_t i = 0; i < f->n_grants; i++)
		if (plan_grant(f, &f->grants[i]) < 0)
			return err_nomem(err);
	return 0;
}

/* ---- the working directory ---- */

static int plan_cwd(struct files *f, struct err *err)
{
	const char *cwd = f->in->probe->cwd;
	const char *home = f->in->probe->home;
	unsigned flags = ROW_MAKE_DIR;

	if (!cwd || is_granted(f, cwd) || !strcmp(cwd, home) ||
	    protected_is_reserved(cwd) || path_below(home, cwd) ||
	    !strcmp(cwd, "/tmp"))	/* the app's own is there */
		return 0;
	flags = 0;
	if (mount_point(f, cwd, true, &flags) < 0 ||
	    plan_tmpfs(f->plan, cwd, "mode=0755,size=1m", 0,
		       "the working directory: empty but for named files") < 0)
		return err_nomem(err);
	f->cwd_mounted = f->plan->cwd_closed = true;
	return 0;
}

/* Once the named files are in, the folder itself is closed for writing. */
static int close_cwd(struct files *f, struct err *err)
{
	if (f->cwd_mounted &&
	    !plan_row(f->plan, ROW_READONLY, f->in->probe->cwd, 0, NULL))
		return err_nomem(err);
	return 0;
}

/* ---- named files ---- */

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

enum named { NAMED_NO, NAMED_YES, NAMED_LINK };

/* Is it an existing regular file, reached beneath its prefix? */
static enum named look_up(const char *prefix, const char *rel, char *out,
			  size_t size)
{
	CLEANUP_FD int base = open(prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (base < 0 || fstatat(base, rel, &st, 0) < 0 ||
	    !S_ISREG(st.st_mode))
		return NAMED_NO;
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
	int r = mount_point(f, path, false, &flags);

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
	return note(f, "%s is not passed: that path is the bundle's own inside; "
		    "copy the file to another folder to name it", arg);
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
	if (is_granted(f, path))
		return 0;
	if (protected_is_reserved(path))
		return reserved_file(f, arg, path);
	prefix = trusted_prefix(f, path);
	rel = path_below(path, prefix);
	if (!rel || !*rel)
		return 0;
	named = look_up(prefix_base(f, prefix), rel, source, sizeof(source));
	if (named == NAMED_NO || already_named(f, path))
		return 0;
	if (named == NAMED_LINK)
		return note(f, "%s is not passed: a symbolic link in it leaves "
			    "its folder; name the file that it leads to", arg);
	if (need_protected(f, err) < 0)
		return -err->num;
	real = path_resolve_most(path, NULL);
	if (!real || protected_around(&f->protected, real))
		return note(f, "%s is not passed: it lies in a protected place",
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
		if (note(f, "descriptor %d is not passed: only files, pipes, "
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
		int r = note(f, "%s is not passed: only files, pipes, sockets "
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

static int named_args(struct files *f, struct err *err)
{
	const struct strlist *args = &f->in->options->app_args;

	for (size_t i = 0; i < args->n && i < NAMED_FILES_MAX; i++) {
		int r = named_fd(f, args->v[i]);

		if (r == 0)
			r = named_file(f, args->v[i], err);
		if (r < 0)
			return err_nomem(err);
	}
	return 0;
}

int plan_files(const struct plan_input *in, struct plan *p, struct err *err)
{
	CLEANUP(files_free) struct files f = { .in = in, .plan = p };
	int r = resolve_grants(&f, err);

	/* The working directory first: a grant below it lies on top. */
	if (r == 0)
		r = plan_cwd(&f, err);
	if (r == 0)
		r = plan_grants(&f, err);
	if (r == 0)
		r = named_args(&f, err);
	if (r == 0 && check_std(&f) < 0)
		r = err_nomem(err);
	return r < 0 ? r : close_cwd(&f, err);
}
