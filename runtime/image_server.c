/*
 * image_server.c - birth and life of the jailed process, FUSE side
 *
 * Role: answers the kernel's requests for one mount.  One thread answers, a
 *	second decodes ahead (image_ahead.h); both are in the jail.
 * Fds: bundle, start socket (until /dev/fuse has come over it), report pipe,
 *	/dev/fuse, the lock to keep; 0-2 are /dev/null.
 * Watched by: the supervisor, by pidfd and by end of file of the report pipe.
 * Ends: by ENODEV when the mount is gone; by end of file of the start socket
 *	before a descriptor came.  Not by signals (all are blocked but SIGKILL):
 *	a mount whose server ends first leaves its users with ENOTCONN.
 *
 * It is forked before anything is mounted and prepares while the launcher makes
 * the sandbox: superblock, root inode and root listing are read and
 * verified by the time the descriptor arrives.
 *
 * payload_read and payload_view are called from here:
 * #syscalls pread64
 * and the rest of this file:
 * #syscalls recvmsg close write exit_group
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image_child.h"
#include "runtime/image_crew.h"
#include "runtime/image_prefetch.h"
#include "runtime/image_state.h"
#include "runtime/image_trace.h"
#include "runtime/jail.h"
#include "runtime/text.h"

#define START_BYTE 'F'
#define START_PUSH_BYTE 'M'		/* and two more follow: */
#define PUSH_BYTE 'P'			/* for the helper */
#define SPARE_BYTE 'S'			/* for image_rescue.c; stays in the
					 * socket until somebody needs it */
#define KEEP_BYTE 'K'
#define EXIT_FAULT 1

/* ---- messages -------------------------------------------------------------- */

static uint64_t hash_text(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);	/* FNV-1a */

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	return h;
}

void image_report(struct image_report *report, const struct err *err)
{
	uint64_t h = hash_text(err->text);
	char line[ERR_TEXT_MAX + 1];
	int n;

	for (unsigned i = 0; i < report->n; i++)
		if (report->seen[i] == h)
			return;
	if (report->fd < 0 || report->n == IMAGE_REPORTS_MAX)
		return;
	report->seen[report->n++] = h;
	n = snprintf(line, sizeof(line), "%s%s\n", err->text,
		     report->n == IMAGE_REPORTS_MAX ?
		     "; further faults are not reported" : "");
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	/* The pipe does not block: a reader who is gone misses a line. */
	(void)!write(report->fd, line, (size_t)n);
}

/* ---- the child, before the jail -------------------------------------------- */

static int leave_caller(const struct image_child *c, struct err *err)
{
	const int keep[] = { c->bundle->fd, c->channel, c->report, c->keep };
	int r = jail_leave("image server", keep, ARRAY_SIZE(keep), err);

	if (r == 0 && c->ends_with_us &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, errno, "image server: cannot ask to end "
			       "with its caller");
	return r;
}

/* One thread's way to verified bytes. */
static int read_payload(void *arg, void *buf, size_t len, uint64_t off,
			struct err *err)
{
	return payload_read(arg, buf, len, off, err);
}

static int view_payload(void *arg, size_t len, uint64_t off,
			const uint8_t **ret, struct err *err)
{
	return payload_view(arg, len, off, ret, err);
}

static void drop_payload(void *arg)
{
	payload_idle(arg);
}

/* What is made before the filter. */
struct prepared {
	struct image_crew *crew;	/* or NULL */
	/* The caller's thread's, then one for each of the crew's. */
	struct payload *payloads[WORKERS_MAX];
	char shown[256];		/* the bundle's name, for messages */
};

static int prepare(const struct image_child *c, struct prepared *ret,
		   struct err *err)
{
	struct err ignored;
	unsigned n = 0;
	int r;

	/* Should a thread ever allocate: another arena takes calls that the jail
	 * forbids. */
	(void)mallopt(M_ARENA_MAX, 1);
	/* Where no thread can be made (a limit on tasks), reading is slower. */
	if (c->crew)
		(void)image_crew_new(image_crew_servers(&c->cpus), &c->cpus,
				     c->report, &ret->crew, &ignored);
	if (ret->crew)
		n = image_crew_others(ret->crew);
	r = payload_new(c->bundle, &ret->payloads[0], err);
	for (unsigned i = 1; r == 0 && i <= n; i++)
		r = payload_new(c->bundle, &ret->payloads[i], err);
	return r;
}

static void attach_crew(const struct prepared *p,
			const struct image_source *src, struct image *im)
{
	struct image_source srcs[WORKERS_MAX - 1];

	for (unsigned i = 0; i < ARRAY_SIZE(srcs); i++) {
		srcs[i] = *src;
		srcs[i].arg = p->payloads[i + 1];
	}
	image_crew_attach(p->crew, im, srcs);
}

