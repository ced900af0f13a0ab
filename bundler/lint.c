/*
 * lint.c - see lint.h
 *
 * A source that is not here is a note, not an error: a manifest may be checked on
 * another machine than it is packed on.
 */
#include "bundler/lint.h"

#include "bundler/not_yet.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bundler/desktop.h"
#include "bundler/host.h"
#include "bundler/infer.h"
#include "bundler/recipe.h"

static void look_at_dir(const struct recipe *r, const struct source *s,
			const struct notes *notes)
{
	CLEANUP_FD int fd = -1;
	struct err said = { 0 };

	if (recipe_open_dir(r, s, &fd, &said) < 0)
		notes_note(notes, "%s", said.text);
}

static void look_at_files(const struct recipe *r, const struct source *s,
			  const struct notes *notes)
{
	CLEANUP_FD int root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; root_fd >= 0 && i < s->items.n; i++) {
		char place[WALK_PATH_MAX];
		struct stat st;

		if (host_resolve(root_fd, s->items.v[i], place, &st, NULL) < 0)
			notes_note(notes, "%s:%u: %s is not on this host",
				   r->manifest.file, s->line, s->items.v[i]);
	}
}

int lint_run(const char *manifest, const struct notes *notes,
	     struct buf *report, struct err *err)
{
	CLEANUP_RECIPE struct recipe r = RECIPE_INIT;
	int e = recipe_read(manifest, &r, report, err);

	if (e == 0)
		e = infer_possible(&r.manifest, err);
	if (e == 0)
		e = desktop_check_beside(&r.manifest, r.dir_fd, err);
	if (e < 0)
		return e;
	not_yet_say(&r.manifest, notes);
	for (size_t i = 0; i < r.manifest.n_sources; i++) {
		const struct source *s = &r.manifest.sources[i];

		if (s->kind == SOURCE_DIR)
			look_at_dir(&r, s, notes);
		else if (s->kind == SOURCE_FILES)
			look_at_files(&r, s, notes);
	}
	return 0;
}
