/*
 * x11_name.h - what $DISPLAY says
 */
#ifndef HOLDALL_X11_NAME_H
#define HOLDALL_X11_NAME_H

#include <stdbool.h>

#include "runtime/err.h"

#define X11_SOCKETS "/tmp/.X11-unix"
#define X11_NUMBER_MAX 65535u
#define X11_HOST_MAX 255

struct x11_name {
	char host[X11_HOST_MAX + 1];	/* "" for a server on this computer */
	unsigned number;
	unsigned screen;
};

/* ":0", ":0.1", "unix:0" (this computer), "host:10.0" (through the network).
 * Anything else is an error that names the variable. */
int x11_name_parse(const char *text, struct x11_name *ret, struct err *err);

/* "X0", the socket's name in X11_SOCKETS. */
#define X11_SOCKET_NAME_MAX 16
const char *x11_socket_name(unsigned number, char *space);

#endif
