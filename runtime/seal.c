/*
 * seal.c - the canonical text that is signed: its rules, and writing it
 *
 * docs/format.md section 4 is the description.  seal_check holds for both ways:
 * what seal_format writes, seal_parse (seal_parse.c) reads.
 */
#include "runtime/seal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/text.h"

#define CODEC_TEXT_MAX 64u
#define BLOCK_SIZE_MIN 4096u
#define BLOCK_SIZE_MAX (1u << 20)

static const char *const type_names[] = {
	[SECTION_IMAGE] = "image",
	[SECTION_PROFILE] = "profile",
	[SECTION_ICON] = "icon",
	[SECTION_DESKTOP] = "desktop",
	[SECTION_APPSTREAM] = "appstream",
	[SECTION_MANIFEST] = "manifest",
	[SECTION_LOCK] = "lock",
	[SECTION_SBOM] = "sbom",
	[SECTION_PACKAGES] = "packages",
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
			       ", which this holdall does not know and must"
			       " not skip; use a newer holdall",
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

int seal_check(const struct seal *seal, struct err *err)
{
	int r = check_header(seal->header, seal->header_len, err);

	if (r == 0)
		r = check_sections(seal, err);
	if (r == 0)
		r = check_codec(&seal->codec, err);
	return r;
}

/* ---- writing ---- */

static void write_header(struct buf *out, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end) {
		/* check_header: every line ends in a newline. */
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		assert(nl);
		buf_adds(out, SEAL_HEADER_PREFIX);
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
	int r = seal_check(seal, err);

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
