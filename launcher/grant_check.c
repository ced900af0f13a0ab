/*
 * grant_check.c - what must not be granted, by name and by identity
 *
 * Protected places run code outside the sandbox (protected.h).  A grant is judged
 * by where it leads, and again by device and inode, because a home can be mounted
 * a second time elsewhere.
 */
#include "launcher/files.h"

#include <errno.h>
#include <string.h>

#include "launcher/protected.h"
#include "runtime/path.h"

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

int grant_check(struct files *f, const struct grant *g, struct err *err)
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
	if (protected_is_reserved(real, home))
		return err_set(err, EACCES, "files: %s belongs to the sandbox "
			       "itself and cannot be granted", g->path);
	return check_identity(f, g, home, err);
}
