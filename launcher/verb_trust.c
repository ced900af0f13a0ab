/*
 * verb_trust.c - trust: keys trusted for every app, and the keys of one app
 *
 *	trust [list [APP]]	what is known here
 *	trust add KEY		a good signature by it counts as known
 *	trust add KEY APP	it continues the app: its home, its permissions.  With
 *				id@origin that origin, else the app's first key's
 *	trust remove KEY [APP]
 *
 * KEY is the 56 characters, or a file with them.  Only files of ours are read and
 * written: nothing here needs a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "launcher/cli.h"
#include "launcher/host.h"
#include "launcher/keyring.h"
#include "launcher/out.h"
#include "launcher/quoted.h"
#include "launcher/state.h"
#include "runtime/fd.h"
#include "runtime/json.h"
#include "runtime/path.h"

#define KEY_FILE_MAX 4096u
#define APPS_MAX 4096u

/* ---- operands ---- */

static int read_key_file(const char *path, struct minisign_key *ret,
			 struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				 O_NOCTTY);
	CLEANUP_FREE char *text = NULL;
	char quoted[256];
	size_t len;
	int r;

	text_quoted(quoted, sizeof(quoted), path);
	if (fd < 0)
		return err_sys(err, errno, "%s is no public key, and as a file "
			       "it cannot be opened", quoted);
	r = fd_slurp(fd, KEY_FILE_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read %s", quoted);
	r = minisign_key_parse_file(text, len, ret, err);
	return r < 0 ? err_prefix(err, "%s", quoted) : 0;
}

/* `ret_name`: what to call it: its file. */
static int read_key(const char *word, struct minisign_key *ret,
		    const char **ret_name, struct err *err)
{
	const char *slash = strrchr(word, '/');
	struct err ignored;

	*ret_name = "";
	if (minisign_key_parse(word, strlen(word), ret, &ignored) == 0)
		return 0;
	*ret_name = slash ? slash + 1 : word;
	return read_key_file(word, ret, err);
}

/* An app id, id@origin, or a bundle; `ret_origin` is NULL where none is named. */
static int read_app(const char *app, char **ret_id, char **ret_origin,
		    struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_HEADER struct header h = { 0 };
	const char *at = strchr(app, '@');
	CLEANUP_FREE char *id = strndup(app, strcspn(app, "@"));
	CLEANUP_FREE char *origin = at ? strdup(at + 1) : NULL;
	int r = 0;

	if (!id || (at && !origin))
		return err_nomem(err);
	if (!text_is_app_id(id)) {
		r = bundle_open(app, &b, err);
		if (r < 0)
			return err_prefix(err, "not an app id, so a bundle");
		r = header_parse(b.seal.header, b.seal.header_len, &h, err);
		free(id);
		id = r == 0 ? steal_ptr(&h.id) : NULL;
		free(origin);
		origin = NULL;
	}
	if (r < 0)
		return r;
	*ret_id = steal_ptr(&id);
	*ret_origin = steal_ptr(&origin);
	return 0;
}

/* ---- adding and removing ---- */

/* The origin that a key shall continue. */
static int choose_origin(const char *id, const char *asked,
			 const struct minisign_key *key, char **ret,
			 struct err *err)
{
	CLEANUP(state_free) struct state s = STATE_INIT;
	CLEANUP_KEYRING struct keyring pins = { 0 };
	char finger[MINISIGN_FINGERPRINT + 1];
	struct quoted q;
	int r = keyring_read_pins(id, &pins, err);

	if (r == 0 && asked)
		r = state_open(id, asked, false, &s, err);
	if (r < 0)
		return asked && r == -EINVAL ?
			err_set(err, EINVAL, "%s is no origin; they look like "
				"local-0123456789abcdef (holdall info BUNDLE "
				"shows it)", quote(&q, asked)) : r;
	/* A slip of the pen would give the app an empty home for good. */
	if (asked && s.dir_fd < 0)
		return err_set(err, ENOENT, "there is nothing of %s from %s "
			       "here to be continued (holdall permissions %s "
			       "names what there is)", id, asked, id);
	minisign_key_fingerprint(key, finger);
	if (asked)
		*ret = strdup(asked);
	else if (pins.n)
		*ret = strdup(pins.v[0].text);
	else if (asprintf(ret, "key-%s", finger) < 0)
		*ret = NULL;
	return *ret ? 0 : err_nomem(err);
}

