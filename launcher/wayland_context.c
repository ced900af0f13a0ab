/*
 * wayland_context.c - a client of the Wayland protocol, for one purpose
 *
 * Two exchanges.  The supervisor asks which globals are there (the registry's events
 * up to the answer of a sync).  pid 1 of the sandbox makes the listening socket in the
 * new root, so that it has no name on the host, and sends it off with everything
 * about the context in one message, with another sync, before which an error would
 * come.
 *
 * Limits: an event has at most EVENT_MAX bytes (libwayland's own), an answer at most
 * EVENTS_MAX of them.
 */
#include "launcher/wayland_context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher/host.h"
#include "launcher/wayland.h"
#include "launcher/wire.h"

#define MANAGER "wp_security_context_manager_v1"
#define ENGINE "org.holdall"
#define EVENT_MAX 4096u
#define EVENTS_MAX 4096
/* A compositor that is busy must not cost the app its confinement: so not short. */
#define WAIT_MS 5000
#define REQUEST_MAX 2048
#define STRING_MAX 256

/* Objects: the display is 1, the others are numbered by us. */
enum object { DISPLAY = 1, REGISTRY, FIRST_SYNC, CONTEXT_MANAGER, CONTEXT,
	      SECOND_SYNC };
enum request { DISPLAY_SYNC = 0, DISPLAY_REGISTRY = 1, REGISTRY_BIND = 0,
	       CREATE_LISTENER = 1, SET_ENGINE = 1, SET_APP_ID = 2,
	       SET_INSTANCE_ID = 3, COMMIT = 4 };
enum { DISPLAY_ERROR = 0, REGISTRY_GLOBAL = 0 };

void wayland_context_free(struct wayland_context *c)
{
	if (c->connection >= 0)
		(void)close(c->connection);
	if (c->ended >= 0)
		(void)close(c->ended);
	if (c->alive >= 0)
		(void)close(c->alive);
	*c = WAYLAND_CONTEXT_INIT;
}

/* ---- requests ---- */

struct message {
	size_t len, start;
	unsigned char data[REQUEST_MAX];
};

