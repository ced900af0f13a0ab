/*
 * debian_cache.c - see debian_cache.h
 */
#include "bundler/debian_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_hash_sha256.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "bundler/debian_deb.h"
#include "runtime/fd.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define CHUNK ((size_t)256 << 10)
#define STALE_SECONDS 86400		/* after which a leftover is nobody's */
#define FOLDERS_DEEP 3u

void debian_cache_free(struct debian_cache *c)
{
	free(c->path);
	cleanup_fd_(&c->fd);
	cleanup_fd_(&c->debs_fd);
	cleanup_fd_(&c->unpacked_fd);
	*c = DEBIAN_CACHE_INIT;
}

/* ---- hashes ---- */

void sha256_text(const void *data, size_t len, char ret[SHA256_TEXT + 1])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, data, len);
	text_hex(ret, hash, sizeof(hash));
}

int sha256_fd(int fd, const struct notes *notes, char ret[SHA256_TEXT + 1],
	      uint64_t *ret_size, struct err *err)
{
	CLEANUP_FREE char *space = malloc(CHUNK);
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	uint64_t size = 0;
	ssize_t n;

	if (!space)
		return err_nomem(err);
	(void)crypto_hash_sha256_init(&state);
	while ((n = pread(fd, space, CHUNK, (off_t)size)) > 0) {
		(void)crypto_hash_sha256_update(&state, (uint8_t *)space,
						(unsigned long long)n);
		size += (uint64_t)n;
		if (size > DEBIAN_DEB_MAX)
			return err_set(err, EFBIG, "a file of more than 8 GiB");
		if (notes_check(notes, err) < 0)
			return -err->num;
	}
	if (n < 0)
		return err_sys(err, errno, "cannot read a file of the cache");
	(void)crypto_hash_sha256_final(&state, hash);
	text_hex(ret, hash, sizeof(hash));
	*ret_size = size;
	return 0;
}

/* ---- folders ---- */

static int cache_home(char **ret, struct err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		*ret = strdup(xdg);
	else if (home && *home == '/')
		*ret = path_join(home, ".cache");
	else
		return err_set(err, ENOENT, "HOME is not set, so there is no "
			       "place for the cache; set XDG_CACHE_HOME");
	return *ret ? 0 : err_nomem(err);
}

/* What is in the folder, without the folders in it; those are named. */
static void remove_files(int fd, struct strlist *folders)
{
	CLEANUP_DIR DIR *dir = fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), d->d_name, 0) < 0 && errno == EISDIR)
			(void)strlist_add(folders, d->d_name);
	}
}

void debian_cache_remove(int dir_fd, const char *name)
{
	CLEANUP_STRLIST struct strlist todo = { 0 };

	/* Each pass empties the folders known so far, then tries to remove them
	 * from the last; a cache of ours needs one or two. */
	(void)strlist_add(&todo, name);
	for (unsigned pass = 0; pass < FOLDERS_DEEP; pass++) {
		size_t n = todo.n;

		for (size_t i = 0; i < n; i++) {
			CLEANUP_STRLIST struct strlist in = { 0 };
			int fd = path_try_beneath(dir_fd, todo.v[i], O_RDONLY |
						  O_DIRECTORY, 0);

			if (fd < 0)
				continue;
			remove_files(fd, &in);
			for (size_t j = 0; j < in.n; j++) {
				char *p = path_join(todo.v[i], in.v[j]);

				if (p)
					(void)strlist_add_steal(&todo, p);
			}
		}
	}
	for (size_t i = todo.n; i-- > 0;)
		(void)unlinkat(dir_fd, todo.v[i], AT_REMOVEDIR);
}

/* Folders of runs that were killed, when they have been still for a day. */
static void sweep(int dir_fd)
{
	CLEANUP_DIR DIR *dir = NULL;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	time_t now = time(NULL);
	struct dirent *d;
	struct stat st;

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, ".new-", 5) ||
		    fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    now - st.st_mtime < STALE_SECONDS)
			continue;
		if (S_ISDIR(st.st_mode))
			debian_cache_remove(dir_fd, d->d_name);
		else
			(void)unlinkat(dir_fd, d->d_name, 0);
	}
}

