/*
 * debian_lists.c - the indexes that apt has fetched (see debian_apt.h)
 *
 * apt itself refuses what no key verifies, unless the host's sources say
 * trusted=yes.  Whoever wrote that meant this computer, not the bundles made on
 * it: each Packages file must belong to a signed Release.  apt names files by
 * their address, with a common beginning for what belongs together:
 *
 *	HOST_dists_SUITE_InRelease
 *	HOST_dists_SUITE_main_binary-amd64_Packages.lz4
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bundler/debian_root.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define RELEASE_MAX ((size_t)16 << 20)

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* "Codename: bookworm" of a Release file; fresh or NULL. */
static char *release_name(const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct stanza s;
	char *name = NULL;

	/* A signed file starts with a stanza of its own. */
	for (unsigned i = 0; i < 2 && !name && stanza_next(&at, end, &s); i++) {
		name = stanza_get(&s, "Codename");
		if (!name)
			name = stanza_get(&s, "Suite");
	}
	return name ? name : strdup("unnamed");
}

static int add_index(const struct debian_apt *a, const char *file,
		     struct strlist *to, struct err *err)
{
	CLEANUP_FREE char *rel = path_join("lists", file);
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = -1;
	char hash[SHA256_TEXT + 1], *name;
	size_t len;
	int r;

	if (!rel)
		return err_nomem(err);
	r = path_open_beneath(a->dir_fd, rel, O_RDONLY, 0, &fd, err);
	if (r < 0)
		return r;
	r = fd_slurp(fd, RELEASE_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read %s/%s", a->dir, rel);
	name = release_name(text, len);
	sha256_text(text, len, hash);
	if (!name || strlist_add_steal(to, name) < 0 ||
	    strlist_add(to, hash) < 0)
		return err_nomem(err);
	return 0;
}

static int list_files(const struct debian_apt *a, struct strlist *ret,
		      struct err *err)
{
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *d;
	int fd, r = path_open_beneath(a->dir_fd, "lists", O_RDONLY |
				      O_DIRECTORY, 0, &fd, err);

	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return err_nomem(err);
	}
	while ((d = readdir(dir)))
		if (strlist_add(ret, d->d_name) < 0)
			return err_nomem(err);
	return 0;
}

/* Is `file` one of the files that begin as `release` does, up to `end`? */
static bool belongs_to(const char *file, const char *release, const char *end)
{
	size_t n = strlen(release) - strlen(end);

	return ends_with(release, end) && !strncmp(file, release, n);
}

static bool is_signed(const struct strlist *files, const char *file)
{
	for (size_t i = 0; i < files->n; i++)
		if (belongs_to(file, files->v[i], "_InRelease") ||
		    belongs_to(file, files->v[i], "_Release.gpg"))
			return true;
	return false;
}

static int check_signed(const struct strlist *files, struct err *err)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *f = files->v[i];
		const char *p = strstr(f, "_Packages");

		if (p && (!p[9] || p[9] == '.') && !is_signed(files, f))
			return err_set(err, EKEYREJECTED, "the package index "
				       "%s is not signed; this computer may "
				       "trust it, who gets the bundle cannot",
				       f);
	}
	return 0;
}

int lists_read(const struct debian_apt *a, struct strlist *ret,
	       struct err *err)
{
	CLEANUP_STRLIST struct strlist files = { 0 };
	CLEANUP_STRLIST struct strlist l = { 0 };
	int r = list_files(a, &files, err);

	if (r == 0)
		r = check_signed(&files, err);
	for (size_t i = 0; i < files.n && r == 0; i++)
		if (ends_with(files.v[i], "_InRelease") ||
		    ends_with(files.v[i], "_Release"))
			r = add_index(a, files.v[i], &l, err);
	if (r < 0)
		return r;
	strlist_free(ret);
	*ret = l;
	l = (struct strlist){ 0 };
	return 0;
}
