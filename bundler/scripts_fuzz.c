/*
 * scripts_fuzz.c - records of scripts: parsed and applied to a small tree
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/scripts_parse.h"
#include "runtime/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a record may never do. */
static int add(void *arg, const struct entry *spec, struct err *err)
{
	struct tree *t = arg;
	int r;

	if (tree_find(t, spec->path) || (!path_below(spec->path, "usr") &&
					 !path_below(spec->path, "etc")))
		abort();
	r = tree_add(t, spec, NULL, err);
	if (r < 0)
		free(spec->content.data);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SCRIPT_RECORD struct script_record rec = { 0 };
	CLEANUP_TREE struct tree t = TREE_INIT;
	const struct scripts_door door = { .add = add, .arg = &t };
	struct err err;

	if (tree_new(&t, &err) < 0 ||
	    tree_add_link(&t, "bin", "usr/bin", NULL, &err) < 0 ||
	    tree_add_link(&t, "etc/out", "../srv", NULL, &err) < 0 ||
	    tree_add_text(&t, "srv/x", "x", 1, NULL, &err) < 0 ||
	    tree_add_text(&t, "usr/bin/x", "x", 1, NULL, &err) < 0 ||
	    strlist_add(&rec.scripts, "p") < 0 ||
	    strlist_add(&rec.scripts, "1") < 0)
		return 0;
	if (scripts_parse((const char *)data, size, 0, &rec, &err) < 0)
		return 0;
	for (size_t i = 0; i < rec.n_copies; i++) {
		rec.copies[i].data = strdup("copy");
		rec.copies[i].len = 4;
	}
	/* A folder in the way is the door's error, nothing more. */
	(void)scripts_apply(&rec, &t, NULL, &door, NULL, &err);
	return 0;
}
