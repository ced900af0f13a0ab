/*
 * sign.c - putting signatures and stubs on bundles (see sign.h)
 *
 * A key signs a bundle once: signing again replaces its signature where it
 * stands, since the order says which key decides for somebody who has seen none
 * of them.  What is signed is checked whole before, and a signature that minisign
 * made is put in only if it verifies.
 */
#include "bundler/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/key_files.h"
#include "bundler/output.h"
#include "runtime/bundle_rewrite.h"
#include "runtime/fd.h"
#include "runtime/signature.h"

/* A bundle, and the file that will stand in its place. */
struct rewriting {
	struct bundle bundle;
	struct signature_list list;
	struct output output;
	char path[PATH_MAX];
};

static void rewriting_free(struct rewriting *w)
{
	bundle_free(&w->bundle);
	signature_list_free(&w->list);
	output_free(&w->output);
}

#define REWRITING_INIT { .bundle = BUNDLE_INIT, .output = OUTPUT_INIT }

/* A link keeps pointing at the new file: what it points to is replaced. */
static int rewriting_open(struct rewriting *w, const char *path,
			  struct err *err)
{
	int r;

	if (!realpath(path, w->path))
		return err_sys(err, errno, "cannot open %s", path);
	r = bundle_open(w->path, &w->bundle, err);
	return r < 0 ? r : signature_list_read(&w->bundle, &w->list, err);
}

static int rewriting_finish(struct rewriting *w, int stub_fd,
			    const char *signatures, size_t len,
			    struct err *err)
{
	CLEANUP_BUNDLE struct bundle again = BUNDLE_INIT;
	struct stat st;
	int r = 0, fd;

	if (fstat(w->bundle.fd, &st) < 0)
		r = err_sys(err, errno, "cannot look at %s", w->path);
	if (r == 0)
		r = output_open(w->path, false, &w->output, err);
	if (r == 0)
		r = bundle_rewrite(&w->bundle, stub_fd, signatures, len,
				   w->output.fd, err);
	if (r < 0)
		return r;
	/* Read as any reader would, before it stands in anybody's place. */
	fd = fcntl(w->output.fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	r = bundle_open_fd(fd, w->path, &again, err);
	if (r < 0)
		return err_prefix(err, "the new bundle is not good");
	w->output.mode = st.st_mode & 0777;
	return output_commit(&w->output, err);
}

/* ---- the new list of signatures ---- */

static bool made_by(const struct signature *s, const struct minisign_key *key,
		    const char *seal, size_t len)
{
	if (s->has_key)
		return minisign_key_equal(&s->key, key);
	return memcmp(s->minisign.id, key->id, MINISIGN_ID_SIZE) == 0 &&
	       minisign_verify(&s->minisign, key, seal, len);
}

/* With a bad one among them the bundle would be refused, whatever is added. */
static int check_old_ones(const struct signature_list *old, const char *seal,
			  size_t len, struct err *err)
{
	for (unsigned i = 0; i < old->n; i++) {
		const struct signature *s = &old->v[i];

		if (s->has_key && !minisign_verify(&s->minisign, &s->key,
						   seal, len))
			return err_set(err, EBADMSG, "signature %u, which the "
				       "bundle has already, does not verify; "
				       "pack it anew", i + 1);
	}
	return 0;
}

/* The list with the new one in the place of the key's old one, or behind. */
static int merge(const struct signature_list *old,
		 const struct minisign_key *key, const char *seal, size_t len,
		 const struct buf *new, struct buf *out, struct err *err)
{
	CLEANUP_SIGNATURES struct signature_list check = { 0 };
	bool put = false;
	int r;

	for (unsigned i = 0; i < old->n; i++) {
		if (!made_by(&old->v[i], key, seal, len)) {
			buf_add(out, old->v[i].text, old->v[i].text_len);
		} else if (!put) {
			buf_add(out, new->data, new->len);
			put = true;
		}
	}
	if (!put)
		buf_add(out, new->data, new->len);
	r = buf_check(out, err);
	return r < 0 ? r : signature_list_parse(out->data, out->len, &check,
						err);
}

/* ---- a signature of ours ---- */

static int make(const struct minisign_secret *secret,
		const struct minisign_key *next, const char *seal, size_t len,
		struct buf *out, struct err *err)
{
	CLEANUP_BUF struct buf comment = BUF_INIT;
	struct minisign_key key;
	int r;

	minisign_secret_public(secret, &key);
	signature_comment_format(&key, next, &comment);
	r = buf_check(&comment, err);
	return r < 0 ? r : minisign_sign(secret, seal, len,
					 SIGNATURE_UNTRUSTED,
					 buf_text(&comment), out, err);
}

static int make_from_files(const struct sign_options *o,
			   const struct notes *notes, const char *seal,
			   size_t len, struct buf *out,
			   struct minisign_key *ret, struct err *err)
{
	CLEANUP_SECRET struct minisign_secret secret;
	struct minisign_key next;
	int r = o->next ? key_file_public(o->next, &next, err) : 0;

