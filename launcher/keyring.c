/*
 * keyring.c - see keyring.h
 */
#include "launcher/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/host.h"
#include "launcher/quoted.h"
#include "launcher/state.h"
#include "launcher/store.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define FILE_NAME "keys"
#define LOCK_NAME "keys.lock"
#define FILE_MAX ((size_t)256 << 10)

void keyring_free(struct keyring *k)
{
	for (unsigned i = 0; i < k->n; i++)
		free(k->v[i].text);
	strlist_free(&k->others);
	*k = (struct keyring){ 0 };
}

/* ---- the list ---- */

static long find(const struct keyring *k, const struct minisign_key *key)
{
	for (unsigned i = 0; i < k->n; i++)
		if (minisign_key_equal(&k->v[i].key, key))
			return (long)i;
	return -1;
}

const struct keyring_entry *keyring_find(const struct keyring *k,
					 const struct minisign_key *key)
{
	long i = find(k, key);

	return i < 0 ? NULL : &k->v[i];
}

int keyring_put(struct keyring *k, const struct minisign_key *key,
		const char *text, struct err *err)
{
	long i = find(k, key);
	char *copy;

	if (strlen(text) > KEYRING_TEXT_MAX)
		return err_set(err, EINVAL, "more than %u bytes of text beside "
			       "a key", KEYRING_TEXT_MAX);
	if (i < 0 && k->n == KEYRING_MAX)
		return err_set(err, E2BIG, "more than %u keys; remove one "
			       "first (holdall trust)", KEYRING_MAX);
	copy = strdup(text);
	if (!copy)
		return err_nomem(err);
	if (i < 0) {
		i = k->n++;
		k->v[i] = (struct keyring_entry){ .key = *key };
	}
	free(k->v[i].text);
	k->v[i].text = copy;
	return 0;
}

bool keyring_remove(struct keyring *k, const struct minisign_key *key)
{
	long i = find(k, key);

	if (i < 0)
		return false;
	free(k->v[i].text);
	k->n--;
	memmove(&k->v[i], &k->v[i + 1],
		(k->n - (unsigned)i) * sizeof(k->v[0]));
	return true;
}

static long find_removed(const struct keyring *k,
			 const struct minisign_key *key)
{
	for (unsigned i = 0; i < k->n_removed; i++)
		if (minisign_key_equal(&k->removed[i], key))
			return (long)i;
	return -1;
}

bool keyring_is_removed(const struct keyring *k,
			const struct minisign_key *key)
{
	return find_removed(k, key) >= 0;
}

static int note_removed(struct keyring *k, const struct minisign_key *key,
			struct err *err)
{
	if (find_removed(k, key) >= 0)
		return 0;
	if (k->n_removed == KEYRING_MAX)
		return err_set(err, E2BIG, "more than %u removed keys",
			       KEYRING_MAX);
	k->removed[k->n_removed++] = *key;
	return 0;
}

static void forget_removed(struct keyring *k, const struct minisign_key *key)
{
	long i = find_removed(k, key);

	if (i < 0)
		return;
	k->n_removed--;
	memmove(&k->removed[i], &k->removed[i + 1],
		(k->n_removed - (unsigned)i) * sizeof(k->removed[0]));
}

/* ---- its text ---- */

static int take_key(struct keyring *k, const struct text_line *line,
		    struct err *err)
{
	CLEANUP_STRLIST struct strlist items = { 0 };
	struct minisign_key key;
	int r = 0;

	if (text_read_list(line->value, line->value_len, &items) < 0 ||
	    items.n < 1 || items.n > 2)
		r = err_set(err, EBADMSG, "not a key and a text");
	if (r == 0)
		r = minisign_key_parse(items.v[0], strlen(items.v[0]), &key,
				       err);
	if (r == 0)
		r = keyring_put(k, &key, items.n > 1 ? items.v[1] : "", err);
	return r < 0 ? err_prefix(err, "line %u", line->number) : 0;
}

static int take_removed(struct keyring *k, const struct text_line *line,
			struct err *err)
{
	struct minisign_key key;
	int r = minisign_key_parse(line->value, line->value_len, &key, err);

