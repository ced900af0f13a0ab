/*
 * rules.h - what comes along with a file (bundler/rules/files.rules)
 */
#ifndef HOLDALL_RULES_H
#define HOLDALL_RULES_H

#include <stddef.h>

#include "runtime/text.h"

enum rule_action { RULE_ADD, RULE_SKIP, RULE_LIB };

struct rule_line {
	enum rule_action action;
	char *text;			/* may hold %1 */
};

struct rule {
	char *pattern;
	struct rule_line *lines;
	size_t n_lines;
};

struct rules {
	struct rule *v;
	size_t n;
};

void rules_free(struct rules *r);
#define CLEANUP_RULES CLEANUP(rules_free)

/* `name` is for messages, which name the line. */
int rules_read(const char *name, const char *text, size_t len,
	       struct rules *ret, struct err *err);

/* Does `path` (absolute) match?  Then *ret_star is what the star stood for, in a
 * fresh string ("" without a star); NULL when memory ends. */
bool rule_match(const struct rule *r, const char *path, char **ret_star);

/* The text with %1 replaced, fresh or NULL. */
char *rule_text(const struct rule_line *l, const char *star);

#endif
