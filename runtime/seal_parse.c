/*
 * seal_parse.c - reading the seal (docs/format.md section 4)
 *
 * The lines come in one fixed order, so the parser is a straight walk: take
 * the next line, it has to have this key.  Nothing is trimmed, nothing is
 * optional but header lines, and every value has one spelling; therefore
 * seal_format(seal_parse(x)) is x, byte for byte, for every x accepted.
 *
 * What the values mean together (places, limits) is seal_check's, in seal.c.
 */
#include "runtime/seal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/text.h"

struct cursor {
	const char *p, *end;
	unsigned number;		/* of the line taken last */
};

/* Does the next line begin with this? */
static bool is_next(const struct cursor *c, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(c->end - c->p) >= len &&
	       memcmp(c->p, prefix, len) == 0;
}

/* Takes the rest of a line that begins with `prefix`. */
static int take(struct cursor *c, const char *prefix, const char **ret,
		size_t *ret_len, struct err *err)
{
	const char *nl;

	c->number++;
	if (!is_next(c, prefix))
		return err_set(err, EBADMSG, "line %u: does not begin with '%s'",
			       c->number, prefix);
	c->p += strlen(prefix);
	nl = memchr(c->p, '\n', (size_t)(c->end - c->p));
	if (!nl)
		return err_set(err, EBADMSG,
			       "line %u: does not end in a newline",
			       c->number);
	*ret = c->p;
	*ret_len = (size_t)(nl - c->p);
	c->p = nl + 1;
	return 0;
}

static int bad_value(const struct cursor *c, const char *prefix,
		     struct err *err)
{
	return err_set(err, EBADMSG, "line %u: bad value behind '%s'",
		       c->number, prefix);
}

static int take_constant(struct cursor *c, const char *prefix,
			 const char *value, struct err *err)
{
	const char *s;
	size_t len;
	int r = take(c, prefix, &s, &len, err);

	if (r < 0)
		return r;
	if (len == strlen(value) && memcmp(s, value, len) == 0)
		return 0;
	return err_set(err, EOPNOTSUPP,
		       "line %u: '%s' is not followed by '%s', the only value"
		       " that this holdall knows; use a newer holdall",
		       c->number, prefix, value);
}

static int take_u64(struct cursor *c, const char *prefix, uint64_t max,
		    uint64_t *ret, struct err *err)
{
	const char *s;
	size_t len;
	uint64_t n;
	int r = take(c, prefix, &s, &len, err);

	if (r < 0)
		return r;
	if (text_read_u64(s, len, &n) < 0 || n > max)
		return bad_value(c, prefix, err);
	*ret = n;
	return 0;
}

static int take_u32(struct cursor *c, const char *prefix, uint32_t *ret,
		    struct err *err)
{
	uint64_t n = 0;
	int r = take_u64(c, prefix, UINT32_MAX, &n, err);

	if (r == 0)
		*ret = (uint32_t)n;
	return r;
}

static int take_hash(struct cursor *c, const char *prefix, uint8_t *ret,
		     struct err *err)
{
	const char *s;
	size_t len;
	int r = take(c, prefix, &s, &len, err);

	if (r < 0)
		return r;
	if (text_unhex(s, len, ret, LAYOUT_HASH_SIZE) < 0)
		return bad_value(c, prefix, err);
	return 0;
}

static int take_text(struct cursor *c, const char *prefix, char **ret,
		     struct err *err)
{
	const char *s;
	size_t len;
	int r = take(c, prefix, &s, &len, err);

	if (r < 0)
		return r;
	r = text_unescape(s, len, ret);
	if (r == -ENOMEM)
		return err_nomem(err);
	return r < 0 ? bad_value(c, prefix, err) : 0;
}

/* The header's lines without their prefix, one text. */
static int take_header(struct cursor *c, struct seal *seal, struct err *err)
{
	CLEANUP_BUF struct buf header = BUF_INIT;
	const char *s;
	size_t len;
	int r;

	header.max = LAYOUT_SEAL_MAX;
	while (is_next(c, SEAL_HEADER_PREFIX)) {
		r = take(c, SEAL_HEADER_PREFIX, &s, &len, err);
		if (r < 0)
			return r;
		buf_add(&header, s, len);
		buf_addc(&header, '\n');
	}
	seal->header_len = header.len;
	seal->header = buf_steal(&header);
	return header.failed || !seal->header ? err_nomem(err) : 0;
}

