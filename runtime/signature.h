/*
 * signature.h - the signatures of a bundle
 *
 * The place between seal and trailer: up to 16 signatures of minisign's form,
 * one behind the other (docs/format.md 5).  A signature says nothing by itself:
 * this file answers which key it names and whether that key made it over these
 * bytes of seal.  Whether the key is anybody's is launcher/trust.h's question.
 *
 * After signature_list_parse: 1 to 16 signatures or none, each well-formed, and
 * the words of our own trusted comments understood.
 */
#ifndef HOLDALL_SIGNATURE_H
#define HOLDALL_SIGNATURE_H

#include <stdbool.h>

#include "runtime/bundle.h"
#include "runtime/layout.h"
#include "runtime/minisign.h"

struct signature {
	struct minisign_signature minisign;
	const char *text;		/* the four lines, in the list's text */
	size_t text_len;
	bool has_key, has_next;		/* carried by our trusted comment */
	struct minisign_key key;
	struct minisign_key next;	/* a rotation record */
};

struct signature_list {
	char *text;			/* owned */
	size_t len;
	struct signature v[LAYOUT_SIGNATURES_MAX];
	unsigned n;
};

void signature_list_free(struct signature_list *l);
#define CLEANUP_SIGNATURES CLEANUP(signature_list_free)

/* Copies the text.  -EBADMSG: not signatures, or a bad one among them. */
int signature_list_parse(const char *text, size_t len,
			 struct signature_list *ret, struct err *err);

/* Reads a bundle's, and checks that they are still those of its trailer. */
int signature_list_read(const struct bundle *b, struct signature_list *ret,
			struct err *err);

/* The text of our trusted comment.  `next` may be NULL. */
void signature_comment_format(const struct minisign_key *key,
			      const struct minisign_key *next,
			      struct buf *out);
#define SIGNATURE_UNTRUSTED "signature of a holdall bundle's seal"

#endif
