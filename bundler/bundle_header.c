/*
 * bundle_header.c - see bundle_header.h
 */
#include "bundler/bundle_header.h"

#include <errno.h>
#include <string.h>

#include "bundler/elf_file.h"
#include "runtime/path.h"

static char *copy(const char *s, bool *failed)
{
	char *c = s ? strdup(s) : NULL;

	*failed |= s && !c;
	return c;
}

static int set_texts(const struct manifest *m, const struct desktop *d,
		     struct header *h, struct err *err)
{
	const char *last = strrchr(m->id, '.') + 1;
	bool failed = false, named;

	h->id = copy(m->id, &failed);
	h->version = copy(m->version, &failed);
	/* The reader's default is the id's last part; the desktop file says it
	 * better. */
	named = m->name && strcmp(m->name, last);
	h->name = copy(named || !d->entry.name ? m->name : d->entry.name,
		       &failed);
	h->arch = copy(elf_machine_name(elf_machine_here(), elf_class_here()),
		       &failed);
	h->workdir = copy(m->workdir, &failed);
	h->home_skeleton = copy(m->home_skeleton, &failed);
	h->kind = m->kind;
	h->graphical = d->graphical;
	h->sandbox_required = m->sandbox_required;
	return failed ? err_nomem(err) : 0;
}

static int set_limits(const struct manifest *m, struct header *h,
		      struct err *err)
{
	bool failed = false;

	if (!m->n_limits)
		return 0;
	h->limits = calloc(m->n_limits, sizeof(*h->limits));
	if (!h->limits)
		return err_nomem(err);
	for (size_t i = 0; i < m->n_limits; i++) {
		h->limits[i].word = copy(m->limits[i].word, &failed);
		h->limits[i].value = copy(m->limits[i].value, &failed);
		h->limits[i].require = m->limits[i].require;
		h->n_limits++;
	}
	return failed ? err_nomem(err) : 0;
}

static int set_lists(const struct manifest *m, struct header *h,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < m->n_commands && r == 0; i++)
		r = header_add_command(h, m->commands[i].name,
				       &m->commands[i].argv, err);
	for (size_t i = 0; i < m->environment.n && r == 0; i++)
		r = header_add_environment(h, m->environment.v[i], err);
	return r < 0 ? r : set_limits(m, h, err);
}

/* ---- permissions ---- */

static int request(struct header *h, const char *word, const char *value,
		   struct err *err)
{
	struct permission p;
	int r = perm_make(word, value, &p, err);

	if (r < 0)
		return r;
	r = perms_add(&h->perms, &p, err);
	perm_free(&p);
	return r;
}

static int set_permissions(const struct manifest *m, struct header *h,
			   struct err *err)
{
	int r = perms_copy(&h->perms, &m->perms, err);

	if (r == 0 && h->graphical && !m->has_display)
		r = request(h, "display", "wayland", err);
	if (r == 0 && h->graphical && !m->has_display)
		r = request(h, "display", "x11-fallback", err);
	if (r == 0 && h->graphical && !m->has_portals)
		r = request(h, "portals", "true", err);
	return r;
}

/* ---- what the image has ---- */

static bool has_content(const struct tree *t, const char *dir)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *rest = path_below(t->v[i]->path, dir);

		if (rest && *rest)
			return true;
	}
	return false;
}

static int add_top(const struct tree *t, const struct entry *e,
		   const struct notes *notes, struct header *h,
		   struct err *err)
{
	if (header_top_is_ours(e->path))
		return 0;
	if (e->type == ENTRY_FILE) {
		notes_note(notes, "/%s will not be seen inside: files right "
			   "in / are not shown", e->path);
		return 0;
	}
	/* The empty folders are there for other tools. */
	if (e->type == ENTRY_DIR && !has_content(t, e->path))
		return 0;
	return header_add_top(h, e->path, e->target, err);
}

/* So that the launcher knows whether the caller's locale is in the bundle without
 * asking the image.  C.utf8 every C library has. */
static int set_locales(const struct tree *t, struct header *h, struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *name = path_below(t->v[i]->path, "usr/lib/locale");
		struct err ignored;

		if (!name || !*name || strchr(name, '/') ||
		    !strcmp(name, "C.utf8"))
			continue;
		/* What has no such name is no locale. */
		if (header_add_locale(h, name, &ignored) == -ENOMEM)
			return err_nomem(err);
	}
	return 0;
}

static int set_image(const struct tree *t, const struct notes *notes,
		     struct header *h, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < t->n && r == 0; i++)
		if (*t->v[i]->path && !strchr(t->v[i]->path, '/'))
			r = add_top(t, t->v[i], notes, h, err);
	if (r == 0)
		r = set_locales(t, h, err);
	h->image_etc = has_content(t, "etc");
	h->image_var = has_content(t, "var");
	return r;
}

int bundle_header_make(const struct manifest *m, const struct tree *t,
		       const struct desktop *d, const struct notes *notes,
		       struct header *ret, struct err *err)
{
	CLEANUP_HEADER struct header h = { 0 };
	int r = set_texts(m, d, &h, err);

	if (r == 0)
		r = set_lists(m, &h, err);
	if (r == 0)
		r = set_permissions(m, &h, err);
	if (r == 0)
		r = set_image(t, notes, &h, err);
	if (r < 0)
		return r;
	*ret = h;
	h = (struct header){ 0 };
	return 0;
}
