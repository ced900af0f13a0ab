/*
 * x11_auth_fuzz.c - hostile Xauthority files: no crash, and a cookie that is found
 * is found again in what we write
 */
#include <stdint.h>
#include <string.h>

#include "launcher/x11_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct x11_name name = { .host = "", .number = 1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct x11_cookie found, again;

	x11_auth_find(data, size, &name, "here", &found);
	if (!found.len)
		return 0;
	if (found.len > X11_COOKIE_MAX)
		abort();
	x11_auth_write(&out, 99, &found);
	x11_auth_find(out.data, out.len, &name, "there", &again);
	if (again.len)
		abort();	/* another display's */
	x11_auth_find(out.data, out.len,
		      &(struct x11_name){ .number = 99 }, "there", &again);
	if (again.len != found.len ||
	    memcmp(again.data, found.data, found.len) != 0)
		abort();
	return 0;
}
