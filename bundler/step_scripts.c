/*
 * step_scripts.c - links of update-alternatives and copies of ucf
 *
 * Which ones only the packages' postinsts know; scripts.h runs those that speak of
 * them against recording stubs and says what the record is worth.  Here it meets
 * the stage and the tree.
 */
#include "bundler/scripts.h"
#include "bundler/step.h"

static int add(void *arg, const struct entry *spec, struct err *err)
{
	return step_add(arg, spec, err);
}

bool step_scripts_wanted(const struct steps *s)
{
	CLEANUP_SCRIPT_LIST struct script_list list = { 0 };
	struct err ignored = { 0 };

	/* An error comes again, and is told, when the step runs. */
	return s->job->debian->new.n_sources &&
	       (scripts_find(s->job->debian, &list, &ignored) < 0 || list.n);
}

int step_scripts(struct steps *s, const struct step *step, struct err *err)
{
	CLEANUP_SCRIPT_LIST struct script_list list = { 0 };
	CLEANUP_SCRIPT_RECORD struct script_record record = { 0 };
	const struct scripts_door door = { .add = add, .arg = s };
	struct scripts_job job = { .n_lowers = 1, .notes = s->job->notes,
				   .seconds = step->seconds };
	int r = scripts_find(s->job->debian, &list, err);

	if (r == 0)
		r = step_stage(s, err);
	if (r < 0)
		return r;
	job.lower_fds = &s->stage->fd;
	job.cache_fd = s->job->debian->cache.fd;
	r = scripts_record(&job, &list, &record, err);
	return r < 0 ? r : scripts_apply(&record, s->t, s->origin, &door,
					 s->job->notes, err);
}