	if (r == 0)
		r = key_file_secret(o->key, notes, &secret, err);
	if (r < 0)
		return r;
	minisign_secret_public(&secret, ret);
	if (o->next && minisign_key_equal(&next, ret))
		return err_set(err, EINVAL, "%s is the public half of %s; "
			       "--next names the key after it", o->next,
			       o->key);
	return make(&secret, o->next ? &next : NULL, seal, len, out, err);
}

/* ---- a signature of minisign's ---- */

/* Lines as this or that editor ends them, with a newline behind the last: minisign
 * reads them all.  In the bundle stands the one spelling.  One byte of room is
 * behind the text. */
static size_t mend_lines(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r' || (i + 1 < len && text[i + 1] != '\n'))
			text[n++] = text[i];
	if (n && text[n - 1] != '\n')
		text[n++] = '\n';
	return n;
}

static int read_signature(const char *path, struct signature_list *ret,
			  struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	r = fd_slurp(fd, LAYOUT_SIGNATURES_SIZE_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read %s", path);
	r = signature_list_parse(text, mend_lines(text, len), ret, err);
	if (r == 0 && ret->n != 1)
		r = err_set(err, EBADMSG, "%u signatures instead of one",
			    ret->n);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

static int check_foreign(const struct sign_options *o,
			 const struct signature *s, const char *seal,
			 size_t len, struct minisign_key *ret,
			 struct err *err)
{
	int r = 0;

	if (o->key)
		r = key_file_public(o->key, ret, err);
	else if (s->has_key)
		*ret = s->key;
	else
		r = err_set(err, ENOKEY, "%s does not carry its key; name the "
			    "public key with --key KEY.pub", o->signature);
	if (r < 0)
		return r;
	if (s->has_key && !minisign_key_equal(&s->key, ret))
		return err_set(err, EBADMSG, "%s was made by another key than "
			       "%s", o->signature, o->key);
	if (!minisign_verify(&s->minisign, ret, seal, len))
		return err_set(err, EBADMSG, "%s is not this key's signature "
			       "of the seal of %s (holdall info --seal writes "
			       "what has to be signed)", o->signature,
			       o->bundle);
	if (!minisign_verify_comment(&s->minisign, ret))
		return err_set(err, EBADMSG, "the trusted comment of %s was "
			       "changed", o->signature);
	return 0;
}

static int take_foreign(const struct sign_options *o, const char *seal,
			size_t len, struct buf *out,
			struct minisign_key *ret, struct err *err)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	int r = read_signature(o->signature, &l, err);

	if (r == 0)
		r = check_foreign(o, &l.v[0], seal, len, ret, err);
	if (r < 0)
		return r;
	buf_add(out, l.text, l.len);
	return buf_check(out, err);
}

/* ---- verbs ---- */

static int check_options(const struct sign_options *o, struct err *err)
{
	if (!o->key && !o->signature)
		(void)err_set(err, EINVAL, "sign with which key? --key NAME.key"
			      " (holdall keygen makes one)");
	else if (o->next && o->signature)
		(void)err_set(err, EINVAL, "--next goes with a signature made "
			      "here, not with --signature");
	else
		return 0;
	err->status = 2;
	return -err->num;
}

int sign_run(const struct sign_options *o, const struct notes *notes,
	     struct minisign_key *ret, struct err *err)
{
	CLEANUP(rewriting_free) struct rewriting w = REWRITING_INIT;
	CLEANUP_BUF struct buf new = BUF_INIT;
	CLEANUP_BUF struct buf all = BUF_INIT;
	CLEANUP_FREE char *seal = NULL;
	struct minisign_key key;
	size_t len;
	int r = check_options(o, err);

	if (r == 0)
		r = rewriting_open(&w, o->bundle, err);
	if (r == 0)
		r = bundle_read_seal(&w.bundle, &seal, &len, err);
	if (r == 0)
		r = bundle_verify(&w.bundle, NULL, NULL, err);
	if (r == 0)
		r = check_old_ones(&w.list, seal, len, err);
	if (r < 0)
		return r;
	if (o->signature)
		r = take_foreign(o, seal, len, &new, &key, err);
	else
		r = make_from_files(o, notes, seal, len, &new, &key, err);
	if (r == 0)
		r = merge(&w.list, &key, seal, len, &new, &all, err);
	if (r == 0)
		r = notes_check(notes, err);
	if (r == 0)
		r = rewriting_finish(&w, -1, all.data, all.len, err);
	if (r == 0)
		*ret = key;
	return r;
}

int sign_in_place(int fd, const char *name,
		  const struct minisign_secret *secret, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_BUF struct buf new = BUF_INIT;
	CLEANUP_FREE char *seal = NULL;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	size_t len;
	int r;

	if (copy < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	r = bundle_open_fd(copy, name, &b, err);
	if (r == 0)
		r = bundle_read_seal(&b, &seal, &len, err);
	if (r == 0)
		r = make(secret, NULL, seal, len, &new, err);
	return r < 0 ? r : bundle_put_signatures(&b, new.data, new.len, fd,
						 err);
}

int restub_run(const char *bundle, int stub_fd, struct err *err)
{
	CLEANUP(rewriting_free) struct rewriting w = REWRITING_INIT;
	int r = rewriting_open(&w, bundle, err);

	return r < 0 ? r : rewriting_finish(&w, stub_fd, w.list.text,
					    w.list.len, err);
}