	if (r == 0)
		r = note_removed(k, &key, err);
	return r < 0 ? err_prefix(err, "line %u", line->number) : 0;
}

static int keep_other(struct keyring *k, const struct text_line *line,
		      struct err *err)
{
	char *text;

	if (k->others.n == KEYRING_MAX)
		return err_set(err, E2BIG, "line %u: too many lines",
			       line->number);
	if (asprintf(&text, "%.*s=%.*s", (int)line->key_len, line->key,
		     (int)line->value_len, line->value) < 0)
		return err_nomem(err);
	return strlist_add_steal(&k->others, text) < 0 ? err_nomem(err) : 0;
}

int keyring_parse(const char *text, size_t len, struct keyring *ret,
		  struct err *err)
{
	CLEANUP_KEYRING struct keyring k = { 0 };
	struct text_lines it = TEXT_LINES(text, len, false);
	struct text_line line;
	int r;

	while ((r = text_next_line(&it, &line, err)) > 0) {
		if (text_key_is(&line, "key"))
			r = take_key(&k, &line, err);
		else if (text_key_is(&line, "removed"))
			r = take_removed(&k, &line, err);
		else
			r = keep_other(&k, &line, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = k;
	k = (struct keyring){ 0 };
	return 0;
}

int keyring_format(const struct keyring *k, struct buf *out, struct err *err)
{
	char key[MINISIGN_KEY_TEXT + 1];

	for (unsigned i = 0; i < k->n; i++) {
		minisign_key_format(&k->v[i].key, key);
		buf_addf(out, "key=%s", key);
		if (k->v[i].text[0])
			buf_addc(out, ' ');
		text_escape(out, k->v[i].text, strlen(k->v[i].text));
		buf_addc(out, '\n');
	}
	for (unsigned i = 0; i < k->n_removed; i++) {
		minisign_key_format(&k->removed[i], key);
		buf_addf(out, "removed=%s\n", key);
	}
	for (size_t i = 0; i < k->others.n; i++)
		buf_addf(out, "%s\n", k->others.v[i]);
	return buf_check(out, err);
}

/* ---- files ---- */

static int read_at(int dirfd, struct keyring *ret, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = store_read(dirfd, FILE_NAME, FILE_MAX, &text, &len, err);

	if (r == -ENOENT) {
		*ret = (struct keyring){ 0 };
		return 0;
	}
	return r < 0 ? r : keyring_parse(text, len, ret, err);
}

/* Where the keys of an app lie, in front of what is wrong with them. */
static int at_pins(const char *id, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	struct err ignored;
	struct quoted q;

	if (host_data_home(&data, &ignored) < 0)
		return err_prefix(err, "the keys of %s", id);
	return err_prefix(err, "the keys of %s (%s/holdall/%s/" FILE_NAME ")",
			  id, quote(&q, data), id);
}

/* A damaged list is nobody's to guess at. */
static int damaged_pins(const char *id, struct err *err)
{
	(void)at_pins(id, err);
	return err_hint(err, "correct the file, or remove it: then the next "
			"key that is seen is the app's");
}

int keyring_read_pins(const char *id, struct keyring *ret, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	CLEANUP_FD int dir = -1;
	struct err ignored;
	int r = -ENOENT;

	/* Who has no home has seen no key; looking works for them too. */
	if (host_data_home(&data, &ignored) == 0)
		r = state_open_app(id, false, &dir, err);
	if (r == -ENOENT) {
		*ret = (struct keyring){ 0 };
		return 0;
	}
	if (r < 0)
		return at_pins(id, err);
	r = read_at(dir, ret, err);
	return r < 0 ? damaged_pins(id, err) : 0;
}

/* Trusted paths: the user's own links in them are followed. */
static int read_path(const char *path, struct keyring *ret, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	size_t len;
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret = (struct keyring){ 0 };
		return 0;
	}
	if (fd < 0)
		return err_sys(err, errno, "cannot open the keys %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "the keys %s are not a regular "
			       "file", path);
	r = fd_slurp(fd, FILE_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read the keys %s", path);
	r = keyring_parse(text, len, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

int keyring_read_site(struct keyring *ret, struct err *err)
{
	return read_path(KEYRING_SITE, ret, err);
}

static int user_folder(char **ret, struct err *err)
{
	CLEANUP_FREE char *config = NULL;
	int r = host_config_home(&config, err);

	if (r < 0)
		return r;
	*ret = path_join(config, "holdall");
	return *ret ? 0 : err_nomem(err);
}

int keyring_read_user(struct keyring *ret, struct err *err)
{
	CLEANUP_FREE char *folder = NULL;
	CLEANUP_FREE char *path = NULL;
	struct err ignored;

	if (user_folder(&folder, &ignored) < 0) {
		*ret = (struct keyring){ 0 };
		return 0;
	}
	path = path_join(folder, FILE_NAME);
	return path ? read_path(path, ret, err) : err_nomem(err);
}

/* ---- changing ---- */

static int open_folder(const char *id, int *ret, struct err *err)
{
	CLEANUP_FREE char *folder = NULL;
	int r;

	if (id)
		return state_open_app(id, true, ret, err);
	r = user_folder(&folder, err);
	if (r == 0)
		r = store_make_base(folder, err);
	return r < 0 ? r : path_open_trusted(folder, O_RDONLY | O_DIRECTORY,
					     ret, err);
}

static int write_at(int dirfd, const struct keyring *k, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	int r = keyring_format(k, &out, err);

	return r < 0 ? r : store_write(dirfd, FILE_NAME, buf_text(&out),
				       out.len, err);
}

/* What a list is while it is changed. */
struct change {
	struct keyring k;
	int dir, lock;
};

static void change_free(struct change *c)
{
	keyring_free(&c->k);
	if (c->lock >= 0)
		(void)close(c->lock);
	if (c->dir >= 0)
		(void)close(c->dir);
}

static int change_begin(struct change *c, const char *id, struct err *err)
{
	int r = open_folder(id, &c->dir, err);

	if (r == 0)
		r = store_lock(c->dir, LOCK_NAME, true, &c->lock, err);
	if (r < 0)
		return id ? at_pins(id, err) : r;
	r = read_at(c->dir, &c->k, err);
	return r < 0 && id ? damaged_pins(id, err) : r;
}

static int change_end(struct change *c, const char *id, struct err *err)
{
	int r = write_at(c->dir, &c->k, err);

	return r < 0 && id ? at_pins(id, err) : r;
}

#define CHANGE_INIT ((struct change){ .dir = -1, .lock = -1 })

static int take_out(struct keyring *k, const char *id,
		    const struct minisign_key *key, struct err *err)
{
	if (keyring_remove(k, key))
		return id ? note_removed(k, key, err) : 0;
	if (id)
		return err_set(err, ENOENT, "this is none of the keys of %s",
			       id);
	return err_set(err, ENOENT, "this key is not one that is trusted for "
		       "every app (of one app: holdall trust remove KEY APP)");
}

int keyring_change(const char *id, const struct minisign_key *key,
		   const char *text, struct err *err)
{
	CLEANUP(change_free) struct change c = CHANGE_INIT;
	int r = change_begin(&c, id, err);

	if (r < 0)
		return r;
	if (text) {
		r = keyring_put(&c.k, key, text, err);
		forget_removed(&c.k, key);
	} else {
		r = take_out(&c.k, id, key, err);
	}
	return r < 0 ? r : change_end(&c, id, err);
}

int keyring_pin(const char *id, const struct minisign_key *key,
		const char *origin, bool first, struct err *err)
{
	CLEANUP(change_free) struct change c = CHANGE_INIT;
	int r = change_begin(&c, id, err);

	if (r < 0)
		return r;
	if (keyring_find(&c.k, key) || keyring_is_removed(&c.k, key) ||
	    (first && c.k.n))
		return 0;
	r = keyring_put(&c.k, key, origin, err);
	return r < 0 ? r : change_end(&c, id, err);
}
