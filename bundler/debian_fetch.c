/*
 * debian_fetch.c - getting .debs into the cache (see debian_apt.h)
 *
 * apt-helper fetches with the host's proxies, mirrors and passwords and checks
 * the hash; debian_cache_take checks it again.  A package of a lock has no
 * address yet: first the index is asked; what the index no longer has is tried
 * at its old place of every archive, where superseded files stay for a while.
 */
#include "bundler/debian_apt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bundler/debian_root.h"
#include "runtime/path.h"

#define HELPER "/usr/lib/apt/apt-helper"
#define BATCH 24u			/* packages per run of apt-helper */
#define ARCHIVES_MAX 64u
#define GONE_NAMED 3u

/* ---- lines of --print-uris ---- */

void apt_uris_free(struct apt_uris *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->v[i].uri);
		free(u->v[i].sha256);
		free(u->v[i].word);
	}
	free(u->v);
	*u = (struct apt_uris){ 0 };
}

char *apt_word(const char *name, const char *version, const char *arch)
{
	bool native = !strcmp(arch, "all") ||
		      !strcmp(arch, lock_architecture());
	char *s;

	if (asprintf(&s, "%s%s%s=%s", name, native ? "" : ":",
		     native ? "" : arch, version) < 0)
		return NULL;
	return s;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "1%3a2.0" -> "1:2.0", in place. */
static void unquote(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
			*to++ = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* From "name_version_arch.deb". */
static char *word_of_file(char *file)
{
	char *version = strchr(file, '_');
	char *arch = version ? strchr(version + 1, '_') : NULL;
	char *dot = arch ? strrchr(arch, '.') : NULL;

	if (!dot)
		return NULL;
	*version = *arch = *dot = '\0';
	unquote(version + 1);
	return apt_word(file, version + 1, arch + 1);
}

static int add_uri(struct apt_uris *u, const char *line, size_t len,
		   struct err *err)
{
	CLEANUP_FREE char *text = strndup(line, len);
	CLEANUP(apt_uris_free) struct apt_uris none = { 0 };
	struct apt_uri n = { 0 };
	char *file, *size, *hash, *stop, *save = NULL;
	void *v;

	if (!text)
		return err_nomem(err);
	stop = strchr(text + 1, '\'');
	file = stop ? strtok_r(stop + 1, " ", &save) : NULL;
	size = file ? strtok_r(NULL, " ", &save) : NULL;
	hash = size ? strtok_r(NULL, " ", &save) : NULL;
	if (!hash || strncmp(hash, "SHA256:", 7) || !debian_is_sha256(hash + 7))
		return err_set(err, EBADMSG, "the archive gives no SHA-256 for "
			       "%s; nothing that cannot be verified is packed",
			       file ? file : text);
	*stop = '\0';
	v = reallocarray(u->v, u->n + 1, sizeof(*u->v));
	if (!v)
		return err_nomem(err);
	u->v = v;
	n.uri = strdup(text + 1);
	n.sha256 = strdup(hash + 7);
	n.word = word_of_file(file);
	u->v[u->n++] = n;
	if (!n.word)
		return err_set(err, EBADMSG, "apt names a file that is no "
			       "package: %s", file);
	return n.uri && n.sha256 ? 0 : err_nomem(err);
}

int apt_uris_parse(const char *text, struct apt_uris *ret, struct err *err)
{
	CLEANUP_APT_URIS struct apt_uris u = { 0 };

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");
		int r = *p == '\'' ? add_uri(&u, p, len, err) : 0;

		if (r < 0)
			return r;
		if (u.n > DEBIAN_PACKAGES_MAX)
			return err_set(err, EFBIG, "more than %u packages",
				       DEBIAN_PACKAGES_MAX);
		p += len + (p[len] != '\0');
	}
	*ret = u;
	u = (struct apt_uris){ 0 };
	return 0;
}

const struct apt_uri *apt_uris_find(const struct apt_uris *u,
				    const char *sha256)
{
	for (size_t i = 0; i < u->n; i++)
		if (!strcmp(u->v[i].sha256, sha256))
			return &u->v[i];
	return NULL;
}

/* ---- where they are ---- */

static int add_word(struct apt_uris *to, const struct debian_package *p,
		    struct err *err)
{
	struct apt_uri *v = reallocarray(to->v, to->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(err);
	to->v = v;
	v[to->n] = (struct apt_uri){
		.word = apt_word(p->name, p->version, p->arch) };
	return v[to->n++].word ? 0 : err_nomem(err);
}

static int wanted_words(const struct debian_cache *c,
			const struct debian_list *l, const struct buf *shown,
			struct apt_uris *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		const struct debian_package *p = &l->v[i];

		if (!p->uri && !debian_cache_has(c, p) &&
		    (!shown || strstr(buf_text(shown), p->sha256)))
			r = add_word(ret, p, err);
	}
	return r;
}

static int ask_where(struct debian_apt *a, const struct apt_uris *words,
		     struct apt_uris *ret, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = apt_argv(a, "apt-get", &argv, err), e = 0;

	if (r < 0)
		return r;
	e |= strlist_add(&argv, "-q");
	e |= strlist_add(&argv, "--print-uris");
	e |= strlist_add(&argv, "download");
	e |= strlist_add(&argv, "--");
	for (size_t i = 0; i < words->n; i++)
		e |= strlist_add(&argv, words->v[i].word);
	if (e < 0)
		return err_nomem(err);
	r = apt_run(a, &argv, &o, err);
	if (r < 0)
		return r;
	if (o.status)
		return apt_complaint(&o, EIO, "cannot find packages of the "
				     "lock", err);
	return apt_uris_parse(buf_text(&o.out), ret, err);
}

/* Gives addresses to the packages that the index still has. */
static int locate(struct debian_apt *a, struct debian_list *l,
		  struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_APT_URIS struct apt_uris all = { 0 };
	CLEANUP_APT_URIS struct apt_uris here = { 0 };
	CLEANUP_APT_URIS struct apt_uris uris = { 0 };
	int r = wanted_words(a->cache, l, NULL, &all, err);

	if (r < 0 || !all.n)
		return r;
	r = debian_apt_update(a, false, err);
	if (r < 0)
		return r;
	/* Names that are unknown altogether make apt-cache fail: no matter. */
	if (apt_show(a, &all, &o, err) == -EINTR)
		return -EINTR;
	r = wanted_words(a->cache, l, &o.out, &here, err);
	if (r == 0 && here.n)
		r = ask_where(a, &here, &uris, err);
	for (size_t i = 0; i < l->n && r == 0; i++) {
		const struct apt_uri *u = apt_uris_find(&uris, l->v[i].sha256);

		if (u && !l->v[i].uri && !(l->v[i].uri = strdup(u->uri)))
			r = err_nomem(err);
	}
	return r;
}

/* ---- fetching ---- */

static int add_fetch(const struct debian_apt *a, const char *uri,
		     const struct debian_package *p, struct strlist *argv,
		     struct err *err)
{
	CLEANUP_FREE char *to = NULL;
	CLEANUP_FREE char *hash = NULL;

	if (asprintf(&to, "%s/fetch/%s", a->dir, p->sha256) < 0)
		to = NULL;
	if (asprintf(&hash, "SHA256:%s", p->sha256) < 0)
		hash = NULL;
	if (!to || !hash || strlist_add(argv, uri) < 0 ||
	    strlist_add(argv, to) < 0 || strlist_add(argv, hash) < 0)
		return err_nomem(err);
	return 0;
}

static int start_argv(const struct debian_apt *a, struct strlist *argv,
		      struct err *err)
{
	int r = apt_argv(a, HELPER, argv, err);

	if (r == 0 && strlist_add(argv, "download-file") < 0)
		r = err_nomem(err);
	return r;
}

static int take(const struct debian_apt *a, const struct debian_package *p,
		int fetch_fd, const struct tool_output *o, struct err *err)
{
	char what[512];

	if (faccessat(fetch_fd, p->sha256, F_OK, 0) < 0) {
		(void)snprintf(what, sizeof(what), "cannot fetch %s %s",
			       p->name, p->version);
		return apt_cannot_fetch(a, o, what, err);
	}
	return debian_cache_take(a->cache, p, fetch_fd, p->sha256, a->notes,
				 err);
}

/* Packages from *at on, at most BATCH of them. */
static int fetch_batch(struct debian_apt *a, const struct debian_list *l,
		       int fetch_fd, size_t *at, uint64_t *done,
		       struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_STRLIST struct strlist argv = { 0 };
	size_t from = *at, n = 0;
	int r = start_argv(a, &argv, err);

	for (; *at < l->n && n < BATCH && r == 0; ++*at) {
		const struct debian_package *p = &l->v[*at];

		if (!p->uri || debian_cache_has(a->cache, p))
			continue;
		r = add_fetch(a, p->uri, p, &argv, err);
		n++;
	}
	if (r < 0 || !n)
		return r;
	r = apt_run(a, &argv, &o, err);
	/* What came whole is kept, whatever became of the rest. */
	for (; from < *at && r == 0; from++) {
		const struct debian_package *p = &l->v[from];

		if (!p->uri || debian_cache_has(a->cache, p))
			continue;
		r = take(a, p, fetch_fd, &o, err);
		*done += p->size;
	}
	return r;
}

static int read_archives(struct debian_apt *a, struct tool_output *o,
			 struct err *err)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = apt_argv(a, "apt-get", &argv, err);

	if (r < 0)
		return r;
	if (strlist_add(&argv, "indextargets") < 0 ||
	    strlist_add(&argv, "--format") < 0 ||
	    strlist_add(&argv, "$(REPO_URI)") < 0)
		return err_nomem(err);
	return apt_run(a, &argv, o, err);
}

