/*
 * wayland_row.c - the row that makes the app's Wayland socket
 *
 * The socket is bound in the new root, where the app will find it, and handed to the
 * compositor, which answers from then on whoever connects.  Nothing of it is on the
 * host, so nothing has to be removed.
 */
#include "launcher/executor_parts.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "launcher/wayland_context.h"

#define BACKLOG 128

int executor_wayland(struct executor *x, const struct row *row,
		     struct err *err)
{
	const struct wayland_context *c = &x->plan->display.context;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
				   SOCK_NONBLOCK, 0);
	int n = snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s",
			 x->root_fd, executor_rel(row->target));
	int r;

	if (n < 0 || (size_t)n >= sizeof(a.sun_path))
		return err_set(err, ENAMETOOLONG, "cannot make %s",
			       row->target);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_sys(err, errno, "cannot make the Wayland socket %s",
			       row->target);
	r = wayland_context_commit(c, fd, err);
	/* Nothing of this is for whoever lives in the sandbox. */
	(void)close(c->connection);
	(void)close(c->ended);
	return r;
}
