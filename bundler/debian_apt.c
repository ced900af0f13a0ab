/*
 * debian_apt.c - asking apt which packages (see debian_apt.h)
 *
 * Names are looked up before apt is asked, because apt takes a name that it does
 * not know for a pattern, or with a '-' behind for something to remove.  Which
 * packages and their hashes come from --print-uris; what the lock holds besides
 * (source package, place in the archive) from the same index through apt-cache,
 * joined by the hash.
 */
#include "bundler/debian_apt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bundler/debian_root.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define PROVIDERS_MAX 5u

/* ---- running apt ---- */

int apt_argv(const struct debian_apt *a, const char *program,
	     struct strlist *ret, struct err *err)
{
	const char *args[] = { program, "-c", a->config };

	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		if (strlist_add(ret, args[i]) < 0)
			return err_nomem(err);
	return 0;
}

int apt_run(const struct debian_apt *a, const struct strlist *argv,
	    struct tool_output *o, struct err *err)
{
	return tool_capture(argv, a->notes, o, err);
}

/* ---- the index ---- */

static time_t changed_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtime : 0;
}

static bool is_fresh(const struct debian_apt *a, bool *ret_any)
{
	static const char *const host[] = {
		"/etc/apt/sources.list", "/etc/apt/sources.list.d",
		"/etc/apt/sources.list.d/debian.sources",
	};
	time_t now = time(NULL);
	struct stat st;

	*ret_any = fstatat(a->dir_fd, "updated", &st, 0) == 0;
	if (!*ret_any || st.st_mtime > now ||
	    now - st.st_mtime > APT_FRESH_SECONDS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(host); i++)
		if (changed_at(host[i]) >= st.st_mtime)
			return false;
	return true;
}

static int fetch_index(struct debian_apt *a, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = apt_argv(a, "apt-get", &argv, err);

	if (r < 0)
		return r;
	if (strlist_add(&argv, "-q") < 0 || strlist_add(&argv, "update") < 0)
		return err_nomem(err);
	notes_step(a->notes, "fetching the package index");
	r = apt_run(a, &argv, &o, err);
	if (r < 0)
		return r;
	if (o.status)
		return apt_cannot_fetch(a, &o, "cannot fetch the package "
					"index", err);
	return root_write(a, "updated", "", 0, err);
}

int debian_apt_update(struct debian_apt *a, bool force, struct err *err)
{
	bool any;
	int r;

	if (is_fresh(a, &any) && !force)
		return 0;
	r = fetch_index(a, err);
	if (r == 0 || r == -EINTR || !any || force)
		return r;
	notes_note(a->notes, "%s; going on with the index of last time",
		   err->text);
	return 0;
}

/* ---- names ---- */

struct names {
	char *text;			/* sorted pointers into this */
	const char **v;
	size_t n;
};

