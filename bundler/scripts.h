/*
 * scripts.h - what maintainer scripts ask for, without trusting one
 *
 * Some files exist only because a package's postinst asks for them: libblas.so.3 is
 * an alternative's link, LibreOffice's registry a copy that ucf makes.  Reading
 * the scripts is not enough, since they loop over variables.  So the ones that speak
 * of update-alternatives or ucf are run, each alone in the sandbox of tool.h
 * over the staged tree, where these two and everything else that would change a
 * system are stubs.  The two write down how they were called (scripts_parse.h).
 *
 * Only that record is applied, and it is hostile input:
 *  - an alternative becomes one relative link, of the choice with the highest
 *    priority whose target is in the tree; only below /usr and /etc, and never in
 *    the place of anything that is there;
 *  - a copy of ucf becomes a file below /etc, if it is a regular file of bounded
 *    size, and never in the place of anything that is there.
 * Whatever else a script did is gone with its sandbox.  A script that fails or
 * hangs costs its own record: one note says so, and the packing goes on.
 */
#ifndef HOLDALL_SCRIPTS_H
#define HOLDALL_SCRIPTS_H

#include "bundler/debian.h"
#include "bundler/notes.h"
#include "bundler/tree.h"

/* ---- which ---- */

struct script {
	char *package, *version;
	char *text;			/* the postinst */
	size_t len;
};

struct script_list {
	struct script *v;
	size_t n;
};

void script_list_free(struct script_list *l);
#define CLEANUP_SCRIPT_LIST CLEANUP(script_list_free)

/* Texts are copied. */
int script_list_add(struct script_list *l, const char *package,
		    const char *version, const char *text, size_t len,
		    struct err *err);
/* The postinsts of the new lock's packages that have something to record, in the
 * lock's order; a package that two sources bring counts once. */
int scripts_find(const struct debian_job *job, struct script_list *ret,
		 struct err *err);

/* ---- what they ask for ---- */

/* One --install of update-alternatives. */
struct script_choice {
	size_t script;			/* index in the record's `scripts` */
	char *name;
	long priority;
	struct strlist links;		/* link and target in turn, the master's
					 * first, then the slaves'; absolute, clean */
};

/* One call of ucf. */
struct script_copy {
	size_t script;
	char *dest;			/* absolute, clean, below /etc */
	char *data;			/* NULL: it was not there at the end */
	size_t len;
	unsigned mode;
};

struct script_record {
	struct strlist scripts;		/* package and version in turn */
	struct script_choice *choices;
	size_t n_choices;
	struct script_copy *copies;
	size_t n_copies;
	size_t refused;			/* calls that nobody may make */
	char *refused_word;		/* of the first that is not noted yet: what
					 * was asked for, or NULL */
};

void script_record_free(struct script_record *r);
#define CLEANUP_SCRIPT_RECORD CLEANUP(script_record_free)

struct scripts_job {
	const int *lower_fds;		/* as tool_run's: the staged tree */
	size_t n_lowers;
	int cache_fd;			/* the stubs are staged in it */
	const struct notes *notes;
	unsigned seconds;		/* for one script; 0: 20 */
};

/* Runs every script of the list.  An error only if nothing can be run here, on
 * -EINTR, or without memory or disk. */
int scripts_record(const struct scripts_job *job, const struct script_list *l,
		   struct script_record *ret, struct err *err);

/* ---- into the tree ---- */

/* How entries get into the tree: `spec` is whole (also its origin), its
 * content.data is taken over, also on failure. */
struct scripts_door {
	int (*add)(void *arg, const struct entry *spec, struct err *err);
	void *arg;
};

/* Looks up in `t` what is there; what is added is seen by the next look.  `o` is
 * the origin of what no package of the tree is found for. */
int scripts_apply(const struct script_record *rec, struct tree *t,
		  const struct origin *o, const struct scripts_door *door,
		  const struct notes *notes, struct err *err);

#endif
