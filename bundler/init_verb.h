/*
 * init_verb.h - the verb init: a manifest to begin with
 *
 * For a Debian package or for a program of this computer; commented, and good to
 * be packed at once.  Of a package only itself is fetched, with those siblings
 * of the same source that it is a mere list of (owners.h); what they tell is
 * what `pack` would infer.  An existing file is never touched.
 */
#ifndef HOLDALL_INIT_VERB_H
#define HOLDALL_INIT_VERB_H

#include "bundler/desktop_entry.h"
#include "bundler/notes.h"
#include "runtime/buf.h"
#include "runtime/text.h"

/* `what`: a package, a program's path, or a program in PATH. */
int init_run(const char *what, const char *output, const struct notes *notes,
	     struct err *err);

/* ---- between its parts ---- */

enum init_id { INIT_ID_APPSTREAM, INIT_ID_DESKTOP, INIT_ID_HOMEPAGE,
	       INIT_ID_OTHER };

struct init_facts {
	const char *what;		/* as asked for */
	char *package;			/* or NULL: a program of this computer */
	char *path;			/* of that program */
	char *id;
	enum init_id id_from;
	char *version;			/* NULL: unknown */
	char *whole_version;		/* Debian's, or NULL */
	struct strlist argv;		/* the command; empty: unknown */
	char *choices;			/* what was said of that, or NULL */
	char *summary, *homepage;	/* or NULL */
	struct desktop_entry entry;
	bool has_desktop, graphical;
	bool network;			/* its package says so */
};

void init_facts_free(struct init_facts *f);
#define CLEANUP_INIT_FACTS CLEANUP(init_facts_free)

/* From what is known: AppStream data (may be NULL), desktop file's name without
 * its ending (NULL), homepage, name of package or program. */
int init_guess_id(const char *appstream, size_t len, const char *stem,
		  const char *homepage, const char *name, char **ret,
		  enum init_id *ret_from, struct err *err);
/* An app id from an address; NULL: none comes out. */
char *init_id_of_homepage(const char *url, const char *name);

/* A network program, by its package's Section and Depends (may be NULL). */
bool init_needs_network(const char *section, const char *depends);

int init_package(const char *name, const struct notes *notes,
		 struct init_facts *ret, struct err *err);
int init_program(const char *path, const struct notes *notes,
		 struct init_facts *ret, struct err *err);

/* The manifest's text; it has been read back and is good. */
int init_text(const struct init_facts *f, struct buf *ret, struct err *err);

#endif
