/*
 * quoted.h - a name from outside inside a message
 *
 * A message is one line: a newline in a name must not make it two.  Usage:
 *	struct quoted q;
 *	err_set(err, ENOENT, "%s is not there", quote(&q, path));
 */
#ifndef HOLDALL_QUOTED_H
#define HOLDALL_QUOTED_H

#include "runtime/text.h"

struct quoted {
	char text[256];
};

static inline const char *quote(struct quoted *q, const char *s)
{
	return text_quoted(q->text, sizeof(q->text), s);
}

#endif
