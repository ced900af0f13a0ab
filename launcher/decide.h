/*
 * decide.h - from requests to granted permissions
 *
 * Layers: manifest < site (/etc/holdall/settings) < user
 * ($XDG_CONFIG_HOME/holdall/settings) < kept grants < command line.  What a
 * manifest asks is a request: harmless ones are granted, any other needs one
 * yes: from a layer, from the command line, or on the terminal (kept then).
 * The site's `forbid` is final.  With nobody to ask a request is denied and the
 * line that grants it is printed as a note.
 *
 * Settings grammar (lax lines of text.h), keys:
 *	[APPID.]grant.WORD=VALUE	yes beforehand; without APPID it answers
 *					requests and adds nothing
 *	[APPID.]deny.WORD=VALUE|*	no (a later layer may grant again)
 *	[APPID.]forbid.WORD=VALUE|*	site only: final
 *	[APPID.]limit.WORD=VALUE	read and checked; effect: not yet
 *	unsigned=allow|refuse		see policy.h; decided before all this
 * An unknown word that grants is ignored and said; one that forbids, denies or
 * limits refuses the start.
 */
#ifndef HOLDALL_DECIDE_H
#define HOLDALL_DECIDE_H

#include <stdbool.h>

#include "launcher/cli.h"
#include "launcher/state.h"
#include "manifests/header.h"
#include "manifests/words.h"
#include "runtime/err.h"

enum layer { LAYER_DEFAULT, LAYER_MANIFEST, LAYER_SITE, LAYER_USER,
	     LAYER_KEPT, LAYER_COMMAND_LINE, LAYER_ANSWER };

struct decision_line {
	struct permission perm;
	bool granted;
	enum layer layer;		/* which one decided */
	bool requested;			/* by the manifest, or its default */
	bool once;			/* --permit that waits for a person */
	bool impossible;		/* a yes would be refused: nobody is asked */
};

struct decision {
	struct perms granted;
	/* Every request and whatever a layer gives beyond, and its fate. */
	struct decision_line *lines;
	size_t n_lines;
	struct strlist notes;		/* for stderr, one line each, no prefix */
};

void decision_free(struct decision *d);

#define CLEANUP_DECISION CLEANUP(decision_free)

/* A bundle of another key than the app's (state.other) gets nothing from lines
 * that name the app: they were meant for the other one.
 *
 * A bundle's own `--holdall run --permit` is only a wish where it widens the
 * sandbox: its words may come from a script that passes file names on, so a person is
 * asked, and the answer holds for this run.
 *
 * `may_ask`: a terminal is there and the verb may ask (not for --explain). */
int decide(const struct header *h, struct state *s, const struct options *o,
	   const char *bundle_name, bool may_ask, struct decision *ret,
	   struct err *err);

const char *layer_name(enum layer l);

#endif
