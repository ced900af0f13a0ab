/*
 * lock.h - holdall.lock: which packages a manifest was packed with
 *
 * Strict lines of text.h; docs/debian.md describes them.  One part per `debian`
 * source, in the manifest's order:
 *
 *	architecture=amd64
 *	lock=1
 *	source.0.base=yes
 *	source.0.index=NAME%20OF%20THE%20RELEASE HASH	(one per index)
 *	source.0.package=NAME VERSION ARCH SHA256 SIZE PATH SOURCE SOURCE-VERSION
 *	source.0.request=jq vim				(a list)
 *	source.0.suite=... source.0.uris=... source.0.keyring=SHA256
 *
 * and one part `tools` of the same fields for the packages that post-steps took
 * their tools from (steps.h); nothing of those is in the bundle.
 *
 * lock_parse accepts exactly what lock_format writes.  The reader checks every
 * field (debian_package.h), so a lock from anybody can do no more than name
 * packages by their hash.
 */
#ifndef HOLDALL_LOCK_H
#define HOLDALL_LOCK_H

#include "bundler/debian_package.h"
#include "runtime/buf.h"
#include "runtime/text.h"

#define LOCK_SOURCES_MAX 64u
#define LOCK_MAX ((size_t)8 << 20)

struct lock_source {
	bool base;			/* with the fixed base packages */
	struct strlist request;		/* as the manifest has it */
	char *suite;			/* NULL: this computer's */
	struct strlist uris;
	char *keyring;			/* SHA-256 of the key file, or NULL */
	struct strlist index;		/* "NAME" and hash, in turn */
	struct debian_list packages;	/* sorted */
};

struct lock {
	char *architecture;
	struct lock_source *sources;
	size_t n_sources;
	struct lock_source tools;	/* no packages: none were needed */
};

void lock_source_free(struct lock_source *s);
void lock_free(struct lock *l);
#define CLEANUP_LOCK CLEANUP(lock_free)

int lock_parse(const char *text, size_t len, struct lock *ret,
	       struct err *err);
int lock_format(const struct lock *l, struct buf *ret, struct err *err);

/* Takes over `s` (emptied). */
int lock_add_source(struct lock *l, struct lock_source *s, struct err *err);

/* Is this part what the manifest asks for?  Packages are not compared. */
bool lock_source_fits(const struct lock_source *s,
		      const struct lock_source *wanted);

/* One line per package that is new, gone or has another version; number of lines.
 * `old` may be NULL. */
size_t lock_changes(const struct lock *old, const struct lock *new,
		    struct buf *ret);

/* Debian's name of this machine, "amd64". */
const char *lock_architecture(void);

#endif
