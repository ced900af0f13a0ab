/*
 * init_id.c - guessing an app id
 *
 * In this order, and the manifest's comment says which it was: the id in the
 * AppStream data, a desktop file with a reverse-DNS name, the homepage's
 * address backwards, and else org.debian.NAME for a package.  The first two are
 * its authors' own words; the others are ours, and a packager who is not the
 * author does better with a domain of his own.
 */
#include "bundler/init_verb.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ID_SPACE 256u
#define LABELS_MAX 8u

/* One component out of any text: "libstdc++6" -> "libstdc__6", "7zip" ->
 * "_7zip". */
static void add_component(struct buf *to, const char *s, size_t len)
{
	if (to->len)
		buf_addc(to, '.');
	if (len && isdigit((unsigned char)*s))
		buf_addc(to, '_');
	for (size_t i = 0; i < len; i++)
		buf_addc(to, isalnum((unsigned char)s[i]) || s[i] == '-' ||
			 s[i] == '_' ? s[i] : '_');
}

static char *finish(struct buf *b)
{
	char *id = buf_steal(b);

	if (id && text_is_app_id(id))
		return id;
	free(id);
	return NULL;
}

/* ---- homepages ---- */

struct address {
	char host[ID_SPACE];
	const char *labels[LABELS_MAX];	/* of the host, last first */
	size_t lens[LABELS_MAX], n;
	const char *parts[2];		/* of the path */
	size_t part_lens[2];
};

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static void split_host(struct address *a)
{
	static const char *const hollow[] = { "www.", "docs.", "wiki.",
					      "apps.", "download." };
	const char *start = a->host, *end = start + strlen(start);

	for (size_t i = 0; i < ARRAY_SIZE(hollow); i++)
		if (has_prefix(start, hollow[i])) {
			start += strlen(hollow[i]);
			break;
		}
	while (end > start && a->n < LABELS_MAX) {
		const char *p = end;

		while (p > start && p[-1] != '.')
			p--;
		a->labels[a->n] = p;
		a->lens[a->n++] = (size_t)(end - p);
		end = p > start ? p - 1 : start;
	}
}

static bool split_address(const char *url, struct address *a)
{
	const char *p = strstr(url, "://");
	size_t len;

	if (!p || !has_prefix(url, "http"))
		return false;
	p += 3;
	len = strcspn(p, "/:?#");
	if (!len || len >= sizeof(a->host))
		return false;
	for (size_t i = 0; i < len; i++)
		a->host[i] = (char)tolower((unsigned char)p[i]);
	a->host[len] = '\0';
	p += len + strcspn(p + len, "/?#");
	for (size_t i = 0; i < 2 && *p == '/'; i++) {
		a->parts[i] = p + 1;
		a->part_lens[i] = strcspn(p + 1, "/?#");
		p += 1 + a->part_lens[i];
	}
	split_host(a);
	return a->n >= 2;
}

static size_t without_git(const char *s, size_t len)
{
	return len > 4 && !strncmp(s + len - 4, ".git", 4) ? len - 4 : len;
}

/* Places where many projects live: github.com/OWNER/NAME and the like. */
static bool add_shared(const struct address *a, struct buf *b)
{
	static const struct { const char *host, *id; } shared[] = {
		{ "github.com", "io.github" }, { "gitlab.com", "io.gitlab" },
		{ "codeberg.org", "org.codeberg" },
		{ "launchpad.net", "net.launchpad" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		if (strcmp(a->host, shared[i].host))
			continue;
		/* Without an owner nothing can be said: `b` stays empty. */
		if (!a->part_lens[0])
			return true;
		buf_adds(b, shared[i].id);
		for (size_t k = 0; k < 2; k++)
			if (a->part_lens[k])
				add_component(b, a->parts[k],
					      without_git(a->parts[k],
							  a->part_lens[k]));
		return true;
	}
	if (!strcmp(a->host, "sourceforge.net") && a->part_lens[1]) {
		buf_adds(b, "net.sourceforge");
		add_component(b, a->parts[1], a->part_lens[1]);
		return true;
	}
	return false;
}

char *init_id_of_homepage(const char *url, const char *name)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct address a = { 0 };

	if (!split_address(url, &a))
		return NULL;
	if (!add_shared(&a, &b)) {
		for (size_t i = 0; i < a.n; i++)
			add_component(&b, a.labels[i], a.lens[i]);
		/* jqlang.github.io, name jq; but jq.example.org is enough. */
		if (a.n < 3 || a.lens[a.n - 1] != strlen(name) ||
		    strncasecmp(a.labels[a.n - 1], name, strlen(name)))
			add_component(&b, name, strlen(name));
	}
	return finish(&b);
}

/* ---- AppStream ---- */

/* The text of the first <id>, without the old ".desktop". */
static char *id_of_appstream(const char *text, size_t len)
{
	const char *p = text ? memmem(text, len, "<id", 3) : NULL;
	const char *end = text + len, *close;
	size_t n;
	char *id;

	p = p ? memchr(p, '>', (size_t)(end - p)) : NULL;
	if (!p)
		return NULL;
	for (p++; p < end && isspace((unsigned char)*p); p++)
		;
	close = memchr(p, '<', (size_t)(end - p));
	n = close ? (size_t)(close - p) : 0;
	while (n && isspace((unsigned char)p[n - 1]))
		n--;
	if (n > 8 && !strncmp(p + n - 8, ".desktop", 8))
		n -= 8;
	if (!n || n >= ID_SPACE)
		return NULL;
	id = strndup(p, n);
	if (id && text_is_app_id(id))
		return id;
	free(id);
	return NULL;
}

/* ---- guessing ---- */

static char *id_of_name(const char *name)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, "org.debian");
	add_component(&b, name, strlen(name));
	return finish(&b);
}

int init_guess_id(const char *appstream, size_t len, const char *stem,
		  const char *homepage, const char *name, char **ret,
		  enum init_id *ret_from, struct err *err)
{
	char *id = id_of_appstream(appstream, len);
	enum init_id from = INIT_ID_APPSTREAM;

	if (!id && stem && text_is_app_id(stem)) {
		id = strdup(stem);
		from = INIT_ID_DESKTOP;
	}
	if (!id && homepage) {
		id = init_id_of_homepage(homepage, name);
		from = INIT_ID_HOMEPAGE;
	}
	if (!id) {
		id = id_of_name(name);
		from = INIT_ID_OTHER;
	}
	if (!id)
		return err_nomem(err);
	*ret = id;
	*ret_from = from;
	return 0;
}
