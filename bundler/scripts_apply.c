/*
 * scripts_apply.c - the record into the tree
 *
 * A path from the record is looked up in the tree as a process would whose root it
 * is; where its folder really lies decides whether it may be made there.  Nothing
 * is made twice and nothing is replaced: first come the copies, then alternatives
 * in the order of their names, each with the choice that wins.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/scripts_parse.h"
#include "bundler/scripts_parts.h"
#include "runtime/path.h"

struct applying {
	const struct script_record *rec;
	struct tree *t;
	const struct origin *other;
	const struct scripts_door *door;
	const struct notes *notes;
};

/* ---- where things lie ---- */

/* The real place of an absolute path whose last part need not exist: its folders as
 * far as they do are resolved in the tree.  A fresh path of the tree, or NULL: no
 * memory, a file in the way, or a link that leads nowhere. */
static char *real_place(const struct tree *t, const char *path)
{
	CLEANUP_FREE char *dir = strdup(path + 1);
	const struct entry *e = NULL;
	char *slash;

	if (!dir)
		return NULL;
	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		e = tree_resolve(t, dir);
		if (e)
			break;
		/* Made with what goes into it, unless a link dangles there. */
		if (tree_find(t, dir))
			return NULL;
	}
	if (!e)
		return slash ? NULL : strdup(path + 1);
	if (e->type != ENTRY_DIR)
		return NULL;
	return path_join(e->path, path + 1 + strlen(dir) + 1);
}

static bool lies_below(const char *path, const char *dir)
{
	const char *rest = path_below(path, dir);

	return rest && *rest;
}

static bool is_taken(const struct tree *t, const char *path)
{
	return tree_find(t, path) != NULL;
}

/* "../lib/x" from "usr/bin/y" to "usr/lib/x"; a fresh string or NULL. */
static char *relative_link(const char *from, const char *to)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	size_t common = 0;

	for (size_t i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	for (const char *p = from + common; (p = strchr(p, '/')); p++)
		buf_adds(&out, "../");
	buf_adds(&out, to + common);
	return out.failed ? NULL : buf_steal(&out);
}

/* ---- adding ---- */

static const struct origin *origin_of(const struct applying *x, size_t script)
{
	const char *package = x->rec->scripts.v[2 * script];
	const char *version = x->rec->scripts.v[2 * script + 1];

	for (size_t i = 0; i < x->t->n_origins; i++) {
		const struct origin *o = x->t->origins[i];

		if (o->kind == ORIGIN_DEBIAN && o->version &&
		    !strcmp(o->name, package) && !strcmp(o->version, version))
			return o;
	}
	return x->other;
}

static int add_link(struct applying *x, size_t script, const char *path,
		    const char *to, struct err *err)
{
	CLEANUP_FREE char *target = relative_link(path, to);
	struct entry spec = { .path = (char *)path, .type = ENTRY_LINK,
			      .mode = 0777, .target = target,
			      .origin = origin_of(x, script),
			      .content.base_fd = -1 };

	return target ? x->door->add(x->door->arg, &spec, err) :
			err_nomem(err);
}

/* ---- ucf ---- */

static int apply_copy(struct applying *x, const struct script_copy *c,
		      struct err *err)
{
	CLEANUP_FREE char *path = c->data ? real_place(x->t, c->dest) : NULL;
	struct entry spec = { .path = path, .type = ENTRY_FILE,
			      .mode = c->mode,
			      .origin = origin_of(x, c->script),
			      .content = { .kind = CONTENT_MEMORY,
					   .base_fd = -1, .size = c->len } };

	if (!path || !lies_below(path, "etc") || is_taken(x->t, path))
		return 0;
	spec.content.data = malloc(c->len + 1);
	if (!spec.content.data)
		return err_nomem(err);
	memcpy(spec.content.data, c->data, c->len);
	return x->door->add(x->door->arg, &spec, err);
}

/* ---- alternatives ---- */

