/*
 * desktop_choose.c - which of an image's desktop files is the app's
 *
 * An image has many: settings dialogs (xfce4-terminal-settings), helpers that no
 * menu shows, and those of interpreters that came along (python3.11).  Only the
 * app's own count, only those a menu shows, only those whose program is in the
 * image.  With a command the file must start it, also through a link, an
 * absolute path or `env`; without one it should be called like the package.
 * A bare start (no options) is worth more than one with options.  Points are
 * compared; of equals without a name in common nothing is chosen, since a
 * wrong window is worse than none.
 */
#include <string.h>

#include "bundler/desktop.h"
#include "bundler/infer.h"
#include "bundler/program.h"
#include "runtime/path.h"

#define CANDIDATES_MAX 512u
#define PLACE "usr/share/applications"

/* Points; the larger kinds can never be outweighed by the smaller. */
#define POINTS_PROGRAM 400
#define POINTS_SAME_NAME 300
#define POINTS_LAST_PART 200
#define POINTS_NAMED 40
#define POINTS_BARE 20
#define OPTIONS_COUNTED 10u

struct choice_of {
	const struct tree *t;
	const struct manifest *m;
	const struct owners *o;
	const char *command;		/* argv[0] of the manifest, or NULL */
	const struct entry *best;
	int points;
	bool tie;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_program(const struct choice_of *c, const char *program)
{
	const struct entry *a, *b;

	if (!strcmp(base_name(program), base_name(c->command)))
		return true;
	a = program_find(c->t, program);
	b = program_find(c->t, c->command);
	return a && a == b;
}

/* "org.kde.kcalc" ends in "kcalc", "org.gnome.Calculator" not in "calc". */
static bool last_part_is(const char *stem, const char *package)
{
	const char *dot = strrchr(stem, '.');

	return dot && !strcasecmp(dot + 1, package);
}

static int points_of_name(const struct choice_of *c, const char *stem,
			  const char *program)
{
	int points = 0;

	for (size_t i = 0; i < c->o->n; i++) {
		const struct owner *w = &c->o->v[i];

		if (w->rank != OWNER_NAMED)
			continue;
		if (!c->command && !strcmp(base_name(program), w->name) &&
		    points < POINTS_PROGRAM)
			points = POINTS_PROGRAM;
		else if (!strcmp(stem, w->name) && points < POINTS_SAME_NAME)
			points = POINTS_SAME_NAME;
		else if (last_part_is(stem, w->name) &&
			 points < POINTS_LAST_PART)
			points = POINTS_LAST_PART;
	}
	return points;
}

/* Negative: it is not the app's. */
static int points_of(const struct choice_of *c, const struct entry *e,
		     const struct desktop_entry *d, const char *stem)
{
	const char *program = desktop_entry_program(d);
	size_t options = desktop_entry_options(d);
	int points;

	if (!program || !desktop_entry_is_shown(d) ||
	    !program_find(c->t, program))
		return -1;
	points = points_of_name(c, stem, program);
	if (c->command && same_program(c, program))
		points += 2 * POINTS_PROGRAM;
	else if (c->command && points < POINTS_SAME_NAME)
		return -1;
	if (owners_rank(c->o, e) == OWNER_NAMED)
		points += POINTS_NAMED;
	if (options > OPTIONS_COUNTED)
		options = OPTIONS_COUNTED;
	return points + (options ? 0 : POINTS_BARE) + (int)OPTIONS_COUNTED -
	       (int)options;
}

static int parse(const struct tree *t, const struct entry *e,
		 struct desktop_entry *ret, struct err *err)
{
	const struct entry *file = tree_resolve(t, e->path);
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r;

	if (!file || file->type != ENTRY_FILE ||
	    file->content.size > DESKTOP_MAX)
		return -EINVAL;
	text = malloc((size_t)file->content.size + 1);
	if (!text)
		return err_nomem(err);
	r = entry_read_head(file, text, (size_t)file->content.size, &len, err);
	return r < 0 ? r : desktop_entry_parse(text, len, ret, err);
}

static int weigh(struct choice_of *c, const struct entry *e, struct err *err)
{
	CLEANUP_DESKTOP_ENTRY struct desktop_entry d = { 0 };
	CLEANUP_FREE char *stem = NULL;
	int r = parse(c->t, e, &d, err), points;

	/* A broken file of a package is no reason to pack nothing. */
	if (r == -EINVAL)
		return 0;
	stem = r == 0 ? desktop_stem(e->path) : NULL;
	if (r < 0)
		return r;
	if (!stem)
		return err_nomem(err);
	points = points_of(c, e, &d, stem);
	if (points < 0)
		return 0;
	if (!c->best || points > c->points) {
		c->best = e;
		c->points = points;
		c->tie = false;
	} else if (points == c->points) {
		c->tie = true;
	}
	return 0;
}

static bool is_candidate(const struct choice_of *c, const struct entry *e)
{
	const char *rest = path_below(e->path, PLACE);
	size_t len = rest ? strlen(rest) : 0;

	return len > 8 && e->type != ENTRY_DIR &&
	       !strcmp(rest + len - 8, ".desktop") &&
	       owners_rank(c->o, e) != OWNER_NONE;
}

/* The file that is called like the id is the app's whatever is in it. */
static int choose_by_id(const struct tree *t, const struct manifest *m,
			char **ret, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_DESKTOP_ENTRY struct desktop_entry d = { 0 };
	const struct entry *e;
	int r;

	if (asprintf(&path, PLACE "/%s.desktop", m->id) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	e = tree_find(t, path);
	r = e ? parse(t, e, &d, err) : -EINVAL;
	if (r == 0)
		*ret = steal_ptr(&path);
	return r == -EINVAL ? 0 : r;
}

int desktop_choose(const struct tree *t, const struct manifest *m,
		   const struct owners *o, char **ret, struct err *err)
{
	struct choice_of c = { .t = t, .m = m, .o = o };
	CLEANUP_FREE char *path = NULL;
	size_t seen = 0;
	int r = m->id ? choose_by_id(t, m, &path, err) : 0;

	if (r == 0 && !path && o) {
		if (infer_has_command(m))
			c.command = m->commands[0].argv.v[0];
		for (size_t i = 0; i < t->n && r == 0; i++)
			if (is_candidate(&c, t->v[i]) &&
			    seen++ < CANDIDATES_MAX)
				r = weigh(&c, t->v[i], err);
		if (r == 0 && c.best && !(c.tie && c.points < POINTS_LAST_PART)) {
			path = strdup(c.best->path);
			r = path ? 0 : err_nomem(err);
		}
	}
	if (r == 0)
		*ret = steal_ptr(&path);
	return r;
}
