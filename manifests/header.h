/*
 * header.h - the manifest's run-time part in canonical form
 *
 * What the launcher needs of a manifest, as strict lines of text.h, first part
 * of the seal.  header_parse accepts exactly what header_format writes
 * (format(parse(x)) == x) and is fuzzed.  Keys: docs/format.md "Header".
 * Unknown keys whose name starts with "x-" are kept out of the struct and
 * ignored; any other unknown key is refused with the version needed.
 */
#ifndef HOLDALL_HEADER_H
#define HOLDALL_HEADER_H

#include <stdbool.h>

#include "manifests/words.h"
#include "runtime/buf.h"
#include "runtime/text.h"

enum bundle_kind { KIND_FULL, KIND_THIN };

struct header_command {
	char *name;			/* "" for the main one */
	struct strlist argv;		/* argv[0]: name in PATH or absolute */
};

struct header_limit {			/* limits: memory, cpu, tasks, time, io */
	char *word, *value;		/* value canonical: "2147483648", "150" */
	bool require;
};

/* One entry of the image's root directory that the sandbox shows; the launcher
 * makes these without asking the image. */
struct header_top {
	char *name;			/* "usr" */
	char *target;			/* link's target, NULL: a directory */
};

struct header {
	char *id, *version, *name;	/* name: for people; defaults to id's last */
	char *arch;			/* "x86_64": uname machine of the bundle */
	enum bundle_kind kind;
	bool graphical;
	bool sandbox_required;
	struct header_command *commands;	/* [0] is the main one */
	size_t n_commands;
	struct strlist environment;	/* "KEY=value" */
	char *workdir;			/* absolute inside, or NULL */
	char *home_skeleton;		/* absolute path in the image, or NULL */
	struct perms perms;		/* what the manifest asks */
	struct header_limit *limits;
	size_t n_limits;
	struct header_top *top;
	size_t n_top;
	bool image_var, image_etc;	/* the image has content in /var, /etc */
	struct strlist locales;		/* entries of the image's /usr/lib/locale;
					 * "locale-archive": many */
	char *needs;			/* oldest holdall that can read this header;
					 * NULL: any */
};

/* Written bounds; header_parse refuses more. */
#define HEADER_COMMANDS_MAX 256
#define HEADER_ARGS_MAX 256
#define HEADER_ENVIRONMENT_MAX 1024
#define HEADER_TOP_MAX 256
#define HEADER_LOCALES_MAX 1024
#define HEADER_LOCALE_NAME_MAX 64

void header_free(struct header *h);
#define CLEANUP_HEADER CLEANUP(header_free)
int header_parse(const char *text, size_t len, struct header *ret,
		 struct err *err);
int header_format(const struct header *h, struct buf *ret, struct err *err);

/* The command for a name ("" or NULL: the main one), or NULL. */
const struct header_command *header_command(const struct header *h,
					    const char *name);

/* Adders with the same checks as header_parse; the arguments are copied. */
int header_add_command(struct header *h, const char *name,
		       const struct strlist *argv, struct err *err);
int header_add_environment(struct header *h, const char *assignment,
			   struct err *err);
int header_add_top(struct header *h, const char *name, const char *target,
		   struct err *err);
/* Letters, digits, "_.@-", at most HEADER_LOCALE_NAME_MAX. */
int header_add_locale(struct header *h, const char *name, struct err *err);
/* Names of the root that are the launcher's own and never stand in `top`:
 * proc, sys, dev, run, tmp, etc, var, home. */
bool header_top_is_ours(const char *name);

/* A limit from what people write: word "memory", text "2GiB" or "require 2GiB".
 * The value becomes the canonical number. */
int limit_parse(const char *word, const char *text, struct header_limit *ret,
		struct err *err);
void limit_free(struct header_limit *l);

#endif