/* By name, then the best first: the highest priority, the lowest target among
 * equals (as update-alternatives has it), then the order of the scripts. */
static int compare(const void *a, const void *b)
{
	const struct script_choice *x = *(const struct script_choice *const *)a;
	const struct script_choice *y = *(const struct script_choice *const *)b;
	int r = strcmp(x->name, y->name);

	if (r == 0)
		r = (x->priority < y->priority) - (x->priority > y->priority);
	if (r == 0)
		r = strcmp(x->links.v[1], y->links.v[1]);
	if (r == 0)
		r = (x->script > y->script) - (x->script < y->script);
	return r;
}

/* Where the target lies, with the folders' links resolved; a fresh path or NULL: it
 * is not in the tree. */
static char *find_target(const struct applying *x, const char *target)
{
	return tree_resolve(x->t, target) ? real_place(x->t, target) : NULL;
}

/* Pages of the manual are not in the tree; slaves whose target is missing are
 * left out, as update-alternatives does. */
static int apply_link(struct applying *x, const struct script_choice *c,
		      size_t i, struct err *err)
{
	CLEANUP_FREE char *target = find_target(x, c->links.v[i + 1]);
	CLEANUP_FREE char *path = target ? real_place(x->t, c->links.v[i]) :
					   NULL;

	if (!path || !strcmp(path, target) || is_taken(x->t, path) ||
	    lies_below(path, "usr/share/man"))
		return 0;
	if (!lies_below(path, "usr") && !lies_below(path, "etc")) {
		char a[300], b[300];

		notes_note(x->notes, "%s %s: its script asks for the link %s "
			   "to %s, which lies neither below /usr nor below "
			   "/etc; left out", x->rec->scripts.v[2 * c->script],
			   x->rec->scripts.v[2 * c->script + 1],
			   text_quoted(a, sizeof(a), c->links.v[i]),
			   text_quoted(b, sizeof(b), c->links.v[i + 1]));
		return 0;
	}
	return add_link(x, c->script, path, target, err);
}

static bool has_target(const struct applying *x, const struct script_choice *c)
{
	return tree_resolve(x->t, c->links.v[1]) != NULL;
}

static int apply_choice(struct applying *x, const struct script_choice *c,
			struct err *err)
{
	int r = 0;

	for (size_t i = 0; i + 1 < c->links.n && r == 0; i += 2)
		r = apply_link(x, c, i, err);
	return r;
}

/* `v` is sorted: of each name the first whose target is there. */
static int apply_sorted(struct applying *x,
			const struct script_choice *const *v, size_t n,
			struct err *err)
{
	const char *done = NULL;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if ((done && !strcmp(done, v[i]->name)) ||
		    !has_target(x, v[i]))
			continue;
		done = v[i]->name;
		r = apply_choice(x, v[i], err);
		if (r == 0)
			r = notes_check(x->notes, err);
	}
	return r;
}

static int apply_choices(struct applying *x, struct err *err)
{
	const struct script_record *rec = x->rec;
	CLEANUP_FREE const struct script_choice **v =
		calloc(rec->n_choices + 1, sizeof(const void *));

	if (!v)
		return err_nomem(err);
	for (size_t i = 0; i < rec->n_choices; i++)
		v[i] = &rec->choices[i];
	qsort(v, rec->n_choices, sizeof(const void *), compare);
	return apply_sorted(x, v, rec->n_choices, err);
}

int scripts_apply(const struct script_record *rec, struct tree *t,
		  const struct origin *o, const struct scripts_door *door,
		  const struct notes *notes, struct err *err)
{
	struct applying x = { .rec = rec, .t = t, .other = o, .door = door,
			      .notes = notes };
	int r = 0;

	for (size_t i = 0; i < rec->n_copies && r == 0; i++)
		r = apply_copy(&x, &rec->copies[i], err);
	return r < 0 ? r : apply_choices(&x, err);
}
