/*
 * assemble.c - see assemble.h
 */
#include "bundler/assemble.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bundler/filter.h"
#include "bundler/full_root.h"
#include "bundler/program.h"
#include "bundler/python_cache.h"
#include "bundler/source_dir.h"
#include "bundler/source_files.h"
#include "bundler/steps.h"
#include "runtime/path.h"

struct assembly {
	const struct recipe *recipe;
	const struct rules *rules;
	const struct notes *notes;
	struct debian_job *debian;
	struct tree *t;
};

static int add_dir(struct assembly *a, const struct source *s,
		   struct err *err)
{
	const struct origin *o = tree_origin(a->t, ORIGIN_DIR, s->line,
					     s->path, NULL);
	const char *to = s->to ? s->to : "/";
	CLEANUP_FD int fd = -1;
	int r = o ? recipe_open_dir(a->recipe, s, &fd, err) : err_nomem(err);

	if (r < 0)
		return r;
	notes_step(a->notes, "reading %s", s->path);
	r = source_dir(a->t, fd, to + strspn(to, "/"), o, a->notes, err);
	return r < 0 ? err_prefix(err, "%s:%u", a->recipe->manifest.file,
				  s->line) : 0;
}

static int add_files(struct assembly *a, const struct source *s,
		     struct err *err)
{
	const char *first = s->items.n ? s->items.v[0] : "";
	const struct origin *o = tree_origin(a->t, ORIGIN_FILES, s->line,
					     first, NULL);
	CLEANUP_FD int root_fd = -1;
	int r = o ? path_open_trusted("/", O_RDONLY | O_DIRECTORY, &root_fd,
				      err) : err_nomem(err);

	if (r < 0)
		return r;
	notes_step(a->notes, "looking for what %s%s", first,
		   s->items.n > 1 ? " and others need" : " needs");
	r = source_files(a->t, root_fd, &s->items, a->rules, o, a->notes,
			 err);
	return r < 0 ? err_prefix(err, "%s:%u", a->recipe->manifest.file,
				  s->line) : 0;
}

static int add_source(struct assembly *a, const struct source *s,
		      struct err *err)
{
	switch (s->kind) {
	case SOURCE_DIR:
		return add_dir(a, s, err);
	case SOURCE_FILES:
		return add_files(a, s, err);
	case SOURCE_DEBIAN:
		return debian_source(a->debian, s, a->t, err);
	}
	return err_set(err, EINVAL, "a source of no known kind");
}

/* A thin bundle brings /app only: anything else would hide behind the host's. */
static int check_thin(const struct tree *t, struct err *err)
{
	char text[512];

	for (size_t i = 0; i < t->n; i++) {
		const struct entry *e = t->v[i];

		if (*e->path && !path_below(e->path, "app"))
			return err_set(err, EINVAL, "a thin bundle brings /app "
				       "only, and /%s lies outside (from %s); "
				       "use `to: /app`, or `kind: full`",
				       e->path, origin_text(e->origin, text,
							    sizeof(text)));
	}
	return 0;
}

static int check_commands(const struct assembly *a, struct err *err)
{
	const struct manifest *m = &a->recipe->manifest;
	int r = 0;

	for (size_t i = 0; i < m->n_commands && r == 0; i++)
		if (m->commands[i].argv.n)
			r = program_check(a->t, m->commands[i].argv.v[0],
					  m->kind == KIND_THIN, err);
	return r;
}

static int check_skeleton(const struct assembly *a, struct err *err)
{
	const char *path = a->recipe->manifest.home_skeleton;
	const struct entry *e = path ? tree_resolve(a->t, path) : NULL;

	if (!path || (e && e->type == ENTRY_DIR))
		return 0;
	return err_set(err, ENOTDIR, "home-skeleton: the image has no folder "
		       "%s", path);
}

/* Asked here, where the manifest's line is known and what is excluded is gone;
 * whoever opens a file later still sees for himself. */
static int check_readable(const struct assembly *a, struct err *err)
{
	for (size_t i = 0; i < a->t->n; i++) {
		const struct entry *e = a->t->v[i];
		CLEANUP_FD int fd = -1;

		if (e->content.kind != CONTENT_BENEATH || !e->origin ||
		    (e->origin->kind != ORIGIN_DIR &&
		     e->origin->kind != ORIGIN_FILES) ||
		    faccessat(e->content.base_fd, e->content.rel, R_OK,
			      AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (entry_open(e, &fd, err) < 0)
			return err_prefix(err, "%s:%u",
					  a->recipe->manifest.file,
					  e->origin->line);
	}
	return 0;
}

static int post_steps(struct assembly *a, bool root, uint32_t time,
		      struct err *err)
{
	const struct manifest *m = &a->recipe->manifest;
	const struct steps_job job = {
		.manifest = m, .debian = a->debian, .notes = a->notes,
		.time = time,
	};
	int r = filter_tree(a->t, &m->exclude, &m->keep, &m->locales, a->notes,
			    err);

	if (r == 0)
		r = check_readable(a, err);
	if (r == 0 && m->kind == KIND_FULL)
		r = steps_run(a->t, &job, err);
	if (r == 0 && root)
		r = full_root_finish(a->t, err);
	if (r == 0)
		r = tree_sort(a->t, err);
	if (r == 0)
		r = python_cache_fix(a->t, time, err);
	if (r == 0 && m->kind == KIND_THIN)
		r = check_thin(a->t, err);
	if (r == 0)
		r = check_commands(a, err);
	return r < 0 ? r : check_skeleton(a, err);
}

int assemble(const struct recipe *r, const struct rules *rules, uint32_t time,
	     struct debian_job *debian, const struct notes *notes,
	     struct tree *t, struct err *err)
{
	struct assembly a = { .recipe = r, .rules = rules, .notes = notes,
			      .debian = debian, .t = t };
	const struct manifest *m = &r->manifest;
	bool root = m->kind == KIND_FULL && !m->base_none;
	int e = root ? full_root_start(t, err) : 0;

	for (size_t i = 0; i < m->n_sources && e == 0; i++)
		e = add_source(&a, &m->sources[i], err);
	return e < 0 ? e : post_steps(&a, root, time, err);
}

int assemble_image(const struct recipe *r, struct tree *t, struct err *err)
{
	struct assembly a = { .recipe = r, .t = t };
	int e = tree_sort(t, err);

	if (e == 0 && r->manifest.kind == KIND_THIN)
		e = check_thin(t, err);
	if (e == 0)
		e = check_commands(&a, err);
	return e < 0 ? e : check_skeleton(&a, err);
}
