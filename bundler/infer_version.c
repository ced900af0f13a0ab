/*
 * infer_version.c - the version that upstream gave, from Debian's
 *
 * [epoch:]upstream[-revision]: epoch and revision are Debian's, and so is what
 * repacking and updates of a stable release append to upstream's part (+dfsg1,
 * ~ds, +repack, +deb12u1, +b2, ~bpo12+1).  1.0+really0.9 is 0.9.  The version
 * is that of the package that brings the program itself: the one that is named
 * may be a mere list (vlc, postgresql) with a version of its own.
 */
#include "bundler/infer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "bundler/debian_tool.h"
#include "bundler/program.h"
#include "runtime/path.h"

/* What Debian appends: the word, behind one of . + ~ */
static const char *const appended[] = {
	"dfsg", "ds", "repack", "deb", "bpo", "nmu", "b", "ubuntu", "debian",
};

/* "dfsg1", "deb12u1", "ds.1": the word, then no more letters but u or bpo's +. */
static bool is_appended(const char *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(appended); i++) {
		size_t n = strlen(appended[i]);

		if (strncmp(p, appended[i], n))
			continue;
		/* "+b2" counts, "+beta" does not. */
		if (!isalpha((unsigned char)p[n]) &&
		    (n > 1 || isdigit((unsigned char)p[n])))
			return true;
	}
	return false;
}

static size_t upstream_length(const char *v)
{
	const char *dash = strrchr(v, '-');
	size_t len = dash ? (size_t)(dash - v) : strlen(v);

	for (size_t i = 1; i + 1 < len; i++)
		if (strchr("+~.", v[i]) && is_appended(v + i + 1))
			return i;
	return len;
}

char *infer_upstream_version(const char *version)
{
	const char *colon = strchr(version, ':'), *really;
	const char *v = colon && colon[1] ? colon + 1 : version;
	size_t len = upstream_length(v);

	really = memmem(v, len, "+really", 7);
	if (really && really + 7 < v + len) {
		len -= (size_t)(really + 7 - v);
		v = really + 7;
	}
	/* Nothing left ("-1"): better Debian's than none. */
	return len ? strndup(v, len) : strdup(version);
}

/* ---- programs of this computer ---- */

static int ask_dpkg(const char *const *args, size_t n,
		    const struct notes *notes, struct tool_output *o,
		    struct err *err)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };

	for (size_t i = 0; i < n; i++)
		if (strlist_add(&argv, args[i]) < 0)
			return err_nomem(err);
	return tool_capture(&argv, notes, o, err);
}

/* "jq: /usr/bin/jq" -> "jq"; "diversion by ..." and lists are passed over. */
static char *owner_of(const char *out)
{
	const char *colon = strstr(out, ": ");
	size_t len = colon ? (size_t)(colon - out) : 0;

	if (!len || memchr(out, ' ', len) || memchr(out, '\n', len) ||
	    memchr(out, ',', len))
		return NULL;
	return strndup(out, len);
}

int infer_host_version(const char *path, const struct notes *notes,
		       char **ret, struct err *err)
{
	CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;
	CLEANUP_FREE char *package = NULL;
	const char *const search[] = { "dpkg-query", "-S", "--", path };
	char *out;
	int r = ask_dpkg(search, ARRAY_SIZE(search), notes, &o, err);

	*ret = NULL;
	/* No dpkg here: then there is no package either. */
	if (r < 0)
		return r == -EINTR ? r : 0;
	package = o.status == 0 ? owner_of(buf_text(&o.out)) : NULL;
	/* What was merged into /usr is still listed at its old place. */
	if (!package && !strncmp(path, "/usr/", 5))
		return infer_host_version(path + 4, notes, ret, err);
	if (!package)
		return 0;
	const char *const show[] = { "dpkg-query", "-W", "-f=${Version}",
				     "--", package };
	r = ask_dpkg(show, ARRAY_SIZE(show), notes, &o, err);
	if (r < 0 || o.status || !o.out.len)
		return r == -EINTR ? r : 0;
	out = buf_steal(&o.out);
	*ret = out;
	return out ? 0 : err_nomem(err);
}

/* ---- choosing ---- */

static int no_version(const struct manifest *m, struct err *err)
{
	return err_set(err, EINVAL, "%s: the version cannot be told from the "
		       "sources; add a line such as version: \"1.0\"",
		       m->file ? m->file : "holdall.yaml");
}

static const char *named_version(const struct owners *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].rank == OWNER_NAMED)
			return o->v[i].version;
	return NULL;
}

/* More than its name and its copyright? */
static bool brings_anything(const struct tree *t, const struct owners *o)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->type != ENTRY_DIR &&
		    !path_below(t->v[i]->path, "usr/share/doc") &&
		    owners_rank(o, t->v[i]) != OWNER_NONE)
			return true;
	return false;
}

int infer_version(const struct manifest *m, const struct tree *t,
		  const struct owners *o, const char *program, char **ret,
		  struct err *err)
{
	const struct entry *e = program ? program_find(t, program) : NULL;
	CLEANUP_FREE char *host = NULL;
	const char *version = NULL;
	int r;

	if (e && e->origin && e->origin->kind == ORIGIN_FILES) {
		CLEANUP_FREE char *path = path_join("/", e->path);

		r = path ? infer_host_version(path[1] == '/' ? path + 1 : path,
					      NULL, &host, err) :
			   err_nomem(err);
		if (r < 0)
			return r;
		version = host;
	} else if (e && e->origin && e->origin->kind == ORIGIN_DEBIAN &&
		   (owners_rank(o, e) != OWNER_NONE ||
		    !brings_anything(t, o))) {
		version = e->origin->version;
	}
	if (!version)
		version = named_version(o);
	if (!version)
		return no_version(m, err);
	*ret = infer_upstream_version(version);
	return *ret ? 0 : err_nomem(err);
}

int infer_possible(const struct manifest *m, struct err *err)
{
	if (m->version)
		return 0;
	for (size_t i = 0; i < m->n_sources; i++)
		if (m->sources[i].kind != SOURCE_DIR)
			return 0;
	return no_version(m, err);
}
