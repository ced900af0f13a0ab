/*
 * file_grants.c - `files` grants: from the permission's words to rows
 *
 * A grant is a trusted prefix and a path beneath it; its target inside is the name
 * by which the user knows it, and `real` is where it leads on the host, for
 * comparing only.
 */
#include "launcher/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/protected.h"
#include "launcher/xdg_dirs.h"
#include "runtime/path.h"

/* ---- resolving ---- */

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
	if (protected_is_reserved(path, f->in->probe->home))
		return err_set(err, EACCES, "files=%s: %s belongs to the "
			       "sandbox itself and cannot be granted; name a "
			       "folder elsewhere", value, path);
	return add_grant(f, "/", path + 1, access, ROW_SAY, err);
}

/* ---- rows ---- */

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
		return files_note(f, "files: %s does not exist and is left out; use "
			    "the access word \"create\" to have it made",
			    g->path);
	}
	r = files_mount_point(f, g->path, !there || S_ISDIR(st.st_mode), &flags);
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

/* Did the command line of this run ask for it? */
static bool is_from_command_line(const struct files *f, const char *value)
{
	const struct decision *d = f->in->decision;

	for (size_t i = 0; i < d->n_lines; i++)
		if (d->lines[i].perm.word == PERM_FILES &&
		    !strcmp(d->lines[i].perm.value, value))
			return d->lines[i].layer == LAYER_COMMAND_LINE;
	return true;
}

static void drop_grants(struct files *f, size_t from)
{
	for (size_t i = from; i < f->n_grants; i++) {
		free(f->grants[i].base);
		free(f->grants[i].rel);
		free(f->grants[i].path);
		free(f->grants[i].real);
	}
	f->n_grants = from;
}

/* What was typed now and cannot be is an error; what a manifest asks or somebody
 * once allowed is left out and said, or the app could never be started again. */
static int resolve_one(struct files *f, const char *value, struct err *err)
{
	size_t before = f->n_grants;
	int r = resolve_grant(f, value, err);

	for (size_t i = before; r == 0 && i < f->n_grants; i++)
		r = grant_check(f, &f->grants[i], err);
	if (r == 0 || r == -ENOMEM || is_from_command_line(f, value))
		return r;
	drop_grants(f, before);
	r = files_note(f, "%s; files=%s is left out", err->text, value);
	err->num = 0;
	return r < 0 ? err_nomem(err) : 0;
}

int file_grants_resolve(struct files *f, struct err *err)
{
	const struct perms *granted = &f->in->decision->granted;
	int r = 0;

	if (perms_find(granted, PERM_FILES))
		r = files_need_protected(f, err);
	for (size_t i = 0; r == 0 && i < granted->n; i++)
		if (granted->v[i].word == PERM_FILES)
			r = resolve_one(f, granted->v[i].value, err);
	if (r == 0 && f->n_grants)
		qsort(f->grants, f->n_grants, sizeof(*f->grants), by_length);
	return r;
}

int file_grants_check(const struct probe *probe, const char *value,
		      struct err *err)
{
	const struct plan_input in = { .probe = probe };
	struct files f = { .in = &in };
	int r = files_need_protected(&f, err);

	if (r == 0)
		r = resolve_grant(&f, value, err);
	for (size_t i = 0; r == 0 && i < f.n_grants; i++)
		r = grant_check(&f, &f.grants[i], err);
	drop_grants(&f, 0);
	free(f.grants);
	strlist_free(&f.protected);
	return r;
}

int file_grants_plan(struct files *f, struct err *err)
{
	for (size_t i = 0; i < f->n_grants; i++)
		if (plan_grant(f, &f->grants[i]) < 0)
			return err_nomem(err);
	return 0;
}
