/*
 * wayland_context.h - a socket of less trust, made by the compositor
 *
 * With wp_security_context_v1 a compositor listens on a socket of ours and knows that
 * whoever comes through it is a sandboxed app: it does not offer such clients what
 * would let them take pictures of the screen, read the clipboard or type.
 */
#ifndef HOLDALL_WAYLAND_CONTEXT_H
#define HOLDALL_WAYLAND_CONTEXT_H

#include <stdint.h>

#include "runtime/err.h"

struct wayland_context {
	int connection;		/* to the compositor */
	int ended;		/* reading end of a pipe, for the compositor */
	int alive;		/* its writing end: closed, it stops listening */
	uint32_t manager;	/* the protocol's name there; 0: it has none */
	const char *app_id;	/* borrowed */
	char instance[33];
};

#define WAYLAND_CONTEXT_INIT \
	((struct wayland_context){ .connection = -1, .ended = -1, \
				   .alive = -1 })
void wayland_context_free(struct wayland_context *c);

/* Asks the compositor that listens at `path`.  1: it can; 0: it has no such
 * protocol; or an error. */
int wayland_context_find(const char *path, const char *app_id,
			 struct wayland_context *ret, struct err *err);

/* Gives it the listening socket.  An error is one for good: the compositor's plain
 * socket must not be used instead. */
int wayland_context_commit(const struct wayland_context *c, int listener,
			   struct err *err);

#endif
