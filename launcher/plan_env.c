/*
 * plan_env.c - which variables the app gets, and from where
 *
 * Nothing of the caller's environment passes but the names below: variables hold
 * tokens, sockets and paths that mean nothing or too much inside.  Later sources
 * win: caller < manifest < sandbox < --env.  --env may set anything but what
 * describes the sandbox itself.
 */
#include "launcher/plan_env.h"

#include <errno.h>
#include <string.h>

#include "runtime/path.h"

extern char **environ;

static const struct {
	const char *name;		/* a trailing '*' takes the rest */
	const char *why;
} passed[] = {
	{ "LANG", "language" },
	{ "LANGUAGE", "language" },
	{ "LC_*", "language" },
	{ "TZ", "time zone" },
	{ "TERM", "what the terminal can do" },
	{ "COLORTERM", "what the terminal can do" },
	{ "TERM_PROGRAM", "what the terminal can do" },
	{ "COLUMNS", "size of the terminal" },
	{ "LINES", "size of the terminal" },
	{ "NO_COLOR", "a wish of the user" },
	{ "CLICOLOR", "a wish of the user" },
	{ "CLICOLOR_FORCE", "a wish of the user" },
	{ "FORCE_COLOR", "a wish of the user" },
	{ "SOURCE_DATE_EPOCH", "reproducible builds" },
};

static const char *const search_path[] = {
	"/run/holdall/bin", "/app/bin", "/usr/local/bin", "/usr/bin", "/bin",
	"/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/games",
	"/usr/games",
};

static bool is_passed(const char *variable)
{
	const char *equals = strchr(variable, '=');

	if (!equals)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
		const char *name = passed[i].name;
		size_t n = strlen(name);

		if (name[n - 1] == '*') {
			if (!strncmp(variable, name, n - 1))
				return true;
		} else if ((size_t)(equals - variable) == n &&
			   !strncmp(variable, name, n)) {
			return true;
		}
	}
	return false;
}

/* Replaces the variable of the same name or adds it. */
static int set(struct plan *p, const char *variable)
{
	size_t n = (size_t)(strchrnul(variable, '=') - variable);

	for (size_t i = 0; i < p->envp.n; i++) {
		char *copy;

		if (strncmp(p->envp.v[i], variable, n) != 0 ||
		    p->envp.v[i][n] != '=')
			continue;
		copy = strdup(variable);
		if (!copy)
			return -ENOMEM;
		free(p->envp.v[i]);
		p->envp.v[i] = copy;
		return 0;
	}
	return strlist_add(&p->envp, variable);
}

static int set2(struct plan *p, const char *name, const char *value)
{
	CLEANUP_FREE char *text = NULL;

	if (asprintf(&text, "%s=%s", name, value) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return set(p, text);
}

static int set_path(struct plan *p)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(search_path); i++) {
		if (strlist_add(&p->path, search_path[i]) < 0)
			return -ENOMEM;
		buf_addf(&b, "%s%s", i ? ":" : "", search_path[i]);
	}
	return b.failed ? -ENOMEM : set2(p, "PATH", buf_text(&b));
}

static int set_sandbox(const struct plan_input *in, struct plan *p,
		       const char *runtime_dir)
{
	int r = set2(p, "HOME", in->probe->home);

	r |= set2(p, "USER", in->probe->user);
	r |= set2(p, "LOGNAME", in->probe->user);
	r |= set2(p, "SHELL", "/bin/sh");
	r |= set2(p, "XDG_RUNTIME_DIR", runtime_dir);
	r |= set2(p, "container", "holdall");
	r |= set2(p, "HOLDALL_APP_ID", in->header->id);
	if (in->header->workdir)
		r |= set2(p, "PWD", in->header->workdir);
	else if (in->probe->cwd)
		r |= set2(p, "PWD", in->probe->cwd);
	return r;
}

int plan_env(const struct plan_input *in, struct plan *p,
	     const char *runtime_dir, struct err *err)
{
	const struct strlist *own = &in->header->environment;
	const struct strlist *given = &in->options->env;
	int r = 0;

	for (char **e = environ; e && *e; e++)
		if (is_passed(*e))
			r |= set(p, *e);
	r |= set_path(p);
	for (size_t i = 0; i < own->n; i++)
		r |= set(p, own->v[i]);
	r |= set_sandbox(in, p, runtime_dir);
	for (size_t i = 0; i < given->n; i++)
		r |= set(p, given->v[i]);
	return r < 0 ? err_nomem(err) : 0;
}
