/*
 * signatures.h - the signatures of a bundle, as texts
 *
 * Each is a minisign signature file of four lines.  This version shows them and
 * hands them out; it does not check them.
 */
#ifndef HOLDALL_SIGNATURES_H
#define HOLDALL_SIGNATURES_H

#include "runtime/bundle.h"
#include "runtime/err.h"
#include "runtime/text.h"

#define SIGNATURE_COMMENT_MAX 512

/* One item per signature.  Something else in their place is an error. */
int signatures_read(const struct bundle *b, struct strlist *ret,
		    struct err *err);

/* The trusted comment's text, cut to the space. */
const char *signature_comment(const char *signature, char *space,
			      size_t size);

#endif
