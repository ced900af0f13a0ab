/*
 * decide_ask.c - what no layer has answered: a person, or a line that says how
 *
 * One question for all requests together; the yes is kept for (id, origin), so
 * that only what is new is asked again.  Wishes of a bundle's own command line
 * are asked apart, for they hold for one run.  With nobody to ask each request is
 * denied with the line that would grant it.
 */
#include <string.h>

#include "launcher/ask.h"
#include "launcher/decide_internal.h"
#include "launcher/files.h"
#include "launcher/shell_word.h"

static bool is_asked(const struct decision_line *l, bool once)
{
	return decision_is_open(l) && l->once == once;
}

static size_t count_asked(const struct decision *d, bool once)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_lines; i++)
		n += is_asked(&d->lines[i], once);
	return n;
}

static int write_question(const struct decision *d, const struct header *h,
			  bool once, struct buf *out, struct err *err)
{
	char quoted[256], sentence[512];

	buf_addf(out, "%s (%s) asks to be allowed to\n",
		 text_quoted(quoted, sizeof(quoted), h->name ? h->name : h->id),
		 h->id);
	for (size_t i = 0; i < d->n_lines; i++) {
		const struct permission *p = &d->lines[i].perm;

		if (is_asked(&d->lines[i], once))
			buf_addf(out, "  - %s (%s)\n",
				 perm_sentence(p, sentence, sizeof(sentence)),
				 perm_word_name(p->word));
	}
	buf_adds(out, once ? "Allow this, for this run?" :
			     "Allow this, now and later?");
	return buf_check(out, err);
}

/* Adds what was answered with yes to the kept permissions. */
static int keep(const struct decision *d, const struct state *s,
		struct err *err)
{
	CLEANUP(state_free) struct state own = STATE_INIT;
	CLEANUP_PERMS struct perms kept = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	CLEANUP_FD int lock = -1;
	int r = state_open(s->id, s->origin, true, &own, err);

	if (r == 0)
		r = state_lock_grants(&own, &lock, err);
	if (r == 0)
		r = state_read_grants(&own, &kept, &unknown, err);
	for (size_t i = 0; r == 0 && i < d->n_lines; i++)
		if (d->lines[i].granted && d->lines[i].layer == LAYER_ANSWER &&
		    !d->lines[i].once)
			r = perms_add(&kept, &d->lines[i].perm, err);
	return r < 0 ? r : state_write_grants(&own, &kept, err);
}

static int ask(struct decision *d, const struct header *h,
	       const struct state *s, bool once, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err why;
	bool yes;
	int r = write_question(d, h, once, &text, err);

	if (r == 0)
		r = ask_yes(buf_text(&text), &yes, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d->n_lines; i++) {
		struct decision_line *l = &d->lines[i];

		if (!is_asked(l, once))
			continue;
		l->granted = yes;
		l->layer = LAYER_ANSWER;
	}
	/* The run goes on: the answer itself was clear. */
	if (yes && !once && keep(d, s, &why) < 0)
		return decision_say(d, err, "the answer is not remembered: %s",
			   why.text);
	return 0;
}

/* ---- nobody to ask ---- */

static int say_denied(struct decision *d, const struct header *h,
		      const struct options *o, const char *bundle,
		      const struct permission *p, struct err *err)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf what = BUF_INIT;
	char sentence[512];

	buf_addf(&what, "%s=%s", perm_word_name(p->word), p->value);
	buf_addf(&line, "%s asked to %s; denied. To allow: ", h->id,
		 perm_sentence(p, sentence, sizeof(sentence)));
	if (!o->self) {
		buf_adds(&line, "holdall run --permit ");
		shell_word(&line, buf_text(&what));
		buf_addc(&line, ' ');
		shell_word(&line, bundle);
		/* By the file: an id may have more than one origin here, or
		 * none yet. */
		buf_adds(&line, ", or: holdall permissions ");
		shell_word(&line, bundle);
		buf_adds(&line, " grant ");
	} else {
		buf_adds(&line, "on a terminal, ");
		shell_word(&line, bundle);
		buf_adds(&line, " --holdall permissions grant ");
	}
	shell_word(&line, buf_text(&what));
	if (buf_check(&line, err) < 0 || buf_check(&what, err) < 0)
		return -err->num;
	return decision_say(d, err, "%s", buf_text(&line));
}

/* A request that no yes can fulfil (the whole home folder) is neither asked nor
 * offered: why not is said instead. */
static int say_impossible(struct decision *d, const struct header *h,
			  const struct probe *probe, struct decision_line *l,
			  struct err *err)
{
	char sentence[512];
	struct err why;

	if (file_grants_check(probe, l->perm.value, &why) == 0)
		return 0;
	l->impossible = true;
	return decision_say(d, err, "%s asked to %s; denied: %s", h->id,
			    perm_sentence(&l->perm, sentence, sizeof(sentence)),
			    why.text);
}

static int sort_out(struct decision *d, const struct header *h,
		    struct err *err)
{
	CLEANUP(probe_free) struct probe probe = PROBE_INIT;
	struct err ignored;
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n_lines; i++) {
		struct decision_line *l = &d->lines[i];

		if (l->perm.word != PERM_FILES || !decision_is_open(l))
			continue;
		/* What is wrong with this host is the plan's to tell. */
		if (!probe.home && probe_host(&probe, &ignored) < 0)
			return 0;
		r = say_impossible(d, h, &probe, l, err);
	}
	return r;
}

static bool any_open(const struct decision *d)
{
	for (size_t i = 0; i < d->n_lines; i++)
		if (decision_is_open(&d->lines[i]))
			return true;
	return false;
}

int decision_settle(struct decision *d, const struct header *h,
		  const struct state *s, const struct options *o,
		  const char *bundle, bool may_ask, struct err *err)
{
	bool person;
	int r = sort_out(d, h, err);

	if (r < 0)
		return r;
	/* The usual start asks nobody, and does not look for a terminal. */
	if (!count_asked(d, false) && !count_asked(d, true) && !any_open(d))
		return 0;
	person = may_ask && ask_is_possible();
	if (person && count_asked(d, false))
		r = ask(d, h, s, false, err);
	if (r == 0 && person && count_asked(d, true))
		r = ask(d, h, s, true, err);
	for (size_t i = 0; r == 0 && !person && i < d->n_lines; i++)
		if (decision_is_open(&d->lines[i]))
			r = say_denied(d, h, o, bundle, &d->lines[i].perm,
				       err);
	return r;
}