/* At its old place in one archive; 0 also when it is not there. */
static int try_archive(struct debian_apt *a, const struct debian_package *p,
		       const char *uri, int fetch_fd, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_STRLIST struct strlist argv = { 0 };
	CLEANUP_FREE char *from = NULL;
	int r = start_argv(a, &argv, err);

	if (r == 0 && asprintf(&from, "%s%s%s", uri, *uri &&
			       uri[strlen(uri) - 1] == '/' ? "" : "/",
			       p->path) < 0) {
		from = NULL;
		r = err_nomem(err);
	}
	if (r == 0)
		r = add_fetch(a, from, p, &argv, err);
	if (r == 0)
		r = apt_run(a, &argv, &o, err);
	if (r == 0 && faccessat(fetch_fd, p->sha256, F_OK, 0) == 0)
		r = debian_cache_take(a->cache, p, fetch_fd, p->sha256,
				      a->notes, err);
	return r;
}

static int try_archives(struct debian_apt *a, const struct debian_package *p,
			const char *archives, int fetch_fd, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; *archives && i < ARCHIVES_MAX && r == 0; i++) {
		size_t len = strcspn(archives, "\n");
		CLEANUP_FREE char *uri = strndup(archives, len);

		if (!uri)
			return err_nomem(err);
		r = try_archive(a, p, uri, fetch_fd, err);
		if (debian_cache_has(a->cache, p))
			return 0;
		archives += len + (archives[len] != '\0');
	}
	return r;
}