static void names_free(struct names *n)
{
	free(n->text);
	free(n->v);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int split_names(struct names *n, struct err *err)
{
	size_t lines = 1;

	for (const char *p = n->text; *p; p++)
		lines += *p == '\n';
	n->v = calloc(lines, sizeof(*n->v));
	if (!n->v)
		return err_nomem(err);
	for (char *p = n->text, *nl; *p; p = nl + 1) {
		n->v[n->n++] = p;
		nl = strchr(p, '\n');
		if (!nl)
			break;
		*nl = '\0';
	}
	qsort(n->v, n->n, sizeof(*n->v), by_text);
	return 0;
}

static int read_names(struct debian_apt *a, struct names *ret, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = apt_argv(a, "apt-cache", &argv, err);

	if (r < 0)
		return r;
	if (strlist_add(&argv, "pkgnames") < 0)
		return err_nomem(err);
	r = apt_run(a, &argv, &o, err);
	if (r < 0)
		return r;
	if (o.status)
		return apt_complaint(&o, EIO, "cannot read the package index",
				     err);
	buf_addc(&o.out, '\n');
	ret->text = buf_steal(&o.out);
	return ret->text ? split_names(ret, err) : err_nomem(err);
}

static bool names_have(const struct names *n, const char *name)
{
	return n->n && bsearch(&name, n->v, n->n, sizeof(*n->v), by_text);
}

/* The name in "name", "name:arch", "name=version", "name/suite". */
static char *bare_name(const char *word)
{
	return strndup(word, strcspn(word, ":=/"));
}

/* Who provides a name that no package has: "a, b, c", or "". */
static int find_providers(struct debian_apt *a, const char *name,
			  struct buf *ret, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_STRLIST struct strlist argv = { 0 };
	const char *p;
	unsigned n = 0;
	int r = apt_argv(a, "apt-cache", &argv, err);

	if (r < 0)
		return r;
	if (strlist_add(&argv, "showpkg") < 0 ||
	    strlist_add(&argv, "--") < 0 || strlist_add(&argv, name) < 0)
		return err_nomem(err);
	r = apt_run(a, &argv, &o, err);
	if (r < 0)
		return r;
	p = strstr(buf_text(&o.out), "\nReverse Provides:");
	p = p ? strchr(p + 1, '\n') : NULL;
	while (p && *++p && n < PROVIDERS_MAX) {
		size_t len = strcspn(p, " \n");

		if (len)
			buf_addf(ret, "%s%.*s", n++ ? ", " : "", (int)len, p);
		p = strchr(p, '\n');
	}
	return buf_check(ret, err);
}

static int no_such_name(struct debian_apt *a, const struct names *names,
			const char *name, bool base, struct err *err)
{
	CLEANUP_BUF struct buf providers = BUF_INIT;
	const char *near;
	int r;

	if (base)
		return err_set(err, ENOENT, "the archive has no package %s, "
			       "which belongs to the base; `base: none` leaves "
			       "the base out", name);
	r = find_providers(a, name, &providers, err);
	if (r < 0)
		return r;
	if (providers.len)
		return err_set(err, ENOENT, "%s is no package but a name that "
			       "several provide; choose one: %s", name,
			       buf_text(&providers));
	near = text_nearest(name, names->v, names->n);
	return near ? err_set(err, ENOENT, "no package %s; did you mean %s?",
			      name, near) :
		      err_set(err, ENOENT, "the archive has no package %s",
			      name);
}

static int check_name(struct debian_apt *a, const struct names *names,
		      const char *word, bool base, struct err *err)
{
	CLEANUP_FREE char *name = bare_name(word);

	if (!name)
		return err_nomem(err);
	if (names_have(names, name))
		return 0;
	return no_such_name(a, names, name, base, err);
}

static int check_names(struct debian_apt *a, const struct lock_source *s,
		       struct err *err)
{
	CLEANUP(names_free) struct names names = { 0 };
	int r = read_names(a, &names, err);

	for (size_t i = 0; i < s->request.n && r == 0; i++)
		r = check_name(a, &names, s->request.v[i], false, err);
	for (size_t i = 0; s->base && debian_base[i] && r == 0; i++)
		r = check_name(a, &names, debian_base[i], true, err);
	return r;
}

/* ---- resolving ---- */

static int ask_which(struct debian_apt *a, const struct lock_source *s,
		     struct tool_output *o, struct err *err)
{
	static const char *const args[] = {
		"-q", "-y", "--no-remove", "--print-uris", "install", "--",
	};
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = apt_argv(a, "apt-get", &argv, err), e = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		e |= strlist_add(&argv, args[i]);
	for (size_t i = 0; i < s->request.n; i++)
		e |= strlist_add(&argv, s->request.v[i]);
	for (size_t i = 0; s->base && debian_base[i]; i++)
		e |= strlist_add(&argv, debian_base[i]);
	if (e < 0)
		return err_nomem(err);
	r = apt_run(a, &argv, o, err);
	if (r < 0)
		return r;
	return o->status ? apt_complaint(o, ENOENT, "apt finds no set of "
					 "packages", err) : 0;
}

/* `apt-cache show` of name=version for each, in one run. */
int apt_show(struct debian_apt *a, const struct apt_uris *uris,
	     struct tool_output *o, struct err *err)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };
	int r = apt_argv(a, "apt-cache", &argv, err);

	if (r < 0)
		return r;
	if (strlist_add(&argv, "show") < 0 || strlist_add(&argv, "--") < 0)
		return err_nomem(err);
	for (size_t i = 0; i < uris->n; i++)
		if (strlist_add(&argv, uris->v[i].word) < 0)
			return err_nomem(err);
	r = apt_run(a, &argv, o, err);
	if (r < 0)
		return r;
	return o->status ? apt_complaint(o, EIO, "cannot read the package "
					 "index", err) : 0;
}

static int take_stanza(const struct stanza *st, const struct apt_uris *uris,
		       struct debian_list *to, struct err *err)
{
	CLEANUP(debian_package_free) struct debian_package p = { 0 };
	CLEANUP_FREE char *sha = stanza_get(st, "SHA256");
	const struct apt_uri *u = sha ? apt_uris_find(uris, sha) : NULL;
	int r;

	if (!u)
		return 0;
	r = stanza_package(st, &p, err);
	if (r < 0)
		return r;
	/* The same file may stand in two indexes. */
	if (debian_list_find(to, p.name, p.arch))
		return 0;
	p.uri = strdup(u->uri);
	return p.uri ? debian_list_add(to, &p, err) : err_nomem(err);
}

static int join(const struct tool_output *o, const struct apt_uris *uris,
		struct debian_list *ret, struct err *err)
{
	CLEANUP_DEBIAN_LIST struct debian_list l = { 0 };
	const char *at = buf_text(&o->out), *end = at + o->out.len;
	struct stanza st;
	int r = 0;

	while (r == 0 && stanza_next(&at, end, &st))
		r = take_stanza(&st, uris, &l, err);
	if (r < 0)
		return r;
	if (l.n != uris->n)
		return err_set(err, EBADMSG, "the package index describes %zu "
			       "of %zu packages; try again", l.n, uris->n);
	debian_list_sort(&l);
	debian_list_free(ret);
	*ret = l;
	l = (struct debian_list){ 0 };
	return 0;
}

static int resolve(struct debian_apt *a, struct lock_source *s,
		   struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_APT_URIS struct apt_uris uris = { 0 };
	int r = check_names(a, s, err);

	if (r == 0)
		r = ask_which(a, s, &o, err);
	if (r == 0)
		r = apt_uris_parse(buf_text(&o.out), &uris, err);
	if (r < 0)
		return r;
	if (!uris.n)
		return err_set(err, ENOENT, "apt names no package for %s; the "
			       "sandbox supplies it", s->request.n ?
			       s->request.v[0] : "this source");
	r = apt_show(a, &uris, &o, err);
	return r < 0 ? r : join(&o, &uris, &s->packages, err);
}

int debian_apt_resolve(struct debian_apt *a, struct lock_source *s,
		       const struct debian_list *pins, struct err *err)
{
	int r = root_write_pins(a, pins, err);

	if (r < 0)
		return r;
	notes_step(a->notes, "asking apt what %s%s",
		   s->request.n ? s->request.v[0] : "the base",
		   s->request.n > 1 ? " and others need" : " needs");
	r = resolve(a, s, err);
	return r < 0 ? r : lists_read(a, &s->index, err);
}
