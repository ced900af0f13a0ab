/*
 * infer.c - the command of a bundle, and the order of inferring (see infer.h)
 *
 * The command, in this order:
 *  1. a program in PATH that is called like a package that the manifest names;
 *  2. one of the app's own that is called like the id's last part;
 *  3. what the app's desktop file starts, with its options (etr; libreoffice
 *     --calc), if that is in the image;
 *  4. the only program in PATH of the named packages, else of their siblings; of
 *     several the only one whose name and the package's begin alike (nginx of
 *     nginx-light, vim.basic of vim).
 * Else it is an error that lists what there is to choose from.  Servers may live
 * outside PATH (postgresql): that is for the manifest to say.
 */
#include "bundler/infer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bundler/program.h"
#include "runtime/path.h"

#define SHOWN_MAX 8u
#define PROGRAMS_MAX 4096u

bool infer_has_command(const struct manifest *m)
{
	return m->n_commands && !*m->commands[0].name &&
	       m->commands[0].argv.n;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_program(const struct tree *t, const char *name)
{
	const struct entry *e = program_find(t, name);

	return e && e->type == ENTRY_FILE && (e->mode & 0111);
}

/* ---- 1 and 2: by name ---- */

static const char *by_package(const struct tree *t, const struct owners *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].rank == OWNER_NAMED &&
		    is_program(t, o->v[i].name))
			return o->v[i].name;
	return NULL;
}

static char *by_id(const struct manifest *m, const struct tree *t,
		   const struct owners *o)
{
	const char *dot = m->id ? strrchr(m->id, '.') : NULL;
	char *name = dot ? strdup(dot + 1) : NULL;
	const struct entry *e;

	for (char *p = name; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	e = name ? program_find(t, name) : NULL;
	if (e && is_program(t, name) && owners_rank(o, e) != OWNER_NONE)
		return name;
	free(name);
	return NULL;
}

/* ---- 4: the only one ---- */

struct programs {
	const char *v[PROGRAMS_MAX];
	size_t n;
};

static void find_programs(const struct tree *t, const struct owners *o,
			  enum owner_rank rank, struct programs *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < t->n && ret->n < PROGRAMS_MAX; i++) {
		const struct entry *e = t->v[i];

		if (e->type != ENTRY_DIR && owners_rank(o, e) == rank &&
		    program_in_path(t, e->path) &&
		    is_program(t, base_name(e->path)))
			ret->v[ret->n++] = base_name(e->path);
	}
}

/* Does `b` go on behind `a` with a new word?  nginx, nginx-light. */
static bool begins_with(const char *b, const char *a)
{
	size_t n = strlen(a);

	return !strncmp(a, b, n) && (!b[n] || strchr("-._+", b[n]) ||
				     isdigit((unsigned char)b[n]));
}

static const char *like_a_package(const struct programs *p,
				  const struct owners *o)
{
	const char *found = NULL;

	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < o->n; k++) {
			if (o->v[k].rank != OWNER_NAMED ||
			    (!begins_with(o->v[k].name, p->v[i]) &&
			     !begins_with(p->v[i], o->v[k].name)))
				continue;
			if (found && strcmp(found, p->v[i]))
				return NULL;
			found = p->v[i];
		}
	return found;
}

static int cannot_tell(const struct manifest *m, const struct programs *p,
		       struct err *err)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (size_t i = 0; i < p->n && i < SHOWN_MAX; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", p->v[i]);
	if (p->n > SHOWN_MAX)
		buf_addf(&names, " and %zu more", p->n - SHOWN_MAX);
	if (!p->n)
		(void)err_set(err, EINVAL, "the sources bring no program in "
			      "PATH; say which one is meant: command: "
			      "/usr/lib/...");
	else
		(void)err_set(err, EINVAL, "which of the programs is meant? "
			      "add a line such as command: %s; there are %s",
			      p->v[0], buf_text(&names));
	return m->file ? err_prefix(err, "%s", m->file) : -err->num;
}

