/*
 * minisign.h - public keys and signatures in minisign's text form
 *
 * docs/format.md 5 describes every byte.  Texts come from outside: each parser
 * accepts one spelling only (format(parse(x)) == x, but for the comments of key
 * files) and checks everything once, so that a value of these types is sound.
 *
 * The 8 bytes of a key id are a hint, for anyone can choose them.  Keys are
 * equal when their 32 bytes are.
 *
 * Ed25519 is libsodium's; it refuses keys of small order and signatures that
 * are not reduced.  One verification takes 55 us.
 */
#ifndef HOLDALL_MINISIGN_H
#define HOLDALL_MINISIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/err.h"

#define MINISIGN_ID_SIZE 8u
#define MINISIGN_KEY_SIZE 32u
#define MINISIGN_SIGNATURE_SIZE 64u
#define MINISIGN_KEY_TEXT 56u		/* characters of a public key */
#define MINISIGN_FINGERPRINT 16u	/* hex digits */
/* minisign's own limits, less the NUL and the newline that it counts. */
#define MINISIGN_COMMENT_LINE_MAX 1023u
#define MINISIGN_TRUSTED_LINE_MAX 8191u
#define MINISIGN_UNTRUSTED "untrusted comment: "
#define MINISIGN_TRUSTED "trusted comment: "

struct minisign_key {
	uint8_t id[MINISIGN_ID_SIZE];
	uint8_t key[MINISIGN_KEY_SIZE];
};

bool minisign_key_equal(const struct minisign_key *a,
			const struct minisign_key *b);

/* Exactly the 56 characters. */
int minisign_key_parse(const char *text, size_t len,
		       struct minisign_key *ret, struct err *err);
/* What a person has: the characters, or a key file with its comment line. */
int minisign_key_parse_file(const char *text, size_t len,
			    struct minisign_key *ret, struct err *err);
void minisign_key_format(const struct minisign_key *key,
			 char ret[MINISIGN_KEY_TEXT + 1]);
/* A public key file, as minisign writes it. */
void minisign_key_format_file(const struct minisign_key *key, struct buf *out);

/* The first 16 hex digits of BLAKE2b-256 of the 32 bytes: a name for people and
 * of directories; what decides is always the whole key. */
void minisign_key_fingerprint(const struct minisign_key *key,
			      char ret[MINISIGN_FINGERPRINT + 1]);
/* minisign's way of showing a key id: 16 digits, the last byte first. */
void minisign_id_show(const uint8_t id[MINISIGN_ID_SIZE], char ret[17]);

struct minisign_signature {
	bool prehashed;			/* ED, else Ed */
	uint8_t id[MINISIGN_ID_SIZE];
	uint8_t signature[MINISIGN_SIGNATURE_SIZE];
	uint8_t global[MINISIGN_SIGNATURE_SIZE];
	/* Into the text that was parsed, without the words in front. */
	const char *untrusted, *trusted;
	size_t untrusted_len, trusted_len;
};

/* One signature at the start of the text; `ret_used`: bytes of its four lines. */
int minisign_signature_parse(const char *text, size_t len,
			     struct minisign_signature *ret,
			     size_t *ret_used, struct err *err);
void minisign_signature_format(const struct minisign_signature *s,
			       struct buf *out);

/* Was line 2 made by this key over these bytes?  Needs no key id. */
bool minisign_verify(const struct minisign_signature *s,
		     const struct minisign_key *key, const void *data,
		     size_t len);
/* And the trusted comment?  Only of a signature that minisign_verify accepts. */
bool minisign_verify_comment(const struct minisign_signature *s,
			     const struct minisign_key *key);

#define MINISIGN_PREHASH_SIZE 64u
void minisign_prehash(const void *data, size_t len,
		      uint8_t ret[MINISIGN_PREHASH_SIZE]);
/* What the global signature covers: signature and trusted comment. */
int minisign_global_bytes(const struct minisign_signature *s,
			  struct buf *out);

/* Is this the text of a comment: UTF-8, no control character but the tab? */
bool minisign_is_comment(const char *text, size_t len);

/* Strict base64 of exactly `size` bytes. */
int minisign_unbase64(const char *text, size_t len, uint8_t *ret,
		      size_t size);
void minisign_base64(const uint8_t *data, size_t size, struct buf *out);

#endif
