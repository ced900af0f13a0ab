/*
 * bundle_rewrite.c - copying the parts of a bundle (see bundle_rewrite.h)
 *
 * The trailer is planned anew from the sizes, so places come from the one
 * function that the reader uses.
 */
#include "runtime/bundle_rewrite.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/trailer.h"

#define CHUNK ((size_t)1 << 20)

/* ---- copying ---- */

static int copy_by_hand(int from, uint64_t from_off, int to, uint64_t to_off,
			uint64_t len)
{
	CLEANUP_FREE char *data = malloc(CHUNK);
	int r = data ? 0 : -ENOMEM;

	while (r == 0 && len) {
		size_t n = len < CHUNK ? (size_t)len : CHUNK;

		r = fd_pread_all(from, data, n, from_off);
		if (r == 0)
			r = fd_pwrite_all(to, data, n, to_off);
		from_off += n;
		to_off += n;
		len -= n;
	}
	return r;
}

/* The kernel copies, or shares blocks; what it cannot do is done by hand. */
static int copy(int from, uint64_t from_off, int to, uint64_t to_off,
		uint64_t len)
{
	off64_t in = (off64_t)from_off, out = (off64_t)to_off;

	while (len) {
		ssize_t n = copy_file_range(from, &in, to, &out,
					    len < CHUNK * 64 ? (size_t)len :
					    CHUNK * 64, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return copy_by_hand(from, (uint64_t)in, to,
					    (uint64_t)out, len);
		len -= (uint64_t)n;
	}
	return 0;
}

/* ---- the parts ---- */

static int plan(const struct bundle *b, uint64_t stub_size,
		const char *signatures, size_t len, struct trailer *ret,
		struct err *err)
{
	struct trailer t = {
		.stub_size = stub_size, .payload_size = b->payload_size,
		.seal_size = b->seal_size, .signatures_size = len,
	};
	int r = trailer_plan(&t, err);

	if (r < 0)
		return r;
	memcpy(t.seal_hash, b->seal_hash, LAYOUT_HASH_SIZE);
	hash_bytes(signatures, len, t.signatures_hash);
	*ret = t;
	return 0;
}

static int write_end(const struct trailer *t, const char *signatures, int fd,
		     struct err *err)
{
	uint8_t data[LAYOUT_TRAILER_SIZE];
	size_t len = (size_t)t->signatures_size;
	int r;

	trailer_format(t, data);
	r = fd_pwrite_all(fd, signatures, len, t->signatures_start);
	if (r == 0)
		r = fd_pwrite_all(fd, data, sizeof(data),
				  t->signatures_start + len);
	if (r == 0 && ftruncate(fd, (off_t)(t->signatures_start + len +
					    sizeof(data))) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "cannot write the bundle") : 0;
}

static int stub_size(const struct bundle *b, int stub_fd, uint64_t *ret,
		     struct err *err)
{
	struct stat st;

	if (stub_fd < 0) {
		*ret = b->stub_size;
		return 0;
	}
	if (fstat(stub_fd, &st) < 0)
		return err_sys(err, errno, "cannot look at the stub");
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return err_set(err, EINVAL, "the stub is empty or not a "
			       "regular file");
	*ret = (uint64_t)st.st_size;
	return 0;
}

int bundle_rewrite(const struct bundle *b, int stub_fd,
		   const char *signatures, size_t len, int out_fd,
		   struct err *err)
{
	struct trailer t;
	uint64_t size = 0;
	int r = stub_size(b, stub_fd, &size, err);

	if (r == 0)
		r = plan(b, size, signatures, len, &t, err);
	if (r < 0)
		return r;
	r = copy(stub_fd < 0 ? b->fd : stub_fd, 0, out_fd, 0, size);
	/* The padding is a hole: it reads as zero. */
	if (r == 0)
		r = copy(b->fd, b->payload_start, out_fd, t.payload_start,
			 b->signatures_start - b->payload_start);
	if (r < 0)
		return err_sys(err, -r, "cannot copy the bundle");
	return write_end(&t, signatures, out_fd, err);
}

int bundle_put_signatures(const struct bundle *b, const char *signatures,
			  size_t len, int fd, struct err *err)
{
	struct trailer t;
	int r = plan(b, b->stub_size, signatures, len, &t, err);

	return r < 0 ? r : write_end(&t, signatures, fd, err);
}
