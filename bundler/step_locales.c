/*
 * step_locales.c - compiled locales that the manifest asks for
 *
 * `locales: [de]` keeps German translations; `de_DE` also wants dates, numbers
 * and sorting, which glibc reads from a compiled locale.  localedef is the C
 * library's own, from the tree, so that the form fits; the sources come with the
 * package `locales`.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bundler/step.h"
#include "runtime/path.h"

#define SOURCES "usr/share/i18n/locales"

/* de_DE, ca_ES@valencia, zh_TW.Big5: language, '_', country. */
static bool has_country(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");

	if (n < 2 || n > 3 || s[n] != '_')
		return false;
	s += n + 1;
	if (!isupper((unsigned char)s[0]) || !isupper((unsigned char)s[1]))
		return false;
	for (s += 2; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("@.-_", *s))
			return false;
	return true;
}

bool step_locales_in(const struct manifest *m)
{
	for (size_t i = 0; i < m->locales.n; i++)
		if (has_country(m->locales.v[i]))
			return true;
	return false;
}

/* A tree without a C library has no use for any. */
bool step_locales_wanted(const struct steps *s)
{
	static const char *const libc[] = { "/usr/lib/%m/libc.so.6", NULL };

	return step_locales_in(s->job->manifest) && step_any(s->t, libc);
}

struct locale {
	char name[64];			/* of the source: de_DE, de_DE@euro */
	char charset[64];
	char folder[192];
};

/* "de_DE.UTF-8@euro" -> de_DE@euro, UTF-8, .../de_DE.utf8@euro */
static bool split(const char *text, struct locale *ret)
{
	size_t len = strcspn(text, ".@");
	const char *dot = text[len] == '.' ? text + len + 1 : "";
	const char *at = strchr(text, '@') ? strchr(text, '@') : "";
	size_t set = strcspn(dot, "@");
	char norm[64];
	size_t n = 0;

	if (strlen(text) >= 60)
		return false;
	(void)snprintf(ret->name, sizeof(ret->name), "%.*s%s", (int)len, text,
		       at);
	(void)snprintf(ret->charset, sizeof(ret->charset), "%.*s", (int)set,
		       dot);
	if (!set || !strcasecmp(ret->charset, "utf8"))
		(void)strcpy(ret->charset, "UTF-8");
	for (const char *p = ret->charset; *p; p++)
		if (isalnum((unsigned char)*p))
			norm[n++] = (char)tolower((unsigned char)*p);
	norm[n] = '\0';
	(void)snprintf(ret->folder, sizeof(ret->folder), "/usr/lib/locale/"
		       "%.*s.%s%s", (int)len, text, norm, at);
	return true;
}

static bool source_is_there(const struct steps *s, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), SOURCES "/%s", name);
	return tree_resolve(s->t, path) ||
	       (s->tools.n && tree_resolve(&s->tools, path));
}

static int compile(struct steps *s, const struct step *step, const char *text,
		   struct err *err)
{
	CLEANUP_STRLIST struct strlist args = { 0 };
	struct locale l;

	if (!split(text, &l) || !source_is_there(s, l.name))
		return err_set(err, EINVAL, "Debian knows no locale %s; names "
			       "are like de_DE, or de for the translations "
			       "alone", text);
	if (tree_find(s->t, l.folder + 1))
		return 0;
	if (strlist_add(&args, "-i") < 0 || strlist_add(&args, l.name) < 0 ||
	    strlist_add(&args, "-f") < 0 ||
	    strlist_add(&args, l.charset) < 0 ||
	    strlist_add(&args, l.folder) < 0)
		return err_nomem(err);
	return step_run_tool(s, step, &args, err);
}

int step_locales(struct steps *s, const struct step *step, struct err *err)
{
	const struct strlist *l = &s->job->manifest->locales;
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++)
		if (has_country(l->v[i]))
			r = compile(s, step, l->v[i], err);
	return r;
}
