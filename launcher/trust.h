/*
 * trust.h - whose bundle is this: signatures, pinned and trusted keys, origin
 *
 * A key that is seen for the first time is pinned for the app id; from then on
 * that key (or one that it names as its next, or one that the user adds) is the
 * app.  A bundle of another key, or of none, has an origin of its own: an empty
 * home and no permissions.
 *
 * A bundle with a signature that does not verify is refused by every function
 * here, never treated as unsigned.  Nothing is mounted, and nothing of the image
 * read, before.
 */
#ifndef HOLDALL_TRUST_H
#define HOLDALL_TRUST_H

#include <stdbool.h>

#include "launcher/keyring.h"
#include "runtime/bundle.h"
#include "runtime/signature.h"

enum trust_level {
	TRUST_UNSIGNED,
	TRUST_UNCHECKED,	/* signed, but nobody here has a key for it */
	TRUST_UNKNOWN,		/* good, by a key that is new here */
	TRUST_KNOWN,		/* good, by a key pinned for the app or (as far as
				 * TRUST_WHOLE looks) trusted for all */
};

/* What is to be said of one signature. */
struct trust_signature {
	bool checked;
	struct minisign_key key;	/* if checked */
	bool pinned, trusted;
	bool removed;			/* the user took it from this app */
};

struct trust {
	enum trust_level level;
	struct signature_list list;
	struct trust_signature each[LAYOUT_SIGNATURES_MAX];
	unsigned which;			/* the one that decides, if checked */
	bool next_settled;		/* no rotation record to be followed */
	char *origin;			/* NULL: unsigned, unchecked */
	bool removed;			/* the key that decides was */
	/* The app id is another key's: `before` is it, and `before_origin`. */
	bool other;
	struct minisign_key before;
	char *before_origin;
};

void trust_free(struct trust *t);
#define CLEANUP_TRUST CLEANUP(trust_free)

/* How much is checked. */
enum trust_depth {
	TRUST_START,	/* the signature that decides, over the seal */
	TRUST_WHOLE,	/* every signature, and its trusted comment */
};

/* -EBADMSG: a signature is bad.  A signature that cannot be checked for want of
 * its key is no error here. */
int trust_of(const struct bundle *b, const char *id, enum trust_depth depth,
	     struct trust *ret, struct err *err);

/* For whoever acts on the bundle: -ENOKEY for one that is not checked,
 * -EKEYREVOKED for one whose key was removed from the app's. */
int trust_require(const struct trust *t, const char *id, const char *name,
		  struct err *err);

/* Keeps what was seen: the first key of an app, and the next key that a pinned
 * one names.  Called when the app's state is made. */
int trust_remember(const struct trust *t, const char *id, struct err *err);

/* Fresh sentence for a bundle of another origin than before, with the words that
 * accept it; NULL in *ret when there is nothing to say. */
int trust_warning(const struct trust *t, const char *id, char **ret,
		  struct err *err);

#endif
