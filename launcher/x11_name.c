/*
 * x11_name.c - $DISPLAY (see x11_name.h)
 *
 * The forms of Xlib that are in use: [host]:number[.screen], where the host
 * "unix" means none.  A DISPLAY that is the path of a socket (macOS) has no
 * meaning on Linux.
 */
#include "launcher/x11_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "launcher/quoted.h"

/* Digits up to `end`, at most X11_NUMBER_MAX. */
static bool read_number(const char *s, const char *end, unsigned *ret)
{
	uint64_t n;

	if (text_read_u64(s, (size_t)(end - s), &n) < 0 || n > X11_NUMBER_MAX)
		return false;
	*ret = (unsigned)n;
	return true;
}

int x11_name_parse(const char *text, struct x11_name *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	const char *end = text + strlen(text);
	const char *dot = colon ? strchr(colon, '.') : NULL;
	struct x11_name n = { .host = "" };
	size_t host_len = colon ? (size_t)(colon - text) : 0;
	struct quoted q;

	if (!colon || host_len > X11_HOST_MAX || strchr(text, '/') ||
	    !read_number(colon + 1, dot ? dot : end, &n.number) ||
	    (dot && !read_number(dot + 1, end, &n.screen)))
		return err_set(err, EINVAL, "DISPLAY is %s, which names no X11 "
			       "display; a name looks like :0",
			       quote(&q, text));
	if (host_len != 4 || strncmp(text, "unix", 4) != 0)
		memcpy(n.host, text, host_len);
	*ret = n;
	return 0;
}

const char *x11_socket_name(unsigned number, char *space)
{
	(void)snprintf(space, X11_SOCKET_NAME_MAX, "X%u", number);
	return space;
}