static int by_number(const struct manifest *m, const struct tree *t,
		     const struct owners *o, const char **ret,
		     struct err *err)
{
	CLEANUP_FREE struct programs *p = calloc(1, sizeof(*p));

	if (!p)
		return err_nomem(err);
	find_programs(t, o, OWNER_NAMED, p);
	if (!p->n)
		find_programs(t, o, OWNER_SAME_SOURCE, p);
	*ret = p->n == 1 ? p->v[0] : like_a_package(p, o);
	return *ret ? 0 : cannot_tell(m, p, err);
}

/* A program of `files` may lie anywhere: /opt/x/run. */
static const char *by_file(const struct manifest *m, const struct tree *t)
{
	const char *found = NULL;

	for (size_t i = 0; i < m->n_sources; i++) {
		const struct source *s = &m->sources[i];

		for (size_t k = 0; s->kind == SOURCE_FILES && k < s->items.n;
		     k++) {
			if (!is_program(t, s->items.v[k]))
				continue;
			if (found)
				return NULL;
			found = s->items.v[k];
		}
	}
	return found;
}

/* ---- the command ---- */

static int set_one(struct strlist *to, const char *word, struct err *err)
{
	return strlist_add(to, word) < 0 ? err_nomem(err) : 0;
}

int infer_command(const struct manifest *m, const struct tree *t,
		  const struct owners *o, const struct desktop *d,
		  struct strlist *ret, struct err *err)
{
	CLEANUP_FREE char *own = NULL;
	const char *name = by_package(t, o);
	int r;

	if (!name)
		name = own = by_id(m, t, o);
	if (!name && d && d->entry.argv.n &&
	    is_program(t, d->entry.argv.v[0]))
		return strlist_copy(ret, &d->entry.argv) < 0 ?
		       err_nomem(err) : 0;
	if (!name)
		name = by_file(m, t);
	r = name ? 0 : by_number(m, t, o, &name, err);
	return r < 0 ? r : set_one(ret, name, err);
}

/* The main command goes in front of the named ones. */
static int put_command(struct manifest *m, struct strlist *argv,
		       struct err *err)
{
	struct header_command *v;
	char *name = strdup("");

	v = name ? reallocarray(m->commands, m->n_commands + 1, sizeof(*v)) :
		   NULL;
	if (!v) {
		free(name);
		return err_nomem(err);
	}
	memmove(v + 1, v, m->n_commands * sizeof(*v));
	v[0] = (struct header_command){ .name = name, .argv = *argv };
	*argv = (struct strlist){ 0 };
	m->commands = v;
	m->n_commands++;
	return 0;
}

static int fill_command(struct manifest *m, const struct tree *t,
			const struct owners *o, const struct desktop *d,
			const struct notes *notes, struct err *err)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };
	CLEANUP_BUF struct buf shown = BUF_INIT;
	int r = infer_command(m, t, o, d, &argv, err);

	if (r == 0)
		r = program_check(t, argv.v[0], m->kind == KIND_THIN, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < argv.n; i++)
		buf_addf(&shown, "%s%s", i ? " " : "", argv.v[i]);
	notes_step(notes, "the command is %s", buf_text(&shown));
	return put_command(m, &argv, err);
}

static int fill_version(struct manifest *m, const struct tree *t,
			const struct owners *o, const struct notes *notes,
			struct err *err)
{
	int r = infer_version(m, t, o, m->commands[0].argv.v[0], &m->version,
			      err);

	if (r == 0)
		notes_step(notes, "the version is %s", m->version);
	return r;
}

int infer(struct manifest *m, const struct tree *t, const struct owners *o,
	  int dir_fd, const struct notes *notes, struct desktop *ret,
	  struct err *err)
{
	CLEANUP_DESKTOP struct desktop d = DESKTOP_INIT;
	int r = desktop_find(t, m, o, dir_fd, &d, err);

	if (r == 0 && !infer_has_command(m))
		r = fill_command(m, t, o, &d, notes, err);
	if (r == 0 && !m->version)
		r = fill_version(m, t, o, notes, err);
	if (r < 0)
		return r;
	*ret = d;
	d = DESKTOP_INIT;
	return 0;
}
