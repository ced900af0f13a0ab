/*
 * plan_env.c - which variables the app gets, and from where
 *
 * Nothing of the caller's environment passes but the names below: variables hold
 * tokens, sockets and paths that mean nothing or too much inside.  Later sources
 * win: caller < manifest < sandbox < --env.  --env may set anything but what
 * describes the sandbox itself.
 */
#include "launcher/plan_env.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "launcher/effects.h"
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

/* Besides, for an app with windows.  Plain words and numbers: what holds a slash
 * would name a place of the host and is left out. */
static const char *const passed_windows[] = {
	"XDG_CURRENT_DESKTOP", "XDG_SESSION_DESKTOP", "DESKTOP_SESSION",
	"XCURSOR_SIZE", "XCURSOR_THEME", "GTK_THEME",
	"GDK_SCALE", "GDK_DPI_SCALE", "QT_SCALE_FACTOR", "QT_FONT_DPI",
	"QT_SCREEN_SCALE_FACTORS", "QT_AUTO_SCREEN_SCALE_FACTOR",
	"QT_ENABLE_HIGHDPI_SCALING", "QT_SCALE_FACTOR_ROUNDING_POLICY",
	"ELM_SCALE",
};

/* Toolkits look for the settings daemon and the accessibility bus, wait for them and
 * complain, where there is no bus at all. */
static const char *const without_bus[] = {
	"GSETTINGS_BACKEND=keyfile", "NO_AT_BRIDGE=1", "GTK_A11Y=none",
};

/* The bundle's own first; the host's icons and themes are a last resort. */
static const char *const for_windows[] = {
	"XDG_DATA_DIRS=/app/share:/usr/local/share:/usr/share:/run/host/share",
	"XCURSOR_PATH=~/.icons:~/.local/share/icons:/app/share/icons:"
	"/usr/share/icons:/usr/share/pixmaps:/run/host/share/icons",
};

static const char *const search_path[] = {
	"/run/holdall/bin", "/app/bin", "/usr/local/bin", "/usr/bin", "/bin",
	"/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/games",
	"/usr/games",
};

/* A locale may be the path of a folder. */
static bool is_path_locale(const char *variable)
{
	return (!strncmp(variable, "LANG", 4) || !strncmp(variable, "LC_", 3)) &&
	       strchr(variable, '/');
}

static bool is_passed(const char *variable)
{
	const char *equals = strchr(variable, '=');

	if (!equals || is_path_locale(variable))
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

int plan_setenv(struct plan *p, const char *name, const char *value)
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
	return b.failed ? -ENOMEM : plan_setenv(p, "PATH", buf_text(&b));
}

static int set_sandbox(const struct plan_input *in, struct plan *p,
		       const char *runtime_dir)
{
	int r = plan_setenv(p, "HOME", in->probe->home);

	r |= plan_setenv(p, "USER", in->probe->user);
	r |= plan_setenv(p, "LOGNAME", in->probe->user);
	r |= plan_setenv(p, "SHELL", "/bin/sh");
	r |= plan_setenv(p, "XDG_RUNTIME_DIR", runtime_dir);
	r |= plan_setenv(p, "container", "holdall");
	r |= plan_setenv(p, "HOLDALL_APP_ID", in->header->id);
	if (in->header->workdir)
		r |= plan_setenv(p, "PWD", in->header->workdir);
	else if (in->probe->cwd)
		r |= plan_setenv(p, "PWD", in->probe->cwd);
	return r;
}

/* ---- windows ---- */

static bool has_bus(const struct decision *d)
{
	for (size_t i = 0; i < d->granted.n; i++) {
		const struct permission *perm = &d->granted.v[i];

		if (((perm->word >= PERM_BUS_PRESET &&
		      perm->word <= PERM_BUS_SYSTEM_BROADCAST) ||
		     perm->word == PERM_PORTALS) && effect_is_ready(perm))
			return true;
	}
	return false;
}

