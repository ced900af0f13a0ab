/*
 * debian_apt.h - a private root for apt: which packages, and where they are
 *
 * apt decides, fetches and verifies, as an ordinary user and without touching
 * the host: its own lists, an (almost) empty status, no recommends, no hooks.
 * The host's sources, keys, proxies and preferences hold, unless the source
 * names its own.  A root is kept in the cache per set of sources and used by one
 * run at a time (a lock; others wait).
 *
 *	CACHE/apt/KEY/{lock,updated,apt.conf,status,preferences,sources.sources,
 *	               keys/,lists/,archives/,fetch/}
 *
 * The status says that what the sandbox itself supplies (systemd, PAM, debconf,
 * dpkg ...) is installed, so that no app brings it along; packages that are
 * asked for by name are never supplied this way.
 */
#ifndef HOLDALL_DEBIAN_APT_H
#define HOLDALL_DEBIAN_APT_H

#include "bundler/debian_cache.h"
#include "bundler/debian_package.h"
#include "bundler/lock.h"
#include "bundler/notes.h"

/* An index that is younger than this is not asked for again. */
#define APT_FRESH_SECONDS 3600

struct debian_apt {
	const struct debian_cache *cache;
	const struct notes *notes;
	char *dir;			/* absolute */
	char *config;			/* DIR/apt.conf */
	int dir_fd, lock_fd;
	const char *suite;		/* of the host's sources, or NULL */
};

#define DEBIAN_APT_INIT ((struct debian_apt){ .dir_fd = -1, .lock_fd = -1 })
void debian_apt_free(struct debian_apt *a);
#define CLEANUP_DEBIAN_APT CLEANUP(debian_apt_free)

/* The fixed base: what every program may expect to be there. */
extern const char *const debian_base[];

/* Opens and locks the root for the sources that `s` names (request, suite, uris);
 * `key` and `key_len` are the keyring file's bytes, or NULL.  `cache`, `notes` and
 * `s` must outlive it. */
int debian_apt_open(const struct debian_cache *cache,
		    const struct lock_source *s, const char *key,
		    size_t key_len, const struct notes *notes,
		    struct debian_apt *ret, struct err *err);

/* Fetches the index unless it is fresh; `force` asks in any case. */
int debian_apt_update(struct debian_apt *a, bool force, struct err *err);

/* Fills s->packages and s->index for s->request (and the base).  Versions of
 * `pins`, when given, are kept where the archive still has them. */
int debian_apt_resolve(struct debian_apt *a, struct lock_source *s,
		       const struct debian_list *pins, struct err *err);

/* Fetches every package of the list that the cache lacks into it. */
int debian_apt_fetch(struct debian_apt *a, struct debian_list *l,
		     struct err *err);

#endif
