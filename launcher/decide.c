/*
 * decide.c - the layers, one after the other, over one table of lines
 *
 * A line is a permission that the manifest asks for or that a layer gives, with
 * whether it is granted and which layer said so last.  Within one file of
 * settings what names the app wins over what names none, and deny over grant; a
 * grant that names no app answers requests only and adds nothing.  The
 * site's `forbid` is applied after everything else but the question, and what it
 * forbids is never asked.
 */
#include "launcher/decide.h"

#include <errno.h>
#include <string.h>

#include "launcher/decide_internal.h"
#include "launcher/effects.h"
#include "launcher/pattern.h"
#include "launcher/settings.h"

#define LINES_MAX 2048

void decision_free(struct decision *d)
{
	for (size_t i = 0; i < d->n_lines; i++)
		perm_free(&d->lines[i].perm);
	free(d->lines);
	perms_free(&d->granted);
	strlist_free(&d->notes);
	*d = (struct decision){ 0 };
}

const char *layer_name(enum layer l)
{
	static const char *const names[] = {
		[LAYER_DEFAULT] = "the default of an app with windows",
		[LAYER_MANIFEST] = "the manifest",
		[LAYER_SITE] = SETTINGS_SITE,
		[LAYER_USER] = "your settings",
		[LAYER_KEPT] = "kept permission",
		[LAYER_COMMAND_LINE] = "the command line",
		[LAYER_ANSWER] = "your answer",
	};

	return names[l];
}

/* ---- lines ---- */

static int copy_perm(const struct permission *from, struct permission *ret,
		     struct err *err)
{
	char *value = strdup(from->value);

	if (!value)
		return err_nomem(err);
	*ret = (struct permission){ .word = from->word, .value = value };
	return 0;
}

static int add_line(struct decision *d, const struct permission *perm,
		    bool requested, bool granted, enum layer layer,
		    struct err *err)
{
	struct decision_line *lines, line = {
		.requested = requested, .granted = granted, .layer = layer,
	};
	int r;

	if (d->n_lines == LINES_MAX)
		return err_set(err, E2BIG, "more than %d permissions",
			       LINES_MAX);
	lines = reallocarray(d->lines, d->n_lines + 1, sizeof(*lines));
	if (!lines)
		return err_nomem(err);
	d->lines = lines;
	r = copy_perm(perm, &line.perm, err);
	if (r == 0)
		lines[d->n_lines++] = line;
	return r;
}

/* Does a yes to `given` answer the request `asked`?  More access to the same
 * place answers less. */
static bool answers(const struct permission *given,
		    const struct permission *asked)
{
	CLEANUP_FREE char *a = NULL;
	CLEANUP_FREE char *b = NULL;
	enum file_access access_a, access_b;
	struct err ignored;

	if (given->word != asked->word)
		return false;
	if (!strcmp(given->value, asked->value))
		return true;
	return given->word == PERM_FILES &&
	       perm_files_split(given->value, &a, &access_a, &ignored) == 0 &&
	       perm_files_split(asked->value, &b, &access_b, &ignored) == 0 &&
	       !strcmp(a, b) && access_a >= access_b;
}

bool decision_is_open(const struct decision_line *l)
{
	if (l->granted || l->impossible || !effect_is_ready(&l->perm))
		return false;
	return l->once || (l->requested && l->layer == LAYER_MANIFEST);
}

/* A yes: to every line that it answers; `add` makes a line of its own when no
 * line says exactly this. */
static int give(struct decision *d, const struct permission *perm,
		enum layer layer, bool add, struct err *err)
{
	bool exact = false;

	for (size_t i = 0; i < d->n_lines; i++) {
		struct decision_line *l = &d->lines[i];

		if (!answers(perm, &l->perm))
			continue;
		exact = exact || !strcmp(l->perm.value, perm->value);
		if (!l->granted || !l->requested)
			l->layer = layer;
		l->granted = true;
	}
	return exact || !add ? 0 : add_line(d, perm, false, true, layer, err);
}

/* A no: to every line that the pattern names. */
static void take(struct decision *d, const struct pattern *p,
		 enum layer layer)
{
	for (size_t i = 0; i < d->n_lines; i++) {
		struct decision_line *l = &d->lines[i];

		if (!pattern_matches(p, &l->perm))
			continue;
		l->granted = l->once = false;
		l->layer = layer;
	}
}

int decision_say(struct decision *d, struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 || strlist_add_steal(&d->notes, text) < 0 ?
		err_nomem(err) : 0;
}

/* ---- the layers ---- */

static int ask_manifest(struct decision *d, const struct header *h,
			struct err *err)
{
	static const struct permission defaults[] = {
		{ PERM_DISPLAY, (char *)"wayland" },
		{ PERM_DISPLAY, (char *)"x11-fallback" },
		{ PERM_PORTALS, (char *)"true" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->perms.n; i++)
		r = add_line(d, &h->perms.v[i], true,
			     perm_risk(&h->perms.v[i]) == RISK_HARMLESS,
			     LAYER_MANIFEST, err);
	/* A manifest that says something about a word replaces its default. */
	for (size_t i = 0; r == 0 && h->graphical && i < ARRAY_SIZE(defaults);
	     i++)
		if (!perms_find(&h->perms, defaults[i].word))
			r = add_line(d, &defaults[i], true, true,
				     LAYER_DEFAULT, err);
	return r;
}

static void apply_bans(struct decision *d, const struct settings *s,
		       enum layer layer, bool for_app)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].action == RULE_DENY &&
		    s->rules[i].for_app == for_app)
			take(d, &s->rules[i].pattern, layer);
}