static int told(const char *what, const struct minisign_key *key,
		const char *id, const char *origin, struct err *err)
{
	char finger[MINISIGN_FINGERPRINT + 1];
	CLEANUP_BUF struct buf out = BUF_INIT;

	minisign_key_fingerprint(key, finger);
	buf_addf(&out, "key-%s %s %s", finger, what, id ? id : "every app");
	if (origin)
		buf_addf(&out, ", with the home and the permissions of %s",
			 origin);
	buf_addc(&out, '\n');
	return out_buf(&out, err);
}

static int add(const struct options *o, struct err *err)
{
	CLEANUP_FREE char *id = NULL;
	CLEANUP_FREE char *origin = NULL;
	CLEANUP_FREE char *asked = NULL;
	struct minisign_key key;
	const char *name = "";
	int r = read_key(o->args.v[1], &key, &name, err);

	if (r == 0 && o->args.n > 2)
		r = read_app(o->args.v[2], &id, &asked, err);
	if (r == 0 && id)
		r = choose_origin(id, asked, &key, &origin, err);
	if (r == 0)
		r = keyring_change(id, &key, id ? origin : name, err);
	return r < 0 ? r : told("is now trusted for", &key, id, origin, err);
}

static int remove_key(const struct options *o, struct err *err)
{
	CLEANUP_FREE char *id = NULL;
	CLEANUP_FREE char *origin = NULL;
	struct minisign_key key;
	const char *name = "";
	int r = read_key(o->args.v[1], &key, &name, err);

	if (r == 0 && o->args.n > 2)
		r = read_app(o->args.v[2], &id, &origin, err);
	if (r == 0)
		r = keyring_change(id, &key, NULL, err);
	return r < 0 ? r : told("is no longer trusted for", &key, id, NULL,
				err);
}

/* ---- listing ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The app ids that have a place here, sorted. */
static int list_apps(struct strlist *ret, struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	CLEANUP_FREE char *data = NULL;
	CLEANUP_FREE char *base = NULL;
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *de;
	int r = host_data_home(&data, err);

	if (r < 0)
		return r;
	base = path_join(data, "holdall");
	if (!base)
		return err_nomem(err);
	dir = opendir(base);
	if (!dir && errno != ENOENT)
		return err_sys(err, errno, "cannot read the folder %s", base);
	while (dir && (de = readdir(dir)) && l.n < APPS_MAX)
		if (text_is_app_id(de->d_name) &&
		    strlist_add(&l, de->d_name) < 0)
			return err_nomem(err);
	if (l.n)
		qsort(l.v, l.n, sizeof(l.v[0]), compare_names);
	*ret = l;
	l = (struct strlist){ 0 };
	return 0;
}

/* Where lines go: one of the two. */
struct listing {
	struct buf out;
	struct json json;
	bool as_json;
};

static void list_key(struct listing *l, const struct keyring_entry *e,
		     const char *what, const char *where)
{
	char key[MINISIGN_KEY_TEXT + 1], name[4 + MINISIGN_FINGERPRINT + 1];

	memcpy(name, "key-", 4);
	minisign_key_fingerprint(&e->key, name + 4);
	minisign_key_format(&e->key, key);
	if (l->as_json) {
		json_open(&l->json, NULL, '{');
		json_str(&l->json, "fingerprint", name);
		json_str(&l->json, "key", key);
		json_str(&l->json, what, e->text);
		if (where)
			json_str(&l->json, "file", where);
		json_close(&l->json, '}');
		return;
	}
	buf_addf(&l->out, "  %s  %s", name, key);
	if (e->text[0]) {
		buf_addf(&l->out, "  %s ", what);
		text_quote(&l->out, e->text);
	}
	buf_addf(&l->out, "%s%s\n", where ? "  in " : "", where ? where : "");
}

