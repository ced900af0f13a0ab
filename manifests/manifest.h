/*
 * manifest.h - the packager's holdall.yaml, read and checked
 *
 * manifest_read turns YAML into a struct, or into up to 20 messages in one
 * error text/report: each with file, line, column, the source line with a
 * caret, and the nearest right word.  Strict subset: no duplicate and unknown
 * keys, aliases, anchors, tags, several documents, bad UTF-8, more than 1 MiB or
 * 64 levels; every scalar is text, typed by the table.
 *
 * Used by the bundler only (needs libyaml); the launcher reads headers.
 */
#ifndef HOLDALL_MANIFEST_H
#define HOLDALL_MANIFEST_H

#include <stdbool.h>

#include "manifests/header.h"
#include "manifests/words.h"
#include "runtime/buf.h"
#include "runtime/text.h"

enum source_kind { SOURCE_DEBIAN, SOURCE_DIR, SOURCE_FILES };

struct source {
	enum source_kind kind;
	unsigned line;			/* in the manifest, for messages */
	char *path;			/* DIR: as written (relative to the manifest) */
	char *to;			/* DIR: absolute in the image, default "/" */
	struct strlist items;		/* FILES: absolute paths; DEBIAN: packages */
	char *suite, *keyring;		/* DEBIAN */
	struct strlist uris;		/* DEBIAN */
};

struct manifest {
	char *file;			/* as given, for messages */
	char *text;			/* the raw bytes: the manifest section */
	size_t text_len;
	char *id, *version, *name;	/* version: NULL when left out */
	enum bundle_kind kind;
	bool sandbox_required;
	bool base_none;
	struct header_command *commands;	/* [0] is `command`, name "",
						 * if the manifest has one */
	size_t n_commands;
	struct strlist environment;	/* "KEY=value" */
	char *workdir, *home_skeleton;	/* home_skeleton: path in the image */
	char *desktop, *icon;		/* desktop "none": not graphical */
	struct strlist exclude, keep, locales;
	struct source *sources;
	size_t n_sources;
	struct perms perms;
	bool has_display, has_portals;	/* the key was written, if only to say
					 * [] or false: no defaults for it */
	struct header_limit *limits;
	size_t n_limits;
	bool has_services;		/* read and checked; effect: not yet */
};

void manifest_free(struct manifest *m);
#define CLEANUP_MANIFEST CLEANUP(manifest_free)

/* Reads from memory; `file` is for messages.  On failure `report` holds all
 * messages (several lines each) and err one summary line. */
int manifest_read(const char *file, const char *text, size_t len,
		  struct manifest *ret, struct buf *report, struct err *err);

/* The same for an app whose content is a ready image: without sources. */
int manifest_read_for_image(const char *file, const char *text, size_t len,
			    struct manifest *ret, struct buf *report,
			    struct err *err);

#endif