/* One field of a section line: up to the next blank or the end. */
static bool next_field(const char **p, const char *end, const char **ret,
		       size_t *ret_len)
{
	const char *blank;

	if (*p > end)
		return false;
	blank = memchr(*p, ' ', (size_t)(end - *p));
	*ret = *p;
	*ret_len = (size_t)((blank ? blank : end) - *p);
	/* Behind the last field p stands past the end: nothing follows. */
	*p = blank ? blank + 1 : end + 1;
	return true;
}

static bool read_section(const char *s, size_t len, struct section *ret)
{
	const char *end = s + len, *field;
	uint64_t n[4] = { 0 };
	size_t field_len;

	for (unsigned i = 0; i < ARRAY_SIZE(n); i++)
		if (!next_field(&s, end, &field, &field_len) ||
		    text_read_u64(field, field_len, &n[i]) < 0)
			return false;
	if (!next_field(&s, end, &field, &field_len) || s != end + 1 ||
	    text_unhex(field, field_len, ret->hash, LAYOUT_HASH_SIZE) < 0)
		return false;
	if (n[0] > UINT32_MAX || n[1] > 1)
		return false;
	ret->type = (uint32_t)n[0];
	ret->critical = n[1] == 1;
	ret->offset = n[2];
	ret->size = n[3];
	return true;
}

static int take_sections(struct cursor *c, struct seal *seal, struct err *err)
{
	static const char prefix[] = "section=";
	const char *s;
	size_t len;

	while (is_next(c, prefix)) {
		int r = take(c, prefix, &s, &len, err);

		if (r < 0)
			return r;
		if (seal->n_sections == LAYOUT_SECTIONS_MAX)
			return err_set(err, EBADMSG,
				       "line %u: more than %u sections",
				       c->number, LAYOUT_SECTIONS_MAX);
		if (!read_section(s, len, &seal->sections[seal->n_sections]))
			return bad_value(c, prefix, err);
		seal->n_sections++;
	}
	return 0;
}

static int take_codec(struct cursor *c, struct codec *codec, struct err *err)
{
	int r = take_text(c, "codec.library=", &codec->library, err);

	if (r == 0)
		r = take_text(c, "codec.version=", &codec->version, err);
	if (r == 0)
		r = take_u32(c, "codec.level=", &codec->level, err);
	if (r == 0)
		r = take_u32(c, "codec.block-size=", &codec->block_size, err);
	return r;
}

static int take_seal(struct cursor *c, struct seal *seal, struct err *err)
{
	int r = take_constant(c, "holdall-seal=", SEAL_VERSION, err);

	if (r == 0)
		r = take_header(c, seal, err);
	if (r == 0)
		r = take_sections(c, seal, err);
	if (r == 0)
		r = take_constant(c, "hash=", SEAL_HASH, err);
	if (r == 0)
		r = take_constant(c, "leaf-size=", "16384", err);
	if (r == 0)
		r = take_hash(c, "root=", seal->root, err);
	if (r == 0)
		r = take_u64(c, "payload-size=", LAYOUT_PAYLOAD_MAX,
			     &seal->payload_size, err);
	if (r == 0)
		r = take_codec(c, &seal->codec, err);
	if (r == 0 && c->p != c->end)
		r = err_set(err, EBADMSG, "line %u: nothing may follow",
			    c->number + 1);
	return r;
}

_Static_assert(LAYOUT_LEAF_SIZE == 16384, "leaf-size in take_seal");

int seal_parse(const char *text, size_t len, struct seal *ret,
	       struct err *err)
{
	CLEANUP_SEAL struct seal seal = { 0 };
	struct cursor c = { .p = text, .end = text + len };
	int r;

	if (len > LAYOUT_SEAL_MAX)
		return err_set(err, EBADMSG, "longer than %u bytes",
			       LAYOUT_SEAL_MAX);
	r = take_seal(&c, &seal, err);
	if (r == 0)
		r = seal_check(&seal, err);
	if (r < 0)
		return r;
	*ret = seal;
	seal = (struct seal){ 0 };
	return 0;
}
