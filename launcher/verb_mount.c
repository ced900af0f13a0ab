/*
 * verb_mount.c - mount: the image as a folder of the host
 *
 * The jailed image server serves the mount and outlives us: it ends when the
 * folder is unmounted.  Who may mount: root by mount(2); anybody else through
 * fusermount3, the setuid helper of libfuse, which opens /dev/fuse, mounts, and
 * sends the descriptor over the socket that _FUSE_COMMFD names.
 *
 * With --stats we stay until it is unmounted, and a signal that ends us unmounts
 * it: what was read, and every fault, is told there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "launcher/cli.h"
#include "launcher/out.h"
#include "launcher/quoted.h"
#include "launcher/shell_word.h"
#include "manifests/header.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image.h"
#include "runtime/memory.h"

#define MOUNT_TYPE "fuse.holdall"

/* How it was mounted, and so how it is unmounted. */
struct mounting {
	const char *dir;
	char *real;			/* what dir points into, if it was a link */
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

static void add_unmount(const struct mounting *m, struct buf *b)
{
	buf_adds(b, m->by_root ? "umount " : m->helper);
	if (!m->by_root)
		buf_adds(b, " -u ");
	if (m->dir[0] == '-')
		buf_adds(b, "-- ");
	shell_word(b, m->dir);
}

/* Is the root of a FUSE mount there already?  fusermount3 would only say that it may
 * not look.  A mount whose server died is seen by this error alone. */
static bool is_busy(const char *dir)
{
	struct statx st;
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return errno == ENOTCONN;
	return fs.f_type == FUSE_SUPER_MAGIC &&
	       statx(AT_FDCWD, dir, 0, STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int refuse_busy(const struct mounting *m, struct err *err)
{
	struct mounting by_hand = *m;
	CLEANUP_BUF struct buf how = BUF_INIT;
	struct quoted q;

	by_hand.by_root = geteuid() == 0;
	by_hand.helper = "fusermount3";
	add_unmount(&by_hand, &how);
	return err_set(err, EBUSY, "something is mounted on %s already; unmount "
		       "it first: %s", quote(&q, m->dir), buf_text(&how));
}

static int check_dir(const struct mounting *m, struct err *err)
{
	struct quoted q;
	struct stat st;

	if (is_busy(m->dir))
		return refuse_busy(m, err);
	quote(&q, m->dir);
	if (stat(m->dir, &st) < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "%s is not there; make the folder "
			       "first: mkdir %s", q.text, q.text);
	if (stat(m->dir, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", q.text);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s is not a folder", q.text);
	return 0;
}

/* fusermount3 follows no link; a person who names one means what it leads to. */
static int choose_dir(struct mounting *m, const char *dir, struct err *err)
{
	struct stat st;

	m->dir = dir;
	if (lstat(dir, &st) == 0 && S_ISLNK(st.st_mode))
		m->real = realpath(dir, NULL);
	if (m->real)
		m->dir = m->real;
	return check_dir(m, err);
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
	buf_adds(&b, "; to unmount: ");
	add_unmount(m, &b);
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

/* ---- staying ---- */

/* The signals that end a person's program; *ret_fd hears of them. */
static int hold_signals(int *ret_fd, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, errno, "cannot hold signals back");
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "cannot wait for signals") :
			     0;
}

/* What the server says; false: it is gone. */
static bool pass_on(const struct image_server *s)
{
	char text[1024];
	ssize_t n = fd_read(s->report, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	err_printable(text);
	dprintf(STDERR_FILENO, "%s", text);
	return true;
}

/* Until the folder is unmounted.  The first signal unmounts it (whoever is in it
 * keeps it, and us, a while longer); the second ends us.  The signal, or 0. */
static int stay(const struct mounting *m, const struct image_server *s,
		int signals)
{
	struct pollfd p[2] = { { .fd = s->report, .events = POLLIN },
			       { .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;
	int sig = 0;

	for (;;) {
		if (memory_poll(p, 2) < 0 && errno != EINTR)
			return sig;
		if (p[1].revents &&
		    fd_read(signals, &info, sizeof(info)) == sizeof(info)) {
			if (sig)
				return sig;
			sig = (int)info.ssi_signo;
			unmount(m);
		}
		if (p[0].revents && !pass_on(s))
			return sig;
		p[0].revents = p[1].revents = 0;
	}
}

static void die_of(int sig)
{
	child_reset_signals();
	(void)raise(sig);
}

static int tell_stats(const struct mounting *m, const struct image_server *s,
		      int signals)
{
	int sig = stay(m, s, signals);

	if (sig)
		die_of(sig);
	return 0;
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

/* Once it serves: to say so, and to stay if that is wanted. */
static int finish(const struct mounting *m, const struct image_server *s,
		  int signals, struct err *err)
{
	int r = say_mounted(m, err);

	/* Nobody knows of it, so nobody would unmount it. */
	if (r < 0)
		unmount(m);
	return r < 0 || signals < 0 ? r : tell_stats(m, s, signals);
}

static void mounting_free(struct mounting *m)
{
	free(m->real);
}

int verb_mount(struct options *o, struct err *err)
{
	struct image_owner owner = { geteuid(), getegid() };
	CLEANUP(server_forget) struct image_server server = IMAGE_SERVER_INIT;
	CLEANUP(mounting_free) struct mounting m = { .by_root = false };
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_FD int signals = -1;
	int r = cli_open_checked(o, &b, err);

	if (r < 0)
		return r;
	r = choose_dir(&m, o->args.v[0], err);
	if (r == 0)
		r = set_fsname(&b, &m, err);
	/* Closing the socket ends a server that got nothing to serve. */
	if (r == 0)
		r = start_server(&b, owner, o->stats, &server, err);
	if (r == 0 && o->stats)
		r = hold_signals(&signals, err);
	if (r == 0)
		r = serve(&m, &server, owner, err);
	return r < 0 ? r : finish(&m, &server, signals, err);
}
