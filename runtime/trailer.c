/*
 * trailer.c - reading and writing the trailer (see trailer.h)
 *
 * Reader and writer share trailer_plan: the reader takes the four free sizes
 * out of the bytes, computes every place as the writer would, and compares.  So
 * there is one layout and not two descriptions of it, and whatever is
 * overlapping, endless or misplaced differs from the plan.
 */
#include "runtime/trailer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/hash.h"
#include "runtime/hashtree.h"

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
	uint64_t n = 0;

	while (bytes)
		n = n << 8 | p[--bytes];
	return n;
}

static void put_le(uint8_t *p, unsigned bytes, uint64_t n)
{
	for (unsigned i = 0; i < bytes; i++, n >>= 8)
		p[i] = (uint8_t)n;
}

static int check_limit(const char *what, uint64_t size, uint64_t min,
		       uint64_t max, struct err *err)
{
	if (size >= min && size <= max)
		return 0;
	return err_set(err, EBADMSG,
		       "%s of %" PRIu64 " bytes (allowed: %" PRIu64
		       " to %" PRIu64 ")", what, size, min, max);
}

static int check_limits(const struct trailer *t, struct err *err)
{
	int r = check_limit("stub", t->stub_size, 1, LAYOUT_STUB_MAX, err);

	if (r == 0)
		r = check_limit("payload", t->payload_size, 1,
				LAYOUT_PAYLOAD_MAX, err);
	if (r == 0)
		r = check_limit("seal", t->seal_size, 1, LAYOUT_SEAL_MAX, err);
	if (r == 0)
		r = check_limit("signatures", t->signatures_size, 0,
				LAYOUT_SIGNATURES_SIZE_MAX, err);
	return r;
}

int trailer_plan(struct trailer *t, struct err *err)
{
	struct hashtree_shape shape;
	int r = check_limits(t, err);

	if (r < 0)
		return r;
	r = hashtree_shape(t->payload_size, &shape);
	if (r < 0)
		return err_sys(err, -r, "payload");
	/* The limits just checked keep these sums far from 2^64. */
	t->payload_start = (t->stub_size + LAYOUT_PAYLOAD_ALIGN - 1) /
			   LAYOUT_PAYLOAD_ALIGN * LAYOUT_PAYLOAD_ALIGN;
	t->tree_start = t->payload_start + t->payload_size;
	t->tree_size = shape.size;
	t->seal_start = t->tree_start + t->tree_size;
	t->signatures_start = t->seal_start + t->seal_size;
	return 0;
}

void trailer_format(const struct trailer *t, uint8_t ret[LAYOUT_TRAILER_SIZE])
{
	memset(ret, 0, LAYOUT_TRAILER_SIZE);
	memcpy(ret + TRAILER_MAGIC, LAYOUT_MAGIC, 8);
	put_le(ret + TRAILER_VERSION, 4, LAYOUT_VERSION);
	put_le(ret + TRAILER_SIZE, 4, LAYOUT_TRAILER_SIZE);
	put_le(ret + TRAILER_PAYLOAD_START, 8, t->payload_start);
	put_le(ret + TRAILER_PAYLOAD_SIZE, 8, t->payload_size);
	put_le(ret + TRAILER_TREE_START, 8, t->tree_start);
	put_le(ret + TRAILER_TREE_SIZE, 8, t->tree_size);
	put_le(ret + TRAILER_SEAL_START, 8, t->seal_start);
	put_le(ret + TRAILER_SEAL_SIZE, 8, t->seal_size);
	put_le(ret + TRAILER_SIGNATURES_START, 8, t->signatures_start);
	put_le(ret + TRAILER_SIGNATURES_SIZE, 8, t->signatures_size);
	put_le(ret + TRAILER_STUB_SIZE, 8, t->stub_size);
	memcpy(ret + TRAILER_SEAL_HASH, t->seal_hash, LAYOUT_HASH_SIZE);
	memcpy(ret + TRAILER_SIGNATURES_HASH, t->signatures_hash,
	       LAYOUT_HASH_SIZE);
	hash_bytes(ret, TRAILER_HASH, ret + TRAILER_HASH);
}

