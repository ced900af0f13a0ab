/*
 * effects.h - what each permission word does
 *
 * Indexed by the table of manifests/words.h through one switch without a default:
 * a word without an effect does not compile.  A word whose effect is "not yet"
 * never widens anything; --explain, lint and pack say so.
 */
#ifndef HOLDALL_EFFECTS_H
#define HOLDALL_EFFECTS_H

#include <stdbool.h>

#include "manifests/words.h"
#include "runtime/err.h"

struct plan;

/* Changes the plan for one granted permission.  `files` rows are made by
 * plan_files, which needs all grants together. */
int effect_apply(const struct permission *perm, struct plan *p,
		 struct err *err);

/* Has this (word, value) an effect in this version? */
bool effect_is_ready(const struct permission *perm);

#endif