static void put(struct message *m, const void *data, size_t len)
{
	if (len > sizeof(m->data) - m->len)
		abort();	/* every string is bounded by put_string */
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

static void put32(struct message *m, uint32_t v)
{
	put(m, &v, sizeof(v));
}

static void put_string(struct message *m, const char *s)
{
	static const char zeros[4];
	size_t n = strnlen(s, STRING_MAX - 1);

	put32(m, (uint32_t)n + 1);
	put(m, s, n);
	put(m, zeros, 4 - n % 4);
}

static void begin(struct message *m, uint32_t object)
{
	m->start = m->len;
	put32(m, object);
	put32(m, 0);
}

static void end(struct message *m, enum request opcode)
{
	uint32_t v = (uint32_t)(m->len - m->start) << 16 | (uint32_t)opcode;

	memcpy(m->data + m->start + 4, &v, sizeof(v));
}

static int send_with(int sock, const struct message *m, const int fds[2])
{
	struct iovec iov = { (void *)(uintptr_t)m->data, m->len };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	return (size_t)n == m->len ? 0 : -ETIMEDOUT;
}

/* ---- events ---- */

struct event {
	uint32_t object, opcode;
	size_t len;
	unsigned char data[EVENT_MAX];
};

static uint32_t get32(const struct event *e, size_t at)
{
	uint32_t v = 0;

	if (at + sizeof(v) <= e->len)
		memcpy(&v, e->data + at, sizeof(v));
	return v;
}

static int broken(int num, struct err *err)
{
	if (num == ETIMEDOUT)
		return err_set(err, num, "the Wayland display does not answer");
	if (num == EPROTO)
		return err_set(err, num, "what listens on the Wayland "
			       "display's socket does not speak Wayland");
	return err_sys(err, num, "the Wayland display");
}

static int read_event(int fd, struct event *e, struct err *err)
{
	uint32_t head[2];
	size_t size;
	int r = wire_read(fd, head, sizeof(head), WAIT_MS);

	if (r < 0)
		return broken(-r, err);
	size = head[1] >> 16;
	if (size < sizeof(head) || size > EVENT_MAX || size % 4)
		return broken(EPROTO, err);
	e->object = head[0];
	e->opcode = head[1] & 0xffff;
	e->len = size - sizeof(head);
	r = wire_read(fd, e->data, e->len, WAIT_MS);
	return r < 0 ? broken(-r, err) : 0;
}

/* A global event: its name, a string, its version. */
static bool is_manager(const struct event *e)
{
	size_t n = get32(e, 4);

	return e->object == REGISTRY && e->opcode == REGISTRY_GLOBAL &&
	       n == sizeof(MANAGER) && 8 + n <= e->len &&
	       !memcmp(e->data + 8, MANAGER, n);
}

static int display_error(const struct event *e, struct err *err)
{
	size_t n = get32(e, 8);

	if (n > e->len - 12 || e->len < 12)
		n = 0;
	return err_set(err, EACCES, "the Wayland display refused to make a "
		       "socket for a sandboxed app: %.*s", (int)n,
		       (const char *)e->data + 12);
}

/* Up to the answer of that sync. */
static int read_until(int fd, enum object sync, uint32_t *ret_manager,
		      struct err *err)
{
	struct event e;

	for (int i = 0; i < EVENTS_MAX; i++) {
		int r = read_event(fd, &e, err);

		if (r < 0)
			return r;
		if (e.object == DISPLAY && e.opcode == DISPLAY_ERROR)
			return display_error(&e, err);
		if (e.object == (uint32_t)sync)
			return 0;
		if (is_manager(&e))
			*ret_manager = get32(&e, 0);
	}
	return broken(EPROTO, err);
}

/* ---- the whole ---- */

static int find_manager(int fd, uint32_t *ret_name, struct err *err)
{
	struct message m = { 0 };
	int r;

	begin(&m, DISPLAY);
	put32(&m, REGISTRY);
	end(&m, DISPLAY_REGISTRY);
	begin(&m, DISPLAY);
	put32(&m, FIRST_SYNC);
	end(&m, DISPLAY_SYNC);
	r = wire_send(fd, m.data, m.len);
	return r < 0 ? broken(-r, err) :
		       read_until(fd, FIRST_SYNC, ret_name, err);
}

static void put_context(struct message *m, uint32_t name, const char *app_id,
			const char *instance)
{
	begin(m, REGISTRY);
	put32(m, name);
	put_string(m, MANAGER);
	put32(m, 1);
	put32(m, CONTEXT_MANAGER);
	end(m, REGISTRY_BIND);
	begin(m, CONTEXT_MANAGER);
	put32(m, CONTEXT);
	end(m, CREATE_LISTENER);
	begin(m, CONTEXT);
	put_string(m, ENGINE);
	end(m, SET_ENGINE);
	begin(m, CONTEXT);
	put_string(m, app_id);
	end(m, SET_APP_ID);
	begin(m, CONTEXT);
	put_string(m, instance);
	end(m, SET_INSTANCE_ID);
	begin(m, CONTEXT);
	end(m, COMMIT);
	begin(m, DISPLAY);
	put32(m, SECOND_SYNC);
	end(m, DISPLAY_SYNC);
}

int wayland_context_find(const char *path, const char *app_id,
			 struct wayland_context *ret, struct err *err)
{
	CLEANUP(wayland_context_free) struct wayland_context c =
		WAYLAND_CONTEXT_INIT;
	int ends[2], r;

	c.connection = wayland_connect(path);
	if (c.connection < 0)
		return broken(-c.connection, err);
	r = find_manager(c.connection, &c.manager, err);
	if (r < 0 || !c.manager)
		return r;
	r = host_random_hex(c.instance, 16, err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	c.ended = ends[0];
	c.alive = ends[1];
	c.app_id = app_id;
	*ret = c;
	c = WAYLAND_CONTEXT_INIT;
	return 1;
}

int wayland_context_commit(const struct wayland_context *c, int listener,
			   struct err *err)
{
	struct message m = { 0 };
	uint32_t ignored;
	int r;

	put_context(&m, c->manager, c->app_id, c->instance);
	r = send_with(c->connection, &m, (int[2]){ listener, c->ended });
	return r < 0 ? broken(-r, err) :
		       read_until(c->connection, SECOND_SYNC, &ignored, err);
}
