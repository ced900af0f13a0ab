/*
 * verb_permissions.c - permissions: what an app may do, and changing it
 *
 * APP is a bundle's path, an app id, or id@origin.  With a bundle every line of
 * its manifest is shown with the layer that decided; with an id alone only
 * what settings and kept permissions say, for nobody knows what it would ask.
 *
 * A bundle that changes its own permissions (`BUNDLE --holdall permissions grant`)
 * needs a yes from a person on the terminal: see decide.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/ask.h"
#include "launcher/cli.h"
#include "launcher/decide.h"
#include "launcher/effects.h"
#include "launcher/files.h"
#include "launcher/out.h"
#include "launcher/pattern.h"
#include "launcher/state.h"
#include "launcher/quoted.h"
#include "runtime/json.h"

/* Whose permissions. */
struct subject {
	struct header header;		/* of an id alone: the id and nothing */
	bool has_bundle;
	struct state state;
	char *shown;			/* as the user wrote it */
};

static void subject_free(struct subject *s)
{
	header_free(&s->header);
	state_free(&s->state);
	free(s->shown);
}

/* ---- finding the subject ---- */

static bool is_path(const char *app)
{
	struct stat st;

	return strchr(app, '/') || (stat(app, &st) == 0 && S_ISREG(st.st_mode));
}

static int from_bundle(struct options *o, bool make, struct subject *s,
		       struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_FREE char *origin = NULL;
	struct quoted q;
	int r = cli_open_bundle(o, &b, err);

	if (r < 0)
		return r;
	s->has_bundle = true;
	s->shown = strdup(b.name);
	if (!s->shown)
		return err_nomem(err);
	r = header_parse(b.seal.header, b.seal.header_len, &s->header, err);
	if (r < 0)
		return err_prefix(err, "%s", quote(&q, b.name));
	return state_open_bundle(&b, &s->header, make, &s->state, NULL, err);
}

static int one_of_many(const char *id, const struct strlist *origins,
		       struct err *err)
{
	err_set(err, EINVAL, "%s has come from more than one origin; name one",
		id);
	for (size_t i = 0; i < origins->n; i++)
		err_hint(err, "%s@%s", id, origins->v[i]);
	return -EINVAL;
}

static int from_id(const char *app, bool make, struct subject *s,
		   struct err *err)
{
	const char *at = strchr(app, '@');
	CLEANUP_STRLIST struct strlist origins = { 0 };
	const char *origin;
	struct quoted q;
	int r;

	s->header.id = strndup(app, strcspn(app, "@"));
	s->shown = strdup(app);
	if (!s->header.id || !s->shown)
		return err_nomem(err);
	if (!text_is_app_id(s->header.id))
		return err_set(err, EINVAL, "%s is neither a file nor an app "
			       "id", quote(&q, app));
	r = state_list_origins(s->header.id, &origins, err);
	if (r < 0)
		return r;
	if (at ? !strlist_has(&origins, at + 1) : !origins.n)
		return err_set(err, ENOENT, "nothing is known of %s here yet; "
			       "name the bundle's file instead: holdall "
			       "permissions ./FILE ...", quote(&q, app));
	if (!at && origins.n > 1)
		return one_of_many(s->header.id, &origins, err);
	origin = at ? at + 1 : origins.v[0];
	return state_open(s->header.id, origin, make, &s->state, err);
}

static int find_subject(struct options *o, bool make, struct subject *s,
			struct err *err)
{
	CLEANUP_FREE char *app = NULL;

	if (o->self || is_path(o->args.v[0]))
		return from_bundle(o, make, s, err);
	app = o->args.v[0];
	memmove(o->args.v, o->args.v + 1, o->args.n * sizeof(*o->args.v));
	o->args.n--;
	return from_id(app, make, s, err);
}

/* ---- showing ---- */

static void add_line(struct buf *b, const struct decision_line *l)
{
	char sentence[512];
	const char *fate = l->granted ? "yes" : "no";

	buf_addf(b, "%-4s %s (%s=", fate,
		 perm_sentence(&l->perm, sentence, sizeof(sentence)),
		 perm_word_name(l->perm.word));
	text_quote(b, l->perm.value);
	if (!l->granted && l->layer == LAYER_MANIFEST)
		buf_adds(b, l->impossible ?
			 "): the manifest asks for it, but it cannot be granted" :
			 "): the manifest asks for it, nobody has said yes");
	else
		buf_addf(b, "): %s", layer_name(l->layer));
	if (l->granted && !effect_is_ready(&l->perm))
		buf_adds(b, "; no effect in this version");
	buf_addc(b, '\n');
}

