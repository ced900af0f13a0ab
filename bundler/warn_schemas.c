/*
 * warn_schemas.c - settings schemas that a program asks for and nobody has
 *
 * GLib ends a program that asks for a schema which is not compiled, and packages
 * forget to require those of the desktop (gnome-text-editor).  A binary holds
 * many texts that look like a schema's id, so a warning needs all of this: the
 * binary is the app's own, calls g_settings_new, and the text begins like one of
 * the families in the table, whose ids are schemas and nothing else.  What can
 * also ask whether a schema is there is believed to do so (libxul), unless it is
 * a program with schemas of its own, which asks for those (gnome-text-editor).
 * What only some option needs is told too (xfce4-terminal: the system's font).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/warnings.h"
#include "runtime/path.h"

#define PIECE ((size_t)1 << 20)
#define OVERLAP 256u			/* longer than any text that counts */
#define IDS_MAX 64u
#define ID_MAX 128u
#define COMPILED_MAX ((size_t)32 << 20)
#define FOLDER "usr/share/glib-2.0/schemas"

static const struct { const char *prefix, *package; } families[] = {
	{ "org.gnome.desktop.", "gsettings-desktop-schemas" },
	{ "org.gnome.system.", "gsettings-desktop-schemas" },
	{ "org.gnome.settings-daemon.", "gnome-settings-daemon-common" },
	{ "org.gnome.evolution-data-server.",
	  "evolution-data-server-common" },
	{ "org.gtk.Settings.", "libgtk-3-common" },
	{ "org.mate.", "mate-desktop-common" },
	{ "org.cinnamon.", "cinnamon-desktop-data" },
};

struct wanted {
	char id[ID_MAX];
	const char *package;		/* NULL: told with another */
	const struct entry *e;
};

struct looking {
	struct warnings *w;
	char *compiled;
	size_t compiled_len;
	bool schemas, own_schemas;	/* the image, the app brings sources */
	struct wanted v[IDS_MAX];
	size_t n;
	char piece[PIECE + OVERLAP];
};

/* ---- what is compiled ---- */

static int read_compiled(struct looking *x, struct err *err)
{
	const struct entry *e = tree_resolve(x->w->t,
					     FOLDER "/gschemas.compiled");

	if (!e || e->type != ENTRY_FILE || e->content.size > COMPILED_MAX)
		return 0;
	x->compiled = malloc((size_t)e->content.size + 1);
	if (!x->compiled)
		return err_nomem(err);
	return entry_read_head(e, x->compiled, (size_t)e->content.size,
			       &x->compiled_len, err);
}

/* The file is a hash table whose keys are the ids.  That the id stands in it as a
 * part of a longer one means a missed warning, never a wrong one. */
static bool is_compiled(const struct looking *x, const char *id)
{
	return x->compiled && memmem(x->compiled, x->compiled_len, id,
				     strlen(id));
}

static void find_sources(struct looking *x)
{
	const struct tree *t = x->w->t;

	for (size_t i = 0; i < t->n; i++) {
		const char *rest = path_below(t->v[i]->path, FOLDER);

		if (!rest || !strstr(rest, ".gschema.xml"))
			continue;
		x->schemas = true;
		x->own_schemas |= warn_is_own(x->w, t->v[i]);
	}
}

/* ---- what is asked for ---- */

static void note_id(struct looking *x, const struct entry *e, const char *id,
		    size_t len, const char *package)
{
	struct wanted *to = &x->v[x->n];

	if (x->n == IDS_MAX || len >= ID_MAX)
		return;
	(void)snprintf(to->id, ID_MAX, "%.*s", (int)len, id);
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->v[i].id, to->id))
			return;
	to->package = package;
	to->e = e;
	x->n++;
}

static size_t id_length(const char *p, const char *end)
{
	const char *s = p;

	while (s < end && ((*s >= 'a' && *s <= 'z') ||
			   (*s >= 'A' && *s <= 'Z') ||
			   (*s >= '0' && *s <= '9') || *s == '-' || *s == '.'))
		s++;
	/* A whole text of C, and no prefix of one. */
	return s < end && !*s && s[-1] != '.' ? (size_t)(s - p) : 0;
}

