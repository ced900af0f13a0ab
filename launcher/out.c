/*
 * out.c - text to standard output (see out.h)
 */
#include "launcher/out.h"

#include "runtime/fd.h"

int out_write(const void *data, size_t len, struct err *err)
{
	int r = fd_write_all(STDOUT_FILENO, data, len);

	return r < 0 ? err_sys(err, -r, "cannot write to standard output") : 0;
}

int out_buf(const struct buf *b, struct err *err)
{
	int r = buf_check(b, err);

	return r < 0 ? r : out_write(buf_text(b), b->len, err);
}
