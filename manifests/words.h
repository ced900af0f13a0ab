/*
 * words.h - ONE table of manifest keys and permission words
 *
 * From this table come the YAML reader's checks, the header, the JSON Schema,
 * docs/manifest.md, the sentences that people are asked, and the risk class.
 * It holds no effects: what a permission word does is the launcher's, in a
 * table indexed by enum perm_word, where a word without an effect does not
 * compile.
 *
 * A permission is a pair (word, value text).  Manifest, header, settings,
 * grants and `--permit WORD=VALUE` all use the same text:
 *
 *	display=wayland | x11 | x11-fallback | x11-isolated
 *	sound=playback | record
 *	network=none | loopback | host | isolated
 *	gpu=true
 *	devices=gamepad | camera | usb
 *	files=PATH:ACCESS	PATH: cwd, xdg-documents (-download, -music, -pictures,
 *				-videos, -desktop, -templates, -publicshare), drives,
 *				~, ~/x, /abs; ACCESS: ro, rw, create
 *	bus-preset=notifications | tray | mpris
 *	bus-session-see|talk|own|call|broadcast=RULE
 *	bus-system-see|talk|own|call|broadcast=RULE
 *	portals=true
 *	sockets=ssh-agent | gpg-agent | smartcard | printing
 *	extra=nested-sandbox | debug | multiarch
 */
#ifndef HOLDALL_WORDS_H
#define HOLDALL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/err.h"

enum perm_word {
	PERM_DISPLAY,
	PERM_SOUND,
	PERM_NETWORK,
	PERM_GPU,
	PERM_DEVICES,
	PERM_FILES,
	PERM_BUS_PRESET,
	PERM_BUS_SESSION_SEE,
	PERM_BUS_SESSION_TALK,
	PERM_BUS_SESSION_OWN,
	PERM_BUS_SESSION_CALL,
	PERM_BUS_SESSION_BROADCAST,
	PERM_BUS_SYSTEM_SEE,
	PERM_BUS_SYSTEM_TALK,
	PERM_BUS_SYSTEM_OWN,
	PERM_BUS_SYSTEM_CALL,
	PERM_BUS_SYSTEM_BROADCAST,
	PERM_PORTALS,
	PERM_SOCKETS,
	PERM_EXTRA,
	PERM_WORDS,			/* count */
};

enum perm_risk {
	RISK_HARMLESS,			/* granted without a question */
	RISK_ASK,			/* needs one answer from a person */
};

struct permission {
	enum perm_word word;
	char *value;			/* canonical value text, owned */
};

/* A set: sorted by (word, value), no duplicates. */
struct perms {
	struct permission *v;
	size_t n;
};

void perms_free(struct perms *p);
#define CLEANUP_PERMS CLEANUP(perms_free)

const char *perm_word_name(enum perm_word word);	/* "bus-session-talk" */

/* Parses "word=value" (as --permit takes it; "gpu" alone is gpu=true) or word
 * and value apart; checks
 * the value against the table; unknown words and values are -EINVAL with the
 * nearest right word in the message.  -EOPNOTSUPP is never used for "unknown". */
int perm_parse(const char *text, struct permission *ret, struct err *err);
int perm_make(const char *word, const char *value, struct permission *ret,
	      struct err *err);
void perm_free(struct permission *p);

/* Copies the value.  A word that holds one value (sound, network, gpu, portals)
 * replaces the value that was there: the last layer wins. */
int perms_add(struct perms *set, const struct permission *p, struct err *err);
bool perms_has(const struct perms *set, enum perm_word word,
	       const char *value);
/* The first with this word, or NULL: for words that hold one value. */
const struct permission *perms_find(const struct perms *set,
				    enum perm_word word);
void perms_remove(struct perms *set, enum perm_word word, const char *value);
int perms_copy(struct perms *ret, const struct perms *from, struct err *err);

enum perm_risk perm_risk(const struct permission *p);
/* One sentence for people, without the app's name: "read and change the files
 * in the current folder".  Into a buffer of the caller. */
const char *perm_sentence(const struct permission *p, char *space,
			  size_t size);

/* Splits a files value at its last colon. */
enum file_access { ACCESS_RO, ACCESS_RW, ACCESS_CREATE };
int perm_files_split(const char *value, char **ret_path,
		     enum file_access *ret_access, struct err *err);

#endif
