/*
 * warnings.c - telling warnings, and those about links and the desktop file
 */
#include "bundler/warnings.h"

#include <stdio.h>
#include <string.h>

#include "bundler/glob.h"
#include "bundler/program.h"
#include "runtime/path.h"

#define TEXT_MAX 768

void warn(struct warnings *w, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	if (w->n++ >= WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	notes_note(w->notes, "%s", text);
}

bool warn_is_own(const struct warnings *w, const struct entry *e)
{
	return owners_rank(w->o, e) != OWNER_NONE;
}

/* ---- links ---- */

/* The sandbox brings these, or nobody does: no business of the image. */
static bool leads_outside(const char *target)
{
	static const char *const places[] = {
		"/proc", "/dev", "/sys", "/run", "/tmp", "/var/run",
		"/var/lock", "/var/tmp", "/home", "/mnt", "/media",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (path_below(target, places[i]))
			return true;
	return false;
}

/* Manual pages and the like are left out on purpose, and so are the links of
 * compilers (libx.so). */
static bool link_matters(const struct warnings *w, const struct entry *e)
{
	if (path_below(e->path, "etc/alternatives"))
		return !strstr(e->path, ".gz") && !strstr(e->path, ".1");
	if (program_in_path(w->t, e->path))
		return warn_is_own(w, e) ||
		       path_below(e->target, "/etc/alternatives");
	return glob_match("lib*.so.*", e->path) &&
	       path_below(e->path, "usr/lib");
}

int warn_links(struct warnings *w, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < w->t->n; i++) {
		const struct entry *e = w->t->v[i];

		if (e->type != ENTRY_LINK || leads_outside(e->target) ||
		    !link_matters(w, e) || tree_resolve(w->t, e->path))
			continue;
		warn(w, "/%s leads to %s, which is not in the image; add the "
		     "package that has it to the sources, or leave the link "
		     "out: exclude: [/%s]", e->path, e->target, e->path);
	}
	return 0;
}

/* ---- the desktop file ---- */

static void warn_exec(struct warnings *w)
{
	const struct desktop_entry *d = &w->d->entry;
	const char *program = desktop_entry_program(d);
	const char *name = w->d->path ? w->d->path : w->m->desktop;

	if (w->m->kind == KIND_THIN)
		return;
	if (!program)
		warn(w, "the desktop file %s has no Exec that can be read; "
		     "correct it, or say desktop: none", name);
	else if (!program_find(w->t, program))
		warn(w, "the desktop file %s starts %s, which is not in the "
		     "image; name another one with desktop: "
		     "/usr/share/applications/..., or say desktop: none",
		     name, program);
}

static void warn_icon(struct warnings *w)
{
	const char *icon = w->d->entry.icon;

	if (icon)
		warn(w, "the icon %s is not in the image as PNG or SVG; add "
		     "icon: ./FILE.svg (a file beside the manifest), or the "
		     "package of its theme to the sources", icon);
	else
		warn(w, "the desktop file names no icon; add icon: ./FILE.svg "
		     "(a file beside the manifest)");
}

int warn_desktop(struct warnings *w, struct err *err)
{
	(void)err;
	if (!w->d->file.len)
		return 0;
	warn_exec(w);
	if (w->d->graphical && !w->d->icon.len)
		warn_icon(w);
	return 0;
}

/* ---- all ---- */

int warnings_find(struct warnings *w, struct err *err)
{
	static int (*const looks[])(struct warnings *, struct err *) = {
		warn_desktop, warn_links, warn_scripts, warn_libraries,
		warn_schemas, warn_svg,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(looks) && r == 0; i++) {
		r = looks[i](w, err);
		if (r == 0)
			r = notes_check(w->notes, err);
	}
	if (r == 0 && w->n > WARNINGS_MAX)
		notes_note(w->notes, "and %zu more of this kind",
			   w->n - WARNINGS_MAX);
	return r;
}
