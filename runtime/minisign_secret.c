/*
 * minisign_secret.c - secret key files, and signing (see minisign_secret.h)
 *
 * A file's 158 bytes are read into a struct of bytes, so places are counted by
 * the compiler.  Costs from a file are bounded before scrypt sees them: a file
 * from outside must not take all memory.
 *
 * The public half that a file holds is not believed: it is made again from the
 * seed and compared.  Signing with a wrong half would give the seed away.
 */
#include "runtime/minisign_secret.h"

#include <errno.h>
#include <sodium/core.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_pwhash_scryptsalsa208sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <string.h>

#define CHECK_SIZE 32u
#define SALT_SIZE 32u
#define FILE_MAX 4096u
#define MEMORY_MAX (UINT64_C(2) << 30)
#define OPERATIONS_MAX (UINT64_C(1) << 27)

struct key_file {
	uint8_t algorithm[2];		/* Ed */
	uint8_t kdf[2];			/* Sc, or zeros */
	uint8_t check_algorithm[2];	/* B2 */
	uint8_t salt[SALT_SIZE];
	uint8_t operations[8], memory[8];	/* little-endian */
	struct key_part {		/* what is encrypted */
		uint8_t id[MINISIGN_ID_SIZE];
		uint8_t key[64];
		uint8_t check[CHECK_SIZE];
	} part;
};

_Static_assert(sizeof(struct key_file) == 158, "bytes only");
_Static_assert(sizeof(struct key_part) == 104, "bytes only");
_Static_assert(crypto_sign_ed25519_SECRETKEYBYTES == 64, "seed and public");
_Static_assert(crypto_pwhash_scryptsalsa208sha256_SALTBYTES == SALT_SIZE,
	       "salt");

const struct minisign_cost minisign_cost = {
	crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE,
	crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE,
};

void minisign_wipe(void *data, size_t len)
{
	if (data)
		sodium_memzero(data, len);
}

void minisign_secret_free(struct minisign_secret *s)
{
	minisign_wipe(s, sizeof(*s));
}

static void key_file_wipe(struct key_file *f)
{
	minisign_wipe(f, sizeof(*f));
}

static uint64_t get_le64(const uint8_t *p)
{
	uint64_t n = 0;

	for (unsigned i = 8; i-- > 0;)
		n = n << 8 | p[i];
	return n;
}

static void put_le64(uint8_t *p, uint64_t n)
{
	for (unsigned i = 0; i < 8; i++, n >>= 8)
		p[i] = (uint8_t)n;
}

static int prepare(struct err *err)
{
	return sodium_init() < 0 ?
		err_set(err, EIO, "no random numbers from the system") : 0;
}

/* ---- keys ---- */

int minisign_secret_new(struct minisign_secret *ret, struct err *err)
{
	uint8_t public[MINISIGN_KEY_SIZE];
	int r = prepare(err);

	if (r < 0)
		return r;
	(void)crypto_sign_ed25519_keypair(public, ret->key);
	randombytes_buf(ret->id, sizeof(ret->id));
	return 0;
}

void minisign_secret_public(const struct minisign_secret *s,
			    struct minisign_key *ret)
{
	memcpy(ret->id, s->id, MINISIGN_ID_SIZE);
	memcpy(ret->key, s->key + 32, MINISIGN_KEY_SIZE);
}

/* ---- files ---- */

static bool is_zero(const void *data, size_t len)
{
	return sodium_is_zero(data, len) == 1;
}

static void make_check(const struct key_file *f, uint8_t ret[CHECK_SIZE])
{
	crypto_generichash_blake2b_state state;

	(void)crypto_generichash_blake2b_init(&state, NULL, 0, CHECK_SIZE);
	(void)crypto_generichash_blake2b_update(&state, f->algorithm, 2);
	(void)crypto_generichash_blake2b_update(&state, f->part.id,
						MINISIGN_ID_SIZE);
	(void)crypto_generichash_blake2b_update(&state, f->part.key, 64);
	(void)crypto_generichash_blake2b_final(&state, ret, CHECK_SIZE);
}

/* Encrypts and decrypts: the part XOR what scrypt makes of the password. */
static int mask(struct key_file *f, const char *password, struct err *err)
{
	uint8_t stream[sizeof(f->part)], *part = (uint8_t *)&f->part;

	if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof(stream), password,
			strlen(password), f->salt, get_le64(f->operations),
			(size_t)get_le64(f->memory)) != 0)
		return err_sys(err, errno ? errno : ENOMEM, "the password's "
			       "key cannot be computed (it takes %llu MiB of "
			       "memory)", (unsigned long long)
			       get_le64(f->memory) >> 20);
	for (size_t i = 0; i < sizeof(stream); i++)
		part[i] ^= stream[i];
	minisign_wipe(stream, sizeof(stream));
	return 0;
}

static int decode(const char *text, size_t len, struct key_file *ret,
		  struct err *err)
{
	size_t comment = strlen(MINISIGN_UNTRUSTED);
	const char *nl = len <= FILE_MAX ? memchr(text, '\n', len) : NULL;

