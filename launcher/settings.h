/*
 * settings.h - what site and user have said beforehand
 *
 * Two files of one grammar: /etc/holdall/settings (the site) and
 * $XDG_CONFIG_HOME/holdall/settings (the user).  Keys are in decide.h.  Only the
 * lines that concern one app id are kept: those without an APPID and those
 * with this one.
 *
 * The site's path is a constant: no variable of the environment can point an
 * app's start at other settings.  Tests bind a file over it.
 */
#ifndef HOLDALL_SETTINGS_H
#define HOLDALL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "launcher/pattern.h"
#include "manifests/words.h"
#include "runtime/err.h"
#include "runtime/text.h"

#define SETTINGS_SITE "/etc/holdall/settings"
#define SETTINGS_MAX ((size_t)256 << 10)
#define SETTINGS_RULES_MAX 1024

enum rule_action { RULE_GRANT, RULE_DENY, RULE_FORBID };

struct rule {
	enum rule_action action;
	bool for_app;			/* named this app id, not all */
	struct pattern pattern;		/* GRANT: always with a value */
};

struct settings {
	struct rule *rules;		/* in the order of the file */
	size_t n_rules;
	bool refuse_unsigned;
	struct strlist notes;		/* what was ignored, one line each */
};

void settings_free(struct settings *s);
#define CLEANUP_SETTINGS CLEANUP(settings_free)

/* `site`: forbid is allowed.  `file` names the text in messages. */
int settings_parse(const char *text, size_t len, const char *file, bool site,
		   const char *id, struct settings *ret, struct err *err);

/* The two files; a missing one has no rules. */
int settings_read_site(const char *id, struct settings *ret, struct err *err);
int settings_read_user(const char *id, struct settings *ret, struct err *err);

#endif