static void write_text(const struct subject *s, const struct decision *d,
		       struct buf *b)
{
	CLEANUP_FREE char *home = home_path(&s->state, "default");

	buf_addf(b, "%s from %s\n", s->header.id, s->state.origin);
	buf_adds(b, "its own home: ");
	text_quote(b, home ? home : "");
	buf_addc(b, '\n');
	for (size_t i = 0; i < d->n_lines; i++)
		add_line(b, &d->lines[i]);
	if (!d->n_lines)
		buf_adds(b, "nothing beyond the sandbox\n");
	if (!s->has_bundle)
		buf_adds(b, "What the app asks for stands in its bundle: "
			 "holdall permissions ./FILE\n");
}

static const char *layer_word(enum layer l)
{
	static const char *const words[] = {
		[LAYER_DEFAULT] = "default", [LAYER_MANIFEST] = "manifest",
		[LAYER_SITE] = "site", [LAYER_USER] = "user",
		[LAYER_KEPT] = "kept", [LAYER_COMMAND_LINE] = "command-line",
		[LAYER_ANSWER] = "answer",
	};

	return words[l];
}

static void write_json(const struct subject *s, const struct decision *d,
		       struct buf *b)
{
	CLEANUP_FREE char *home = home_path(&s->state, "default");
	struct json j = JSON_INIT(b);
	char sentence[512];

	json_open(&j, NULL, '{');
	json_str(&j, "id", s->header.id);
	json_str(&j, "origin", s->state.origin);
	json_str(&j, "home", home ? home : "");
	json_open(&j, "permissions", '[');
	for (size_t i = 0; i < d->n_lines; i++) {
		const struct decision_line *l = &d->lines[i];

		json_open(&j, NULL, '{');
		json_str(&j, "word", perm_word_name(l->perm.word));
		json_str(&j, "value", l->perm.value);
		json_bool(&j, "granted", l->granted);
		json_bool(&j, "requested", l->requested);
		json_str(&j, "layer", layer_word(l->layer));
		json_bool(&j, "effect", effect_is_ready(&l->perm));
		json_str(&j, "sentence",
			 perm_sentence(&l->perm, sentence, sizeof(sentence)));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static int show(struct subject *s, const struct options *o, struct err *err)
{
	CLEANUP_DECISION struct decision d = { 0 };
	CLEANUP_OPTIONS struct options none;
	CLEANUP_BUF struct buf b = BUF_INIT;
	int r;

	if (options_init(&none) < 0)
		return err_nomem(err);
	r = decide(&s->header, &s->state, &none, s->shown, false, &d, err);
	if (r < 0)
		return r;
	if (o->json)
		write_json(s, &d, &b);
	else
		write_text(s, &d, &b);
	return out_buf(&b, err);
}

/* ---- changing ---- */

static int ask_for_self(const struct subject *s, const struct perms *wanted,
			struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char sentence[512];
	bool yes = false;
	struct quoted q;
	int r;

	if (!ask_is_possible())
		return err_set(err, EPERM, "%s cannot give itself permissions "
			       "without a yes on the terminal; do it there, or "
			       "with an installed holdall",
			       quote(&q, s->shown));
	buf_addf(&text, "From now on %s may\n", s->header.id);
	for (size_t i = 0; i < wanted->n; i++)
		buf_addf(&text, "  - %s\n",
			 perm_sentence(&wanted->v[i], sentence,
				       sizeof(sentence)));
	buf_adds(&text, "Allow this?");
	r = buf_check(&text, err);
	if (r == 0)
		r = ask_yes(buf_text(&text), &yes, err);
	if (r < 0)
		return r;
	return yes ? 0 : err_set(err, EPERM, "nothing was changed");
}

static int read_wanted(const struct options *o, struct perms *ret,
		       struct err *err)
{
	for (size_t i = 1; i < o->args.n; i++) {
		struct permission p = { 0 };
		struct quoted q;
		int r = perm_parse(o->args.v[i], &p, err);

		if (r == 0)
			r = perms_add(ret, &p, err);
		perm_free(&p);
		if (r < 0)
			return err_prefix(err, "grant %s",
					  quote(&q, o->args.v[i]));
	}
	return 0;
}

/* What every run would leave out is refused here.  Where `cwd` is, only a run
 * knows. */
static int check_possible(const struct perms *wanted, struct err *err)
{
	CLEANUP(probe_free) struct probe probe = PROBE_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->n; i++) {
		const struct permission *p = &wanted->v[i];

		if (p->word != PERM_FILES || !strncmp(p->value, "cwd:", 4))
			continue;
		if (!probe.home)
			r = probe_host(&probe, err);
		if (r == 0)
			r = file_grants_check(&probe, p->value, err);
	}
	return r < 0 ? err_status(err, 125) : 0;
}

static int grant(struct subject *s, const struct options *o,
		 struct perms *kept, struct err *err)
{
	CLEANUP_PERMS struct perms wanted = { 0 };
	int r = read_wanted(o, &wanted, err);