/* seal_parse has checked that the first image lies at offset 0. */
static int open_image(const struct bundle *b, struct prepared *p,
		      struct image **ret, struct err *err)
{
	const struct section *s = seal_section(&b->seal, SECTION_IMAGE);
	struct image_source src = {
		.read = read_payload, .view = view_payload,
		.idle = drop_payload, .arg = p->payloads[0],
		.name = text_quoted(p->shown, sizeof(p->shown), b->name),
	};
	int r;

	if (!s || s->offset != 0)
		return err_set(err, ENOENT, "%s: the bundle holds no image",
			       src.name);
	src.size = s->size;
	r = image_new(&src, ret, err);
	if (!r && p->crew)
		attach_crew(p, &src, *ret);
	return r;
}

static void child_main(struct image_child *c)
{
	struct prepared p = { .crew = NULL };
	struct image *im = NULL;
	struct err err = { 0 };
	int r;

	if (c->place)
		placement_away(c->place, 0);
	r = leave_caller(c, &err);
	if (!r)
		r = image_jail_drop(&err);
	if (!r)
		r = prepare(c, &p, &err);
	if (!r)
		r = image_jail_filter_calls(&err);
	if (!r)
		(void)open_image(c->bundle, &p, &im, &err);
	_exit(c->run(c, im, &err));
}

pid_t image_child_fork(struct image_child *c, int *ret_pidfd, struct err *err)
{
	pid_t pid;

	/* Before the fork: its first moments the child may be kept to some; so
	 * may we, and then it is known where we are free to go. */
	if (c->place && CPU_COUNT(&c->place->all))
		c->cpus = c->place->all;
	else if (sched_getaffinity(0, sizeof(c->cpus), &c->cpus) < 0)
		CPU_ZERO(&c->cpus);
	/* Nothing of an image on 0-2: main has opened these on something. */
	if (c->bundle->fd <= 2 || c->channel <= 2 ||
	    (c->report >= 0 && c->report <= 2) ||
	    (c->keep >= 0 && c->keep <= 2))
		return err_set(err, EBADF, "%s: standard descriptors are closed",
			       c->bundle->name);
	pid = child_clone(0, ret_pidfd);
	if (pid < 0)
		return err_sys(err, -pid, "cannot fork the image server");
	if (pid == 0)
		child_main(c);
	return pid;
}

/* ---- the FUSE server ------------------------------------------------------- */

/* What every mount asks first, so that it is decoded by then. */
static void warm_up(struct image *im)
{
	struct image_dirent de;
	struct image_inode root;
	struct image_dir dir;
	struct err err;
	uint64_t pos;
	uint32_t size;

	/* Memory for their list is allocated with the first one, and threads
	 * allocate none. */
	if (im->super.n_fragments)
		(void)image_fragment(im, 0, &pos, &size, &err);
	if (image_inode_get(im, image_root(im), &root, &err) < 0 ||
	    image_dir_open(im, &root, &dir, &err) < 0 ||
	    image_dir_next(im, &dir, &de, &err) <= 0)
		return;
	(void)image_inode_get(im, de.ref, &root, &err);
}

/* The descriptor of the mount, after those to be held till the end: these stay
 * open by being forgotten.  RLIMIT_NOFILE bounds their number. */
static int await_fuse(int channel, int *ret_fuse, bool *ret_push)
{
	for (;;) {
		char byte;
		int fd, r = fd_recv(channel, &fd, &byte, sizeof(byte));

		if (r < 0)
			return r;
		if (byte == START_BYTE || byte == START_PUSH_BYTE) {
			*ret_fuse = fd;
			*ret_push = byte == START_PUSH_BYTE;
			return 0;
		}
		if (byte != KEEP_BYTE)
			return -EPROTO;
	}
}

static int serve_fuse(struct image_child *c, struct image *im,
		      struct err *err)
{
	struct image_report report = { .fd = c->report };
	bool push = false;
	int fuse, r;

	if (!im) {
		image_report(&report, err);
		return EXIT_FAULT;
	}
	image_trace_attach(im, c->trace);
	image_lock(im, &im->workers[0]);
	warm_up(im);
	image_unlock(im);
	/* For an app that starts; not where a person looks around, and a record
	 * shall hold what the app asks for.  From here on the helper works. */
	if (c->push && !c->trace)
		image_prefetch_start(im, c->bundle);
	r = await_fuse(c->channel, &fuse, &push);
	if (r == -ENODATA)
		return 0;
	if (r < 0) {
		(void)err_sys(err, -r, "%s: image server: no FUSE descriptor "
			      "came", image_name(im));
		image_report(&report, err);
		return EXIT_FAULT;
	}
	if (push && c->push && im->crew)
		image_crew_push(im->crew, c->channel);
	(void)close(c->channel);
	return image_fuse_serve(im, fuse, c, &report);
}