static int set_windows(const struct plan_input *in, struct plan *p)
{
	int r = 0;

	if (!DISPLAY_WINDOWS(&p->display))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(passed_windows); i++) {
		const char *value = getenv(passed_windows[i]);

		if (value && *value && !strchr(value, '/'))
			r |= plan_setenv(p, passed_windows[i], value);
	}
	for (size_t i = 0; !has_bus(in->decision) &&
	     i < ARRAY_SIZE(without_bus); i++)
		r |= set(p, without_bus[i]);
	for (size_t i = 0; i < ARRAY_SIZE(for_windows); i++)
		r |= set(p, for_windows[i]);
	return r;
}

/* ---- language ---- */

/* Part of every C library. */
static bool is_plain_locale(const char *value)
{
	return !*value || !strcmp(value, "C") || !strcmp(value, "POSIX") ||
	       !strcasecmp(value, "C.UTF-8") || !strcasecmp(value, "C.utf8");
}

static const char *lookup(const struct plan *p, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < p->envp.n; i++)
		if (!strncmp(p->envp.v[i], name, n) && p->envp.v[i][n] == '=')
			return p->envp.v[i] + n + 1;
	return NULL;
}

/* As glibc looks for the folder of a locale: the character set in small letters and
 * digits alone, "de_DE.utf8" for "de_DE.UTF-8". */
static void folder_of(const char *locale, char *ret, size_t size)
{
	size_t n = 0;
	bool set = false;

	for (; *locale && n + 1 < size; locale++) {
		if (*locale == '.')
			set = true;
		else if (*locale == '@')
			set = false;
		else if (set && !isalnum((unsigned char)*locale))
			continue;
		ret[n++] = (char)(set ? tolower((unsigned char)*locale) :
					*locale);
	}
	ret[n] = '\0';
}

static bool is_there(const struct header *h, const char *locale)
{
	char folder[HEADER_LOCALE_NAME_MAX + 1];

	folder_of(locale, folder, sizeof(folder));
	return is_plain_locale(locale) || strlist_has(&h->locales, locale) ||
	       strlist_has(&h->locales, folder) ||
	       strlist_has(&h->locales, "locale-archive");
}

/* "de_DE" of "de_DE.UTF-8", "de_AT@euro" of "de_AT.UTF-8@euro": what messages are
 * looked up by. */
static int language_of(struct plan *p, const char *locale)
{
	CLEANUP_FREE char *text = strdup(locale);
	char *dot, *at;

	if (!text)
		return -ENOMEM;
	dot = strchr(text, '.');
	at = strchr(text, '@');
	if (dot && at && at > dot)
		memmove(dot, at, strlen(at) + 1);
	else if (dot)
		*dot = '\0';
	return plan_setenv(p, "LANGUAGE", text);
}

/* What texts are in: the first of the three that says something. */
static const char *messages_of(const struct plan *p)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && (!value || !*value); i++)
		value = lookup(p, names[i]);
	return value ? value : "";
}

/*
 * A locale that the bundle has not got makes setlocale(3) fail as a whole, and with
 * it go UTF-8 and the messages.  C.UTF-8 is there always, and with it messages follow
 * LANGUAGE: a German interface for no bytes.  A thin bundle has the host's locales.
 */
static int set_language(const struct plan_input *in, struct plan *p)
{
	const char *messages = messages_of(p);
	int r = 0;

	if (in->header->kind != KIND_FULL)
		return 0;
	if (!is_there(in->header, messages) && !lookup(p, "LANGUAGE"))
		r |= language_of(p, messages);
	for (size_t i = 0; i < p->envp.n; i++) {
		char *v = p->envp.v[i];
		char *equals = strchr(v, '=');

		if ((strncmp(v, "LC_", 3) && strncmp(v, "LANG=", 5)) ||
		    is_there(in->header, equals + 1))
			continue;
		*equals = '\0';
		p->envp.v[i] = NULL;
		if (asprintf(&p->envp.v[i], "%s=C.UTF-8", v) < 0) {
			*equals = '=';
			p->envp.v[i] = v;
			return -ENOMEM;
		}
		free(v);
	}
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
	r |= set_language(in, p);
	r |= set_windows(in, p);
	r |= set_path(p);
	for (size_t i = 0; i < own->n; i++)
		r |= set(p, own->v[i]);
	r |= set_sandbox(in, p, runtime_dir);
	r |= display_env(in, p);
	for (size_t i = 0; i < given->n; i++)
		r |= set(p, given->v[i]);
	return r < 0 ? err_nomem(err) : 0;
}
