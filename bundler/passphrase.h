/*
 * passphrase.h - asking a person for a passphrase
 *
 * On the controlling terminal, without showing it; where there is none, one line
 * of standard input, so that scripts can give it.  The caller wipes and frees
 * (CLEANUP_PASSPHRASE).
 */
#ifndef HOLDALL_PASSPHRASE_H
#define HOLDALL_PASSPHRASE_H

#include "bundler/notes.h"
#include "runtime/err.h"

#define PASSPHRASE_MAX 1023u

void passphrase_free(char **p);
#define CLEANUP_PASSPHRASE CLEANUP(passphrase_free)

/* -EINTR when `notes` wants an end; the terminal is as before in any case. */
int passphrase_read(const char *prompt, const struct notes *notes,
		    char **ret, struct err *err);

#endif