	if (r == 0)
		r = check_possible(&wanted, err);
	if (r == 0 && o->self)
		r = ask_for_self(s, &wanted, err);
	for (size_t i = 0; r == 0 && i < wanted.n; i++)
		r = perms_add(kept, &wanted.v[i], err);
	return r;
}

static int revoke_kept(const struct options *o, struct perms *kept,
		  struct err *err)
{
	for (size_t i = 1; i < o->args.n; i++) {
		CLEANUP_PATTERN struct pattern p = PATTERN_INIT;
		struct quoted q;
		int r = pattern_parse(o->args.v[i], &p, err);

		quote(&q, o->args.v[i]);
		if (r < 0)
			return err_prefix(err, "revoke %s", q.text);
		if (!pattern_remove(&p, kept))
			return err_set(err, ENOENT, "%s is not among the kept "
				       "permissions; nothing was changed",
				       q.text);
	}
	return 0;
}

/* The whole file: also what only a newer version understands. */
static int reset_kept(const struct state *s, struct err *err)
{
	struct quoted q;

	if (unlinkat(s->dir_fd, "grants", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "cannot remove %s/%s/grants",
			       quote(&q, s->base), s->rel);
	return 0;
}

static int change(struct subject *s, const struct options *o, struct err *err)
{
	CLEANUP_PERMS struct perms kept = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	const char *verb = o->args.v[0];
	CLEANUP_FD int lock = -1;
	int r = state_lock_grants(&s->state, &lock, err);

	if (r < 0)
		return r;
	if (!strcmp(verb, "reset"))
		return reset_kept(&s->state, err);
	r = state_read_grants(&s->state, &kept, &unknown, err);
	if (r < 0)
		return r;
	if (!strcmp(verb, "grant"))
		r = grant(s, o, &kept, err);
	else
		r = revoke_kept(o, &kept, err);
	return r < 0 ? r : state_write_grants(&s->state, &kept, err);
}

/* grant, revoke or reset with a fitting number of words behind. */
static int check_words(const struct options *o, size_t at, struct err *err)
{
	static const char *const words[] = { "grant", "revoke", "reset" };
	const char *word = o->args.v[at], *near;
	size_t rest = o->args.n - at - 1;
	char quoted[128];

	if (!strcmp(word, "reset"))
		return rest ? err_set(err, EINVAL, "permissions reset takes "
				      "nothing behind it") : 0;
	if (!strcmp(word, "grant") || !strcmp(word, "revoke"))
		return rest ? 0 : err_set(err, EINVAL, "permissions %s: which? "
					  "write WORD=VALUE behind it", word);
	if (!strcmp(word, "deny"))
		return err_set(err, EINVAL, "permissions: a lasting no is a "
			       "line APP.deny.WORD in "
			       "~/.config/holdall/settings; revoke takes back "
			       "a yes, run --deny WORD holds for one run");
	near = text_nearest(word, words, ARRAY_SIZE(words));
	err_set(err, EINVAL, "permissions: unknown word %s",
		text_quoted(quoted, sizeof(quoted), word));
	if (near)
		return err_hint(err, "did you mean %s?", near);
	return err_hint(err, "use grant, revoke or reset");
}

int verb_permissions(struct options *o, struct err *err)
{
	CLEANUP(subject_free) struct subject s = { .state = STATE_INIT };
	size_t at = o->self ? 0 : 1;
	bool changes = o->args.n > at;
	int r = 0;

	if (changes && check_words(o, at, err) < 0)
		return err_status(err, 2);
	r = find_subject(o, changes, &s, err);
	if (r == 0 && changes)
		r = change(&s, o, err);
	return r < 0 ? r : show(&s, o, err);
}
