/*
 * pack.h - the verb pack: from a manifest to a bundle
 */
#ifndef HOLDALL_PACK_H
#define HOLDALL_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "bundler/image_write.h"
#include "bundler/notes.h"
#include "runtime/buf.h"
#include "runtime/minisign_secret.h"

struct pack_options {
	const char *manifest;		/* path of holdall.yaml */
	const char *output;		/* NULL: the command's name + .holdall */
	bool fast;
	bool locked;			/* holdall.lock must fit as it is */
	bool only_check;		/* write nothing: `lint --full` */
	unsigned jobs;			/* threads; 0: one per processor */
	const char *import;		/* a squashfs image instead of sources */
	const char *epoch;		/* SOURCE_DATE_EPOCH's text, or NULL */
	const struct minisign_secret *secret;	/* signs it, or NULL */
	const char *profile;		/* path of a launch profile, or NULL */
	int stub_fd;			/* a checked stub */
	const char *rules_path;		/* for messages */
	int rules_fd;
};

struct pack_result {
	char *output;
	uint64_t file_size;
	struct image_stats image;
};

void pack_result_free(struct pack_result *r);
#define CLEANUP_PACK_RESULT CLEANUP(pack_result_free)

/* The time of everything without SOURCE_DATE_EPOCH: 1980-01-02, the first day
 * that zip files can name in every time zone. */
#define PACK_TIME 315619200u

/* Either the whole bundle stands at its place afterwards, or nothing has
 * changed.  `report` gets the messages of a faulty manifest (several lines). */
int pack_run(const struct pack_options *o, const struct notes *notes,
	     struct pack_result *ret, struct buf *report, struct err *err);

#endif
