/*
 * step_tree.c - looking at the tree for a step (see step.h)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bundler/glob.h"
#include "bundler/step.h"

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__riscv)
#define MULTIARCH "riscv64-linux-gnu"
#elif defined(__powerpc64__)
#define MULTIARCH "powerpc64le-linux-gnu"
#elif defined(__s390x__)
#define MULTIARCH "s390x-linux-gnu"
#elif defined(__arm__)
#define MULTIARCH "arm-linux-gnueabihf"
#else
#define MULTIARCH "i386-linux-gnu"
#endif

bool step_expand(const char *text, char ret[TREE_PATH_MAX])
{
	const char *mark = strstr(text, "%m");
	int n;

	if (!mark)
		n = snprintf(ret, TREE_PATH_MAX, "%s", text);
	else
		n = snprintf(ret, TREE_PATH_MAX, "%.*s" MULTIARCH "%s",
			     (int)(mark - text), text, mark + 2);
	return n >= 0 && (unsigned)n < TREE_PATH_MAX;
}

static bool matches_any(char globs[][TREE_PATH_MAX], size_t n,
			const struct entry *e)
{
	for (size_t i = 0; i < n && e->type != ENTRY_DIR; i++)
		if (glob_match(globs[i], e->path))
			return true;
	return false;
}

static size_t expand_all(const char *const *globs,
			 char ret[STEP_GLOBS][TREE_PATH_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < STEP_GLOBS && globs[i]; i++)
		n += step_expand(globs[i], ret[n]);
	return n;
}

bool step_any(const struct tree *t, const char *const *globs)
{
	char g[STEP_GLOBS][TREE_PATH_MAX];
	size_t n = expand_all(globs, g);

	for (size_t i = 0; i < t->n; i++)
		if (matches_any(g, n, t->v[i]))
			return true;
	return false;
}

static int by_text(const void *a, const void *b)
{
	return tree_compare_paths(*(char *const *)a, *(char *const *)b);
}

int step_matches(const struct tree *t, const char *const *globs,
		 struct strlist *ret, struct err *err)
{
	char g[STEP_GLOBS][TREE_PATH_MAX];
	size_t n = expand_all(globs, g);

	for (size_t i = 0; i < t->n; i++)
		if (matches_any(g, n, t->v[i]) &&
		    strlist_add(ret, t->v[i]->path) < 0)
			return err_nomem(err);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	return 0;
}

int step_folders(const struct tree *t, const char *const *globs,
		 struct strlist *ret, struct err *err)
{
	CLEANUP_STRLIST struct strlist files = { 0 };
	int r = step_matches(t, globs, &files, err);

	for (size_t i = 0; i < files.n && r == 0; i++) {
		char dir[TREE_PATH_MAX + 1];
		char *slash;

		(void)snprintf(dir, sizeof(dir), "/%s", files.v[i]);
		slash = strrchr(dir, '/');
		slash[slash == dir] = '\0';
		if (ret->n && !strcmp(ret->v[ret->n - 1], dir))
			continue;
		if (!strlist_has(ret, dir) && strlist_add(ret, dir) < 0)
			r = err_nomem(err);
	}
	return r;
}

char *step_tool(const struct tree *t, const char *const *tools)
{
	char path[TREE_PATH_MAX];
	char *s;

	for (size_t i = 0; i < STEP_GLOBS && tools[i]; i++) {
		const struct entry *e = step_expand(tools[i], path) ?
					tree_resolve(t, path) : NULL;

		if (!e || e->type != ENTRY_FILE || !(e->mode & 0100))
			continue;
		return asprintf(&s, "/%s", e->path) < 0 ? NULL : s;
	}
	return NULL;
}

int step_read(const struct entry *e, size_t max, char **ret, size_t *ret_len,
	      struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t len;
	int r;

	if (e->content.size > max)
		return err_set(err, EFBIG, "/%s: %llu bytes are too much for "
			       "such a file", e->path,
			       (unsigned long long)e->content.size);
	data = malloc((size_t)e->content.size + 1);
	if (!data)
		return err_nomem(err);
	r = entry_read_head(e, data, (size_t)e->content.size, &len, err);
	if (r < 0)
		return r;
	data[len] = '\0';
	*ret = steal_ptr(&data);
	*ret_len = len;
	return 0;
}
