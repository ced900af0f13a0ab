/*
 * cli.h - the command line: ONE table of verbs and options
 *
 * Parsing, --help of each verb and (later) man page and completions come from
 * the tables in cli.c (verbs) and cli_options.c (options).  A verb's function gets
 * the parsed options and returns the exit status, or a negative errno with err
 * filled, which cli_main prints once.
 *
 * Status of failures: run-like verbs 125 (or err->status), others 1; wrong usage
 * 2 (125 for run-like verbs).
 */
#ifndef HOLDALL_CLI_H
#define HOLDALL_CLI_H

#include <stdbool.h>

#include "manifests/words.h"
#include "runtime/bundle.h"
#include "runtime/err.h"
#include "runtime/text.h"

enum home_kind { HOME_PRIVATE, HOME_EPHEMERAL, HOME_NONE, HOME_HOST_READ };

/* Everything any verb's options can say; each verb reads what it knows. */
struct options {
	struct perms permit;		/* --permit WORD=VALUE */
	struct strlist deny;		/* --deny WORD[=VALUE] */
	bool home_given;
	enum home_kind home;		/* --home KIND[:NAME] */
	char *home_name;		/* default "default" */
	struct strlist env;		/* --env KEY=VALUE */
	char *command;			/* --command NAME */
	bool explain;			/* --explain: print the plan, run nothing */
	bool verbose;			/* -v */
	bool stats;			/* --stats: of the image server */
	bool json;			/* --json */
	bool long_list;			/* ls -l */
	bool seal, signature, packages;	/* info */
	char *output;			/* -o FILE */
	unsigned seconds;		/* profile: --seconds N; 0: not said */
	struct image_trace *trace;	/* run: notes what is read; not owned */
	bool help;
	/* The bundle that starts itself: self_fd is /proc/self/exe, open. */
	bool self;
	int self_fd;
	struct strlist args;		/* operands: BUNDLE, paths ... */
	struct strlist app_args;	/* run: the app's own arguments */
	const char *invoked_as;		/* argv[0] of the process */
};

/* An empty value with the defaults.  0, or -ENOMEM. */
int options_init(struct options *o);
void options_free(struct options *o);
#define CLEANUP_OPTIONS CLEANUP(options_free)

struct verb {
	const char *name;
	const char *operands;		/* "BUNDLE [--] [ARG...]" */
	const char *summary;		/* one line, a sentence */
	unsigned options;		/* enum option_bit of cli_options.h */
	/* Operands behind BUNDLE (or APP): at least, at most. */
	unsigned min_operands, max_operands;
	bool run_like;
	/* Returns the exit status, or a negative errno with err filled.  NULL: a
	 * verb of packagers, executed by holdall-bundler. */
	int (*run)(struct options *o, struct err *err);
	bool no_subject;		/* no BUNDLE or APP comes first */
};

/* Opens the bundle that the verb works on: itself (o->self) or args.v[0], and
 * removes that operand. */
int cli_open_bundle(struct options *o, struct bundle *ret, struct err *err);
/* The same, for verbs that read the image: refuses a bundle whose signature is bad
 * or cannot be checked, and one that the settings refuse. */
int cli_open_checked(struct options *o, struct bundle *ret, struct err *err);

/* The whole of main after the standard descriptors are safe. */
int cli_main(int argc, char **argv);

/* The verbs; each lives in verb_NAME.c (ls, cat and extract in verb_ls.c). */
int verb_run(struct options *o, struct err *err);
int verb_info(struct options *o, struct err *err);
int verb_ls(struct options *o, struct err *err);
int verb_cat(struct options *o, struct err *err);
int verb_extract(struct options *o, struct err *err);
int verb_verify(struct options *o, struct err *err);
int verb_mount(struct options *o, struct err *err);
int verb_permissions(struct options *o, struct err *err);
int verb_trust(struct options *o, struct err *err);
int verb_profile(struct options *o, struct err *err);

#endif
