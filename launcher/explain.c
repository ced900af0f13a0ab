/*
 * explain.c - the plan in plain words (run --explain)
 *
 * One line per thing that a person would ask about: what the app may reach, what
 * was asked and denied, what it will not see.  Rows without a reason (links,
 * device nodes, generated files) are summed up, -v lists them too.
 */
#include <sched.h>
#include <string.h>

#include "launcher/effects.h"
#include "launcher/filters.h"
#include "launcher/plan.h"

static const char *kind_word(const struct row *r)
{
	switch (r->kind) {
	case ROW_DIR:
		return "folder";
	case ROW_LINK:
		return "link";
	case ROW_FILE:
		return "generated file";
	case ROW_TMPFS:
	case ROW_OPEN:
		return "in memory";
	case ROW_IMAGE:
		return "image";
	case ROW_BIND:
		return r->flags & ROW_RO ? "read-only" : "read-write";
	case ROW_OVERLAY:
		return r->upper ? "overlay" : "overlay, read-only";
	case ROW_WAYLAND:
	case ROW_PROC:
	case ROW_DEVPTS:
		return "new";
	case ROW_READONLY:
		return "closed for writing";
	case ROW_DETACH:
		return "taken away";
	}
	return "";
}

static void explain_source(const struct row *r, struct buf *out)
{
	if (r->kind == ROW_LINK)
		buf_addf(out, " -> %s", r->text);
	if (r->kind != ROW_BIND)
		return;
	if (r->base == BASE_HOST)
		buf_addf(out, " from %s%s%s", r->base_path,
			 r->source && *r->source &&
			 strcmp(r->base_path, "/") ? "/" : "",
			 r->source ? r->source : "");
	else if (r->base == BASE_IMAGE)
		buf_addf(out, " from the image's /%s", r->source);
}

static void explain_rows(const struct plan *p, bool all, struct buf *out)
{
	buf_adds(out, "files:\n");
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct row *r = &p->rows[i];
		CLEANUP_BUF struct buf name = BUF_INIT;

		if ((!r->why && !all) || (!all && (r->kind == ROW_IMAGE)))
			continue;
		text_quote(&name, r->target);
		buf_addf(out, "  %s (%s", buf_text(&name), kind_word(r));
		explain_source(r, out);
		buf_adds(out, ")");
		if (r->why)
			buf_addf(out, ": %s", r->why);
		buf_addc(out, '\n');
	}
}

static void explain_namespaces(const struct plan *p, struct buf *out)
{
	buf_addf(out, "processes: only the app's own, as user %u, without "
		 "capabilities, new privileges or other users\n", p->uid);
	if (p->namespaces & CLONE_NEWNET)
		buf_addf(out, "network: %s\n", p->loopback ?
			 "loopback only, its own" : "none");
	else
		buf_adds(out, "network: the host's, and every service that "
			 "listens on this computer\n");
	buf_adds(out, "system calls: an allow-list and a deny-list of "
		 "arguments");
	if (p->relax & FILTER_NESTED)
		buf_adds(out, "; namespaces of its own allowed");
	if (p->relax & FILTER_DEBUG)
		buf_adds(out, "; debugging allowed");
	if (p->relax & FILTER_MULTIARCH)
		buf_adds(out, "; 32-bit programs allowed");
	buf_addc(out, '\n');
}

static void explain_permissions(const struct plan_input *in, struct buf *out)
{
	const struct decision *d = in->decision;

	buf_adds(out, "permissions:\n");
	if (!d->n_lines)
		buf_adds(out, "  none\n");
	for (size_t i = 0; i < d->n_lines; i++) {
		const struct decision_line *l = &d->lines[i];
		char sentence[512];

		buf_addf(out, "  %s %s=%s (%s): %s%s\n",
			 l->granted ? "granted" : "denied",
			 perm_word_name(l->perm.word), l->perm.value,
			 layer_name(l->layer),
			 perm_sentence(&l->perm, sentence, sizeof(sentence)),
			 l->granted && !effect_is_ready(&l->perm) ?
			 " [has no effect yet in this version]" : "");
	}
}

static void explain_home(const struct plan_input *in, struct buf *out)
{
	if (in->home->kind != HOME_PRIVATE || !in->home->rel)
		return;
	buf_adds(out, "the app's own home: ");
	text_quote(out, in->state->base);
	buf_addc(out, '/');
	text_quote(out, in->home->rel);
	buf_adds(out, "/upper\n");
}

static void explain_command(const struct plan *p, struct buf *out)
{
	buf_adds(out, "command:");
	for (size_t i = 0; i < p->argv.n; i++) {
		buf_addc(out, ' ');
		text_quote(out, p->argv.v[i]);
	}
	buf_addf(out, "\nworking directory: %s\nenvironment:\n", p->workdir);
	for (size_t i = 0; i < p->envp.n; i++) {
		buf_adds(out, "  ");
		text_quote(out, p->envp.v[i]);
		buf_addc(out, '\n');
	}
}

void plan_explain(const struct plan *p, const struct plan_input *in,
		  struct buf *out)
{
	const struct header *h = in->header;

	buf_addf(out, "%s %s (%s), %s bundle, origin %s\n", h->name, h->version,
		 h->id, h->kind == KIND_FULL ? "full" : "thin",
		 in->state->origin ? in->state->origin : "none");
	explain_home(in, out);
	explain_command(p, out);
	explain_permissions(in, out);
	explain_namespaces(p, out);
	/* -v alone goes with a run, and keeps to what a person would ask. */
	explain_rows(p, in->options->verbose && in->options->explain, out);
	if (h->n_limits)
		buf_adds(out, "limits: asked for, no effect yet in this "
			 "version\n");
	/* A run says them itself. */
	if (!in->options->explain && in->options->verbose)
		return;
	for (size_t i = 0; i < p->notes.n; i++)
		buf_addf(out, "note: %s\n", p->notes.v[i]);
	for (size_t i = 0; i < in->decision->notes.n; i++)
		buf_addf(out, "note: %s\n", in->decision->notes.v[i]);
}
