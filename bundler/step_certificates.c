/*
 * step_certificates.c - the certificates that TLS believes in
 *
 * What update-ca-certificates makes, without its hooks: all certificates of the
 * tree, in the order of their paths, one behind the other in
 * /etc/ssl/certs/ca-certificates.crt.  OpenSSL's own default is a folder with one
 * link per hash of a subject, or the file cert.pem; that is a link here, so
 * that no hash has to be computed.
 *
 * Java wants them in a key store of its own.  The form JKS, which every Java
 * reads: big-endian; magic, version, number of entries; for each: tag 2, alias,
 * time in ms, "X.509", the DER bytes; SHA-1 over the password in UTF-16, a
 * constant, and all before.  The password is Java's default, "changeit": it
 * protects nothing and never did.
 */
#include <errno.h>
#include <sodium/utils.h>
#include <string.h>

#include "bundler/sha1.h"
#include "bundler/step.h"
#include "runtime/path.h"

#define CERTIFICATE_MAX ((size_t)256 << 10)
#define CERTIFICATES_MAX 4096u
#define BUNDLE "etc/ssl/certs/ca-certificates.crt"
#define OPENSSL "usr/lib/ssl"
#define JAVA "etc/ssl/certs/java/cacerts"
#define JKS_MAGIC 0xfeedfeedu

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

/* Every certificate that is PEM, with its path. */
static int each_certificate(struct steps *s, const struct step *step,
			    int (*take)(void *arg, const char *path,
					const char *text, size_t len,
					struct err *err),
			    void *arg, struct err *err)
{
	CLEANUP_STRLIST struct strlist paths = { 0 };
	int r = step_matches(s->t, step->inputs, &paths, err);

	if (r == 0 && paths.n > CERTIFICATES_MAX)
		r = err_set(err, EFBIG, "more than %u certificates",
			    CERTIFICATES_MAX);
	for (size_t i = 0; i < paths.n && r == 0; i++) {
		const struct entry *e = tree_resolve(s->t, paths.v[i]);
		CLEANUP_FREE char *text = NULL;
		size_t len;

		if (!e || e->type != ENTRY_FILE)
			continue;
		r = step_read(e, CERTIFICATE_MAX, &text, &len, err);
		if (r == 0 && strstr(text, begin))
			r = take(arg, paths.v[i], text, len, err);
	}
	return r;
}

static int append(void *arg, const char *path, const char *text, size_t len,
		  struct err *err)
{
	struct buf *b = arg;

	(void)path;
	buf_add(b, text, len);
	if (len && text[len - 1] != '\n')
		buf_addc(b, '\n');
	return buf_check(b, err);
}

int step_certificates(struct steps *s, const struct step *step,
		      struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct entry *dir = tree_resolve(s->t, OPENSSL);
	int r = each_certificate(s, step, append, &b, err);

	if (r < 0 || !b.len)
		return r;
	if (!tree_find(s->t, BUNDLE))
		r = step_add_text(s, BUNDLE, b.data, b.len, err);
	if (r == 0 && dir && dir->type == ENTRY_DIR &&
	    !tree_find(s->t, OPENSSL "/cert.pem"))
		r = step_add_link(s, OPENSSL "/cert.pem", "/" BUNDLE, err);
	return r;
}

/* ---- Java ---- */

struct store {
	struct buf b;
	uint32_t n;
	uint64_t time_ms;
};

static void put(struct buf *b, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		buf_addc(b, (char)(v >> 8 * bytes));
}

static void put_text(struct buf *b, const char *s)
{
	put(b, strlen(s), 2);
	buf_adds(b, s);
}

/* "usr/share/.../GTS_Root_R1.crt" -> "debian:gts_root_r1.pem", as Debian has it. */
static void put_alias(struct buf *b, const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char alias[300];
	size_t len = strlen(name);

	len -= len > 4 && !strcmp(name + len - 4, ".crt") ? 4 : 0;
	(void)snprintf(alias, sizeof(alias), "debian:%.*s.pem", (int)len,
		       name);
	for (char *p = alias; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	put_text(b, alias);
}

/* The first certificate of the text; what is no base64 is no certificate. */
static int add_to_store(void *arg, const char *path, const char *text,
			size_t len, struct err *err)
{
	struct store *st = arg;
	const char *from = strstr(text, begin), *to = from ?
			   strstr(from, end) : NULL;
	CLEANUP_FREE unsigned char *der = malloc(len + 1);
	size_t der_len;

	if (!der)
		return err_nomem(err);
	if (!to)
		return 0;
	from += sizeof(begin) - 1;
	if (sodium_base642bin(der, len, from, (size_t)(to - from), " \r\n\t",
			      &der_len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return 0;
	put(&st->b, 2, 4);
	put_alias(&st->b, path);
	put(&st->b, st->time_ms, 8);
	put_text(&st->b, "X.509");
	put(&st->b, der_len, 4);
	buf_add(&st->b, der, der_len);
	st->n++;
	return buf_check(&st->b, err);
}

static void sign_store(struct buf *b)
{
	static const char password[] = "changeit", salt[] = "Mighty Aphrodite";
	uint8_t hash[SHA1_SIZE];
	struct sha1 h;

	sha1_init(&h);
	for (size_t i = 0; i < sizeof(password) - 1; i++) {
		const uint8_t wide[2] = { 0, (uint8_t)password[i] };

		sha1_add(&h, wide, sizeof(wide));
	}
	sha1_add(&h, salt, sizeof(salt) - 1);
	sha1_add(&h, b->data, b->len);
	sha1_end(&h, hash);
	buf_add(b, hash, sizeof(hash));
}

/* A JRE's cacerts is a link to a file that a hook would have made. */
static bool store_is_missing(const struct steps *s, const struct step *step)
{
	CLEANUP_STRLIST struct strlist links = { 0 };
	struct err ignored = { 0 };
	bool missing = false;

	if (step_matches(s->t, step->inputs, &links, &ignored) < 0)
		return false;
	for (size_t i = 0; i < links.n; i++) {
		const struct entry *e = tree_find(s->t, links.v[i]);

		missing |= e && e->type == ENTRY_LINK &&
			   !tree_resolve(s->t, links.v[i]);
	}
	return missing;
}

int step_java_certificates(struct steps *s, const struct step *step,
			   struct err *err)
{
	static const struct step sources = {
		.inputs = { "/usr/share/ca-certificates/**.crt",
			    "/usr/local/share/ca-certificates/**.crt" },
	};
	struct store st = { .b = BUF_INIT };
	CLEANUP_BUF struct buf b = BUF_INIT;
	int r;

	if (!store_is_missing(s, step) || tree_find(s->t, JAVA))
		return 0;
	st.time_ms = (uint64_t)s->job->time * 1000;
	r = each_certificate(s, &sources, add_to_store, &st, err);
	if (r == 0 && st.n) {
		put(&b, JKS_MAGIC, 4);
		put(&b, 2, 4);
		put(&b, st.n, 4);
		buf_add(&b, st.b.data, st.b.len);
		sign_store(&b);
		r = buf_check(&b, err);
	}
	if (r == 0 && st.n)
		r = step_add_text(s, JAVA, b.data, b.len, err);
	buf_free(&st.b);
	return r;
}
