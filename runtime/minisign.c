/*
 * minisign.c - public keys and signatures as text (see minisign.h)
 *
 * Line by line, with one cursor; a line's length is bounded before anything is
 * decoded.  Every base64 text has a fixed length here, so nothing is allocated
 * but for the bytes under a global signature.
 */
#include "runtime/minisign.h"

#include <errno.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <string.h>

#include "runtime/hash.h"
#include "runtime/text.h"

#define KEY_BYTES (2 + MINISIGN_ID_SIZE + MINISIGN_KEY_SIZE)
#define LINE_BYTES (2 + MINISIGN_ID_SIZE + MINISIGN_SIGNATURE_SIZE)
#define LINE_TEXT 100u		/* base64 of LINE_BYTES */
#define GLOBAL_TEXT 88u		/* base64 of a signature */
#define SECRET_TEXT 212u	/* base64 of a secret key */
#define KEY_FILE_MAX 4096u

_Static_assert((KEY_BYTES + 2) / 3 * 4 == MINISIGN_KEY_TEXT, "base64");
_Static_assert((LINE_BYTES + 2) / 3 * 4 == LINE_TEXT, "base64");
_Static_assert((MINISIGN_SIGNATURE_SIZE + 2) / 3 * 4 == GLOBAL_TEXT,
	       "base64");
_Static_assert(crypto_sign_ed25519_BYTES == MINISIGN_SIGNATURE_SIZE &&
	       crypto_sign_ed25519_PUBLICKEYBYTES == MINISIGN_KEY_SIZE,
	       "Ed25519");

/* ---- base64 ---- */

