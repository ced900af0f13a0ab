/*
 * bundle_verify.c - checking every byte of a bundle, and reading one section
 *
 * One pass over the payload in leaves, through payload_read: so each leaf and,
 * with it, each node of the tree is compared with the hashes that lead to the
 * root.  The same pass feeds the hash of the section that a byte belongs to, or
 * asks that it is zero.  The padding behind the stub is looked at first.
 *
 * The stub itself is nobody's promise and is not looked at.
 */
#include "runtime/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/text.h"

#define SECTION_READ_MAX ((uint64_t)16 << 20)
#define PROGRESS_EVERY ((uint64_t)4 << 20)

static int name_bundle(const struct bundle *b, struct err *err)
{
	char shown[256];

	return err_prefix(err, "%s", text_quoted(shown, sizeof(shown),
						 b->name));
}

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* At most LAYOUT_PAYLOAD_ALIGN - 1 bytes, by the trailer's check. */
static int check_padding(const struct bundle *b, struct err *err)
{
	size_t len = (size_t)(b->payload_start - b->stub_size);
	CLEANUP_FREE uint8_t *data = malloc(len + 1);
	int r;

	if (!data)
		return err_nomem(err);
	r = fd_pread_all(b->fd, data, len, b->stub_size);
	if (r < 0)
		r = err_sys(err, -r, "cannot read the bytes behind its stub");
	else if (!is_zero(data, len))
		r = err_set(err, EBADMSG,
			    "the %zu bytes between stub and payload are not"
			    " all zero; the file was changed",
			    len);
	return r < 0 ? name_bundle(b, err) : 0;
}

/* The walk's place among the sections. */
struct walk {
	const struct bundle *b;
	unsigned section;		/* the current or the next one */
	struct hash hash;		/* of the current one */
	uint64_t off;			/* of the bytes that come next */
};

static int end_section(struct walk *w, const struct section *s,
		       struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];

	hash_end(&w->hash, hash);
	w->section++;
	if (hash_equal(hash, s->hash))
		return 0;
	(void)err_set(err, EBADMSG,
		      "section %u (%s) does not match its hash in the seal;"
		      " it was not made by holdall",
		      w->section, section_type_name(s->type));
	return name_bundle(w->b, err);
}

static int check_gap(struct walk *w, const uint8_t *p, size_t len,
		     struct err *err)
{
	if (is_zero(p, len))
		return 0;
	(void)err_set(err, EBADMSG,
		      "bytes between sections, behind byte %" PRIu64
		      " of the payload, are not zero; it was not made by holdall",
		      w->off);
	return name_bundle(w->b, err);
}

/* Takes the next bytes that belong together; at least one. */
static int walk_some(struct walk *w, const uint8_t *p, size_t len,
		     size_t *ret_used, struct err *err)
{
	/* Sections end with the payload, so there is always one to come. */
	const struct section *s = &w->b->seal.sections[w->section];
	uint64_t border = w->off < s->offset ? s->offset :
					       s->offset + s->size;
	size_t n = border - w->off < len ? (size_t)(border - w->off) : len;
	int r = 0;

	if (w->off < s->offset) {
		r = check_gap(w, p, n, err);
	} else {
		if (w->off == s->offset)
			hash_start(&w->hash);
		hash_add(&w->hash, p, n);
		if (w->off + n == s->offset + s->size)
			r = end_section(w, s, err);
	}
	w->off += n;
	*ret_used = n;
	return r;
}

static int walk_bytes(struct walk *w, const uint8_t *p, size_t len,
		      struct err *err)
{
	while (len) {
		size_t used = 0;
		int r = walk_some(w, p, len, &used, err);

		if (r < 0)
			return r;
		p += used;
		len -= used;
	}
	return 0;
}

static int walk_payload(struct walk *w, struct payload *p,
			void (*progress)(void *arg, uint64_t done,
					 uint64_t all),
			void *arg, struct err *err)
{
	CLEANUP_FREE uint8_t *leaf = malloc(LAYOUT_LEAF_SIZE);
	uint64_t all = w->b->payload_size;

	if (!leaf)
		return err_nomem(err);
	while (w->off < all) {
		uint64_t left = all - w->off;
		size_t n = left < LAYOUT_LEAF_SIZE ? (size_t)left :
						     LAYOUT_LEAF_SIZE;
		int r = payload_read(p, leaf, n, w->off, err);

		if (r == 0)
			r = walk_bytes(w, leaf, n, err);
		if (r < 0)
			return r;
		if (progress && (w->off % PROGRESS_EVERY == 0 || w->off == all))
			progress(arg, w->off, all);
	}
	return 0;
}

int bundle_verify(const struct bundle *b,
		  void (*progress)(void *arg, uint64_t done, uint64_t all),
		  void *arg, struct err *err)
{
	struct walk w = { .b = b };
	struct payload *p = NULL;
	int r = check_padding(b, err);

	if (r < 0)
		return r;
	r = payload_new(b, &p, err);
	if (r < 0)
		return r;
	r = walk_payload(&w, p, progress, arg, err);
	payload_free(p);
	return r;
}

static int read_section(const struct bundle *b, const struct section *s,
			char *data, struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];
	struct payload *p = NULL;
	int r = payload_new(b, &p, err);

	if (r < 0)
		return r;
	r = payload_read(p, data, (size_t)s->size, s->offset, err);
	payload_free(p);
	if (r < 0)
		return r;
	hash_bytes(data, (size_t)s->size, hash);
	if (hash_equal(hash, s->hash))
		return 0;
	(void)err_set(err, EBADMSG,
		      "section %s does not match its hash in the seal",
		      section_type_name(s->type));
	return name_bundle(b, err);
}

int bundle_read_section(const struct bundle *b, const struct section *s,
			char **ret, size_t *ret_len, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	int r;

	if (s->size > SECTION_READ_MAX) {
		(void)err_set(err, EFBIG,
			      "section %s of %" PRIu64
			      " bytes is too large to be read whole",
			      section_type_name(s->type), s->size);
		return name_bundle(b, err);
	}
	data = malloc((size_t)s->size + 1);
	if (!data)
		return err_nomem(err);
	r = read_section(b, s, data, err);
	if (r < 0)
		return r;
	data[s->size] = '\0';
	*ret = steal_ptr(&data);
	*ret_len = (size_t)s->size;
	return 0;
}
