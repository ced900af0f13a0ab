/*
 * signatures.c - cutting the signatures' place into texts (see signatures.h)
 */
#include "launcher/signatures.h"
#include "launcher/quoted.h"

#include <errno.h>
#include <string.h>

#include "runtime/fd.h"

#define SIGNATURE_LINES 4
#define TRUSTED "trusted comment: "

/* The length of the four lines at `p`, or 0. */
static size_t one_length(const char *p, const char *end)
{
	const char *start = p;

	for (int i = 0; i < SIGNATURE_LINES; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl)
			return 0;
		p = nl + 1;
	}
	return (size_t)(p - start);
}

static int cut(const char *text, size_t len, struct strlist *ret,
	       struct err *err)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		size_t n = one_length(p, end);
		char *one;

		if (!n || ret->n == LAYOUT_SIGNATURES_MAX ||
		    memchr(p, '\0', n))
			return err_set(err, EBADMSG, "the signatures are not "
				       "in minisign's form");
		one = strndup(p, n);
		if (!one || strlist_add_steal(ret, one) < 0)
			return err_nomem(err);
		p += n;
	}
	return 0;
}

int signatures_read(const struct bundle *b, struct strlist *ret,
		    struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	CLEANUP_FREE char *text = NULL;
	struct quoted q;
	int r;

	/* The trailer's check has bounded the size to 64 KiB. */
	text = malloc((size_t)b->signatures_size + 1);
	if (!text)
		return err_nomem(err);
	r = fd_pread_all(b->fd, text, (size_t)b->signatures_size,
			 b->signatures_start);
	if (r < 0)
		return err_sys(err, -r, "%s: cannot read the signatures",
			       quote(&q, b->name));
	r = cut(text, (size_t)b->signatures_size, &l, err);
	if (r < 0)
		return err_prefix(err, "%s", quote(&q, b->name));
	*ret = l;
	l = (struct strlist){ 0 };
	return 0;
}

const char *signature_comment(const char *signature, char *space, size_t size)
{
	const char *p = strstr(signature, "\n" TRUSTED);

	p = p ? p + strlen("\n" TRUSTED) : "";
	(void)snprintf(space, size, "%.*s", (int)strcspn(p, "\n"), p);
	return space;
}
