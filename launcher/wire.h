/*
 * wire.h - sockets of display servers, with a deadline
 */
#ifndef HOLDALL_WIRE_H
#define HOLDALL_WIRE_H

#include <stddef.h>

/* Reads exactly n bytes before wait_ms are over: 0, -ETIMEDOUT, -ECONNRESET (the
 * end came before), another negative errno. */
int wire_read(int fd, void *data, size_t n, int wait_ms);

/* Writes it all at once, or fails. */
int wire_send(int fd, const void *data, size_t len);

#endif
