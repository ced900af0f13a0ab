/*
 * display_wire_fuzz.c - display servers that answer anything
 *
 * The first byte chooses who is asked: an X server for its opening, the SECURITY
 * extension for a cookie, a Wayland compositor for a context.  What is found must
 * lie within its bounds.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher/wayland_context.h"
#include "launcher/x11_wire.h"

#define ANSWER_MAX 60000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(int fd, unsigned who)
{
	struct x11_conn x = { .fd = fd };
	struct wayland_context w = WAYLAND_CONTEXT_INIT;
	struct x11_cookie cookie = { 0 };
	struct err err = { 0 };

	switch (who % 3) {
	case 0:
		if (x11_read_setup(&x, 0, &err) < 0 && !err.num)
			abort();
		break;
	case 1:
		if (x11_untrusted_cookie(&x, 1, &cookie, &err) == 0 &&
		    (!cookie.len || cookie.len > X11_COOKIE_MAX))
			abort();
		break;
	default:
		w.connection = w.ended = fd;
		w.manager = 1;
		w.app_id = "org.example.App";
		if (wayland_context_commit(&w, fd, &err) < 0 && !err.num)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size < 1 || size > ANSWER_MAX ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	if (send(pair[1], data + 1, size - 1, MSG_DONTWAIT) ==
	    (ssize_t)(size - 1)) {
		(void)shutdown(pair[1], SHUT_WR);
		ask(pair[0], data[0]);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
