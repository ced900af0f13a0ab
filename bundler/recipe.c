/*
 * recipe.c - see recipe.h
 */
#include "bundler/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/fd.h"

#define MANIFEST_MAX (1u << 20)

void recipe_free(struct recipe *r)
{
	manifest_free(&r->manifest);
	if (r->dir_fd >= 0)
		(void)close(r->dir_fd);
	*r = RECIPE_INIT;
}

/* Whoever types `holdall pack` for the first time has none yet. */
static int cannot_open(const char *path, int num, struct err *err)
{
	(void)err_sys(err, num, "cannot open the manifest %s", path);
	return num == ENOENT ? err_hint(err, "`holdall init PACKAGE|PROGRAM` "
					"writes one") : -err->num;
}

static int read_text(const char *path, char **ret, size_t *ret_len,
		     struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char magic[4];
	struct stat st;
	int r;

	if (fd < 0)
		return cannot_open(path, errno, err);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s is a folder; name the manifest "
			       "in it (holdall.yaml)", path);
	if (fd_pread_all(fd, magic, sizeof(magic), 0) == 0 &&
	    !memcmp(magic, "\177ELF", sizeof(magic)))
		return err_set(err, EINVAL, "%s is a program or a bundle, not "
			       "a manifest", path);
	r = fd_slurp(fd, MANIFEST_MAX, ret, ret_len);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "the manifest %s is larger than "
			       "1 MiB", path);
	return r < 0 ? err_sys(err, -r, "cannot read the manifest %s", path) :
		       0;
}

static int open_folder(const char *path, int *ret_fd, struct err *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *folder = NULL;
	int fd;

	folder = slash ? strndup(path, slash == path ? 1 :
				 (size_t)(slash - path)) : strdup(".");
	if (!folder)
		return err_nomem(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot open the manifest's folder "
			       "%s", folder);
	*ret_fd = fd;
	return 0;
}

static int read_recipe(const char *path, bool for_image, struct recipe *ret,
		       struct buf *report, struct err *err)
{
	CLEANUP_RECIPE struct recipe r = RECIPE_INIT;
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int e = read_text(path, &text, &len, err);

	if (e == 0)
		e = open_folder(path, &r.dir_fd, err);
	if (e == 0)
		e = for_image ? manifest_read_for_image(path, text, len,
							&r.manifest, report,
							err) :
				manifest_read(path, text, len, &r.manifest,
					      report, err);
	if (e < 0)
		return e;
	*ret = r;
	r = RECIPE_INIT;
	return 0;
}

int recipe_read(const char *path, struct recipe *ret, struct buf *report,
		struct err *err)
{
	return read_recipe(path, false, ret, report, err);
}

int recipe_read_for_image(const char *path, struct recipe *ret,
			  struct buf *report, struct err *err)
{
	return read_recipe(path, true, ret, report, err);
}

int recipe_open_dir(const struct recipe *r, const struct source *s,
		    int *ret_fd, struct err *err)
{
	int fd = openat(r->dir_fd, s->path, O_RDONLY | O_DIRECTORY |
			O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "%s:%u: cannot open the source "
			       "folder %s", r->manifest.file, s->line,
			       s->path);
	*ret_fd = fd;
	return 0;
}