static int list_trusted(struct listing *l, struct err *err)
{
	CLEANUP_KEYRING struct keyring site = { 0 };
	CLEANUP_KEYRING struct keyring user = { 0 };
	int r = keyring_read_site(&site, err);

	if (r == 0)
		r = keyring_read_user(&user, err);
	if (r < 0)
		return r;
	if (l->as_json)
		json_open(&l->json, "trusted", '[');
	else
		buf_adds(&l->out, site.n || user.n ?
			 "trusted for every app:\n" :
			 "no key is trusted for every app\n");
	for (unsigned i = 0; i < site.n; i++)
		list_key(l, &site.v[i], "name", KEYRING_SITE);
	for (unsigned i = 0; i < user.n; i++)
		list_key(l, &user.v[i], "name", NULL);
	if (l->as_json)
		json_close(&l->json, ']');
	return 0;
}

static void list_removed(struct listing *l, const struct keyring *pins)
{
	if (l->as_json && pins->n_removed)
		json_open(&l->json, "removed", '[');
	for (unsigned i = 0; i < pins->n_removed; i++) {
		char text[] = "until it is added again";
		const struct keyring_entry e = { pins->removed[i], text };

		list_key(l, &e, "removed", NULL);
	}
	if (l->as_json && pins->n_removed)
		json_close(&l->json, ']');
}

static int list_app(struct listing *l, const char *id, bool always,
		    struct err *err)
{
	CLEANUP_KEYRING struct keyring pins = { 0 };
	int r = keyring_read_pins(id, &pins, err);

	if (r < 0 || (!pins.n && !pins.n_removed && !always))
		return r;
	if (l->as_json) {
		json_open(&l->json, NULL, '{');
		json_str(&l->json, "id", id);
		json_open(&l->json, "keys", '[');
	} else {
		buf_addf(&l->out, "%s:%s\n", id, pins.n ? "" :
			 pins.n_removed ? " no key" :
			 " no key has been seen yet");
	}
	for (unsigned i = 0; i < pins.n; i++)
		list_key(l, &pins.v[i], "origin", NULL);
	if (l->as_json)
		json_close(&l->json, ']');
	list_removed(l, &pins);
	if (l->as_json)
		json_close(&l->json, '}');
	return 0;
}

static int list_all(struct listing *l, const char *only, struct err *err)
{
	CLEANUP_STRLIST struct strlist apps = { 0 };
	int r = only ? 0 : list_trusted(l, err);

	if (r == 0 && !only)
		r = list_apps(&apps, err);
	if (l->as_json)
		json_open(&l->json, "apps", '[');
	if (r == 0 && only)
		r = list_app(l, only, true, err);
	for (size_t i = 0; r == 0 && i < apps.n; i++)
		r = list_app(l, apps.v[i], false, err);
	if (l->as_json)
		json_close(&l->json, ']');
	return r;
}

static int list(const struct options *o, struct err *err)
{
	CLEANUP_FREE char *id = NULL;
	CLEANUP_FREE char *origin = NULL;
	struct listing l = { .out = BUF_INIT, .as_json = o->json };
	int r = 0;

	l.json = JSON_INIT(&l.out);
	if (o->args.n > 1)
		r = read_app(o->args.v[1], &id, &origin, err);
	if (l.as_json)
		json_open(&l.json, NULL, '{');
	if (r == 0)
		r = list_all(&l, id, err);
	if (l.as_json)
		json_close(&l.json, '}');
	if (r == 0)
		r = out_buf(&l.out, err);
	buf_free(&l.out);
	return r;
}

int verb_trust(struct options *o, struct err *err)
{
	const char *what = o->args.n ? o->args.v[0] : "list";

	if (o->self)
		return err_set(err, EINVAL, "trust is not a bundle's to say; "
			       "use the installed holdall");
	if (!strcmp(what, "list") && o->args.n <= 2)
		return list(o, err);
	if (!strcmp(what, "add") && o->args.n >= 2)
		return add(o, err);
	if (!strcmp(what, "remove") && o->args.n >= 2)
		return remove_key(o, err);
	(void)err_set(err, EINVAL, "usage: holdall trust [list [APP] | add KEY "
		      "[APP] | remove KEY [APP]]");
	return err_status(err, 2);
}
