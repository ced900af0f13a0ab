/*
 * recipe.h - a manifest with the folder it stands in
 *
 * Both verbs read it; paths of the manifest are relative to that folder, which
 * is the packager's own and trusted.
 */
#ifndef HOLDALL_RECIPE_H
#define HOLDALL_RECIPE_H

#include "manifests/manifest.h"
#include "runtime/buf.h"

struct recipe {
	struct manifest manifest;
	int dir_fd;
};

#define RECIPE_INIT ((struct recipe){ .dir_fd = -1 })
void recipe_free(struct recipe *r);
#define CLEANUP_RECIPE CLEANUP(recipe_free)

int recipe_read(const char *path, struct recipe *ret, struct buf *report,
		struct err *err);

/* A manifest without sources: `pack --image`. */
int recipe_read_for_image(const char *path, struct recipe *ret,
			  struct buf *report, struct err *err);

/* Opens the folder of a `dir` source; err names the manifest's line. */
int recipe_open_dir(const struct recipe *r, const struct source *s,
		    int *ret_fd, struct err *err);

#endif
