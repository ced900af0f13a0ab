/*
 * warn_scripts.c - scripts whose interpreter is not in the image
 *
 * The app's own scripts where programs lie: in PATH, below /usr/lib and
 * /usr/libexec, and everything of a folder that the packager brought.  Examples
 * and tools below /usr/share are passed over.  One warning per interpreter.
 */
#include <stdio.h>
#include <string.h>

#include "bundler/program.h"
#include "bundler/warnings.h"
#include "runtime/path.h"

#define KINDS_MAX 64u
#define HEAD_MAX 256u

struct missing {
	char name[HEAD_MAX];		/* as the script has it */
	const char *first;		/* path of a script */
	size_t n;
};

struct missings {
	struct missing v[KINDS_MAX];
	size_t n;
};

static bool is_looked_at(const struct warnings *w, const struct entry *e)
{
	if (e->type != ENTRY_FILE || !(e->mode & 0111) || !warn_is_own(w, e))
		return false;
	return program_in_path(w->t, e->path) ||
	       path_below(e->path, "usr/lib") ||
	       path_below(e->path, "usr/libexec") ||
	       e->origin->kind == ORIGIN_DIR;
}

/* The interpreter of a `#!` line, behind `env` the program that env starts; NULL:
 * no script. */
static char *interpreter_of(char *line)
{
	char *save, *word, *name;

	if (strncmp(line, "#!", 2))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	word = strtok_r(line + 2, " \t\r", &save);
	name = word ? strrchr(word, '/') : NULL;
	if (!name || strcmp(name, "/env"))
		return word;
	while ((word = strtok_r(NULL, " \t\r", &save)))
		if (*word != '-' && !strchr(word, '='))
			return word;
	return NULL;
}

static void note_missing(struct missings *x, const char *name,
			 const char *path)
{
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->v[i].name, name)) {
			x->v[i].n++;
			return;
		}
	if (x->n == KINDS_MAX)
		return;
	(void)snprintf(x->v[x->n].name, HEAD_MAX, "%s", name);
	x->v[x->n].first = path;
	x->v[x->n++].n = 1;
}

/* The package of a well-known interpreter; others are called like theirs. */
static const char *package_of(const char *name)
{
	static const struct { const char *program, *package; } known[] = {
		{ "wish", "tk" }, { "tclsh", "tcl" }, { "node", "nodejs" },
		{ "php", "php-cli" }, { "lua", "lua5.4" },
		{ "python", "python3" }, { "awk", "mawk" }, { "sh", "dash" },
		{ "gjs-console", "gjs" },
	};
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].program, name))
			return known[i].package;
	return name;
}

static int look_at(struct warnings *w, const struct entry *e,
		   struct missings *x, struct err *err)
{
	char head[HEAD_MAX], *name;
	size_t len;
	int r = entry_read_head(e, head, sizeof(head) - 1, &len, err);

	if (r < 0)
		return r;
	head[len] = '\0';
	name = interpreter_of(head);
	if (name && !program_find(w->t, name))
		note_missing(x, name, e->path);
	return 0;
}

int warn_scripts(struct warnings *w, struct err *err)
{
	CLEANUP_FREE struct missings *x = calloc(1, sizeof(*x));
	int r = x ? 0 : err_nomem(err);

	/* A thin bundle has the host's. */
	if (w->m->kind == KIND_THIN)
		return r;
	for (size_t i = 0; i < w->t->n && r == 0; i++)
		if (is_looked_at(w, w->t->v[i]))
			r = look_at(w, w->t->v[i], x, err);
	for (size_t i = 0; r == 0 && i < x->n; i++) {
		const struct missing *m = &x->v[i];

		if (m->n > 1)
			warn(w, "/%s and %zu more scripts need %s, which is "
			     "not in the image; add to the sources: - debian: "
			     "[%s]", m->first, m->n - 1, m->name,
			     package_of(m->name));
		else
			warn(w, "/%s needs %s, which is not in the image; add "
			     "to the sources: - debian: [%s]", m->first,
			     m->name, package_of(m->name));
	}
	return r;
}