static int say_gone(const struct debian_list *l, const size_t *gone, size_t n,
		    struct err *err)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (size_t i = 0; i < n && i < GONE_NAMED; i++)
		buf_addf(&names, "%s%s %s", i ? ", " : "", l->v[gone[i]].name,
			 l->v[gone[i]].version);
	if (n > GONE_NAMED)
		buf_addf(&names, " and %zu more", n - GONE_NAMED);
	return err_set(err, ENOENT, "the archive no longer has %s, which the "
		       "lock names; `holdall lock` takes what it has now",
		       buf_text(&names));
}

/* What the index did not name. */
static int fetch_old(struct debian_apt *a, const struct debian_list *l,
		     int fetch_fd, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_FREE size_t *gone = calloc(l->n + 1, sizeof(*gone));
	size_t n = 0;
	int r = gone ? 0 : err_nomem(err);

	for (size_t i = 0; i < l->n && r == 0; i++) {
		if (debian_cache_has(a->cache, &l->v[i]))
			continue;
		if (!o.out.len)
			r = read_archives(a, &o, err);
		if (r == 0)
			r = try_archives(a, &l->v[i], buf_text(&o.out),
					 fetch_fd, err);
		if (r == 0 && !debian_cache_has(a->cache, &l->v[i]))
			gone[n++] = i;
	}
	return r == 0 && n ? say_gone(l, gone, n, err) : r;
}

static uint64_t missing_bytes(const struct debian_apt *a,
			      const struct debian_list *l, size_t *ret_n)
{
	uint64_t bytes = 0;

	*ret_n = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (debian_cache_has(a->cache, &l->v[i]))
			continue;
		bytes += l->v[i].size;
		++*ret_n;
	}
	return bytes;
}

int debian_apt_fetch(struct debian_apt *a, struct debian_list *l,
		     struct err *err)
{
	CLEANUP_FD int fetch_fd = -1;
	uint64_t done = 0, all;
	size_t at = 0, n;
	char size[32];
	int r = locate(a, l, err);

	if (r < 0)
		return r;
	all = missing_bytes(a, l, &n);
	if (!n)
		return 0;
	r = path_open_beneath(a->dir_fd, "fetch", O_RDONLY | O_DIRECTORY, 0,
			      &fetch_fd, err);
	if (r < 0)
		return r;
	notes_step(a->notes, "fetching %zu package%s, %s", n,
		   n == 1 ? "" : "s", text_size(size, sizeof(size), all));
	while (at < l->n && r == 0) {
		notes_progress(a->notes, done, all);
		r = fetch_batch(a, l, fetch_fd, &at, &done, err);
	}
	notes_progress(a->notes, all, all);
	return r < 0 ? r : fetch_old(a, l, fetch_fd, err);
}
