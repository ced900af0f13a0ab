/*
 * x11_wire.c - the X11 protocol on a socket (see x11_wire.h)
 *
 * Numbers travel in our own byte order, which the first byte announces.  Answers:
 * 32 bytes and a length; at most REPLY_MAX are read, the rest is refused.
 */
#include "launcher/x11_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher/wire.h"
#include "runtime/fd.h"

#define SETUP_FIXED 32u
#define SCREEN_SIZE 40u
#define REPLY_SIZE 32u
#define QUERY_EXTENSION 98
#define SECURITY "SECURITY"
#define SECURITY_GENERATE 1
#define SECURITY_TIMEOUT 1u
#define SECURITY_TRUST_LEVEL 2u
#define SECURITY_UNTRUSTED 1u

void x11_close(struct x11_conn *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	*c = X11_CONN_INIT;
}

/* ---- numbers ---- */

static unsigned get16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t get32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

void x11_put_bytes(struct x11_request *r, const void *data, size_t len)
{
	if (len > sizeof(r->data) - r->len)
		abort();	/* every caller's texts are bounded */
	memcpy(r->data + r->len, data, len);
	r->len += len;
}

void x11_put8(struct x11_request *r, unsigned v)
{
	x11_put_bytes(r, &(uint8_t){ (uint8_t)v }, 1);
}

void x11_put16(struct x11_request *r, unsigned v)
{
	x11_put_bytes(r, &(uint16_t){ (uint16_t)v }, 2);
}

void x11_put32(struct x11_request *r, uint32_t v)
{
	x11_put_bytes(r, &v, 4);
}

static void pad(struct x11_request *r)
{
	static const unsigned char zeros[4];

	x11_put_bytes(r, zeros, (4 - r->len % 4) % 4);
}

int x11_send(struct x11_conn *c, struct x11_request *r)
{
	uint16_t words;

	pad(r);
	words = (uint16_t)(r->len / 4);
	memcpy(r->data + 2, &words, sizeof(words));
	return wire_send(c->fd, r->data, r->len);
}

/* ---- opening ---- */

/* Non-blocking: a server whose queue is full answers EAGAIN at once. */
static int connect_to(const struct sockaddr_un *a, size_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)a, (socklen_t)len) < 0) {
		int num = errno;

		(void)close(fd);
		return -num;
	}
	return fd;
}

