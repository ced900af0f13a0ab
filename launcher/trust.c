/*
 * trust.c - see trust.h
 *
 * The order of looking: of the signatures of pinned keys the first decides, else
 * the first that can be checked and whose key was not removed from the app's.  A start verifies only that one and nothing of
 * its comment; the key that a comment carries proves itself by verifying.
 * A rotation record is the exception: it is a word of the comment, so it counts
 * only after the global signature was verified too.
 */
#include "launcher/trust.h"

#include <errno.h>
#include <string.h>

/* What everything is judged by. */
struct judge {
	const struct bundle *bundle;
	enum trust_depth depth;
	char *seal;
	size_t seal_len;
	struct keyring pins, site, user;
	bool have_trusted;		/* site and user are read */
};

static void judge_free(struct judge *j)
{
	free(j->seal);
	keyring_free(&j->pins);
	keyring_free(&j->site);
	keyring_free(&j->user);
}

void trust_free(struct trust *t)
{
	signature_list_free(&t->list);
	free(t->origin);
	free(t->before_origin);
	*t = (struct trust){ 0 };
}

static int need_trusted(struct judge *j, struct err *err)
{
	int r;

	if (j->have_trusted)
		return 0;
	r = keyring_read_site(&j->site, err);
	if (r == 0)
		r = keyring_read_user(&j->user, err);
	j->have_trusted = r == 0;
	return r;
}

/* ---- one signature ---- */

static bool is_of(const struct signature *s, const struct minisign_key *key)
{
	return s->has_key ? minisign_key_equal(&s->key, key) :
			    memcmp(s->minisign.id, key->id,
				   MINISIGN_ID_SIZE) == 0;
}

static bool verifies(const struct judge *j, const struct signature *s,
		     const struct minisign_key *key)
{
	return minisign_verify(&s->minisign, key, j->seal, j->seal_len) &&
	       (j->depth == TRUST_START ||
		minisign_verify_comment(&s->minisign, key));
}

static int bad(const struct judge *j, const struct signature *s,
	       unsigned which, struct err *err)
{
	char id[17];

	minisign_id_show(s->minisign.id, id);
	return err_set(err, EBADMSG, "%s: its signature %u, by key %s, does "
		       "not verify: it was changed, or it is of another "
		       "bundle; get the bundle anew from where it is made",
		       j->bundle->name, which + 1, id);
}

/* Tries the keys of a list that have this signature's id.  1: one verifies, 0:
 * there is none of this id, -EBADMSG: there is, and it does not. */
static int try_ring(const struct judge *j, const struct keyring *ring,
		    const struct signature *s, struct minisign_key *ret)
{
	bool tried = false;

	for (unsigned i = 0; i < ring->n; i++) {
		if (!is_of(s, &ring->v[i].key))
			continue;
		if (verifies(j, s, &ring->v[i].key)) {
			*ret = ring->v[i].key;
			return 1;
		}
		tried = true;
	}
	return tried ? -EBADMSG : 0;
}

/* A signature that carries no key: whoever has this id may have made it. */
static int check_by_id(struct judge *j, struct trust *t, unsigned i,
		       struct err *err)
{
	const struct keyring *rings[] = { &j->pins, &j->site, &j->user };
	const struct signature *s = &t->list.v[i];
	bool tried = false;
	int r = need_trusted(j, err);

	if (r < 0)
		return r;
	for (size_t k = 0; k < ARRAY_SIZE(rings); k++) {
		r = try_ring(j, rings[k], s, &t->each[i].key);
		if (r > 0) {
			t->each[i].checked = true;
			return 0;
		}
		tried = tried || r < 0;
	}
	return tried ? bad(j, s, i, err) : 0;
}

static int check(struct judge *j, struct trust *t, unsigned i,
		 struct err *err)
{
	const struct signature *s = &t->list.v[i];

	if (t->each[i].checked)
		return 0;
	if (!s->has_key)
		return check_by_id(j, t, i, err);
	if (!verifies(j, s, &s->key))
		return bad(j, s, i, err);
	t->each[i].checked = true;
	t->each[i].key = s->key;
	return 0;
}

