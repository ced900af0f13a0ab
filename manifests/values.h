/*
 * values.h - what a single text in a manifest may be
 *
 * Every scalar of a manifest, every value of a permission and every limit has
 * one of these kinds.  value_read takes what a person writes and gives the
 * canonical text; reading a canonical text again gives the same text, and the
 * header accepts nothing else (value_is_canonical).  limit words are the
 * exception: "150%" and "2GiB" become plain numbers "150", "2147483648", which
 * only value_is_canonical takes.
 *
 * Messages are "what is wrong; what to do", without the place.
 */
#ifndef HOLDALL_VALUES_H
#define HOLDALL_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "manifests/words.h"
#include "runtime/err.h"

enum value_kind {
	VALUE_TEXT,		/* printable, not empty */
	VALUE_ANY,		/* anything: arguments */
	VALUE_CHOICE,		/* one of the row's choices */
	VALUE_BOOL,		/* true, false */
	VALUE_SCHEMA,		/* 1 */
	VALUE_APP_ID,		/* org.example.Editor */
	VALUE_VERSION,		/* 1.10 */
	VALUE_ARCH,		/* x86_64 */
	VALUE_PROGRAM,		/* a name in PATH, or an absolute path */
	VALUE_COMMAND_NAME,	/* a file name */
	VALUE_ENV_NAME,		/* LANG */
	VALUE_INSIDE,		/* absolute path in the image */
	VALUE_BESIDE,		/* path as written, from the manifest's folder */
	VALUE_ICON,		/* path in the image, or of a file beside */
	VALUE_DESKTOP,		/* the same, or none */
	VALUE_GLOB,		/* absolute pattern of the image */
	VALUE_LOCALE,		/* de, pt_BR */
	VALUE_PACKAGE,		/* libc6, foo:amd64, foo=1.2-3 */
	VALUE_SUITE,		/* bookworm, bookworm/updates */
	VALUE_URI,		/* https://..., http, file, copy */
	VALUE_FILES_PATH,	/* cwd, xdg-music, ~/x, /x, drives */
	VALUE_FILES,		/* PATH:ACCESS */
	VALUE_BUS_NAME,		/* org.example.Service, org.example.* */
	VALUE_BUS_RULE,		/* NAME=INTERFACE.MEMBER@/path */
	VALUE_MEMORY,		/* 2GiB */
	VALUE_CPU,		/* 150% */
	VALUE_TASKS,		/* 512 */
	VALUE_TIME,		/* 60s */
	VALUE_KINDS,
};

/* Texts longer than this are refused everywhere. */
#define VALUE_MAX 4096

/* One word of a fixed set.  `risk` and `sentence` matter for permissions;
 * for manifest keys `sentence` is the help. */
struct choice {
	const char *text;
	enum perm_risk risk;
	const char *sentence;
};

/* `choices` (ending with .text NULL) is for VALUE_CHOICE. */
int value_read(enum value_kind kind, const struct choice *choices,
	       const char *text, char **ret, struct err *err);
bool value_is_canonical(enum value_kind kind, const struct choice *choices,
			const char *text);

/* A text from outside in quotes for a message: "word", or, when it holds what
 * could mislead, as text_quoted shows it. */
const char *value_shown(char *space, size_t size, const char *text);

/* For the schema and the reference: a regular expression (ECMA, anchored), or
 * NULL, and words for people.  The expression accepts at least what value_read
 * accepts. */
const char *value_pattern(enum value_kind kind);
const char *value_words(enum value_kind kind);

const struct choice *choice_find(const struct choice *choices,
				 const char *text);
/* The nearest right word, or NULL. */
const char *choice_nearest(const struct choice *choices, const char *text);

#endif
