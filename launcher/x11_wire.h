/*
 * x11_wire.h - a client of the X11 core protocol, as small as we need one
 *
 * For three things: is the display there and does it take our cookie, a cookie of
 * less trust (SECURITY extension), and a window with a few lines of text when
 * there is nothing else to show an error with.  Blocking calls end at a deadline
 * of their own; the server is believed in nothing that could make us read or
 * allocate without a limit.
 */
#ifndef HOLDALL_X11_WIRE_H
#define HOLDALL_X11_WIRE_H

#include <stdint.h>

#include "launcher/x11_auth.h"
#include "launcher/x11_name.h"

/* How long a server may take for an answer. */
#define X11_WAIT_MS 300

struct x11_conn {
	int fd;
	uint32_t id_base, id_mask;	/* for resources of ours */
	uint32_t root, root_visual, black, white;
	unsigned width, height;		/* of the screen */
};

#define X11_CONN_INIT ((struct x11_conn){ .fd = -1 })
void x11_close(struct x11_conn *c);
#define CLEANUP_X11 CLEANUP(x11_close)

/* connect(2) to the display's socket in the file system, else to its abstract
 * name.  -ENOENT: neither is there; -ECONNREFUSED: nobody listens. */
int x11_connect(const struct x11_name *name, int *ret_fd);

/* The opening of a connection in its two halves, so that the server can think
 * while we do something else. */
int x11_send_setup(int fd, const struct x11_cookie *cookie);
int x11_read_setup(struct x11_conn *c, int wait_ms, struct err *err);

/* Both, and the connect. */
int x11_open(const struct x11_name *name, const struct x11_cookie *cookie,
	     struct x11_conn *ret, struct err *err);

/* A cookie for clients that are kept apart from the others.  The server forgets
 * it `timeout_s` after its last client has gone. */
int x11_untrusted_cookie(struct x11_conn *c, unsigned timeout_s,
			 struct x11_cookie *ret, struct err *err);

/* ---- for x11_window.c ---- */

/* One request: `head` with length field filled in, padded to four bytes. */
struct x11_request {
	size_t len;
	unsigned char data[1024];
};
void x11_put8(struct x11_request *r, unsigned v);
void x11_put16(struct x11_request *r, unsigned v);
void x11_put32(struct x11_request *r, uint32_t v);
void x11_put_bytes(struct x11_request *r, const void *data, size_t len);
int x11_send(struct x11_conn *c, struct x11_request *r);

#endif