	if (!nl || memcmp(text, MINISIGN_UNTRUSTED,
			  len < comment ? len : comment) != 0)
		return err_set(err, EBADMSG, "not a secret key file of "
			       "minisign");
	len -= (size_t)(nl + 1 - text);
	text = nl + 1;
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (minisign_unbase64(text, len, (uint8_t *)ret, sizeof(*ret)) < 0 ||
	    memcmp(ret->algorithm, "Ed", 2) != 0 ||
	    memcmp(ret->check_algorithm, "B2", 2) != 0 ||
	    (memcmp(ret->kdf, "Sc", 2) != 0 && !is_zero(ret->kdf, 2)))
		return err_set(err, EBADMSG, "not a secret key file of "
			       "minisign");
	if (get_le64(ret->memory) > MEMORY_MAX ||
	    get_le64(ret->operations) > OPERATIONS_MAX)
		return err_set(err, EBADMSG, "the secret key asks for more "
			       "than 2 GiB of memory or too much time");
	return 0;
}

int minisign_secret_is_encrypted(const char *text, size_t len,
				 struct err *err)
{
	CLEANUP(key_file_wipe) struct key_file f;
	int r = decode(text, len, &f, err);

	return r < 0 ? r : f.kdf[0] != 0;
}

/* Does the public half belong to the seed? */
static bool halves_match(const uint8_t key[64])
{
	uint8_t public[MINISIGN_KEY_SIZE], again[64];
	bool same;

	(void)crypto_sign_ed25519_seed_keypair(public, again, key);
	same = sodium_memcmp(again, key, sizeof(again)) == 0;
	minisign_wipe(again, sizeof(again));
	return same;
}

static int check_part(const struct key_file *f, struct err *err)
{
	uint8_t check[CHECK_SIZE];
	bool encrypted = f->kdf[0] != 0;

	make_check(f, check);
	if ((encrypted || !is_zero(f->part.check, CHECK_SIZE)) &&
	    sodium_memcmp(check, f->part.check, CHECK_SIZE) != 0)
		return err_set(err, encrypted ? EKEYREJECTED : EBADMSG,
			       encrypted ? "wrong password" :
			       "the secret key is damaged");
	if (!halves_match(f->part.key))
		return err_set(err, EBADMSG, "the secret key is damaged: its "
			       "public half is not its own");
	return 0;
}

int minisign_secret_parse(const char *text, size_t len, const char *password,
			  struct minisign_secret *ret, struct err *err)
{
	CLEANUP(key_file_wipe) struct key_file f;
	int r = decode(text, len, &f, err);

	if (r == 0)
		r = prepare(err);
	if (r == 0 && f.kdf[0]) {
		if (!password)
			return err_set(err, ENOKEY, "the secret key needs its "
				       "password");
		r = mask(&f, password, err);
	}
	if (r == 0)
		r = check_part(&f, err);
	if (r < 0)
		return r;
	memcpy(ret->id, f.part.id, sizeof(ret->id));
	memcpy(ret->key, f.part.key, sizeof(ret->key));
	return 0;
}

static int encrypt(struct key_file *f, const char *password,
		   const struct minisign_cost *cost, struct err *err)
{
	memcpy(f->kdf, "Sc", 2);
	randombytes_buf(f->salt, sizeof(f->salt));
	put_le64(f->operations, cost->operations);
	put_le64(f->memory, cost->memory);
	make_check(f, f->part.check);
	return mask(f, password, err);
}

int minisign_secret_format(const struct minisign_secret *s,
			   const char *password,
			   const struct minisign_cost *cost, struct buf *out,
			   struct err *err)
{
	CLEANUP(key_file_wipe) struct key_file f = {
		.algorithm = "Ed", .check_algorithm = "B2",
	};
	int r = prepare(err);

	memcpy(f.part.id, s->id, sizeof(f.part.id));
	memcpy(f.part.key, s->key, sizeof(f.part.key));
	if (r == 0 && password)
		r = encrypt(&f, password, cost, err);
	if (r < 0)
		return r;
	buf_adds(out, MINISIGN_UNTRUSTED "minisign encrypted secret key\n");
	minisign_base64((const uint8_t *)&f, sizeof(f), out);
	buf_addc(out, '\n');
	return buf_check(out, err);
}

/* ---- signing ---- */

static void sign_bytes(const struct minisign_secret *s, const void *data,
		       size_t len, uint8_t ret[MINISIGN_SIGNATURE_SIZE])
{
	(void)crypto_sign_ed25519_detached(ret, NULL, data, len, s->key);
}

int minisign_sign(const struct minisign_secret *s, const void *data,
		  size_t len, const char *untrusted, const char *trusted,
		  struct buf *out, struct err *err)
{
	struct minisign_signature sig = {
		.prehashed = true, .untrusted = untrusted,
		.untrusted_len = strlen(untrusted), .trusted = trusted,
		.trusted_len = strlen(trusted),
	};
	CLEANUP_BUF struct buf global = BUF_INIT;
	uint8_t prehash[MINISIGN_PREHASH_SIZE];

	if (sig.untrusted_len > MINISIGN_COMMENT_LINE_MAX -
				strlen(MINISIGN_UNTRUSTED) ||
	    sig.trusted_len > MINISIGN_TRUSTED_LINE_MAX -
			      strlen(MINISIGN_TRUSTED) ||
	    !minisign_is_comment(untrusted, sig.untrusted_len) ||
	    !minisign_is_comment(trusted, sig.trusted_len))
		return err_set(err, EINVAL, "not the text of a comment");
	memcpy(sig.id, s->id, sizeof(sig.id));
	minisign_prehash(data, len, prehash);
	sign_bytes(s, prehash, sizeof(prehash), sig.signature);
	if (minisign_global_bytes(&sig, &global) < 0)
		return err_nomem(err);
	sign_bytes(s, global.data, global.len, sig.global);
	minisign_signature_format(&sig, out);
	return buf_check(out, err);
}
