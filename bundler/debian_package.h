/*
 * debian_package.h - one binary package, and the text of its control data
 *
 * A package is what the lock says of it: name, version and architecture, the
 * SHA-256 and size of its .deb, its place in the archive and its source.  Every
 * package that exists has been checked by debian_package_check, wherever it
 * came from (index, lock): no field can hold a space, a slash where none
 * belongs, or a path that leads anywhere.
 *
 * Control data are stanzas of `Field: value` lines (deb822); continuation lines
 * start with a space and are part of the value.
 */
#ifndef HOLDALL_DEBIAN_PACKAGE_H
#define HOLDALL_DEBIAN_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/err.h"

#define DEBIAN_PACKAGES_MAX 8192u
#define DEBIAN_DEB_MAX ((uint64_t)8 << 30)
#define SHA256_TEXT 64u			/* hex digits */

struct debian_package {
	char *name, *version, *arch;
	char *sha256;			/* lower-case hex */
	uint64_t size;			/* of the .deb */
	char *path;			/* pool/main/j/jq/jq_1.6-2_amd64.deb */
	char *source, *source_version;
	char *uri;			/* where it is now, or NULL; not locked */
};

struct debian_list {
	struct debian_package *v;
	size_t n;
};

void debian_package_free(struct debian_package *p);
void debian_list_free(struct debian_list *l);
#define CLEANUP_DEBIAN_LIST CLEANUP(debian_list_free)

/* Takes over `p` (emptied) after debian_package_check. */
int debian_list_add(struct debian_list *l, struct debian_package *p,
		    struct err *err);
/* By name, then architecture: the order of laying. */
void debian_list_sort(struct debian_list *l);
const struct debian_package *debian_list_find(const struct debian_list *l,
					      const char *name,
					      const char *arch);

int debian_package_check(const struct debian_package *p, struct err *err);
bool debian_is_name(const char *s);
/* Exactly 64 digits 0-9a-f. */
bool debian_is_sha256(const char *s);

/* ---- control data ---- */

struct stanza {
	const char *text;
	size_t len;
};

/* The next stanza of *at, which moves behind it; false at the end. */
bool stanza_next(const char **at, const char *end, struct stanza *ret);
/* The value without spaces around, continuation lines included (their line
 * breaks stay); a fresh string or NULL: no such field, or no memory. */
char *stanza_get(const struct stanza *s, const char *field);
/* Does a list of relations ("a (<< 1), b | c") hold this name? */
bool relations_hold(const char *relations, const char *name);
/* The package a stanza of an index describes; -ENOENT (err filled) when a field
 * is missing. */
int stanza_package(const struct stanza *s, struct debian_package *ret,
		   struct err *err);

#endif
