/*
 * image_path.c - a path of the image as people write it (see image_path.h)
 *
 * ".." is left to the reader, which knows the links; only what leads out of the
 * image in the text already is refused here.
 */
#include "launcher/image_path.h"

#include <errno.h>
#include <string.h>

#include "runtime/buf.h"
#include "runtime/text.h"

int image_path(const char *operand, char **ret, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char quoted[256];
	long depth = 0;

	for (const char *p = operand; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			depth--;
		else if (n && !(n == 1 && p[0] == '.'))
			depth++;
		if (depth < 0)
			return err_set(err, EINVAL, "%s leads out of the image",
				       text_quoted(quoted, sizeof(quoted),
						   operand));
		if (n && !(n == 1 && p[0] == '.')) {
			if (out.len)
				buf_addc(&out, '/');
			buf_add(&out, p, n);
		}
		p += n;
		p += strspn(p, "/");
	}
	if (buf_check(&out, err) < 0)
		return -err->num;
	*ret = buf_steal(&out);
	return *ret ? 0 : err_nomem(err);
}