/* ---- all of them ---- */

/* The first that a pinned key seems to have made; else -1. */
static int find_pinned(const struct judge *j, const struct trust *t)
{
	for (unsigned p = 0; p < j->pins.n; p++)
		for (unsigned i = 0; i < t->list.n; i++)
			if (is_of(&t->list.v[i], &j->pins.v[p].key))
				return (int)i;
	return -1;
}

/* One that can be checked decides, unless there is a better one than a key that was
 * removed: -1 then. */
static int decides(const struct judge *j, struct trust *t, unsigned i)
{
	bool removed = keyring_is_removed(&j->pins, &t->each[i].key);

	if (!removed || !t->each[t->which].checked)
		t->which = i;
	return removed ? -1 : (int)i;
}

static int choose(struct judge *j, struct trust *t, struct err *err)
{
	int pinned = find_pinned(j, t), r = 0;

	if (pinned >= 0) {
		r = check(j, t, (unsigned)pinned, err);
		t->which = (unsigned)pinned;
	}
	for (unsigned i = 0; r == 0 && i < t->list.n; i++) {
		if (pinned >= 0 && j->depth == TRUST_START)
			break;
		r = check(j, t, i, err);
		if (r == 0 && pinned < 0 && t->each[i].checked)
			pinned = decides(j, t, i);
	}
	return r;
}

static void mark(const struct judge *j, struct trust *t)
{
	t->level = t->list.n ? TRUST_UNCHECKED : TRUST_UNSIGNED;
	for (unsigned i = 0; i < t->list.n; i++) {
		struct trust_signature *s = &t->each[i];

		if (!s->checked)
			continue;
		s->pinned = keyring_find(&j->pins, &s->key);
		s->removed = keyring_is_removed(&j->pins, &s->key);
		s->trusted = keyring_find(&j->site, &s->key) ||
			     keyring_find(&j->user, &s->key);
		if (s->pinned || (s->trusted && !s->removed))
			t->level = TRUST_KNOWN;
		else if (t->level != TRUST_KNOWN)
			t->level = TRUST_UNKNOWN;
	}
}

/* Is there nothing to follow?  A key that was removed comes back by no record. */
static bool next_is_settled(const struct judge *j, const struct trust *t)
{
	const struct signature *s = &t->list.v[t->which];

	return !s->has_next || keyring_find(&j->pins, &s->next) ||
	       keyring_is_removed(&j->pins, &s->next);
}

static int set_origin(const struct judge *j, struct trust *t,
		      struct err *err)
{
	const struct trust_signature *s = &t->each[t->which];
	const struct keyring_entry *pin = NULL;
	char finger[MINISIGN_FINGERPRINT + 1];

	if (t->list.n && s->checked) {
		pin = keyring_find(&j->pins, &s->key);
		minisign_key_fingerprint(&s->key, finger);
		if (pin)
			t->origin = strdup(pin->text);
		else if (asprintf(&t->origin, "key-%s", finger) < 0)
			t->origin = NULL;
		if (!t->origin)
			return err_nomem(err);
	}
	if (!j->pins.n || pin)
		return 0;
	t->other = true;
	t->before = j->pins.v[0].key;
	t->before_origin = strdup(j->pins.v[0].text);
	return t->before_origin ? 0 : err_nomem(err);
}

/* A directory's name holds 64 bits of the key's hash: another key may have been
 * made to have the same.  And a key that was removed while its successor goes on
 * with its directory must not come back to it. */
static int check_whole_key(const struct judge *j, const struct trust *t,
			   struct err *err)
{
	for (unsigned i = 0; t->other && t->origin && i < j->pins.n; i++)
		if (!strcmp(j->pins.v[i].text, t->origin))
			return err_set(err, EBADMSG, "%s: its key has the "
				       "short name %s of this app's data, but "
				       "is not (or no longer) one of the app's "
				       "keys (holdall trust)",
				       j->bundle->name, t->origin);
	return 0;
}

