/*
 * verb_mount.c - mount: the image as a folder of the host
 *
 * The jailed image server serves the mount and outlives us: it ends when the
 * folder is unmounted.  Who may mount: root by mount(2); anybody else through
 * fusermount3, the setuid helper of libfuse, which opens /dev/fuse, mounts, and
 * sends the descriptor over the socket that _FUSE_COMMFD names.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "launcher/cli.h"
#include "launcher/out.h"
#include "launcher/quoted.h"
#include "manifests/header.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image.h"

#define MOUNT_TYPE "fuse.holdall"

/* How it was mounted, and so how it is unmounted. */
struct mounting {
	const char *dir;
	char fsname[320];
	bool by_root;
	const char *helper;		/* fusermount3 or fusermount */
};

/* ---- root ---- */

static int mount_as_root(struct mounting *m, struct image_owner owner,
			 int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[256];
	struct quoted q;

	if (fd < 0)
		return err_sys(err, errno, "cannot open /dev/fuse");
	image_mount_options(options, sizeof(options), fd, owner);
	if (mount(m->fsname, m->dir, MOUNT_TYPE,
		  MS_RDONLY | MS_NOSUID | MS_NODEV, options) < 0)
		return err_sys(err, errno, "cannot mount on %s",
			       quote(&q, m->dir));
	m->by_root = true;
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* ---- everybody else ---- */

/* In the child; the socket is the one descriptor that passes. */
static void exec_helper(const struct mounting *m, const char *const *words,
			int sock)
{
	char number[16];
	const char *argv[8];
	size_t n = 0;

	argv[n++] = m->helper;
	while (*words && n < ARRAY_SIZE(argv) - 1)
		argv[n++] = *words++;
	argv[n] = NULL;
	if (sock >= 0) {
		(void)snprintf(number, sizeof(number), "%d", sock);
		if (fcntl(sock, F_SETFD, 0) < 0 ||
		    setenv("_FUSE_COMMFD", number, 1) < 0)
			_exit(126);
	}
	child_reset_signals();
	(void)execvp(m->helper, (char *const *)argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Starts the helper and waits for its end: its exit status, or -errno. */
static int run_helper(const struct mounting *m, const char *const *words,
		      int sock)
{
	pid_t pid = fork();
	int status, r;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		exec_helper(m, words, sock);
	r = child_wait(pid, &status);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static int mount_by_helper(struct mounting *m, int *ret_fd, struct err *err)
{
	static const char *const names[] = { "fusermount3", "fusermount" };
	char options[512], byte;
	const char *const words[] = { "-o", options, "--", m->dir, NULL };
	CLEANUP_FD int ours = -1;
	CLEANUP_FD int theirs = -1;
	int pair[2], status = 127, r;
	struct quoted q;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "cannot make a socket");
	ours = pair[0];
	theirs = pair[1];
	(void)snprintf(options, sizeof(options), "ro,nosuid,nodev,"
		       "default_permissions,fsname=%s,subtype=holdall",
		       m->fsname);
	for (size_t i = 0; i < ARRAY_SIZE(names) && status == 127; i++) {
		m->helper = names[i];
		status = run_helper(m, words, theirs);
	}
	if (status == 127)
		return err_set(err, ENOENT, "only root can mount here without "
			       "fusermount3, and it is not installed; install "
			       "the package fuse3, or use holdall extract");
	if (status != 0)
		return err_set(err, EPERM, "%s could not mount on %s (its "
			       "message stands above)", m->helper,
			       quote(&q, m->dir));
	r = fd_recv(ours, ret_fd, &byte, 1);
	return r < 0 ? err_sys(err, -r, "%s sent no descriptor", m->helper) :
		       0;
}

static void unmount(const struct mounting *m)
{
	const char *const words[] = { "-u", "-z", "--", m->dir, NULL };

	if (m->by_root)
		(void)umount2(m->dir, MNT_DETACH);
	else
		(void)run_helper(m, words, -1);
}

/* ---- both ---- */

static int check_dir(const char *dir, struct err *err)
{
	struct quoted q;
	struct stat st;

	quote(&q, dir);
	if (stat(dir, &st) < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "%s is not there; make the folder "
			       "first: mkdir %s", q.text, q.text);
	if (stat(dir, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", q.text);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s is not a folder", q.text);
	return 0;
}

static int mount_somehow(struct mounting *m, struct image_owner owner,
			 int *ret_fd, struct err *err)
{
	struct err ignored;

	if (geteuid() != 0)
		return mount_by_helper(m, ret_fd, err);
	if (mount_as_root(m, owner, ret_fd, err) == 0)
		return 0;
	/* root in a container often may not: then as anybody else, and if
	 * that fails too, the first reason is the one to tell. */
	return mount_by_helper(m, ret_fd, &ignored) == 0 ? 0 : -err->num;
}

/* The first look through the mount shows whether anybody answers. */
static int check_mounted(const struct mounting *m, struct err *err)
{
	CLEANUP_FD int fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct quoted q;

	if (fd < 0)
		return err_sys(err, errno, "the image server does not answer "
			       "on %s", quote(&q, m->dir));
	return 0;
}

static int serve(struct mounting *m, const struct image_server *server,
		 struct image_owner owner, struct err *err)
{
	CLEANUP_FD int fuse = -1;
	int r = mount_somehow(m, owner, &fuse, err);

	if (r < 0)
		return r;
	r = image_server_serve(server->start_sock, fuse, err);
	/* A copy here would keep the mount half alive without its server. */
	(void)close(steal_fd(&fuse));
	if (r == 0)
		r = check_mounted(m, err);
	if (r < 0)
		unmount(m);
	return r;
}

static int say_mounted(const struct mounting *m, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, "mounted on ");
	text_quote(&b, m->dir);
	buf_addf(&b, "; to unmount: %s ",
		 m->by_root ? "umount" : m->helper);
	if (!m->by_root)
		buf_adds(&b, "-u ");
	text_quote(&b, m->dir);
	buf_addc(&b, '\n');
	return out_buf(&b, err);
}

static void server_forget(struct image_server *s)
{
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
	if (s->start_sock >= 0)
		(void)close(s->start_sock);
	if (s->report >= 0)
		(void)close(s->report);
}

/* The name in the list of mounts; an app id holds no comma or space. */
static int set_fsname(const struct bundle *b, struct mounting *m,
		      struct err *err)
{
	CLEANUP_HEADER struct header h = { 0 };
	struct quoted q;
	int r = header_parse(b->seal.header, b->seal.header_len, &h, err);

	if (r < 0)
		return err_prefix(err, "%s", quote(&q, b->name));
	(void)snprintf(m->fsname, sizeof(m->fsname), "%s", h.id);
	return 0;
}

/* Stays until the folder is unmounted, and says what the server did. */
static void tell_stats(const struct image_server *s)
{
	char text[1024];

	for (;;) {
		struct pollfd p = { .fd = s->report, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, -1) < 0 && errno == EINTR)
			continue;
		n = fd_read(s->report, text, sizeof(text) - 1);
		if (n <= 0)
			return;
		text[n] = '\0';
		err_printable(text);
		dprintf(STDERR_FILENO, "%s", text);
	}
}

/* Nobody watches over it: so it does not push. */
static int start_server(const struct bundle *b, struct image_owner owner,
			bool stats, struct image_server *s, struct err *err)
{
	int r = image_server_prepare(s, err);

	s->no_push = true;
	s->stats = stats;
	return r < 0 ? r : image_server_fork(b, owner, -1, s, err);
}

int verb_mount(struct options *o, struct err *err)
{
	struct image_owner owner = { geteuid(), getegid() };
	CLEANUP(server_forget) struct image_server server = IMAGE_SERVER_INIT;
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct mounting m = { .by_root = false };
	int r = cli_open_checked(o, &b, err);

	if (r < 0)
		return r;
	m.dir = o->args.v[0];
	r = check_dir(m.dir, err);
	if (r == 0)
		r = set_fsname(&b, &m, err);
	/* Closing the socket ends a server that got nothing to serve. */
	if (r == 0)
		r = start_server(&b, owner, o->stats, &server, err);
	if (r == 0)
		r = serve(&m, &server, owner, err);
	if (r == 0)
		r = say_mounted(&m, err);
	if (r == 0 && o->stats)
		tell_stats(&server);
	return r;
}