int x11_connect(const struct x11_name *name, int *ret_fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char socket_name[X11_SOCKET_NAME_MAX];
	int n, fd, abstract;

	if (name->host[0])
		return -EAFNOSUPPORT;
	n = snprintf(a.sun_path, sizeof(a.sun_path), X11_SOCKETS "/%s",
		     x11_socket_name(name->number, socket_name));
	fd = connect_to(&a, sizeof(a));
	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		memmove(a.sun_path + 1, a.sun_path, (size_t)n);
		a.sun_path[0] = '\0';
		abstract = connect_to(&a, offsetof(struct sockaddr_un,
						   sun_path) + 1 + (size_t)n);
		/* What the file system says is what helps. */
		fd = abstract >= 0 ? abstract : fd;
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int x11_send_setup(int fd, const struct x11_cookie *cookie)
{
	const uint16_t one = 1;
	size_t name_len = cookie->len ? strlen(X11_COOKIE_NAME) : 0;
	struct x11_request r = { 0 };

	x11_put8(&r, *(const unsigned char *)&one ? 'l' : 'B');
	x11_put8(&r, 0);
	x11_put16(&r, 11);
	x11_put16(&r, 0);
	x11_put16(&r, (unsigned)name_len);
	x11_put16(&r, (unsigned)cookie->len);
	x11_put16(&r, 0);
	x11_put_bytes(&r, X11_COOKIE_NAME, name_len);
	pad(&r);
	x11_put_bytes(&r, cookie->data, cookie->len);
	pad(&r);
	return wire_send(fd, r.data, r.len);
}

/* The server's own reason, cut and without a newline at its end. */
static int refused(const unsigned char *data, size_t len, size_t reason_len,
		   struct err *err)
{
	char reason[128];

	if (reason_len > len)
		reason_len = len;
	if (reason_len > sizeof(reason) - 1)
		reason_len = sizeof(reason) - 1;
	memcpy(reason, data, reason_len);
	reason[reason_len] = '\0';
	reason[strcspn(reason, "\n")] = '\0';
	return err_set(err, EACCES, "the X11 display refused us%s%s",
		       reason[0] ? ": " : "", reason);
}

static int broken(struct err *err)
{
	return err_set(err, EPROTO, "what listens on the X11 display's socket "
		       "does not speak X11");
}

/* The fixed part, the vendor's name, the formats, and of the screens the first. */
static int parse_setup(struct x11_conn *c, const unsigned char *p, size_t len,
		       struct err *err)
{
	size_t at;

	if (len < SETUP_FIXED || !p[20])
		return broken(err);
	at = SETUP_FIXED + ((get16(p + 16) + 3u) & ~(size_t)3) + p[21] * 8u;
	if (at + SCREEN_SIZE > len)
		return broken(err);
	c->id_base = get32(p + 4);
	c->id_mask = get32(p + 8);
	p += at;
	c->root = get32(p);
	c->white = get32(p + 8);
	c->black = get32(p + 12);
	c->width = get16(p + 20);
	c->height = get16(p + 22);
	c->root_visual = get32(p + 32);
	return 0;
}

static int read_error(int num, struct err *err)
{
	if (num == ETIMEDOUT)
		return err_set(err, num, "the X11 display does not answer");
	return err_sys(err, num, "the X11 display");
}

int x11_read_setup(struct x11_conn *c, int wait_ms, struct err *err)
{
	CLEANUP_FREE unsigned char *data = NULL;
	unsigned char head[8];
	size_t len;
	int r = wire_read(c->fd, head, sizeof(head), wait_ms);

	if (r < 0)
		return read_error(-r, err);
	len = get16(head + 6) * (size_t)4;
	data = malloc(len + 1);
	if (!data)
		return err_nomem(err);
	r = wire_read(c->fd, data, len, wait_ms);
	if (r < 0)
		return read_error(-r, err);
	if (head[0] == 1)
		return parse_setup(c, data, len, err);
	if (head[0] == 0 || head[0] == 2)
		return refused(data, len, head[0] ? len : head[1], err);
	return broken(err);
}

int x11_open(const struct x11_name *name, const struct x11_cookie *cookie,
	     struct x11_conn *ret, struct err *err)
{
	CLEANUP_X11 struct x11_conn c = X11_CONN_INIT;
	int r = x11_connect(name, &c.fd);

	if (r == 0)
		r = x11_send_setup(c.fd, cookie);
	if (r < 0)
		return read_error(-r, err);
	r = x11_read_setup(&c, X11_WAIT_MS, err);
	if (r < 0)
		return r;
	*ret = c;
	c.fd = -1;
	return 0;
}

/* ---- the SECURITY extension ---- */

static int read_reply(struct x11_conn *c, unsigned char *head, void *data,
		      size_t size, size_t *ret_len, struct err *err)
{
	int r = wire_read(c->fd, head, REPLY_SIZE, X11_WAIT_MS);
	size_t len;

	if (r < 0)
		return read_error(-r, err);
	if (head[0] == 0)
		return err_set(err, EACCES, "the X11 display refused a "
			       "request (error %u)", head[1]);
	if (head[0] != 1 || get32(head + 4) > size / 4)
		return broken(err);
	len = get32(head + 4) * (size_t)4;
	r = wire_read(c->fd, data, len, X11_WAIT_MS);
	if (r < 0)
		return read_error(-r, err);
	*ret_len = len;
	return 0;
}

static int find_security(struct x11_conn *c, unsigned *ret_opcode,
			 struct err *err)
{
	unsigned char head[REPLY_SIZE], none[4];
	struct x11_request q = { 0 };
	size_t len;
	int r;

	x11_put8(&q, QUERY_EXTENSION);
	x11_put8(&q, 0);
	x11_put16(&q, 0);
	x11_put16(&q, (unsigned)strlen(SECURITY));
	x11_put16(&q, 0);
	x11_put_bytes(&q, SECURITY, strlen(SECURITY));
	r = x11_send(c, &q);
	if (r < 0)
		return read_error(-r, err);
	r = read_reply(c, head, none, 0, &len, err);
	if (r < 0)
		return r;
	if (!head[8])
		return err_set(err, ENOTSUP, "the X11 display has no SECURITY "
			       "extension, which keeps an app apart from the "
			       "other windows");
	*ret_opcode = head[9];
	return 0;
}

int x11_untrusted_cookie(struct x11_conn *c, unsigned timeout_s,
			 struct x11_cookie *ret, struct err *err)
{
	unsigned char head[REPLY_SIZE], data[X11_COOKIE_MAX];
	struct x11_request q = { 0 };
	unsigned opcode = 0, n;
	size_t len;
	int r = find_security(c, &opcode, err);

	if (r < 0)
		return r;
	x11_put8(&q, opcode);
	x11_put8(&q, SECURITY_GENERATE);
	x11_put16(&q, 0);
	x11_put16(&q, (unsigned)strlen(X11_COOKIE_NAME));
	x11_put16(&q, 0);
	x11_put32(&q, SECURITY_TIMEOUT | SECURITY_TRUST_LEVEL);
	x11_put_bytes(&q, X11_COOKIE_NAME, strlen(X11_COOKIE_NAME));
	pad(&q);
	x11_put32(&q, timeout_s);
	x11_put32(&q, SECURITY_UNTRUSTED);
	r = x11_send(c, &q);
	if (r < 0)
		return read_error(-r, err);
	r = read_reply(c, head, data, sizeof(data), &len, err);
	if (r < 0)
		return r;
	n = get16(head + 12);
	if (!n || n > len)
		return broken(err);
	ret->len = n;
	memcpy(ret->data, data, n);
	return 0;
}