/* apt's configuration cannot hold every name. */
static int check_path(const char *path, struct err *err)
{
	if (path[strcspn(path, "\"\\\n\r\t {};")])
		return err_set(err, EINVAL, "%s cannot hold the cache: apt "
			       "reads no name with spaces, quotes, braces or "
			       "semicolons; set XDG_CACHE_HOME", path);
	return 0;
}

int debian_cache_open(struct debian_cache *ret, struct err *err)
{
	CLEANUP_DEBIAN_CACHE struct debian_cache c = DEBIAN_CACHE_INIT;
	CLEANUP_FREE char *home = NULL;
	CLEANUP_FD int home_fd = -1;
	int r = cache_home(&home, err);

	if (r < 0)
		return r;
	if (mkdir(home, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make the cache folder %s",
			       home);
	r = path_open_trusted(home, O_RDONLY | O_DIRECTORY, &home_fd, err);
	if (r == 0)
		r = path_mkdir_beneath(home_fd, "holdall", 0700, &c.fd, err);
	if (r == 0)
		r = path_mkdir_beneath(c.fd, "debs", 0700, &c.debs_fd, err);
	if (r == 0)
		r = path_mkdir_beneath(c.fd, "unpacked", 0700, &c.unpacked_fd,
				       err);
	if (r < 0)
		return err_prefix(err, "cache %s", home);
	c.path = path_join(home, "holdall");
	if (!c.path)
		return err_nomem(err);
	r = check_path(c.path, err);
	if (r < 0)
		return r;
	sweep(c.debs_fd);
	sweep(c.unpacked_fd);
	*ret = c;
	c = DEBIAN_CACHE_INIT;
	return 0;
}

/* ---- taking in ---- */

bool debian_cache_has(const struct debian_cache *c,
		      const struct debian_package *p)
{
	return faccessat(c->unpacked_fd, p->sha256, F_OK, 0) == 0 ||
	       faccessat(c->debs_fd, p->sha256, F_OK, 0) == 0;
}

static int verify(int fd, const struct debian_package *p,
		  const struct notes *notes, struct err *err)
{
	char hash[SHA256_TEXT + 1];
	uint64_t size;
	int r = sha256_fd(fd, notes, hash, &size, err);

	if (r < 0)
		return r;
	if (size == p->size && !strcmp(hash, p->sha256))
		return 0;
	return err_set(err, EBADMSG, "%s %s (%s) is not what was asked for: "
		       "SHA-256 %.16s..., %llu bytes, expected %.16s..., %llu "
		       "bytes; nothing of it was used", p->name, p->version,
		       p->arch, hash, (unsigned long long)size, p->sha256,
		       (unsigned long long)p->size);
}

static void random_name(char ret[32])
{
	uint8_t bytes[8] = { 0 };

	(void)!getrandom(bytes, sizeof(bytes), 0);
	(void)strcpy(ret, ".new-");
	text_hex(ret + 5, bytes, sizeof(bytes));
}

static int copy_bytes(int from, int to)
{
	CLEANUP_FREE char *space = malloc(CHUNK);
	ssize_t n;
	int r = space ? 0 : -ENOMEM;

	while (r == 0 && (n = fd_read(from, space, CHUNK)) != 0)
		r = n < 0 ? (int)n : fd_write_all(to, space, (size_t)n);
	return r;
}

/* apt hands out files of file: archives as links: they are copied. */
static int copy_in(const struct debian_cache *c, int from,
		   const struct debian_package *p, const struct notes *notes,
		   struct err *err)
{
	char temp[32];
	CLEANUP_FD int fd = -1;
	int r;

	random_name(temp);
	fd = openat(c->debs_fd, temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(err, errno, "cannot write to %s/debs", c->path);
	r = copy_bytes(from, fd);
	if (r < 0)
		r = err_sys(err, -r, "cannot write to %s/debs", c->path);
	else
		r = verify(fd, p, notes, err);
	if (r == 0 && renameat(c->debs_fd, temp, c->debs_fd, p->sha256) < 0)
		r = err_sys(err, errno, "cannot rename in %s/debs", c->path);
	if (r < 0)
		(void)unlinkat(c->debs_fd, temp, 0);
	return r;
}

int debian_cache_take(const struct debian_cache *c,
		      const struct debian_package *p, int dir_fd,
		      const char *name, const struct notes *notes,
		      struct err *err)
{
	CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC |
				   O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0 || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "%s %s was not fetched", p->name,
			       p->version);
	if (!S_ISREG(st.st_mode)) {
		r = copy_in(c, fd, p, notes, err);
	} else {
		r = verify(fd, p, notes, err);
		if (r == 0 && renameat(dir_fd, name, c->debs_fd, p->sha256) < 0)
			r = err_sys(err, errno, "cannot rename into %s/debs",
				    c->path);
	}
	if (r < 0 || !S_ISREG(st.st_mode))
		(void)unlinkat(dir_fd, name, 0);
	return r;
}

/* ---- unpacking ---- */

static int open_deb(const struct debian_cache *c,
		    const struct debian_package *p, const struct notes *notes,
		    int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = openat(c->debs_fd, p->sha256, O_RDONLY |
				   O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "%s/debs has no %s %s", c->path,
			       p->name, p->version);
	r = verify(fd, p, notes, err);
	if (r == -EBADMSG) {
		(void)unlinkat(c->debs_fd, p->sha256, 0);
		return err_set(err, ENOENT, "the cached %s %s was damaged",
			       p->name, p->version);
	}
	if (r == 0)
		*ret_fd = steal_fd(&fd);
	return r;
}

static int unpack_into(const struct debian_cache *c, int deb_fd,
		       const struct debian_package *p, const char *temp,
		       const struct notes *notes, struct err *err)
{
	CLEANUP_FD int dir_fd = -1;
	char name[512];
	int r = path_mkdir_beneath(c->unpacked_fd, temp, 0700, &dir_fd, err);

	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%s_%s_%s.deb", p->name,
		       p->version, p->arch);
	r = deb_unpack(deb_fd, name, dir_fd, notes, err);
	if (r < 0)
		return r;
	if (renameat(c->unpacked_fd, temp, c->unpacked_fd, p->sha256) < 0 &&
	    errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(err, errno, "cannot rename in %s/unpacked",
			       c->path);
	return 0;
}

static int unpack(const struct debian_cache *c, const struct debian_package *p,
		  const struct notes *notes, struct err *err)
{
	CLEANUP_FD int deb_fd = -1;
	char temp[32];
	int r = open_deb(c, p, notes, &deb_fd, err);

	if (r < 0)
		return r;
	random_name(temp);
	r = unpack_into(c, deb_fd, p, temp, notes, err);
	/* Gone already, unless that failed or another run was faster. */
	debian_cache_remove(c->unpacked_fd, temp);
	return r;
}

int debian_cache_unpacked(const struct debian_cache *c,
			  const struct debian_package *p,
			  const struct notes *notes, int *ret_fd,
			  struct err *err)
{
	int fd = path_try_beneath(c->unpacked_fd, p->sha256, O_RDONLY |
				  O_DIRECTORY, 0);
	int r;

	if (fd < 0) {
		r = unpack(c, p, notes, err);
		if (r < 0)
			return r;
		r = path_open_beneath(c->unpacked_fd, p->sha256, O_RDONLY |
				      O_DIRECTORY, 0, &fd, err);
		if (r < 0)
			return r;
	}
	*ret_fd = fd;
	return 0;
}

void debian_cache_forget(const struct debian_cache *c,
			 const struct debian_package *p)
{
	debian_cache_remove(c->unpacked_fd, p->sha256);
}
