/*
 * seal.c - the canonical text that is signed (docs/format.md section 4)
 *
 * The lines come in one fixed order, so the parser is a straight walk: take
 * the next line, it has to have this key.  Nothing is trimmed, nothing is
 * optional but header lines, and every value has one spelling; therefore
 * seal_format(seal_parse(x)) is x, byte for byte, for every x accepted.
 *
 * check_sections holds for both ways: what seal_format writes, seal_parse reads.
 */
#include "runtime/seal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/text.h"

#define SEAL_VERSION "1"
#define SEAL_HASH "blake2b-256"
#define CODEC_TEXT_MAX 64u
#define BLOCK_SIZE_MIN 4096u
#define BLOCK_SIZE_MAX (1u << 20)

static const char header_prefix[] = "header.";

static const char *const type_names[] = {
	[SECTION_IMAGE] = "image",
	[SECTION_PROFILE] = "profile",
	[SECTION_ICON] = "icon",
	[SECTION_DESKTOP] = "desktop",
	[SECTION_APPSTREAM] = "appstream",
	[SECTION_MANIFEST] = "manifest",
	[SECTION_LOCK] = "lock",
	[SECTION_SBOM] = "sbom",
};

const char *section_type_name(uint32_t type)
{
	if (type < ARRAY_SIZE(type_names) && type_names[type])
		return type_names[type];
	return "unknown";
}

static bool is_known(uint32_t type)
{
	return type < ARRAY_SIZE(type_names) && type_names[type];
}

void seal_free(struct seal *seal)
{
	free(seal->header);
	free(seal->codec.library);
	free(seal->codec.version);
	*seal = (struct seal){ 0 };
}

const struct section *seal_section(const struct seal *seal, uint32_t type)
{
	for (unsigned i = 0; i < seal->n_sections; i++)
		if (seal->sections[i].type == type)
			return &seal->sections[i];
	return NULL;
}

/* ---- what has to hold for every seal ---- */

/* `next`: where this section has to begin.  Gives its end. */
static int check_section(const struct seal *seal, unsigned i, uint64_t next,
			 uint64_t *ret_end, struct err *err)
{
	const struct section *s = &seal->sections[i];

	if (!s->type)
		return err_set(err, EBADMSG, "section %u has type 0", i + 1);
	if (s->critical && !is_known(s->type))
		return err_set(err, EOPNOTSUPP,
			       "section %u is of type %" PRIu32
			       ", which this holdall does not know and must not skip; use a newer holdall",
			       i + 1, s->type);
	if (s->offset != next)
		return err_set(err, EBADMSG,
			       "section %u (%s) is misplaced: at byte %" PRIu64
			       " of the payload instead of %" PRIu64,
			       i + 1, section_type_name(s->type), s->offset,
			       next);
	if (!s->size || s->size > seal->payload_size - s->offset)
		return err_set(err, EBADMSG,
			       "section %u (%s) of %" PRIu64
			       " bytes is empty or goes beyond the payload's end",
			       i + 1, section_type_name(s->type), s->size);
	*ret_end = s->offset + s->size;
	return 0;
}

static int check_sections(const struct seal *seal, struct err *err)
{
	uint64_t next = 0, end = 0;

	if (!seal->n_sections || seal->sections[0].type != SECTION_IMAGE)
		return err_set(err, EBADMSG,
			       "the first section is not the image");
	if (seal->payload_size > LAYOUT_PAYLOAD_MAX)
		return err_set(err, EBADMSG,
			       "a payload of %" PRIu64
			       " bytes is larger than a bundle may hold",
			       seal->payload_size);
	for (unsigned i = 0; i < seal->n_sections; i++) {
		int r;

		/* A section behind the payload's end would wrap below. */
		if (next > seal->payload_size)
			return err_set(err, EBADMSG,
				       "section %u lies beyond the payload's end",
				       i + 1);
		r = check_section(seal, i, next, &end, err);
		if (r < 0)
			return r;
		next = (end + LAYOUT_SECTION_ALIGN - 1) /
		       LAYOUT_SECTION_ALIGN * LAYOUT_SECTION_ALIGN;
	}
	if (end != seal->payload_size)
		return err_set(err, EBADMSG,
			       "the payload has %" PRIu64
			       " bytes, but its sections end at %" PRIu64,
			       seal->payload_size, end);
	return 0;
}

