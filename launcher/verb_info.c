/*
 * verb_info.c - info: what a bundle is, from trailer and seal alone
 *
 * Neither the payload nor the image is looked at: everything shown is under the
 * seal's hash.  --seal and --signature write the raw bytes, with which minisign
 * checks a bundle without us.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "launcher/cli.h"
#include "launcher/out.h"
#include "launcher/state.h"
#include "launcher/trust.h"
#include "launcher/quoted.h"
#include "runtime/contents.h"
#include "runtime/fd.h"
#include "runtime/json.h"

/* What both forms show. */
struct info {
	struct bundle bundle;
	struct header header;
	struct trust trust;
	char *bad;			/* why a signature is, or NULL */
	char *origin;
	char seal_hex[2 * LAYOUT_HASH_SIZE + 1];
};

static void info_free(struct info *i)
{
	bundle_free(&i->bundle);
	header_free(&i->header);
	trust_free(&i->trust);
	free(i->bad);
	free(i->origin);
}

static int write_seal(const struct bundle *b, struct err *err)
{
	CLEANUP_FREE char *seal = NULL;
	size_t len;
	int r = bundle_read_seal(b, &seal, &len, err);

	return r < 0 ? r : out_write(seal, len, err);
}

/* As it stands there: who checks it is somebody else. */
static int write_signature(const struct bundle *b, struct err *err)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	int r = signature_list_read(b, &l, err);

	if (r == 0 && !l.n)
		r = err_set(err, ENODATA, "%s is not signed", b->name);
	/* minisign reads one; more are told apart by --json. */
	return r < 0 ? r : out_write(l.v[0].text, l.v[0].text_len, err);
}

/* ---- packages ---- */

static int read_contents(const struct bundle *b, struct contents *ret,
			 struct err *err)
{
	const struct section *s = seal_section(&b->seal, SECTION_PACKAGES);
	CLEANUP_FREE char *text = NULL;
	struct quoted q;
	size_t len;
	int r;

	if (!s)
		return err_set(err, ENODATA, "%s has no list of packages; an "
			       "older holdall made it", quote(&q, b->name));
	/* Before memory is taken for it. */
	if (s->size > CONTENTS_MAX)
		return err_set(err, EFBIG, "%s: its list of packages is larger "
			       "than %zu MiB", quote(&q, b->name),
			       CONTENTS_MAX >> 20);
	r = bundle_read_section(b, s, &text, &len, err);
	if (r == 0)
		r = contents_parse(text, len, ret, err);
	if (r < 0)
		return err_prefix(err, "%s", quote(&q, b->name));
	contents_sort(ret);
	return 0;
}

static void packages_json(const struct contents *c, struct buf *out)
{
	struct json j = JSON_INIT(out);
	uint64_t sum = 0;

	json_open(&j, NULL, '{');
	json_open(&j, "packages", '[');
	for (size_t i = 0; i < c->n; i++) {
		const struct contents_row *row = &c->v[i];

		json_open(&j, NULL, '{');
		json_str(&j, "kind", row->kind);
		json_str(&j, "name", row->name);
		json_str(&j, "version", row->version);
		json_u64(&j, "files", row->files);
		json_u64(&j, "size", row->bytes);
		json_close(&j, '}');
		sum += row->bytes;
	}
	json_close(&j, ']');
	json_u64(&j, "size", sum);
	json_close(&j, '}');
}

/* Debian's versions hold '~', which is harmless but not for a shell. */
static void add_version(const char *version, struct buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789.+~:-";

	if (version[strspn(version, plain)])
		text_quote(out, version);
	else
		buf_adds(out, version);
}

