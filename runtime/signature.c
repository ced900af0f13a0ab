/*
 * signature.c - the signatures' place, and our trusted comment (see signature.h)
 */
#include "runtime/signature.h"

#include <errno.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/text.h"

#define OURS "holdall "
#define WORDS_MAX 64u

void signature_list_free(struct signature_list *l)
{
	free(l->text);
	*l = (struct signature_list){ 0 };
}

/* ---- the trusted comment ---- */

static int take_key(const char *value, size_t len, const char *word,
		    bool *seen, struct minisign_key *ret, struct err *err)
{
	if (*seen)
		return err_set(err, EBADMSG, "its comment says %s twice",
			       word);
	if (minisign_key_parse(value, len, ret, err) < 0)
		return err_prefix(err, "its comment's %s", word);
	*seen = true;
	return 0;
}

static int take_word(struct signature *s, const char *word, size_t len,
		     struct err *err)
{
	if (len >= 4 && memcmp(word, "key=", 4) == 0)
		return take_key(word + 4, len - 4, "key", &s->has_key,
				&s->key, err);
	if (len >= 5 && memcmp(word, "next=", 5) == 0)
		return take_key(word + 5, len - 5, "next", &s->has_next,
				&s->next, err);
	return 0;
}

/* A comment that is not ours says nothing. */
static int read_comment(struct signature *s, struct err *err)
{
	const char *p = s->minisign.trusted;
	const char *end = p + s->minisign.trusted_len;
	size_t ours = strlen(OURS);

	if (s->minisign.trusted_len < ours || memcmp(p, OURS, ours) != 0)
		return 0;
	p += ours;
	for (unsigned i = 0; p < end; i++) {
		const char *space = memchr(p, ' ', (size_t)(end - p));
		size_t len = (size_t)((space ? space : end) - p);
		int r;

		if (i == WORDS_MAX)
			return err_set(err, EBADMSG, "its comment has more "
				       "than %u words", WORDS_MAX);
		r = take_word(s, p, len, err);
		if (r < 0)
			return r;
		p += len + (space ? 1 : 0);
	}
	if (s->has_key && memcmp(s->key.id, s->minisign.id,
				 MINISIGN_ID_SIZE) != 0)
		return err_set(err, EBADMSG, "it carries a key of another id "
			       "than its own");
	if (s->has_next && !s->has_key)
		return err_set(err, EBADMSG, "it names a next key and not its "
			       "own");
	return 0;
}

void signature_comment_format(const struct minisign_key *key,
			      const struct minisign_key *next,
			      struct buf *out)
{
	char text[MINISIGN_KEY_TEXT + 1];

	minisign_key_format(key, text);
	buf_addf(out, OURS "key=%s", text);
	if (!next)
		return;
	minisign_key_format(next, text);
	buf_addf(out, " next=%s", text);
}

/* ---- the list ---- */

static int take_signature(struct signature_list *l, size_t *at,
			  struct err *err)
{
	struct signature *s;
	int r;

	if (l->n == LAYOUT_SIGNATURES_MAX)
		return err_set(err, EBADMSG, "more than %u signatures",
			       LAYOUT_SIGNATURES_MAX);
	s = &l->v[l->n];
	s->text = l->text + *at;
	r = minisign_signature_parse(s->text, l->len - *at, &s->minisign,
				     &s->text_len, err);
	if (r == 0)
		r = read_comment(s, err);
	if (r < 0)
		return err_prefix(err, "signature %u", l->n + 1);
	*at += s->text_len;
	l->n++;
	return 0;
}

/* Takes the text. */
static int parse_owned(struct signature_list *l, struct signature_list *ret,
		       struct err *err)
{
	size_t at = 0;

	if (l->len > LAYOUT_SIGNATURES_SIZE_MAX)
		return err_set(err, EBADMSG, "more than %u bytes of "
			       "signatures", LAYOUT_SIGNATURES_SIZE_MAX);
	while (at < l->len) {
		int r = take_signature(l, &at, err);

		if (r < 0)
			return r;
	}
	*ret = *l;
	*l = (struct signature_list){ 0 };
	return 0;
}

int signature_list_parse(const char *text, size_t len,
			 struct signature_list *ret, struct err *err)
{
	CLEANUP_SIGNATURES struct signature_list l = { .len = len };

	l.text = malloc(len ? len : 1);
	if (!l.text)
		return err_nomem(err);
	if (len)
		memcpy(l.text, text, len);
	return parse_owned(&l, ret, err);
}

static int read_text(const struct bundle *b, struct signature_list *l,
		     struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];
	int r = fd_pread_all(b->fd, l->text, l->len, b->signatures_start);

	if (r < 0)
		return err_sys(err, -r, "cannot read its signatures");
	hash_bytes(l->text, l->len, hash);
	if (!hash_equal(hash, b->signatures_hash))
		return err_set(err, EBADMSG, "its signatures have changed "
			       "since it was opened");
	return 0;
}

int signature_list_read(const struct bundle *b, struct signature_list *ret,
			struct err *err)
{
	/* The trailer's check has bounded the size to 64 KiB. */
	CLEANUP_SIGNATURES struct signature_list l = {
		.len = (size_t)b->signatures_size,
	};
	char shown[256];
	int r;

	l.text = malloc(l.len ? l.len : 1);
	if (!l.text)
		return err_nomem(err);
	r = read_text(b, &l, err);
	if (r == 0)
		r = parse_owned(&l, ret, err);
	return r < 0 ? err_prefix(err, "%s", text_quoted(shown, sizeof(shown),
							 b->name)) : 0;
}