static int check_header(const char *header, size_t len, struct err *err)
{
	struct text_lines it = TEXT_LINES(header, len, true);
	struct text_line line;
	int r;

	if (len > LAYOUT_HEADER_MAX)
		return err_set(err, EBADMSG,
			       "a header of %zu bytes (at most %u)", len,
			       LAYOUT_HEADER_MAX);
	do {
		r = text_next_line(&it, &line, err);
	} while (r > 0);
	if (r == 0)
		return 0;
	(void)err_prefix(err, "header");
	err->num = EBADMSG;	/* whatever was wrong with the text */
	return -EBADMSG;
}

static int check_codec(const struct codec *c, struct err *err)
{
	if (!c->library[0] || strlen(c->library) > CODEC_TEXT_MAX ||
	    !c->version[0] || strlen(c->version) > CODEC_TEXT_MAX)
		return err_set(err, EBADMSG,
			       "the codec's library or version is empty or longer than %u bytes",
			       CODEC_TEXT_MAX);
	if (c->block_size < BLOCK_SIZE_MIN || c->block_size > BLOCK_SIZE_MAX ||
	    (c->block_size & (c->block_size - 1)))
		return err_set(err, EBADMSG,
			       "the codec's block size %" PRIu32
			       " is no power of two from %u to %u",
			       c->block_size, BLOCK_SIZE_MIN, BLOCK_SIZE_MAX);
	return 0;
}

static int check_seal(const struct seal *seal, struct err *err)
{
	int r = check_header(seal->header, seal->header_len, err);

	if (r == 0)
		r = check_sections(seal, err);
	if (r == 0)
		r = check_codec(&seal->codec, err);
	return r;
}

/* ---- reading ---- */

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
		       "line %u: '%s' is not followed by '%s', the only value that this holdall knows; use a newer holdall",
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
	while (is_next(c, header_prefix)) {
		r = take(c, header_prefix, &s, &len, err);
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
		r = check_seal(&seal, err);
	if (r < 0)
		return r;
	*ret = seal;
	seal = (struct seal){ 0 };
	return 0;
}

/* ---- writing ---- */

static void write_header(struct buf *out, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end) {
		/* check_header: every line ends in a newline. */
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		assert(nl);
		buf_adds(out, header_prefix);
		buf_add(out, p, (size_t)(nl + 1 - p));
		p = nl + 1;
	}
}

static void write_section(struct buf *out, const struct section *s)
{
	char hash[2 * LAYOUT_HASH_SIZE + 1];

	text_hex(hash, s->hash, LAYOUT_HASH_SIZE);
	buf_addf(out, "section=%" PRIu32 " %u %" PRIu64 " %" PRIu64 " %s\n",
		 s->type, s->critical ? 1u : 0u, s->offset, s->size, hash);
}

static void write_seal(struct buf *out, const struct seal *seal)
{
	char root[2 * LAYOUT_HASH_SIZE + 1];

	text_hex(root, seal->root, LAYOUT_HASH_SIZE);
	buf_adds(out, "holdall-seal=" SEAL_VERSION "\n");
	write_header(out, seal->header, seal->header_len);
	for (unsigned i = 0; i < seal->n_sections; i++)
		write_section(out, &seal->sections[i]);
	buf_adds(out, "hash=" SEAL_HASH "\n");
	buf_addf(out, "leaf-size=%u\n", LAYOUT_LEAF_SIZE);
	buf_addf(out, "root=%s\n", root);
	buf_addf(out, "payload-size=%" PRIu64 "\n", seal->payload_size);
	text_write_line(out, "codec.library", seal->codec.library);
	text_write_line(out, "codec.version", seal->codec.version);
	buf_addf(out, "codec.level=%" PRIu32 "\n", seal->codec.level);
	buf_addf(out, "codec.block-size=%" PRIu32 "\n",
		 seal->codec.block_size);
}

int seal_format(const struct seal *seal, struct buf *ret, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int r = check_seal(seal, err);

	if (r < 0)
		return err_prefix(err, "cannot make the seal");
	write_seal(&text, seal);
	r = buf_check(&text, err);
	if (r < 0)
		return r;
	if (text.len > LAYOUT_SEAL_MAX)
		return err_set(err, EFBIG,
			       "the seal would be longer than %u bytes; make the manifest smaller",
			       LAYOUT_SEAL_MAX);
	buf_add(ret, text.data, text.len);
	return buf_check(ret, err);
}