bool trailer_has_magic(const uint8_t data[LAYOUT_TRAILER_SIZE])
{
	return memcmp(data + TRAILER_MAGIC, LAYOUT_MAGIC, 8) == 0;
}

/* Magic, hash and version: what stays the same in every later format. */
static int check_identity(const uint8_t *data, struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];
	uint64_t version = get_le(data + TRAILER_VERSION, 4);

	if (!trailer_has_magic(data))
		return err_set(err, ENOEXEC, "no trailer at the end");
	hash_bytes(data, TRAILER_HASH, hash);
	if (!hash_equal(hash, data + TRAILER_HASH))
		return err_set(err, EBADMSG,
			       "its trailer (the last %u bytes) is damaged;"
			       " copy or download it again",
			       LAYOUT_TRAILER_SIZE);
	if (version > LAYOUT_VERSION)
		return err_set(err, EOPNOTSUPP,
			       "made in format version %" PRIu64
			       ", this holdall reads version %u; use a newer holdall",
			       version, LAYOUT_VERSION);
	if (version != LAYOUT_VERSION)
		return err_set(err, EBADMSG,
			       "its trailer names format version %" PRIu64
			       ", which never existed", version);
	return 0;
}

static int check_place(const char *what, const uint8_t *data, unsigned at,
		       uint64_t planned, struct err *err)
{
	uint64_t found = get_le(data + at, 8);

	if (found == planned)
		return 0;
	return err_set(err, EBADMSG,
		       "its trailer is not valid: %s at %" PRIu64
		       " instead of %" PRIu64
		       "; it was not made by holdall", what, found, planned);
}

static int check_places(const uint8_t *data, uint64_t file_size,
			const struct trailer *t, struct err *err)
{
	uint64_t end = t->signatures_start + t->signatures_size +
		       LAYOUT_TRAILER_SIZE;
	int r = check_place("payload", data, TRAILER_PAYLOAD_START,
			    t->payload_start, err);

	if (r == 0)
		r = check_place("tree", data, TRAILER_TREE_START,
				t->tree_start, err);
	if (r == 0)
		r = check_place("end of the tree", data, TRAILER_TREE_SIZE,
				t->tree_size, err);
	if (r == 0)
		r = check_place("seal", data, TRAILER_SEAL_START,
				t->seal_start, err);
	if (r == 0)
		r = check_place("signatures", data, TRAILER_SIGNATURES_START,
				t->signatures_start, err);
	if (r < 0 || end == file_size)
		return r;
	return err_set(err, EBADMSG,
		       "%" PRIu64 " bytes long, but its trailer speaks of %"
		       PRIu64 "; bytes are missing or were put in;"
		       " copy or download it again",
		       file_size, end);
}

int trailer_parse(const uint8_t data[LAYOUT_TRAILER_SIZE], uint64_t file_size,
		  struct trailer *ret, struct err *err)
{
	struct trailer t = {
		.stub_size = get_le(data + TRAILER_STUB_SIZE, 8),
		.payload_size = get_le(data + TRAILER_PAYLOAD_SIZE, 8),
		.seal_size = get_le(data + TRAILER_SEAL_SIZE, 8),
		.signatures_size = get_le(data + TRAILER_SIGNATURES_SIZE, 8),
	};
	int r = check_identity(data, err);

	if (r < 0)
		return r;
	if (get_le(data + TRAILER_SIZE, 4) != LAYOUT_TRAILER_SIZE ||
	    get_le(data + TRAILER_RESERVED, 8) != 0)
		return err_set(err, EBADMSG,
			       "its trailer is not valid: bytes that have to be"
			       " constant are not; it was not made by holdall");
	r = trailer_plan(&t, err);
	if (r < 0)
		return err_prefix(err, "its trailer is not valid");
	r = check_places(data, file_size, &t, err);
	if (r < 0)
		return r;
	memcpy(t.seal_hash, data + TRAILER_SEAL_HASH, LAYOUT_HASH_SIZE);
	memcpy(t.signatures_hash, data + TRAILER_SIGNATURES_HASH,
	       LAYOUT_HASH_SIZE);
	*ret = t;
	return 0;
}
