/*
 * step_run.c - one tool over the staged tree (see step.h)
 *
 * The tree is staged when the first tool needs it.  A tool of the tree runs with
 * the tree alone as its root and so loads the tree's own libraries and plugins.
 * One that comes from a package of tools has that package's tree above, so that
 * it finds the libraries it was built with; such a tool only reads data.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bundler/step.h"
#include "launcher/tool.h"
#include "runtime/path.h"

#define TOOL_SECONDS 120u
#define TOOL_UPPER_BYTES ((uint64_t)512 << 20)
#define TOOL_MEMORY ((uint64_t)4 << 30)

static int stage_tree(struct steps *s, struct tree *t, struct stage **ret,
		      struct err *err)
{
	static const char *const places[] = { "dev", "proc", "run", "tmp" };
	CLEANUP_STAGE struct stage *stage = NULL;
	int r = debian_job_cache(s->job->debian, err);

	if (r == 0)
		r = tree_sort(t, err);
	if (r == 0)
		r = stage_open(s->job->debian->cache.fd, s->job->time,
			       &stage, err);
	if (r == 0)
		r = stage_lay(stage, t, s->job->notes, err);
	/* Mount points that a tree without a base lacks. */
	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++)
		if (!tree_find(t, places[i]))
			r = path_mkdir_beneath(stage->fd, places[i], 0755,
					       NULL, err);
	if (r == 0)
		*ret = steal_ptr(&stage);
	return r;
}

int step_stage(struct steps *s, struct err *err)
{
	int r = s->stage ? 0 : tool_possible(err);

	return r < 0 || s->stage ? r : stage_tree(s, s->t, &s->stage, err);
}

static int get_stages(struct steps *s, bool tools, struct err *err)
{
	int r = step_stage(s, err);

	if (r == 0 && tools && !s->tool_stage)
		r = stage_tree(s, &s->tools, &s->tool_stage, err);
	return r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int make_argv(const struct step *step, const char *tool,
		     const struct strlist *args, struct strlist *ret,
		     struct err *err)
{
	char text[TREE_PATH_MAX];
	int e = strlist_add(ret, tool);

	for (size_t i = 0; i < STEP_GLOBS && step->args[i]; i++)
		e |= step_expand(step->args[i], text) ?
		     strlist_add(ret, text) : -1;
	for (size_t i = 0; args && i < args->n; i++)
		e |= strlist_add(ret, args->v[i]);
	return e < 0 ? err_nomem(err) : 0;
}

static int run(struct steps *s, const struct step *step, const char *tool,
	       bool from_package, const struct strlist *argv, struct err *err)
{
	char epoch[48];
	const char *const envp[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
		"HOME=/tmp", "TMPDIR=/tmp", "TZ=UTC", epoch,
		/* update-mime-database: the disk is memory. */
		"PKGSYSTEM_ENABLE_FSYNC=0", NULL,
	};
	int lowers[2] = { s->stage->fd, -1 };
	struct tool_run run = {
		.lower_fds = lowers, .n_lowers = 1,
		.argv = (const char *const *)argv->v, .envp = envp,
		.name = base_name(tool),
		.seconds = step->seconds ? step->seconds : TOOL_SECONDS,
		.upper_bytes = TOOL_UPPER_BYTES, .memory_bytes = TOOL_MEMORY,
		.stop = s->job->notes->stop, .stop_arg = s->job->notes->arg,
	};
	CLEANUP_TOOL_RESULT struct tool_result result = TOOL_RESULT_INIT;
	int r;

	(void)snprintf(epoch, sizeof(epoch), "SOURCE_DATE_EPOCH=%llu",
		       (unsigned long long)s->job->time);
	if (s->tool_stage && step->package) {
		lowers[from_package] = s->stage->fd;
		lowers[!from_package] = s->tool_stage->fd;
		run.n_lowers = 2;
	}
	r = notes_check(s->job->notes, err);
	if (r == 0)
		r = tool_run_ok(&run, &result, err);
	if (r == 0)
		r = notes_check(s->job->notes, err);
	return r < 0 ? r : step_take(s, step, result.upper_fd, err);
}

int step_run_tool(struct steps *s, const struct step *step,
		  const struct strlist *args, struct err *err)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };
	CLEANUP_FREE char *tool = step_tool(s->t, step->tools);
	bool from_package = !tool;
	int r;

	if (!tool && step->package && s->tools.n > 1)
		tool = step_tool(&s->tools, step->tools);
	if (!tool)
		return err_set(err, ENOENT, "its tool %s is nowhere",
			       base_name(step->tools[0]));
	r = get_stages(s, step->package && s->tools.n > 1, err);
	if (r == 0)
		r = make_argv(step, tool, args, &argv, err);
	return r < 0 ? r : run(s, step, tool, from_package, &argv, err);
}

int step_run_each(struct steps *s, const struct step *step,
		  const struct strlist *dirs, struct err *err)
{
	unsigned one = step->seconds ? step->seconds : TOOL_SECONDS;
	struct timespec start = { 0 }, now = { 0 };
	struct step part = *step;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < dirs->n && r == 0; i++) {
		struct strlist dir = { .v = &dirs->v[i], .n = 1 };
		uint64_t gone;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		gone = (uint64_t)(now.tv_sec - start.tv_sec);
		if (gone >= 2 * one)
			return err_set(err, ETIMEDOUT, "%zu of %zu folders were "
				       "done in %u seconds", i, dirs->n,
				       2 * one);
		part.seconds = 2 * one - (unsigned)gone;
		if (part.seconds > one)
			part.seconds = one;
		r = step_run_tool(s, &part, &dir, err);
	}
	return r;
}