static void find_ids(struct looking *x, const struct entry *e,
		     const char *data, size_t len)
{
	const char *end = data + len;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const char *prefix = families[i].prefix, *p = data;
		size_t n = strlen(prefix), id;

		while ((p = memmem(p, (size_t)(end - p), prefix, n))) {
			id = p > data && p[-1] ? 0 : id_length(p, end);
			if (id > n)
				note_id(x, e, p, id, families[i].package);
			p += n;
		}
	}
}

struct traits {
	bool elf, asks, checks;
};

static void find_traits(const char *data, size_t len, struct traits *t)
{
	static const char asks[] = "\0g_settings_new";
	static const char checks[] = "\0g_settings_schema_source_lookup";

	t->asks |= memmem(data, len, asks, sizeof(asks)) != NULL;
	t->checks |= memmem(data, len, checks, sizeof(checks)) != NULL;
}

/* Piece by piece; `n_before` ids were there before this file. */
static int read_pieces(struct looking *x, const struct entry *e, int fd,
		       struct traits *t, struct err *err)
{
	uint64_t off = 0;

	while (off < e->content.size) {
		uint64_t left = e->content.size - off;
		size_t len = left < sizeof(x->piece) ? (size_t)left :
						       sizeof(x->piece);
		int r = entry_read(e, fd, x->piece, len, off, err);

		if (r < 0)
			return r;
		if (!off)
			t->elf = len > 4 && !memcmp(x->piece, "\177ELF", 4);
		if (!t->elf)
			return 0;
		find_traits(x->piece, len, t);
		find_ids(x, e, x->piece, len);
		off += len < PIECE ? len : PIECE;
	}
	return 0;
}

static int look_at(struct looking *x, const struct entry *e, struct err *err)
{
	struct traits t = { 0 };
	size_t before = x->n;
	CLEANUP_FD int fd = -1;
	int r = entry_open(e, &fd, err);

	if (r == 0)
		r = read_pieces(x, e, fd, &t, err);
	if (!t.asks ||
	    (t.checks && (!x->own_schemas || strstr(e->path, ".so"))))
		x->n = before;
	return r;
}

/* ---- telling ---- */

/* One warning per package that would help. */
static void tell(struct looking *x, size_t n)
{
	const char *package = x->v[n].package;
	char others[32] = "";
	size_t more = 0;

	for (size_t i = n + 1; i < x->n; i++)
		if (x->v[i].package && !strcmp(x->v[i].package, package) &&
		    !is_compiled(x, x->v[i].id)) {
			more++;
			x->v[i].package = NULL;
		}
	if (more)
		(void)snprintf(others, sizeof(others), " and %zu more", more);
	warn(x->w, "/%s asks for the settings schema %s%s, not compiled in the "
	     "image, and would end there; add to the sources: - debian: [%s]",
	     x->v[n].e->path, x->v[n].id, others, package);
}

static void tell_all(struct looking *x)
{
	if (!x->compiled && x->schemas) {
		warn(x->w, "the settings schemas in /" FOLDER " are not "
		     "compiled, and programs that need them would end; add to "
		     "the sources what compiles them: - debian: "
		     "[libglib2.0-0]");
		return;
	}
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].package && !is_compiled(x, x->v[i].id))
			tell(x, i);
}

static bool is_looked_at(const struct warnings *w, const struct entry *e)
{
	return e->type == ENTRY_FILE && warn_is_own(w, e) &&
	       ((e->mode & 0111) || strstr(e->path, ".so"));
}

int warn_schemas(struct warnings *w, struct err *err)
{
	CLEANUP_FREE struct looking *x = calloc(1, sizeof(*x));
	int r = x ? 0 : err_nomem(err);

	if (w->m->kind == KIND_THIN || r < 0)
		return r;
	x->w = w;
	find_sources(x);
	r = read_compiled(x, err);
	for (size_t i = 0; i < w->t->n && r == 0; i++)
		if (is_looked_at(w, w->t->v[i]))
			r = look_at(x, w->t->v[i], err);
	if (r == 0)
		tell_all(x);
	free(x->compiled);
	return r;
}