/* "jq 1.6-2.1"; what is no package says what it is. */
static void packages_row(const struct contents_row *row, struct buf *out)
{
	char size[32];

	buf_addf(out, "%10s  ", text_size(size, sizeof(size), row->bytes));
	if (!strcmp(row->kind, "holdall"))
		buf_adds(out, "(made by holdall)");
	else
		text_quote(out, row->name);
	if (!strcmp(row->kind, "debian")) {
		buf_addc(out, ' ');
		add_version(row->version, out);
	}
	if (strcmp(row->kind, "debian") && strcmp(row->kind, "holdall"))
		buf_addf(out, " (%s)", row->kind);
	buf_addc(out, '\n');
}

static void packages_text(const struct contents *c, struct buf *out)
{
	uint64_t sum = 0;
	size_t n = 0;
	char size[32];

	for (size_t i = 0; i < c->n; i++) {
		packages_row(&c->v[i], out);
		sum += c->v[i].bytes;
		n += !strcmp(c->v[i].kind, "debian");
	}
	buf_addf(out, "%10s  in all, before compression; %zu package%s\n",
		 text_size(size, sizeof(size), sum), n, n == 1 ? "" : "s");
}

static int write_packages(const struct bundle *b, bool json, struct err *err)
{
	CLEANUP_CONTENTS struct contents c = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	int r = read_contents(b, &c, err);

	if (r < 0)
		return r;
	if (json)
		packages_json(&c, &out);
	else
		packages_text(&c, &out);
	return out_buf(&out, err);
}

/* ---- for programs ---- */

