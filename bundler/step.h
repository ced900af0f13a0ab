/*
 * step.h - one post-step, and what they share; for step*.c only
 */
#ifndef HOLDALL_STEP_H
#define HOLDALL_STEP_H

#include "bundler/stage.h"
#include "bundler/steps.h"

#define STEP_GLOBS 8u
#define STEP_FILE_MAX ((uint64_t)64 << 20)	/* one output */
#define STEP_BYTES_MAX ((uint64_t)256 << 20)	/* all outputs of one run */
#define STEP_FILES_MAX 65536u

/* The work in hand. */
struct steps {
	struct tree *t;
	const struct steps_job *job;
	const struct origin *origin;	/* of what is made */
	struct stage *stage;		/* the tree, from the first tool on */
	struct tree tools;		/* the tool packages, when asked for */
	struct stage *tool_stage;
	struct strlist wanted;		/* names of tool packages */
	struct strlist without;		/* caches that no tool could make */
};

enum step_need {
	STEP_MUST,			/* the app would not work without */
	STEP_SPEED,			/* it would only start more slowly */
};

enum step_dirs {
	DIRS_NONE,			/* args are all */
	DIRS_ALL,			/* the inputs' folders behind args */
	DIRS_EACH,			/* one run for each such folder */
};

/* Paths and globs are as in glob.h, absolute, with %m for Debian's multiarch
 * name; lists end with NULL. */
struct step {
	const char *name;
	const char *makes;		/* for people */
	enum step_need need;
	const char *inputs[STEP_GLOBS];	/* one of them is in the tree */
	const char *tools[STEP_GLOBS];	/* the first that is there */
	const char *package;		/* has it; NULL: only the tree's own will
					 * do, since it loads the tree's plugins */
	const char *data;		/* what the tool reads of that package */
	const char *args[STEP_GLOBS];
	enum step_dirs dirs;
	const char *outputs[STEP_GLOBS];
	unsigned seconds;		/* limit; 0: the default */
	/* Instead of one tool: does it all. */
	int (*run)(struct steps *s, const struct step *step, struct err *err);
	/* Asked beside inputs, when set. */
	bool (*when)(const struct steps *s);
};

/* ---- steps.c ---- */

/* Adds what a step made, to the tree and to the stage if there is one, unless the
 * manifest excludes it.  content.data is taken over, also on failure. */
int step_add(struct steps *s, const struct entry *spec, struct err *err);
int step_add_text(struct steps *s, const char *path, const void *data,
		  size_t len, struct err *err);
int step_add_link(struct steps *s, const char *path, const char *target,
		  struct err *err);

/* ---- step_tree.c: looking at the tree ---- */

/* %m replaced; false: too long. */
bool step_expand(const char *text, char ret[TREE_PATH_MAX]);
/* Is there a file or link that a glob of the list matches? */
bool step_any(const struct tree *t, const char *const *globs);
/* The folders (absolute, sorted, each once) of all that match. */
int step_folders(const struct tree *t, const char *const *globs,
		 struct strlist *ret, struct err *err);
/* The paths (relative, sorted) of all files and links that match. */
int step_matches(const struct tree *t, const char *const *globs,
		 struct strlist *ret, struct err *err);
/* The first tool of the list that is an executable file of the tree; a fresh
 * absolute path, or NULL. */
char *step_tool(const struct tree *t, const char *const *tools);
/* A file's bytes, fresh and NUL-ended; -EFBIG beyond max. */
int step_read(const struct entry *e, size_t max, char **ret, size_t *ret_len,
	      struct err *err);

/* ---- step_run.c: a tool over the staged tree ---- */

/* Stages the tree, once. */
int step_stage(struct steps *s, struct err *err);
/* Finds the tool, runs it once with `argv` (behind the tool's own name) and takes
 * what it wrote. */
int step_run_tool(struct steps *s, const struct step *step,
		  const struct strlist *args, struct err *err);
/* Once for each of these folders, in twice the time that one may take. */
int step_run_each(struct steps *s, const struct step *step,
		  const struct strlist *dirs, struct err *err);

/* ---- step_take.c: what it wrote ---- */

/* The regular files of `upper_fd` at the declared places into the tree. */
int step_take(struct steps *s, const struct step *step, int upper_fd,
	      struct err *err);

/* ---- steps of our own ---- */

int step_scripts(struct steps *s, const struct step *step, struct err *err);
bool step_scripts_wanted(const struct steps *s);
int step_icu(struct steps *s, const struct step *step, struct err *err);
/* Shortens ICU's data (the bytes of icudtNN_dat) in place.  false: not the form
 * that we know, and nothing was changed. */
bool step_icu_thin(uint8_t *data, uint64_t size, const struct strlist *locales);
int step_certificates(struct steps *s, const struct step *step,
		      struct err *err);
int step_java_certificates(struct steps *s, const struct step *step,
			   struct err *err);
int step_desktop_database(struct steps *s, const struct step *step,
			  struct err *err);
int step_locales(struct steps *s, const struct step *step, struct err *err);
bool step_locales_wanted(const struct steps *s);
/* Has the manifest a locale that must be compiled ("de_DE", not "de")? */
bool step_locales_in(const struct manifest *m);

#endif