int minisign_unbase64(const char *text, size_t len, uint8_t *ret, size_t size)
{
	size_t got = 0;
	const char *end = NULL;

	/* libsodium 1.0.18 takes some bytes above 0x7f for digits. */
	for (size_t i = 0; i < len; i++)
		if (text[i] & 0x80)
			return -EBADMSG;
	/* It refuses stray bits and missing padding itself; with no characters
	 * to skip there is one spelling. */
	if (len != (size + 2) / 3 * 4 ||
	    sodium_base642bin(ret, size, text, len, NULL, &got, &end,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return -EBADMSG;
	return got == size && end == text + len ? 0 : -EBADMSG;
}

void minisign_base64(const uint8_t *data, size_t size, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		size_t n = size - i < 3 ? size - i : 3;
		uint32_t v = (uint32_t)data[i] << 16;

		if (n > 1)
			v |= (uint32_t)data[i + 1] << 8;
		if (n > 2)
			v |= data[i + 2];
		buf_addc(out, digits[v >> 18]);
		buf_addc(out, digits[v >> 12 & 63]);
		buf_addc(out, n > 1 ? digits[v >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? digits[v & 63] : '=');
	}
}

/* ---- keys ---- */

bool minisign_key_equal(const struct minisign_key *a,
			const struct minisign_key *b)
{
	return memcmp(a->key, b->key, MINISIGN_KEY_SIZE) == 0;
}

int minisign_key_parse(const char *text, size_t len,
		       struct minisign_key *ret, struct err *err)
{
	uint8_t raw[KEY_BYTES];

	if (minisign_unbase64(text, len, raw, sizeof(raw)) < 0)
		return err_set(err, EBADMSG, "not a public key of minisign "
			       "(%u characters that begin with RW)",
			       MINISIGN_KEY_TEXT);
	if (memcmp(raw, "Ed", 2) != 0)
		return err_set(err, EBADMSG, "not a public key of minisign: "
			       "another algorithm than Ed25519");
	memcpy(ret->id, raw + 2, MINISIGN_ID_SIZE);
	memcpy(ret->key, raw + 2 + MINISIGN_ID_SIZE, MINISIGN_KEY_SIZE);
	return 0;
}

int minisign_key_parse_file(const char *text, size_t len,
			    struct minisign_key *ret, struct err *err)
{
	size_t comment = strlen(MINISIGN_UNTRUSTED);
	const char *nl;

	if (len > KEY_FILE_MAX)
		return err_set(err, EBADMSG, "too long for a public key");
	if (len > comment && memcmp(text, MINISIGN_UNTRUSTED, comment) == 0) {
		nl = memchr(text, '\n', len);
		if (!nl)
			return err_set(err, EBADMSG, "a comment and no key");
		len -= (size_t)(nl + 1 - text);
		text = nl + 1;
	}
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len == SECRET_TEXT)
		return err_set(err, EBADMSG, "this is a secret key; the public "
			       "one is needed (NAME.pub)");
	return minisign_key_parse(text, len, ret, err);
}

void minisign_key_format(const struct minisign_key *key,
			 char ret[MINISIGN_KEY_TEXT + 1])
{
	uint8_t raw[KEY_BYTES] = "Ed";

	memcpy(raw + 2, key->id, MINISIGN_ID_SIZE);
	memcpy(raw + 2 + MINISIGN_ID_SIZE, key->key, MINISIGN_KEY_SIZE);
	(void)sodium_bin2base64(ret, MINISIGN_KEY_TEXT + 1, raw, sizeof(raw),
				sodium_base64_VARIANT_ORIGINAL);
}

void minisign_key_format_file(const struct minisign_key *key, struct buf *out)
{
	char text[MINISIGN_KEY_TEXT + 1], id[17];

	minisign_key_format(key, text);
	minisign_id_show(key->id, id);
	buf_addf(out, MINISIGN_UNTRUSTED "minisign public key %s\n%s\n", id,
		 text);
}

void minisign_key_fingerprint(const struct minisign_key *key,
			      char ret[MINISIGN_FINGERPRINT + 1])
{
	uint8_t hash[LAYOUT_HASH_SIZE];

	hash_bytes(key->key, MINISIGN_KEY_SIZE, hash);
	text_hex(ret, hash, MINISIGN_FINGERPRINT / 2);
}

void minisign_id_show(const uint8_t id[MINISIGN_ID_SIZE], char ret[17])
{
	for (unsigned i = 0; i < MINISIGN_ID_SIZE; i++)
		(void)snprintf(ret + 2 * i, 3, "%02X",
			       id[MINISIGN_ID_SIZE - 1 - i]);
}

/* ---- signatures ---- */

bool minisign_is_comment(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return text_is_utf8(text, len);
}

struct cursor {
	const char *p, *end;
};

/* The next line without its newline. */
static int next_line(struct cursor *c, size_t max, const char **ret,
		     size_t *ret_len)
{
	size_t left = (size_t)(c->end - c->p);
	const char *nl = memchr(c->p, '\n', left < max + 1 ? left : max + 1);

	if (!nl)
		return -EBADMSG;
	*ret = c->p;
	*ret_len = (size_t)(nl - c->p);
	c->p = nl + 1;
	return 0;
}

static int read_comment(struct cursor *c, const char *words, size_t max,
			const char **ret, size_t *ret_len)
{
	size_t skip = strlen(words), len;
	const char *line;

	if (next_line(c, max, &line, &len) < 0 || len < skip ||
	    memcmp(line, words, skip) != 0 ||
	    !minisign_is_comment(line + skip, len - skip))
		return -EBADMSG;
	*ret = line + skip;
	*ret_len = len - skip;
	return 0;
}

static int read_base64(struct cursor *c, uint8_t *ret, size_t size)
{
	const char *line;
	size_t len;

	if (next_line(c, LINE_TEXT, &line, &len) < 0)
		return -EBADMSG;
	return minisign_unbase64(line, len, ret, size);
}

static int bad_line(struct err *err, unsigned line, const char *what)
{
	return err_set(err, EBADMSG, "not a signature of minisign: line %u is "
		       "not %s", line, what);
}

int minisign_signature_parse(const char *text, size_t len,
			     struct minisign_signature *ret,
			     size_t *ret_used, struct err *err)
{
	struct cursor c = { text, text + len };
	struct minisign_signature s = { 0 };
	uint8_t raw[LINE_BYTES];

	if (read_comment(&c, MINISIGN_UNTRUSTED, MINISIGN_COMMENT_LINE_MAX,
			 &s.untrusted, &s.untrusted_len) < 0)
		return bad_line(err, 1, "an untrusted comment");
	if (read_base64(&c, raw, sizeof(raw)) < 0 || raw[0] != 'E' ||
	    (raw[1] != 'D' && raw[1] != 'd'))
		return bad_line(err, 2, "an Ed25519 signature");
	if (read_comment(&c, MINISIGN_TRUSTED, MINISIGN_TRUSTED_LINE_MAX,
			 &s.trusted, &s.trusted_len) < 0)
		return bad_line(err, 3, "a trusted comment");
	if (read_base64(&c, s.global, sizeof(s.global)) < 0)
		return bad_line(err, 4, "a global signature");
	s.prehashed = raw[1] == 'D';
	memcpy(s.id, raw + 2, MINISIGN_ID_SIZE);
	memcpy(s.signature, raw + 2 + MINISIGN_ID_SIZE,
	       MINISIGN_SIGNATURE_SIZE);
	*ret = s;
	*ret_used = (size_t)(c.p - text);
	return 0;
}

void minisign_signature_format(const struct minisign_signature *s,
			       struct buf *out)
{
	uint8_t raw[LINE_BYTES] = { 'E', s->prehashed ? 'D' : 'd' };

	memcpy(raw + 2, s->id, MINISIGN_ID_SIZE);
	memcpy(raw + 2 + MINISIGN_ID_SIZE, s->signature,
	       MINISIGN_SIGNATURE_SIZE);
	buf_adds(out, MINISIGN_UNTRUSTED);
	buf_add(out, s->untrusted, s->untrusted_len);
	buf_addc(out, '\n');
	minisign_base64(raw, sizeof(raw), out);
	buf_adds(out, "\n" MINISIGN_TRUSTED);
	buf_add(out, s->trusted, s->trusted_len);
	buf_addc(out, '\n');
	minisign_base64(s->global, sizeof(s->global), out);
	buf_addc(out, '\n');
}

void minisign_prehash(const void *data, size_t len,
		      uint8_t ret[MINISIGN_PREHASH_SIZE])
{
	(void)crypto_generichash_blake2b(ret, MINISIGN_PREHASH_SIZE, data,
					 len, NULL, 0);
}

bool minisign_verify(const struct minisign_signature *s,
		     const struct minisign_key *key, const void *data,
		     size_t len)
{
	uint8_t prehash[MINISIGN_PREHASH_SIZE];

	if (s->prehashed) {
		minisign_prehash(data, len, prehash);
		data = prehash;
		len = sizeof(prehash);
	}
	return crypto_sign_ed25519_verify_detached(s->signature, data, len,
						   key->key) == 0;
}

int minisign_global_bytes(const struct minisign_signature *s,
			  struct buf *out)
{
	buf_add(out, s->signature, MINISIGN_SIGNATURE_SIZE);
	buf_add(out, s->trusted, s->trusted_len);
	return out->failed ? -ENOMEM : 0;
}

bool minisign_verify_comment(const struct minisign_signature *s,
			     const struct minisign_key *key)
{
	CLEANUP_BUF struct buf bytes = BUF_INIT;

	if (minisign_global_bytes(s, &bytes) < 0)
		return false;
	return crypto_sign_ed25519_verify_detached(s->global,
			(const uint8_t *)bytes.data, bytes.len,
			key->key) == 0;
}
