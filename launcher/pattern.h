/*
 * pattern.h - WORD, WORD=* and WORD=VALUE: what takes permissions away
 *
 * Used by --deny, by `deny` and `forbid` of the settings and by `permissions
 * revoke`.  Such a word must be known and its value valid: a misspelt ban
 * would be no ban.
 */
#ifndef HOLDALL_PATTERN_H
#define HOLDALL_PATTERN_H

#include <stdbool.h>

#include "manifests/words.h"
#include "runtime/err.h"

struct pattern {
	enum perm_word word;
	char *value;			/* canonical, or NULL: every value */
};

#define PATTERN_INIT ((struct pattern){ .value = NULL })
void pattern_free(struct pattern *p);
#define CLEANUP_PATTERN CLEANUP(pattern_free)

int pattern_parse(const char *text, struct pattern *ret, struct err *err);
int pattern_make(const char *word, const char *value, struct pattern *ret,
		 struct err *err);
bool pattern_matches(const struct pattern *p, const struct permission *perm);

/* Takes what matches out of the set; how many there were. */
size_t pattern_remove(const struct pattern *p, struct perms *set);

#endif
