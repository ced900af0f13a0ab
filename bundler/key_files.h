/*
 * key_files.h - the files of a key pair: reading, and the verb keygen
 *
 * Both are minisign's.  The secret file is made with mode 0600 and never
 * replaced: a lost secret key is a lost origin.
 */
#ifndef HOLDALL_KEY_FILES_H
#define HOLDALL_KEY_FILES_H

#include <stdbool.h>

#include "bundler/notes.h"
#include "runtime/minisign_secret.h"

/* Asks for the passphrase if the file is encrypted. */
int key_file_secret(const char *path, const struct notes *notes,
		    struct minisign_secret *ret, struct err *err);
int key_file_public(const char *path, struct minisign_key *ret,
		    struct err *err);

/* Writes NAME.key and NAME.pub.  `passphrase` NULL: not encrypted. */
int key_files_make(const char *name, const char *passphrase,
		   const struct minisign_cost *cost,
		   struct minisign_key *ret, struct err *err);

/* keygen: asks for a passphrase twice, unless `plain`. */
int keygen_run(const char *name, bool plain, const struct notes *notes,
	       struct minisign_key *ret, struct err *err);

#endif
