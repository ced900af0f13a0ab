/*
 * wayland.c - finding the Wayland socket (see wayland.h)
 *
 * Both variables are the user's own and trusted; the socket may be a link (so it is
 * where Windows runs the compositor).  Connecting is all that is done: the
 * compositor learns nothing and sends nothing until it is asked.
 */
#include "launcher/wayland.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher/host.h"
#include "launcher/quoted.h"
#include "runtime/path.h"

static int socket_path(char **ret, struct err *err)
{
	const char *name = getenv("WAYLAND_DISPLAY");
	CLEANUP_FREE char *dir = NULL;
	struct quoted q;
	int r;

	if (!name || !*name)
		name = "wayland-0";
	if (name[0] == '/') {
		*ret = path_normalise(name);
		return *ret ? 0 : err_nomem(err);
	}
	if (!path_is_clean(name, false))
		return err_set(err, EINVAL, "WAYLAND_DISPLAY is %s, which is "
			       "neither a name nor an absolute path",
			       quote(&q, name));
	r = host_runtime_dir(&dir, err);
	if (r < 0)
		return r;
	if (!dir)
		return err_set(err, ENOENT, "there is no Wayland display: "
			       "XDG_RUNTIME_DIR is no folder of yours alone");
	*ret = path_join(dir, name);
	return *ret ? 0 : err_nomem(err);
}

int wayland_connect(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = -1;
	size_t n = strlen(path);

	if (n >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, n + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	return steal_fd(&fd);
}

int wayland_find(char **ret_path, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FD int fd = -1;
	struct quoted q;
	int r = socket_path(&path, err);

	if (r < 0)
		return r;
	r = fd = wayland_connect(path);
	/* Full queue: somebody is there, and busy. */
	if (r >= 0 || r == -EAGAIN) {
		*ret_path = steal_ptr(&path);
		return 0;
	}
	if (r == -ECONNREFUSED)
		return err_set(err, ECONNREFUSED, "the Wayland display is "
			       "dead: nobody listens on %s", quote(&q, path));
	return err_sys(err, -r, "no Wayland display at %s", quote(&q, path));
}