static int apply_rules(struct decision *d, const struct settings *s,
		       enum layer layer, bool for_app, struct err *err)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct rule *rule = &s->rules[i];
		struct permission p = { rule->pattern.word,
					rule->pattern.value };
		int r;

		if (rule->action != RULE_GRANT || rule->for_app != for_app)
			continue;
		r = give(d, &p, layer, for_app, err);
		if (r < 0)
			return r;
	}
	apply_bans(d, s, layer, for_app);
	return 0;
}

static int apply_settings(struct decision *d, const struct settings *s,
			  enum layer layer, bool other, struct err *err)
{
	int r = apply_rules(d, s, layer, false, err);

	if (r == 0 && !other)
		r = apply_rules(d, s, layer, true, err);
	else if (r == 0)
		apply_bans(d, s, layer, true);
	for (size_t i = 0; r == 0 && i < s->notes.n; i++)
		r = decision_say(d, err, "%s", s->notes.v[i]);
	return r;
}

static int apply_kept(struct decision *d, const struct state *s,
		      struct err *err)
{
	CLEANUP_PERMS struct perms kept = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	int r = state_read_grants(s, &kept, &unknown, err);

	for (size_t i = 0; r == 0 && i < kept.n; i++)
		r = give(d, &kept.v[i], LAYER_KEPT, true, err);
	for (size_t i = 0; r == 0 && i < unknown.n; i++)
		r = decision_say(d, err, "kept permission %s is ignored: this version "
			"does not know it", unknown.v[i]);
	return r;
}

/* Waits for a person, unless a layer has said yes already. */
static int wish(struct decision *d, const struct permission *p,
		struct err *err)
{
	struct decision_line *exact = NULL;
	int r;

	for (size_t i = 0; i < d->n_lines; i++) {
		struct decision_line *l = &d->lines[i];

		if (l->granted && answers(&l->perm, p))
			return 0;
		if (l->perm.word == p->word && !strcmp(l->perm.value, p->value))
			exact = l;
	}
	if (!exact) {
		r = add_line(d, p, false, false, LAYER_COMMAND_LINE, err);
		if (r < 0)
			return r;
		exact = &d->lines[d->n_lines - 1];
	}
	exact->once = true;
	return 0;
}

static int apply_command_line(struct decision *d, const struct options *o,
			      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->permit.n; i++) {
		const struct permission *p = &o->permit.v[i];

		r = o->self && perm_risk(p) == RISK_ASK ?
			wish(d, p, err) :
			give(d, p, LAYER_COMMAND_LINE, true, err);
	}
	for (size_t i = 0; r == 0 && i < o->deny.n; i++) {
		CLEANUP_PATTERN struct pattern p = PATTERN_INIT;

		r = pattern_parse(o->deny.v[i], &p, err);
		if (r == 0)
			take(d, &p, LAYER_COMMAND_LINE);
	}
	return r;
}

/* The site's last word. */
static int apply_forbid(struct decision *d, const struct header *h,
			const struct settings *site, struct err *err)
{
	char sentence[512];
	int r = 0;

	for (size_t i = 0; i < site->n_rules; i++) {
		const struct rule *rule = &site->rules[i];

		if (rule->action != RULE_FORBID)
			continue;
		for (size_t k = 0; r == 0 && k < d->n_lines; k++) {
			const struct decision_line *l = &d->lines[k];

			if (!pattern_matches(&rule->pattern, &l->perm) ||
			    !(l->granted || decision_is_open(l)))
				continue;
			r = decision_say(d, err, "%s may not %s: forbidden by "
				SETTINGS_SITE, h->id,
				perm_sentence(&l->perm, sentence,
					      sizeof(sentence)));
		}
		take(d, &rule->pattern, LAYER_SITE);
	}
	return r;
}

/* ---- the result ---- */

/* Of a word that holds one value the latest layer's is left. */
static int collect(struct decision *d, struct err *err)
{
	for (int layer = LAYER_DEFAULT; layer <= LAYER_ANSWER; layer++)
		for (size_t i = 0; i < d->n_lines; i++) {
			const struct decision_line *l = &d->lines[i];
			int r;

			if (!l->granted || (int)l->layer != layer)
				continue;
			r = perms_add(&d->granted, &l->perm, err);
			if (r < 0)
				return r;
		}
	for (size_t i = 0; i < d->n_lines; i++)
		if (!perms_has(&d->granted, d->lines[i].perm.word,
			       d->lines[i].perm.value))
			d->lines[i].granted = false;
	return 0;
}

int decide(const struct header *h, struct state *s, const struct options *o,
	   const char *bundle_name, bool may_ask, struct decision *ret,
	   struct err *err)
{
	CLEANUP_DECISION struct decision d = { 0 };
	CLEANUP_SETTINGS struct settings site = { 0 };
	CLEANUP_SETTINGS struct settings user = { 0 };
	int r = settings_read_site(h->id, &site, err);

	if (r == 0)
		r = settings_read_user(h->id, &user, err);
	if (r == 0)
		r = ask_manifest(&d, h, err);
	if (r == 0)
		r = apply_settings(&d, &site, LAYER_SITE, s->other, err);
	if (r == 0)
		r = apply_settings(&d, &user, LAYER_USER, s->other, err);
	if (r == 0)
		r = apply_kept(&d, s, err);
	if (r == 0)
		r = apply_command_line(&d, o, err);
	if (r == 0)
		r = apply_forbid(&d, h, &site, err);
	if (r == 0)
		r = decision_settle(&d, h, s, o, bundle_name, may_ask, err);
	if (r == 0)
		r = collect(&d, err);
	if (r < 0)
		return r;
	*ret = d;
	d = (struct decision){ 0 };
	return 0;
}
