/*
 * contents.h - what is in an image, by where it came from
 *
 * The section `packages`: one row per Debian package, folder or list of files,
 * with the number of its files and their bytes before compression, so that
 * nobody has to read the image to say what makes it large.  Strict lines of
 * text.h; docs/format.md describes them.  contents_parse accepts exactly what
 * contents_format writes, and no more than CONTENTS_ROWS_MAX rows.
 */
#ifndef HOLDALL_CONTENTS_H
#define HOLDALL_CONTENTS_H

#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/err.h"

#define CONTENTS_ROWS_MAX 16384u
#define CONTENTS_MAX ((size_t)4 << 20)

struct contents_row {
	char *kind;			/* debian, dir, files, image, holdall */
	char *name;
	char *version;			/* "": none */
	uint64_t files, bytes;
};

struct contents {
	struct contents_row *v;
	size_t n;
};

void contents_free(struct contents *c);
#define CLEANUP_CONTENTS CLEANUP(contents_free)

/* The texts are copied. */
int contents_add(struct contents *c, const char *kind, const char *name,
		 const char *version, uint64_t files, uint64_t bytes,
		 struct err *err);
int contents_format(const struct contents *c, struct buf *ret,
		    struct err *err);
int contents_parse(const char *text, size_t len, struct contents *ret,
		   struct err *err);

/* The largest first; of equals by kind, name and version. */
void contents_sort(struct contents *c);

#endif
