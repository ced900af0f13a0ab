/*
 * walk.h - a path walk that follows links by text
 *
 * A walk holds `at`, a clean relative path without links, and `rest`, what is
 * still to be walked; a link puts its target in front of the rest.  Who walks
 * (the tree, the host's files) says what stands at each step.  `..` goes up in
 * `at`, which is right because `at` never holds a link, and stops at the root.
 *
 * Ends always: each step eats a component, and only WALK_LINKS_MAX links add some.
 */
#ifndef HOLDALL_WALK_H
#define HOLDALL_WALK_H

#include <stdbool.h>

#define WALK_PATH_MAX 4096u
#define WALK_NAME_MAX 255u
#define WALK_LINKS_MAX 40u

struct walk {
	char at[WALK_PATH_MAX];
	char rest[2 * WALK_PATH_MAX];
	unsigned links;
};

/* All return false when something is too long, or there were too many links. */
bool walk_start(struct walk *w, const char *path);
/* The next component is put behind `at` ("." and ".." are dealt with).  1: `at` is
 * a new place; 0: the end; -1: too long. */
int walk_step(struct walk *w);
/* What stands at `at` is a link to `target`. */
bool walk_link(struct walk *w, const char *target);
/* Is `at` the last place of this walk? */
bool walk_is_last(const struct walk *w);

#endif
