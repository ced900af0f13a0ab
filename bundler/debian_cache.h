/*
 * debian_cache.h - $XDG_CACHE_HOME/holdall: packages by their hash
 *
 *	debs/SHA256		a verified .deb
 *	unpacked/SHA256/	the same, laid out by debian_deb.h
 *	apt/KEY/		a private root for apt (debian_apt.h)
 *
 * A name in debs and unpacked appears by rename when what it names is whole and
 * verified, so a run that ends at any moment leaves nothing wrong behind, and
 * many runs may share the cache.  Everything in it can be deleted at any time
 * at which none runs; it is mode 0700.
 */
#ifndef HOLDALL_DEBIAN_CACHE_H
#define HOLDALL_DEBIAN_CACHE_H

#include "bundler/debian_package.h"
#include "bundler/notes.h"

struct debian_cache {
	char *path;			/* absolute, for apt and for messages */
	int fd, debs_fd, unpacked_fd;
};

#define DEBIAN_CACHE_INIT ((struct debian_cache){ \
	.fd = -1, .debs_fd = -1, .unpacked_fd = -1 })
void debian_cache_free(struct debian_cache *c);
#define CLEANUP_DEBIAN_CACHE CLEANUP(debian_cache_free)

int debian_cache_open(struct debian_cache *ret, struct err *err);

/* Is the package unpacked, or its .deb there?  (What is there is verified when
 * it is used.) */
bool debian_cache_has(const struct debian_cache *c,
		      const struct debian_package *p);

/* Takes the downloaded file dir_fd/name in: verifies size and SHA-256, gives it
 * its name.  The file is gone afterwards, also on failure.  -EBADMSG: it is not
 * the package. */
int debian_cache_take(const struct debian_cache *c,
		      const struct debian_package *p, int dir_fd,
		      const char *name, const struct notes *notes,
		      struct err *err);

/* The folder of the unpacked package, unpacking its .deb when needed.  -ENOENT: no
 * .deb (or a broken one, which is dropped). */
int debian_cache_unpacked(const struct debian_cache *c,
			  const struct debian_package *p,
			  const struct notes *notes, int *ret_fd,
			  struct err *err);
/* Drops the unpacked folder: it turned out not to be whole. */
void debian_cache_forget(const struct debian_cache *c,
			 const struct debian_package *p);

/* SHA-256 of a whole file as hex, and its size. */
int sha256_fd(int fd, const struct notes *notes, char ret[SHA256_TEXT + 1],
	      uint64_t *ret_size, struct err *err);
void sha256_text(const void *data, size_t len, char ret[SHA256_TEXT + 1]);

/* Removes dir_fd/name and what is in it, at most three folders deep. */
void debian_cache_remove(int dir_fd, const char *name);

#endif
