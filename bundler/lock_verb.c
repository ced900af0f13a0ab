/*
 * lock_verb.c - see lock_verb.h
 */
#include "bundler/lock_verb.h"

#include <errno.h>

#include "bundler/debian.h"
#include "bundler/step.h"

static int resolve_all(const struct recipe *r, struct debian_job *j,
		       struct err *err)
{
	const struct manifest *m = &r->manifest;
	int e = 0;

	for (size_t i = 0; i < m->n_sources && e == 0; i++)
		if (m->sources[i].kind == SOURCE_DEBIAN)
			e = debian_resolve(j, &m->sources[i], err);
	if (e == 0 && !j->new.n_sources)
		e = err_set(err, ENOENT, "%s names no Debian packages, so "
			    "there is nothing to lock", m->file);
	return e < 0 ? e : debian_resolve_tools(j, step_locales_in(m) ?
						"locales" : NULL, err);
}

int lock_run(const char *manifest, const struct notes *notes,
	     struct buf *report, struct buf *ret_changes, struct err *err)
{
	CLEANUP_RECIPE struct recipe r = RECIPE_INIT;
	CLEANUP_DEBIAN_JOB struct debian_job j = DEBIAN_JOB_INIT;
	int e = recipe_read(manifest, &r, report, err);

	if (e == 0)
		e = debian_job_open(&r, false, true, notes, &j, err);
	if (e == 0)
		e = resolve_all(&r, &j, err);
	if (e == 0)
		e = notes_check(notes, err);
	if (e == 0)
		e = debian_job_save(&j, err);
	if (e < 0)
		return e;
	(void)lock_changes(j.has_old ? &j.old : NULL, &j.new, ret_changes);
	return buf_check(ret_changes, err);
}
