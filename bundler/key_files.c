/*
 * key_files.c - see key_files.h
 */
#include "bundler/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/passphrase.h"
#include "runtime/fd.h"

#define KEY_FILE_MAX 4096u

/* The text of a key file, wiped when freed. */
struct key_text {
	char *data;
	size_t len;
};

static void key_text_free(struct key_text *t)
{
	minisign_wipe(t->data, t->len);
	free(t->data);
}

static void wiped_free(struct buf *b)
{
	minisign_wipe(b->data, b->len);
	buf_free(b);
}

static int read_text(const char *path, struct key_text *ret, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "cannot open the key %s", path);
	r = fd_slurp(fd, KEY_FILE_MAX, &ret->data, &ret->len);
	return r < 0 ? err_sys(err, -r, "cannot read the key %s", path) : 0;
}

int key_file_public(const char *path, struct minisign_key *ret,
		    struct err *err)
{
	CLEANUP(key_text_free) struct key_text t = { 0 };
	int r = read_text(path, &t, err);

	if (r < 0)
		return r;
	r = minisign_key_parse_file(t.data, t.len, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

static int unlock(const char *path, const struct key_text *t,
		  const struct notes *notes, struct minisign_secret *ret,
		  struct err *err)
{
	CLEANUP_PASSPHRASE char *passphrase = NULL;
	char prompt[512];
	int r;

	(void)snprintf(prompt, sizeof(prompt), "Passphrase of %.400s: ", path);
	for (char *p = prompt; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	r = passphrase_read(prompt, notes, &passphrase, err);
	if (r < 0)
		return r;
	notes_step(notes, "unlocking the key");
	return minisign_secret_parse(t->data, t->len, passphrase, ret, err);
}

int key_file_secret(const char *path, const struct notes *notes,
		    struct minisign_secret *ret, struct err *err)
{
	CLEANUP(key_text_free) struct key_text t = { 0 };
	struct minisign_key public;
	struct err ignored;
	int r = read_text(path, &t, err);

	if (r < 0)
		return r;
	r = minisign_secret_is_encrypted(t.data, t.len, err);
	if (r == 0)
		r = minisign_secret_parse(t.data, t.len, NULL, ret, err);
	else if (r > 0)
		r = unlock(path, &t, notes, ret, err);
	if (r == -EBADMSG && minisign_key_parse_file(t.data, t.len, &public,
						     &ignored) == 0)
		return err_set(err, EBADMSG, "%s is a public key; to sign, the "
			       "secret one is needed (NAME.key)", path);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

/* ---- making ---- */

static int write_new(const char *path, mode_t mode, const struct buf *text,
		     struct err *err)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL |
				 O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0 && errno == EEXIST)
		return err_set(err, EEXIST, "%s is there already and is not "
			       "replaced; name another with -o", path);
	if (fd < 0)
		return err_sys(err, errno, "cannot write %s", path);
	r = fd_write_all(fd, text->data, text->len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlink(path);
	return err_sys(err, -r, "cannot write %s", path);
}

static int write_pair(const char *name, const struct buf *secret,
		      const struct buf *public, struct err *err)
{
	CLEANUP_FREE char *secret_path = NULL;
	CLEANUP_FREE char *public_path = NULL;
	int r;

	if (asprintf(&secret_path, "%s.key", name) < 0) {
		secret_path = NULL;
		return err_nomem(err);
	}
	if (asprintf(&public_path, "%s.pub", name) < 0) {
		public_path = NULL;
		return err_nomem(err);
	}
	r = write_new(secret_path, 0600, secret, err);
	if (r < 0)
		return r;
	r = write_new(public_path, 0644, public, err);
	/* A secret without its public half is no pair. */
	if (r < 0)
		(void)unlink(secret_path);
	return r;
}

int key_files_make(const char *name, const char *passphrase,
		   const struct minisign_cost *cost,
		   struct minisign_key *ret, struct err *err)
{
	CLEANUP_SECRET struct minisign_secret s;
	CLEANUP(wiped_free) struct buf secret = BUF_INIT;
	CLEANUP_BUF struct buf public = BUF_INIT;
	struct minisign_key key;
	int r = minisign_secret_new(&s, err);

	if (r == 0)
		r = minisign_secret_format(&s, passphrase, cost, &secret, err);
	if (r < 0)
		return r;
	minisign_secret_public(&s, &key);
	minisign_key_format_file(&key, &public);
	r = buf_check(&public, err);
	if (r == 0)
		r = write_pair(name, &secret, &public, err);
	if (r == 0)
		*ret = key;
	return r;
}

static int ask_twice(const struct notes *notes, char **ret, struct err *err)
{
	CLEANUP_PASSPHRASE char *one = NULL;
	CLEANUP_PASSPHRASE char *two = NULL;
	int r = passphrase_read("Passphrase for the new key: ", notes, &one,
				err);

	if (r == 0 && !*one)
		return err_set(err, EINVAL, "the passphrase is empty; a key "
			       "without one is made with --no-password");
	if (r == 0)
		r = passphrase_read("Once more: ", notes, &two, err);
	if (r == -ENODATA && one)
		return err_set(err, ENODATA, "the passphrase was not repeated; "
			       "without a terminal it stands on two lines of "
			       "standard input");
	if (r < 0)
		return r;
	if (strcmp(one, two) != 0)
		return err_set(err, EINVAL, "the two passphrases differ; "
			       "nothing was made");
	*ret = steal_ptr(&one);
	return 0;
}

int keygen_run(const char *name, bool plain, const struct notes *notes,
	       struct minisign_key *ret, struct err *err)
{
	CLEANUP_PASSPHRASE char *passphrase = NULL;
	int r = plain ? 0 : ask_twice(notes, &passphrase, err);

	if (r < 0)
		return r;
	if (!plain)
		notes_step(notes, "locking the key");
	return key_files_make(name, passphrase, &minisign_cost, ret, err);
}
