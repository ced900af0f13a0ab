/*
 * debian_package.c - see debian_package.h
 */
#include "bundler/debian_package.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "runtime/path.h"
#include "runtime/text.h"

void debian_package_free(struct debian_package *p)
{
	free(p->name);
	free(p->version);
	free(p->arch);
	free(p->sha256);
	free(p->path);
	free(p->source);
	free(p->source_version);
	free(p->uri);
	*p = (struct debian_package){ 0 };
}

void debian_list_free(struct debian_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		debian_package_free(&l->v[i]);
	free(l->v);
	*l = (struct debian_list){ 0 };
}

/* ---- checks ---- */

static bool all_of(const char *s, const char *set, size_t max)
{
	size_t len = strlen(s);

	return len > 0 && len <= max && strspn(s, set) == len;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool debian_is_name(const char *s)
{
	return all_of(s, LOWER DIGITS "+.-", 128) &&
	       isalnum((unsigned char)*s);
}

static bool is_version(const char *s)
{
	return all_of(s, LOWER UPPER DIGITS "+.:~-", 256) &&
	       isalnum((unsigned char)*s);
}

bool debian_is_sha256(const char *s)
{
	return strlen(s) == SHA256_TEXT &&
	       all_of(s, "abcdef" DIGITS, SHA256_TEXT);
}

static int bad(const struct debian_package *p, const char *what,
	       const char *value, struct err *err)
{
	return err_set(err, EBADMSG, "package %.128s: %s is not %s",
		       p->name ? p->name : "without a name",
		       value ? value : "(nothing)", what);
}

int debian_package_check(const struct debian_package *p, struct err *err)
{
	if (!p->name || !debian_is_name(p->name))
		return bad(p, "a package's name", p->name, err);
	if (!p->version || !is_version(p->version))
		return bad(p, "a version", p->version, err);
	if (!p->arch || !all_of(p->arch, LOWER DIGITS "-", 64))
		return bad(p, "an architecture", p->arch, err);
	if (!p->sha256 || !debian_is_sha256(p->sha256))
		return bad(p, "a SHA-256", p->sha256, err);
	if (!p->size || p->size > DEBIAN_DEB_MAX)
		return bad(p, "the size of a package", "0 or above 8 GiB",
			   err);
	if (!p->path || !path_is_clean(p->path, false) ||
	    strlen(p->path) > 1024)
		return bad(p, "a place in an archive", p->path, err);
	if (!p->source || !debian_is_name(p->source))
		return bad(p, "a source package", p->source, err);
	if (!p->source_version || !is_version(p->source_version))
		return bad(p, "a source's version", p->source_version, err);
	return 0;
}

/* ---- lists ---- */

int debian_list_add(struct debian_list *l, struct debian_package *p,
		    struct err *err)
{
	struct debian_package *v;
	int r = debian_package_check(p, err);

	if (r < 0)
		return r;
	if (l->n >= DEBIAN_PACKAGES_MAX)
		return err_set(err, EFBIG, "more than %u packages",
			       DEBIAN_PACKAGES_MAX);
	v = reallocarray(l->v, l->n + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	l->v = v;
	v[l->n++] = *p;
	*p = (struct debian_package){ 0 };
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct debian_package *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->arch, y->arch);
}

void debian_list_sort(struct debian_list *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
}

const struct debian_package *debian_list_find(const struct debian_list *l,
					      const char *name,
					      const char *arch)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].name, name) &&
		    (!arch || !strcmp(l->v[i].arch, arch)))
			return &l->v[i];
	return NULL;
}

/* ---- control data ---- */

static const char *line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl ? nl : end;
}

bool stanza_next(const char **at, const char *end, struct stanza *ret)
{
	const char *p = *at, *start;

	while (p < end && *p == '\n')
		p++;
	start = p;
	while (p < end && *p != '\n') {
		p = line_end(p, end);
		p += p < end;
	}
	*at = p;
	*ret = (struct stanza){ start, (size_t)(p - start) };
	return ret->len > 0;
}

char *stanza_get(const struct stanza *s, const char *field)
{
	const char *p = s->text, *end = p + s->len, *stop;
	size_t len = strlen(field);

	for (; p < end; p = line_end(p, end) + 1) {
		if ((size_t)(end - p) <= len || p[len] != ':' ||
		    strncasecmp(p, field, len))
			continue;
		p += len + 1;
		stop = line_end(p, end);
		while (stop + 1 < end && (stop[1] == ' ' || stop[1] == '\t'))
			stop = line_end(stop + 1, end);
		while (p < stop && isspace((unsigned char)*p))
			p++;
		while (stop > p && isspace((unsigned char)stop[-1]))
			stop--;
		return strndup(p, (size_t)(stop - p));
	}
	return NULL;
}

bool relations_hold(const char *relations, const char *name)
{
	size_t len = strlen(name);
	const char *p = relations;

	while (*p) {
		p += strspn(p, " \t\n,|");
		if (!strncmp(p, name, len) && strchr(" \t\n,|:(", p[len]))
			return true;
		p += strcspn(p, ",|");
	}
	return false;
}

/* "foo (1.2)", "foo", or nothing: then the package's own. */
static int set_source(struct debian_package *p, char *source,
		      struct err *err)
{
	char *open = source ? strchr(source, '(') : NULL;

	if (open) {
		open[strcspn(open, ")")] = '\0';
		p->source_version = strdup(open + 1);
		*open = '\0';
	} else {
		p->source_version = strdup(p->version);
	}
	p->source = strdup(source ? source : p->name);
	if (!p->source || !p->source_version)
		return err_nomem(err);
	p->source[strcspn(p->source, " \t")] = '\0';
	return 0;
}

int stanza_package(const struct stanza *s, struct debian_package *ret,
		   struct err *err)
{
	CLEANUP(debian_package_free) struct debian_package p = {
		.name = stanza_get(s, "Package"),
		.version = stanza_get(s, "Version"),
		.arch = stanza_get(s, "Architecture"),
		.sha256 = stanza_get(s, "SHA256"),
		.path = stanza_get(s, "Filename"),
	};
	CLEANUP_FREE char *size = stanza_get(s, "Size");
	CLEANUP_FREE char *source = stanza_get(s, "Source");
	const char *path;
	int r;

	if (!p.name || !p.version || !p.arch || !p.sha256 || !p.path || !size)
		return err_set(err, ENOENT, "the index says too little about "
			       "%s (name, version, architecture, SHA256, "
			       "Filename or Size is missing)",
			       p.name ? p.name : "a package");
	if (text_read_u64(size, strlen(size), &p.size) < 0)
		p.size = 0;
	/* Flat archives write ./name.deb. */
	path = p.path + (!strncmp(p.path, "./", 2) ? 2 : 0);
	memmove(p.path, path, strlen(path) + 1);
	r = set_source(&p, source, err);
	if (r == 0)
		r = debian_package_check(&p, err);
	if (r < 0)
		return r;
	*ret = p;
	p = (struct debian_package){ 0 };
	return 0;
}
