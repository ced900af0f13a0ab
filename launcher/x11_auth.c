/*
 * x11_auth.c - reader and writer of Xauthority files (see x11_auth.h)
 *
 * The file is a row of entries: family (16 bits), then address, number, name and
 * data, each with a 16-bit length before it; all big-endian.  There is no magic
 * and no checksum, so whatever does not fit ends the reading.
 *
 * Limits: 1 MiB of file, 4096 entries, cookies of at most 256 bytes.
 */
#include "launcher/x11_auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/quoted.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define FILE_MAX ((size_t)1 << 20)
#define ENTRIES_MAX 4096
#define FAMILY_LOCAL 256u
#define FAMILY_WILD 65535u

struct part {
	const unsigned char *data;
	size_t len;
};

struct entry {
	unsigned family;
	struct part address, number, name, data;
};

struct reader {
	const unsigned char *p;
	size_t left;
};

static bool read_u16(struct reader *r, unsigned *ret)
{
	if (r->left < 2)
		return false;
	*ret = (unsigned)r->p[0] << 8 | r->p[1];
	r->p += 2;
	r->left -= 2;
	return true;
}

static bool read_part(struct reader *r, struct part *ret)
{
	unsigned len;

	if (!read_u16(r, &len) || len > r->left)
		return false;
	*ret = (struct part){ r->p, len };
	r->p += len;
	r->left -= len;
	return true;
}

static bool read_entry(struct reader *r, struct entry *ret)
{
	return read_u16(r, &ret->family) && read_part(r, &ret->address) &&
	       read_part(r, &ret->number) && read_part(r, &ret->name) &&
	       read_part(r, &ret->data);
}

static bool part_is(const struct part *p, const char *text)
{
	return p->len == strlen(text) && !memcmp(p->data, text, p->len);
}

/* How well an entry fits: 0 not at all. */
static int fit(const struct entry *e, const struct x11_name *name,
	       const char *hostname)
{
	char number[8];
	int exact;

	(void)snprintf(number, sizeof(number), "%u", name->number);
	if (!part_is(&e->name, X11_COOKIE_NAME) || !e->data.len ||
	    e->data.len > X11_COOKIE_MAX)
		return 0;
	if (e->number.len && !part_is(&e->number, number))
		return 0;
	exact = e->number.len ? 1 : 0;
	if (e->family == FAMILY_WILD ||
	    (e->family == FAMILY_LOCAL && part_is(&e->address, hostname)))
		return 4 + exact;
	/* An entry of all displays of a stranger is no entry of ours. */
	return e->family == FAMILY_LOCAL && exact ? 2 : 0;
}

void x11_auth_find(const void *data, size_t len, const struct x11_name *name,
		   const char *hostname, struct x11_cookie *ret)
{
	struct reader r = { data, len };
	struct entry e;
	int best = 0;

	ret->len = 0;
	for (int i = 0; i < ENTRIES_MAX && read_entry(&r, &e); i++) {
		int how = fit(&e, name, hostname);

		if (how <= best)
			continue;
		best = how;
		ret->len = e.data.len;
		memcpy(ret->data, e.data.data, e.data.len);
	}
}

static int slurp(const char *path, char **ret, size_t *ret_len)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				 O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_slurp(fd, FILE_MAX, ret, ret_len);
}

int x11_auth_read(const char *home, const struct x11_name *name,
		  struct x11_cookie *ret, struct err *err)
{
	const char *path = getenv("XAUTHORITY");
	CLEANUP_FREE char *own = NULL;
	CLEANUP_FREE char *data = NULL;
	char hostname[256] = "";
	struct quoted q;
	size_t len;
	int r;

	if (!path || !*path) {
		path = own = path_join(home, ".Xauthority");
		if (!own)
			return err_nomem(err);
	}
	(void)gethostname(hostname, sizeof(hostname) - 1);
	r = slurp(path, &data, &len);
	if (r == -ENOENT) {
		ret->len = 0;
		return 0;
	}
	if (r == -EINVAL)
		return err_set(err, EINVAL, "cannot read the X11 cookie: %s is "
			       "no regular file", quote(&q, path));
	if (r < 0)
		return err_sys(err, -r, "cannot read the X11 cookie in %s",
			       quote(&q, path));
	x11_auth_find(data, len, name, hostname, ret);
	return 0;
}

static void add_u16(struct buf *out, size_t n)
{
	buf_addc(out, (char)(n >> 8));
	buf_addc(out, (char)(n & 0xff));
}

static void add_part(struct buf *out, const void *data, size_t len)
{
	add_u16(out, len);
	buf_add(out, data, len);
}

void x11_auth_write(struct buf *out, unsigned number,
		    const struct x11_cookie *cookie)
{
	char text[8];

	(void)snprintf(text, sizeof(text), "%u", number);
	add_u16(out, FAMILY_WILD);
	add_part(out, "", 0);
	add_part(out, text, strlen(text));
	add_part(out, X11_COOKIE_NAME, strlen(X11_COOKIE_NAME));
	add_part(out, cookie->data, cookie->len);
}
