/*
 * files.c - which host files the app sees: grants, working directory, arguments
 *
 * Three sources, in this order of the plan (shorter targets first, so that what
 * lies deeper is mounted on top):
 *  1. the working directory: at its own path, read-only and empty but for named
 *     files, unless a grant covers it or it is the home;
 *  2. `files` grants: whole folders, checked against the protected places
 *     (file_grants.c, grant_check.c);
 *  3. named files: arguments that are, as a whole, the path of an existing regular
 *     file (`jq . data.json`); /dev/fd/N names a descriptor instead
 *     (named_files.c).
 *
 * Nothing here changes anything; what is looked up is looked up again, by
 * descriptor and beneath its trusted prefix, by the executor.
 */
#include "launcher/files.h"

#include <errno.h>
#include <string.h>

#include "launcher/protected.h"
#include "runtime/path.h"

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

int files_note(struct files *f, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return strlist_add(&f->plan->notes, text);
}

/* ---- mount points ---- */

/* Where the mount point comes from: in our own tmpfs (the root, /tmp, the working
 * directory) it is made on the way.  In a home that is an overlay a layer of its
 * own holds it; in one that is bound directly it must be made in the app's own
 * folder (and taken back). */
int files_mount_point(struct files *f, const char *target, bool dir,
		       unsigned *flags)
{
	const struct plan_input *in = f->in;
	const char *rel = path_below(target, in->probe->home);
	CLEANUP_FREE char *entry = NULL;

	if (!rel || !*rel ||
	    (f->cwd_mounted && path_below(target, in->probe->cwd) &&
	     strcmp(target, in->probe->cwd) != 0) ||
	    (!f->plan->overlay_home && in->home->kind != HOME_PRIVATE)) {
		*flags |= dir ? ROW_MAKE_DIR : ROW_MAKE_FILE;
		return 0;
	}
	if (f->plan->overlay_home) {
		CLEANUP_FREE char *layer = path_join(PLAN_SETUP "/points", rel);

		if (!layer)
			return -ENOMEM;
		return dir ? plan_dir(f->plan, layer, 0755) :
			     plan_file(f->plan, layer, "");
	}
	if (asprintf(&entry, "%c%s", dir ? 'd' : 'f', rel) < 0) {
		entry = NULL;
		return -ENOMEM;
	}
	return strlist_add(&f->plan->mountpoints, entry);
}

bool files_is_granted(const struct files *f, const char *path)
{
	for (size_t i = 0; i < f->n_grants; i++)
		if (path_below(path, f->grants[i].path))
			return true;
	return false;
}

int files_need_protected(struct files *f, struct err *err)
{
	if (f->protected.n)
		return 0;
	return protected_list(f->in->probe->home, &f->protected, err);
}

/* ---- the working directory ---- */

static int plan_cwd(struct files *f, struct err *err)
{
	const char *cwd = f->in->probe->cwd;
	const char *home = f->in->probe->home;
	unsigned flags = ROW_MAKE_DIR;

	if (!cwd || files_is_granted(f, cwd) || !strcmp(cwd, home) ||
	    protected_is_reserved(cwd, home) || path_below(home, cwd) ||
	    !strcmp(cwd, "/tmp"))	/* the app's own is there */
		return 0;
	/* In our own tmpfs a folder is closed with the root. */
	if (!path_below(cwd, home) && !path_below(cwd, "/tmp")) {
		if (plan_dir(f->plan, cwd, 0755) < 0)
			return err_nomem(err);
		f->cwd_mounted = f->plan->cwd_closed = true;
		return 0;
	}
	flags = 0;
	if (files_mount_point(f, cwd, true, &flags) < 0 ||
	    plan_tmpfs(f->plan, cwd, "mode=0755,size=1m", 0,
		       "the working directory: empty but for named files") < 0)
		return err_nomem(err);
	f->cwd_mounted = f->plan->cwd_closed = true;
	return 0;
}

/* Once the named files are in, the folder itself is closed for writing. */
static int close_cwd(struct files *f, struct err *err)
{
	const char *cwd = f->in->probe->cwd;

	if (f->cwd_mounted &&
	    (path_below(cwd, f->in->probe->home) || path_below(cwd, "/tmp")) &&
	    !plan_row(f->plan, ROW_READONLY, f->in->probe->cwd, 0, NULL))
		return err_nomem(err);
	return 0;
}

int plan_files(const struct plan_input *in, struct plan *p, struct err *err)
{
	CLEANUP(files_free) struct files f = { .in = in, .plan = p };
	int r = file_grants_resolve(&f, err);

	/* The working directory first: a grant below it lies on top. */
	if (r == 0)
		r = plan_cwd(&f, err);
	if (r == 0)
		r = file_grants_plan(&f, err);
	if (r == 0)
		r = named_files_plan(&f, err);
	return r < 0 ? r : close_cwd(&f, err);
}