static int judge_all(struct judge *j, struct trust *t, struct err *err)
{
	int r = 0;

	if (j->bundle->signatures_size)
		r = signature_list_read(j->bundle, &t->list, err);
	if (r == 0 && t->list.n)
		r = bundle_read_seal(j->bundle, &j->seal, &j->seal_len, err);
	if (r == 0 && t->list.n && j->depth == TRUST_WHOLE)
		r = need_trusted(j, err);
	if (r == 0)
		r = choose(j, t, err);
	if (r < 0)
		return r;
	mark(j, t);
	t->next_settled = next_is_settled(j, t);
	t->removed = t->list.n && t->each[t->which].removed;
	r = set_origin(j, t, err);
	return r < 0 || t->removed ? r : check_whole_key(j, t, err);
}

int trust_of(const struct bundle *b, const char *id, enum trust_depth depth,
	     struct trust *ret, struct err *err)
{
	CLEANUP(judge_free) struct judge j = { .bundle = b, .depth = depth };
	CLEANUP_TRUST struct trust t = { 0 };
	int r = keyring_read_pins(id, &j.pins, err);

	if (r == 0)
		r = judge_all(&j, &t, err);
	if (r < 0)
		return r;
	*ret = t;
	t = (struct trust){ 0 };
	return 0;
}

/* ---- what follows ---- */

static int refuse_removed(const struct trust *t, const char *id,
			  const char *name, struct err *err)
{
	char finger[MINISIGN_FINGERPRINT + 1], key[MINISIGN_KEY_TEXT + 1];

	minisign_key_fingerprint(&t->each[t->which].key, finger);
	minisign_key_format(&t->each[t->which].key, key);
	return err_set(err, EKEYREVOKED, "%s is signed by key-%s, which was "
		       "removed from the keys of %s here; to take it back: "
		       "holdall trust add %s %s", name, finger, id, key, id);
}

int trust_require(const struct trust *t, const char *id, const char *name,
		  struct err *err)
{
	char minisign_id[17];

	if (t->removed)
		return refuse_removed(t, id, name, err);
	if (t->level != TRUST_UNCHECKED)
		return 0;
	minisign_id_show(t->list.v[0].minisign.id, minisign_id);
	return err_set(err, ENOKEY, "%s is signed by a key (minisign's id %s) "
		       "that is not known here and not in the bundle, so the "
		       "signature cannot be checked; get the public key from "
		       "who made the bundle, then: holdall trust add KEY", name,
		       minisign_id);
}

int trust_remember(const struct trust *t, const char *id, struct err *err)
{
	const struct trust_signature *s = &t->each[t->which];
	const struct signature *sig = &t->list.v[t->which];
	int r = 0;

	if (!t->origin || t->other || t->removed)
		return 0;
	if (!s->pinned)
		r = keyring_pin(id, &s->key, t->origin, true, err);
	if (r == 0 && !t->next_settled &&
	    minisign_verify_comment(&sig->minisign, &s->key))
		r = keyring_pin(id, &sig->next, t->origin, false, err);
	return r;
}

int trust_warning(const struct trust *t, const char *id, char **ret,
		  struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	char finger[MINISIGN_FINGERPRINT + 1], key[MINISIGN_KEY_TEXT + 1];
	int r;

	*ret = NULL;
	if (!t->other)
		return 0;
	minisign_key_fingerprint(&t->before, finger);
	buf_addf(&b, "%s was signed by key-%s until now; this bundle is ", id,
		 finger);
	if (t->origin) {
		minisign_key_fingerprint(&t->each[t->which].key, finger);
		minisign_key_format(&t->each[t->which].key, key);
		buf_addf(&b, "signed by key-%s, so it has an empty home and "
			 "none of the app's permissions; if the new key is "
			 "right: holdall trust add %s %s", finger, key, id);
	} else {
		buf_adds(&b, "not signed, so it has a home of its own and none "
			 "of the app's permissions");
	}
	r = buf_check(&b, err);
	if (r < 0)
		return r;
	*ret = buf_steal(&b);
	return *ret ? 0 : err_nomem(err);
}