static void json_command(struct json *j, const struct header_command *c)
{
	json_open(j, NULL, '{');
	json_str(j, "name", c->name ? c->name : "");
	json_open(j, "argv", '[');
	for (size_t i = 0; i < c->argv.n; i++)
		json_str(j, NULL, c->argv.v[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void json_commands(struct json *j, const struct header *h)
{
	if (h->n_commands && h->commands[0].argv.n)
		json_str(j, "command", h->commands[0].argv.v[0]);
	else
		json_null(j, "command");
	json_open(j, "commands", '[');
	for (size_t i = 0; i < h->n_commands; i++)
		json_command(j, &h->commands[i]);
	json_close(j, ']');
}

static void json_permissions(struct json *j, const struct perms *perms)
{
	char sentence[512];

	json_open(j, "permissions", '[');
	for (size_t i = 0; i < perms->n; i++) {
		const struct permission *p = &perms->v[i];

		json_open(j, NULL, '{');
		json_str(j, "word", perm_word_name(p->word));
		json_str(j, "value", p->value);
		json_str(j, "risk", perm_risk(p) == RISK_HARMLESS ?
			 "harmless" : "ask");
		json_str(j, "sentence", perm_sentence(p, sentence,
						      sizeof(sentence)));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_sections(struct json *j, const struct bundle *b)
{
	char hex[2 * LAYOUT_HASH_SIZE + 1];

	json_open(j, "sections", '[');
	for (unsigned i = 0; i < b->seal.n_sections; i++) {
		const struct section *s = &b->seal.sections[i];

		json_open(j, NULL, '{');
		json_str(j, "type", section_type_name(s->type));
		json_u64(j, "number", s->type);
		json_bool(j, "critical", s->critical);
		json_u64(j, "offset", b->payload_start + s->offset);
		json_u64(j, "size", s->size);
		text_hex(hex, s->hash, LAYOUT_HASH_SIZE);
		json_str(j, "hash", hex);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static const char *signature_state(const struct trust_signature *s)
{
	return !s->checked ? "not checked" : s->pinned ? "pinned" :
	       s->removed ? "removed" : s->trusted ? "trusted" : "unknown";
}

static void json_signature(struct json *j, const struct signature *s,
			   const struct trust_signature *t)
{
	char key[MINISIGN_KEY_TEXT + 1], id[17];
	CLEANUP_BUF struct buf copy = BUF_INIT;

	json_open(j, NULL, '{');
	json_str(j, "state", signature_state(t));
	minisign_id_show(s->minisign.id, id);
	json_str(j, "key-id", id);
	if (t->checked) {
		minisign_key_format(&t->key, key);
		json_str(j, "key", key);
	} else {
		json_null(j, "key");
	}
	buf_add(&copy, s->minisign.trusted, s->minisign.trusted_len);
	json_str(j, "trusted-comment", buf_text(&copy));
	copy.len = 0;
	buf_add(&copy, s->text, s->text_len);
	json_str(j, "text", buf_text(&copy));
	json_close(j, '}');
}

static void json_signatures(struct json *j, const struct info *i)
{
	json_open(j, "signatures", '[');
	for (unsigned k = 0; k < i->trust.list.n; k++)
		json_signature(j, &i->trust.list.v[k], &i->trust.each[k]);
	json_close(j, ']');
	if (i->bad)
		json_str(j, "bad-signature", i->bad);
}

static void json_codec(struct json *j, const struct codec *c)
{
	json_open(j, "codec", '{');
	json_str(j, "library", c->library ? c->library : "");
	json_str(j, "version", c->version ? c->version : "");
	json_u64(j, "level", c->level);
	json_u64(j, "block-size", c->block_size);
	json_close(j, '}');
}

static int write_json(const struct info *i, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct section *image = seal_section(&i->bundle.seal,
						   SECTION_IMAGE);
	struct json j = JSON_INIT(&b);

	json_open(&j, NULL, '{');
	json_str(&j, "id", i->header.id);
	json_str(&j, "version", i->header.version);
	json_str(&j, "name", i->header.name);
	json_commands(&j, &i->header);
	json_str(&j, "kind", i->header.kind == KIND_THIN ? "thin" : "full");
	json_str(&j, "arch", i->header.arch ? i->header.arch : "");
	json_bool(&j, "graphical", i->header.graphical);
	json_bool(&j, "sandbox-required", i->header.sandbox_required);
	json_permissions(&j, &i->header.perms);
	json_str(&j, "origin", i->origin);
	json_str(&j, "seal", i->seal_hex);
	json_open(&j, "image", '{');
	json_u64(&j, "offset", i->bundle.payload_start +
		 (image ? image->offset : 0));
	json_u64(&j, "size", image ? image->size : 0);
	json_close(&j, '}');
	json_sections(&j, &i->bundle);
	json_codec(&j, &i->bundle.seal.codec);
	json_signatures(&j, i);
	json_u64(&j, "size", i->bundle.file_size);
	json_close(&j, '}');
	return out_buf(&b, err);
}

/* ---- for people ---- */

static void text_field(struct buf *b, const char *name)
{
	buf_addf(b, "%-12s ", name);
}

static void text_argv(struct buf *b, const struct strlist *argv)
{
	for (size_t i = 0; i < argv->n; i++) {
		if (i)
			buf_addc(b, ' ');
		text_quote(b, argv->v[i]);
	}
	buf_addc(b, '\n');
}

static void text_commands(struct buf *b, const struct header *h)
{
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct header_command *c = &h->commands[i];

		text_field(b, i ? "" : "command");
		if (c->name && c->name[0])
			buf_addf(b, "%s: ", c->name);
		text_argv(b, &c->argv);
	}
}

static void text_permissions(struct buf *b, const struct header *h)
{
	char sentence[512];

	text_field(b, "asks to");
	if (!h->perms.n)
		buf_adds(b, h->graphical ? "show windows\n" : "do nothing "
			 "beyond the sandbox\n");
	for (size_t i = 0; i < h->perms.n; i++) {
		const struct permission *p = &h->perms.v[i];

		if (i)
			text_field(b, "");
		buf_addf(b, "%s (", perm_sentence(p, sentence,
						  sizeof(sentence)));
		buf_addf(b, "%s=", perm_word_name(p->word));
		text_quote(b, p->value);
		buf_addf(b, "%s)\n", perm_risk(p) == RISK_ASK ?
			 ", needs a yes" : "");
	}
}

static void text_sections(struct buf *b, const struct bundle *bundle)
{
	char size[32];

	for (unsigned i = 0; i < bundle->seal.n_sections; i++) {
		const struct section *s = &bundle->seal.sections[i];

		text_field(b, i ? "" : "sections");
		buf_addf(b, "%s (%s at %" PRIu64 ")\n",
			 section_type_name(s->type),
			 text_size(size, sizeof(size), s->size),
			 bundle->payload_start + s->offset);
	}
}

static void text_signatures(struct buf *b, const struct info *i)
{
	char name[17];

	text_field(b, "signatures");
	if (i->bad)
		buf_addf(b, "BAD: %s\n", i->bad);
	else if (!i->trust.list.n)
		buf_adds(b, "none\n");
	for (unsigned k = 0; k < i->trust.list.n; k++) {
		const struct trust_signature *s = &i->trust.each[k];

		if (k)
			text_field(b, "");
		if (s->checked)
			minisign_key_fingerprint(&s->key, name);
		else
			minisign_id_show(i->trust.list.v[k].minisign.id, name);
		buf_addf(b, "%s%s, %s\n", s->checked ? "key-" : "key id ",
			 name, signature_state(s));
	}
}

static int write_text(const struct info *i, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct header *h = &i->header;
	char size[32];

	text_quote(&b, h->name);
	buf_addf(&b, " %s\n", h->version);
	text_field(&b, "id");
	buf_addf(&b, "%s\n", h->id);
	text_commands(&b, h);
	text_field(&b, "kind");
	buf_addf(&b, "%s, for %s%s%s\n",
		 h->kind == KIND_THIN ? "thin" : "full",
		 h->arch ? h->arch : "any computer",
		 h->graphical ? ", with windows" : "",
		 h->sandbox_required ? ", never without the sandbox" : "");
	text_permissions(&b, h);
	text_field(&b, "size");
	buf_addf(&b, "%s\n", text_size(size, sizeof(size),
				       i->bundle.file_size));
	text_sections(&b, &i->bundle);
	text_field(&b, "origin");
	buf_addf(&b, "%s\n", i->origin);
	text_field(&b, "seal");
	buf_addf(&b, "%s\n", i->seal_hex);
	text_signatures(&b, i);
	return out_buf(&b, err);
}

/* Info shows what is there, a bad signature too: it says so and goes on. */
static int find_trust(struct info *i, struct err *err)
{
	struct err why;
	int r = trust_of(&i->bundle, i->header.id, TRUST_WHOLE, &i->trust,
			 &why);

	if (r == 0)
		return 0;
	if (i->bundle.signatures_size) {
		i->bad = strdup(why.text);
		if (!i->bad)
			return err_nomem(err);
	}
	return 0;
}

/* Without a home there is no record of packs: the bundle's own seal it is. */
static int find_origin(struct info *i, struct err *err)
{
	struct err ignored;

	if (!i->bad && state_origin(&i->bundle, &i->header, &i->origin,
				    &ignored) == 0)
		return 0;
	i->origin = strdup("unknown");
	return i->origin ? 0 : err_nomem(err);
}

int verb_info(struct options *o, struct err *err)
{
	CLEANUP(info_free) struct info i = { .bundle = BUNDLE_INIT };
	struct quoted q;
	int r = cli_open_bundle(o, &i.bundle, err);

	if (r < 0)
		return r;
	if (o->seal)
		return write_seal(&i.bundle, err);
	if (o->signature)
		return write_signature(&i.bundle, err);
	if (o->packages)
		return write_packages(&i.bundle, o->json, err);
	r = header_parse(i.bundle.seal.header, i.bundle.seal.header_len,
			 &i.header, err);
	if (r < 0)
		return err_prefix(err, "%s", quote(&q, i.bundle.name));
	r = find_trust(&i, err);
	if (r == 0)
		r = find_origin(&i, err);
	if (r < 0)
		return r;
	text_hex(i.seal_hex, i.bundle.seal_hash, LAYOUT_HASH_SIZE);
	return o->json ? write_json(&i, err) : write_text(&i, err);
}
