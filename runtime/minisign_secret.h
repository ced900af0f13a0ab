/*
 * minisign_secret.h - secret keys in minisign's file form, and signing
 *
 * Only programs of packagers link this.  A struct minisign_secret is wiped when
 * it is freed, and so is every buffer of this file that held one; the caller's
 * text and password are the caller's to wipe (minisign_wipe).
 */
#ifndef HOLDALL_MINISIGN_SECRET_H
#define HOLDALL_MINISIGN_SECRET_H

#include "runtime/minisign.h"

struct minisign_secret {
	uint8_t id[MINISIGN_ID_SIZE];
	uint8_t key[64];		/* Ed25519: seed and public key */
};

void minisign_wipe(void *data, size_t len);
void minisign_secret_free(struct minisign_secret *s);
#define CLEANUP_SECRET CLEANUP(minisign_secret_free)

/* A fresh key pair with a random id. */
int minisign_secret_new(struct minisign_secret *ret, struct err *err);
void minisign_secret_public(const struct minisign_secret *s,
			    struct minisign_key *ret);

/* scrypt's cost, as libsodium counts it.  minisign's takes 1 GiB of memory and
 * some seconds. */
struct minisign_cost {
	uint64_t operations, memory;
};
extern const struct minisign_cost minisign_cost;

/* Is the file encrypted?  1, 0, or -EBADMSG: it is no secret key. */
int minisign_secret_is_encrypted(const char *text, size_t len,
				 struct err *err);
/* `password` NULL: for a file that is not encrypted.  -EKEYREJECTED: another
 * password; -ENOKEY: it needs one. */
int minisign_secret_parse(const char *text, size_t len, const char *password,
			  struct minisign_secret *ret, struct err *err);
/* `password` NULL: not encrypted (`cost` is not used then).  The buffer holds a
 * secret afterwards. */
int minisign_secret_format(const struct minisign_secret *s,
			   const char *password,
			   const struct minisign_cost *cost, struct buf *out,
			   struct err *err);

/* Appends a signature of the prehashed form.  The same input, the same bytes. */
int minisign_sign(const struct minisign_secret *s, const void *data,
		  size_t len, const char *untrusted, const char *trusted,
		  struct buf *out, struct err *err);

#endif
