/*
 * sign.h - the verbs sign and restub
 *
 * Both write a new file beside the old one and put it in its place in one step;
 * mode and everything that is not asked for stay.  A running bundle goes on
 * with its old file.
 */
#ifndef HOLDALL_SIGN_H
#define HOLDALL_SIGN_H

#include "bundler/notes.h"
#include "runtime/bundle.h"
#include "runtime/minisign_secret.h"

struct sign_options {
	const char *bundle;
	const char *key;		/* a secret key; with `signature` public */
	const char *next;		/* a public key: a rotation record */
	const char *signature;		/* minisign's, instead of a new one */
};

int sign_run(const struct sign_options *o, const struct notes *notes,
	     struct minisign_key *ret, struct err *err);

/* For pack: signs a bundle in its own file, which nobody else has yet. */
int sign_in_place(int fd, const char *name,
		  const struct minisign_secret *secret, struct err *err);

int restub_run(const char *bundle, int stub_fd, struct err *err);

#endif
