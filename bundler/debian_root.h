/*
 * debian_root.h - the files of apt's private root, for debian_*.c only
 */
#ifndef HOLDALL_DEBIAN_ROOT_H
#define HOLDALL_DEBIAN_ROOT_H

#include "bundler/debian_apt.h"
#include "bundler/debian_tool.h"

int root_write(const struct debian_apt *a, const char *name, const void *data,
	       size_t len, struct err *err);
/* The preferences file; NULL: no pins. */
int root_write_pins(const struct debian_apt *a, const struct debian_list *pins,
		    struct err *err);

/* Starts argv with `program` and the root's configuration. */
int apt_argv(const struct debian_apt *a, const char *program,
	     struct strlist *ret, struct err *err);
/* Runs it; the program's own status is in `o`. */
int apt_run(const struct debian_apt *a, const struct strlist *argv,
	    struct tool_output *o, struct err *err);
/* The first lines of what apt complained about, as one sentence: fills err with
 * `num`, "what: ...". */
int apt_complaint(const struct tool_output *o, int num, const char *what,
		  struct err *err);
/* The same for what was to be fetched, and what helps: -EHOSTUNREACH, or -ENOSPC
 * when the cache's disk is full. */
int apt_cannot_fetch(const struct debian_apt *a, const struct tool_output *o,
		     const char *what, struct err *err);

/* The names and hashes of all signed indexes, in turn; an unsigned one is an
 * error (debian_lists.c). */
int lists_read(const struct debian_apt *a, struct strlist *ret,
	       struct err *err);

/* ---- lines of --print-uris ---- */

struct apt_uri {
	char *uri, *sha256;
	char *word;			/* name=version, name:arch=version */
};

struct apt_uris {
	struct apt_uri *v;
	size_t n;
};

void apt_uris_free(struct apt_uris *u);
#define CLEANUP_APT_URIS CLEANUP(apt_uris_free)

/* 'URI' NAME_VERSION_ARCH.deb SIZE SHA256:HASH; other lines are passed over. */
int apt_uris_parse(const char *text, struct apt_uris *ret, struct err *err);
const struct apt_uri *apt_uris_find(const struct apt_uris *u,
				    const char *sha256);
/* name=version, with the architecture where it is a foreign one; fresh or NULL. */
char *apt_word(const char *name, const char *version, const char *arch);

/* `apt-cache show` of each word. */
int apt_show(struct debian_apt *a, const struct apt_uris *uris,
	     struct tool_output *o, struct err *err);

#endif