int image_server_prepare(struct image_server *ret, struct err *err)
{
	int sock[2], pipe_fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return err_sys(err, errno, "cannot make the image server's "
			       "socket");
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		(void)err_sys(err, errno, "cannot make the image server's "
			      "report pipe");
		(void)close(sock[0]);
		(void)close(sock[1]);
		return -err->num;
	}
	*ret = (struct image_server){
		.pid = -1, .pidfd = -1, .start_sock = sock[0],
		.report = pipe_fds[0], .child_sock = sock[1],
		.child_report = pipe_fds[1],
	};
	return 0;
}

int image_server_fork(const struct bundle *b, struct image_owner owner,
		      int keep_fd, struct image_server *s, struct err *err)
{
	struct image_child c = { .bundle = b, .keep = keep_fd, .owner = owner,
				 .run = serve_fuse, .crew = true,
				 .push = !s->no_push, .stats = s->stats,
				 .trace = s->trace,
				 .place = &s->place,
				 .channel = s->child_sock,
				 .report = s->child_report };
	pid_t pid;

	pid = image_child_fork(&c, &s->pidfd, err);
	if (pid > 0)
		placement_away(&s->place, pid);
	/* Only the server holds this now: its end is an end of file. */
	(void)close(s->child_report);
	s->child_report = -1;
	/* Of this a copy remains, for the spare /dev/fuse in it. */
	if (pid < 0 || s->no_push) {
		(void)close(s->child_sock);
		s->child_sock = -1;
	}
	if (pid < 0)
		return pid;
	s->pid = pid;
	return 0;
}

void image_server_settle(const struct image_server *s)
{
	if (s->pid > 0)
		placement_free(&s->place, s->pid);
}

int image_server_start(const struct bundle *b, struct image_owner owner,
		       int keep_fd, struct image_server *ret, struct err *err)
{
	struct image_server s = IMAGE_SERVER_INIT;
	int r = image_server_prepare(&s, err);

	if (r < 0)
		return r;
	s.no_push = true;
	r = image_server_fork(b, owner, keep_fd, &s, err);
	if (r < 0) {
		(void)close(s.start_sock);
		(void)close(s.report);
		return r;
	}
	*ret = s;
	return 0;
}

static int send_fd(int start_sock, int fd, char byte, struct err *err)
{
	int r = fd_send(start_sock, fd, &byte, sizeof(byte));

	if (r == -EPIPE || r == -ECONNRESET)
		return err_set(err, EPIPE, "the image server has ended before "
			       "the mount; its own message says why");
	if (r < 0)
		return err_sys(err, -r, "cannot hand a descriptor to the image "
			       "server");
	return 0;
}

int image_server_keep(int start_sock, int fd, struct err *err)
{
	return send_fd(start_sock, fd, KEEP_BYTE, err);
}

/* Another /dev/fuse of the same connection, opened in the same user namespace; -1:
 * there is none to be had. */
static int clone_fuse(int fuse_fd)
{
	CLEANUP_FD int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	uint32_t other = (uint32_t)fuse_fd;

	if (fd < 0 || ioctl(fd, FUSE_DEV_IOC_CLONE, &other) < 0)
		return -1;
	return steal_fd(&fd);
}

int image_server_serve(int start_sock, int fuse_fd, struct err *err)
{
	CLEANUP_FD int push = clone_fuse(fuse_fd);
	CLEANUP_FD int spare = push < 0 ? -1 : clone_fuse(fuse_fd);
	bool all = push >= 0 && spare >= 0;
	struct err ignored;
	int r = send_fd(start_sock, fuse_fd, all ? START_PUSH_BYTE : START_BYTE,
			err);

	/* A server that does not want these has closed the socket by now. */
	if (r == 0 && all &&
	    send_fd(start_sock, push, PUSH_BYTE, &ignored) == 0)
		(void)send_fd(start_sock, spare, SPARE_BYTE, &ignored);
	return r;
}

void image_mount_options(char *space, size_t size, int fuse_fd,
			 struct image_owner owner)
{
	/* default_permissions: the kernel judges by the modes and need not
	 * ask. */
	(void)snprintf(space, size, "fd=%d,rootmode=40000,user_id=%u,"
		       "group_id=%u,default_permissions", fuse_fd,
		       (unsigned)owner.uid, (unsigned)owner.gid);
}
