/*
 * x11_auth.h - the caller's X11 cookie: found in an Xauthority file, written anew
 *
 * The app gets a file with one entry that fits any host name (FamilyWild), for
 * the sandbox has a host name of its own.  Nothing else of the caller's file gets
 * in: it holds the keys to every display the user has been on.
 */
#ifndef HOLDALL_X11_AUTH_H
#define HOLDALL_X11_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "launcher/x11_name.h"
#include "runtime/buf.h"

#define X11_COOKIE_NAME "MIT-MAGIC-COOKIE-1"
#define X11_COOKIE_MAX 256

struct x11_cookie {
	size_t len;			/* 0: none */
	unsigned char data[X11_COOKIE_MAX];
};

/*
 * The cookie for `name` in an Xauthority file's bytes.  In this order: an entry of
 * this computer (`hostname`) or of any, one of another name of this computer (the
 * host name has changed since), each for the display's number or without one.
 * Only MIT-MAGIC-COOKIE-1.  A damaged file ends at its first damage.  No entry is
 * no failure: ret->len is 0 then.
 */
void x11_auth_find(const void *data, size_t len, const struct x11_name *name,
		   const char *hostname, struct x11_cookie *ret);

/* Reads $XAUTHORITY, else $HOME/.Xauthority.  No such file is no failure (a
 * server without cookies), any other is. */
int x11_auth_read(const char *home, const struct x11_name *name,
		  struct x11_cookie *ret, struct err *err);

/* Appends a whole file with the one entry for display `number`. */
void x11_auth_write(struct buf *out, unsigned number,
		    const struct x11_cookie *cookie);

#endif
