/*
 * keyring.h - lists of public keys in files of ours
 *
 * One form for two uses, lines `key=<public key> <text>` (text.h, lax):
 *
 *	pins	$XDG_DATA_HOME/holdall/<app id>/keys: the keys that have signed
 *		this app, oldest first; the text is the origin that each
 *		continues.
 *	trusted	/etc/holdall/keys (the site), $XDG_CONFIG_HOME/holdall/keys (the
 *		user): keys trusted for every app; the text is a name for people.
 *
 *	removed	in the file of an app, lines `removed=<public key>`: keys that its
 *		user took from it.  Nothing but the user's own word brings one back:
 *		neither that it is the first, nor an old bundle whose rotation
 *		record names it.
 *
 * A line `key=` or `removed=` that cannot be read is an error: with it a pin would
 * be lost, and another key taken for the first.  Lines of other names are for a
 * newer holdall; they are kept when a file is written again.
 */
#ifndef HOLDALL_KEYRING_H
#define HOLDALL_KEYRING_H

#include <stdbool.h>

#include "runtime/err.h"
#include "runtime/minisign.h"
#include "runtime/text.h"

#define KEYRING_SITE "/etc/holdall/keys"
#define KEYRING_MAX 256u
#define KEYRING_TEXT_MAX 255u

struct keyring_entry {
	struct minisign_key key;
	char *text;			/* may be empty */
};

struct keyring {
	struct keyring_entry v[KEYRING_MAX];
	unsigned n;
	struct minisign_key removed[KEYRING_MAX];
	unsigned n_removed;
	struct strlist others;		/* lines of a newer holdall */
};

void keyring_free(struct keyring *k);
#define CLEANUP_KEYRING CLEANUP(keyring_free)

int keyring_parse(const char *text, size_t len, struct keyring *ret,
		  struct err *err);
int keyring_format(const struct keyring *k, struct buf *out,
		   struct err *err);

/* NULL: not there. */
const struct keyring_entry *keyring_find(const struct keyring *k,
					 const struct minisign_key *key);
/* A key that is there gets the new text and keeps its place. */
int keyring_put(struct keyring *k, const struct minisign_key *key,
		const char *text, struct err *err);
bool keyring_remove(struct keyring *k, const struct minisign_key *key);
bool keyring_is_removed(const struct keyring *k,
			const struct minisign_key *key);

/* Missing files are empty lists. */
int keyring_read_pins(const char *id, struct keyring *ret, struct err *err);
int keyring_read_site(struct keyring *ret, struct err *err);
int keyring_read_user(struct keyring *ret, struct err *err);

/* Changes a file under its lock.  `id` NULL: the user's trusted keys.  `text`
 * NULL removes (of an app: for good); -ENOENT if the key is not there. */
int keyring_change(const char *id, const struct minisign_key *key,
		   const char *text, struct err *err);

/* Pins a key for an app unless it is there already or was removed, or the app has
 * pins and `first` is asked for. */
int keyring_pin(const char *id, const struct minisign_key *key,
		const char *origin, bool first, struct err *err);

#endif
