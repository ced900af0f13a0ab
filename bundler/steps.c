/*
 * steps.c - the table of post-steps and who runs it (see steps.h)
 *
 * Order: links of alternatives first, since tools may be reached through them;
 * then the caches, each after what it is made of.  /bin, /lib and the like are
 * links into /usr before any source is laid, and ld.so.cache and the empty
 * folders come last of all (full_root.c), whatever the sources are.
 *
 * Not in it, on purpose: vlc's plugins.dat (0.35 s of a start), whose records lie in
 * the order in which the file system lists a folder, another one on each;
 * GStreamer's registry, which names the times of the machine it was made on;
 * aspell's and XML's catalogues, which no start reads.
 */
#include "bundler/steps.h"

#include <errno.h>
#include <string.h>

#include "bundler/filter.h"
#include "bundler/full_root.h"
#include "bundler/step.h"
#include "runtime/path.h"

static const struct step table[] = {
	{
		.name = "scripts", .makes = "what scripts ask for",
		.need = STEP_MUST, .when = step_scripts_wanted,
		.run = step_scripts,
	}, {
		.name = "schemas", .makes = "gschemas.compiled",
		.need = STEP_MUST,
		.inputs = { "/usr/share/glib-2.0/schemas/*.xml" },
		.tools = { "/usr/lib/%m/glib-2.0/glib-compile-schemas",
			   "/usr/bin/glib-compile-schemas" },
		.package = "libglib2.0-bin", .dirs = DIRS_ALL,
		.outputs = { "/usr/share/glib-2.0/schemas/gschemas.compiled" },
	}, {
		.name = "gio-modules", .makes = "giomodule.cache",
		.need = STEP_SPEED,
		.inputs = { "/usr/lib/%m/gio/modules/*.so",
			    "/usr/lib/%m/gtk-4.0/4.0.0/immodules/*.so",
			    "/usr/lib/%m/gtk-4.0/4.0.0/media/*.so",
			    "/usr/lib/%m/gtk-4.0/4.0.0/printbackends/*.so" },
		.tools = { "/usr/lib/%m/glib-2.0/gio-querymodules" },
		.dirs = DIRS_ALL,
		.outputs = { "/usr/lib/%m/gio/modules/giomodule.cache",
			     "/usr/lib/%m/gtk-4.0/4.0.0/*/giomodule.cache" },
	}, {
		.name = "pixbuf-loaders", .makes = "loaders.cache",
		.need = STEP_MUST,
		.inputs = { "/usr/lib/%m/gdk-pixbuf-2.0/*/loaders/*.so" },
		.tools = { "/usr/lib/%m/gdk-pixbuf-2.0/"
			   "gdk-pixbuf-query-loaders" },
		.args = { "--update-cache" },
		.outputs = { "/usr/lib/%m/gdk-pixbuf-2.0/*/loaders.cache" },
	}, {
		.name = "immodules-3", .makes = "immodules.cache of GTK 3",
		.need = STEP_MUST,
		.inputs = { "/usr/lib/%m/gtk-3.0/*/immodules/*.so" },
		.tools = { "/usr/lib/%m/libgtk-3-0/gtk-query-immodules-3.0" },
		.args = { "--update-cache" },
		.outputs = { "/usr/lib/%m/gtk-3.0/*/immodules.cache" },
	}, {
		.name = "immodules-2", .makes = "immodules.cache of GTK 2",
		.need = STEP_MUST,
		.inputs = { "/usr/lib/%m/gtk-2.0/*/immodules/*.so" },
		.tools = { "/usr/lib/%m/libgtk2.0-0/gtk-query-immodules-2.0" },
		.args = { "--update-cache" },
		.outputs = { "/usr/lib/%m/gtk-2.0/*/immodules.cache" },
	}, {
		.name = "mime", .makes = "mime.cache", .need = STEP_MUST,
		.inputs = { "/usr/share/mime/packages/*.xml" },
		.tools = { "/usr/bin/update-mime-database" },
		.package = "shared-mime-info",
		.args = { "/usr/share/mime" },
		.outputs = { "/usr/share/mime/*",
			     "/usr/share/mime/[!p]*/*.xml" },
	}, {
		.name = "icons", .makes = "icon-theme.cache",
		.need = STEP_SPEED,
		.inputs = { "/usr/share/icons/*/index.theme" },
		.tools = { "/usr/bin/gtk-update-icon-cache",
			   "/usr/bin/gtk-update-icon-cache-3.0",
			   "/usr/bin/gtk4-update-icon-cache" },
		.package = "gtk-update-icon-cache",
		.args = { "--force", "--index-only", "--quiet" },
		.dirs = DIRS_EACH,
		.outputs = { "/usr/share/icons/*/icon-theme.cache" },
	}, {
		.name = "desktop-database", .makes = "mimeinfo.cache",
		.need = STEP_SPEED,
		.inputs = { "/usr/share/applications/**.desktop" },
		.run = step_desktop_database,
	}, {
		.name = "fonts", .makes = "the font cache",
		.need = STEP_SPEED,
		.inputs = { "/usr/share/fonts/**", "/usr/local/share/fonts/**" },
		.tools = { "/usr/bin/fc-cache" },
		.args = { "-s", "-f" },
		.outputs = { "/var/cache/fontconfig/*" },
	}, {
		.name = "certificates", .makes = "ca-certificates.crt",
		.need = STEP_MUST,
		.inputs = { "/usr/share/ca-certificates/**.crt",
			    "/usr/local/share/ca-certificates/**.crt" },
		.run = step_certificates,
	}, {
		.name = "java-certificates", .makes = "java/cacerts",
		.need = STEP_MUST,
		.inputs = { "/usr/lib/jvm/*/lib/security/cacerts",
			    "/usr/lib/jvm/*/jre/lib/security/cacerts" },
		.run = step_java_certificates,
	}, {
		.name = "locales", .makes = "compiled locales",
		.need = STEP_MUST, .when = step_locales_wanted,
		.tools = { "/usr/bin/localedef" },
		.package = "locales", .data = "/usr/share/i18n/locales/*",
		.args = { "--no-archive", "-c" },
		.outputs = { "/usr/lib/locale/*/*",
			     "/usr/lib/locale/*/LC_MESSAGES/*" },
		.run = step_locales,
	}, {
		.name = "icu", .makes = "ICU's data",
		.need = STEP_SPEED,
		.inputs = { "/usr/lib/%m/libicudata.so.*" },
		.run = step_icu,
	},
};

#define FIRST_BUT_SCRIPTS 1u		/* the table's first row */

/* ---- what is made ---- */

int step_add(struct steps *s, const struct entry *spec, struct err *err)
{
	const struct manifest *m = s->job->manifest;
	struct entry *e;
	int r;

	if (filter_wants_out(&m->exclude, &m->keep, spec->path)) {
		free(spec->content.data);
		return 0;
	}
	r = tree_add(s->t, spec, &e, err);
	if (r < 0)
		free(spec->content.data);
	return r < 0 || !s->stage ? r : stage_put(s->stage, e, err);
}

int step_add_text(struct steps *s, const char *path, const void *data,
		  size_t len, struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_FILE,
			      .mode = 0644, .origin = s->origin,
			      .content = { .kind = CONTENT_MEMORY,
					   .base_fd = -1, .size = len } };

	spec.content.data = malloc(len + 1);
	if (!spec.content.data)
		return err_nomem(err);
	memcpy(spec.content.data, data, len);
	return step_add(s, &spec, err);
}

int step_add_link(struct steps *s, const char *path, const char *target,
		  struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_LINK,
			      .mode = 0777, .target = (char *)target,
			      .origin = s->origin,
			      .content.base_fd = -1 };

	return step_add(s, &spec, err);
}

/* ---- which ---- */

static bool is_wanted(const struct steps *s, const struct step *step)
{
	if (step->when && !step->when(s))
		return false;
	return !step->inputs[0] || step_any(s->t, step->inputs);
}

static bool has_tool(const struct tree *t, const struct step *step)
{
	CLEANUP_FREE char *tool = step_tool(t, step->tools);

	return tool != NULL;
}

/* Does the tree lack the tool, or what the tool reads? */
static bool lacks(const struct steps *s, const struct step *step)
{
	const char *const data[] = { step->data, NULL };

	return step->tools[0] && (!has_tool(s->t, step) ||
				  (step->data && !step_any(s->t, data)));
}

static int want_packages(struct steps *s, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table) && r == 0; i++) {
		const struct step *step = &table[i];

		if (step->package && is_wanted(s, step) && lacks(s, step) &&
		    !strlist_has(&s->wanted, step->package) &&
		    strlist_add(&s->wanted, step->package) < 0)
			r = err_nomem(err);
	}
	return r;
}

/* The packages' programs and libraries alone: a step works on what the tree has,
 * not on the icons or types that a tool's dependencies bring along. */
static bool not_of_a_tool(void *arg, const struct entry *e)
{
	static const char *const stay[] = {
		"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/libexec",
		"usr/share/i18n",
	};

	(void)arg;
	if (e->type == ENTRY_LINK && !strchr(e->path, '/'))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		if (path_below(e->path, stay[i]) || path_below(stay[i], e->path))
			return false;
	return true;
}

static int get_packages(struct steps *s, struct err *err)
{
	int r = want_packages(s, err);

	if (r == 0)
		r = tree_new(&s->tools, err);
	if (r < 0 || !s->wanted.n)
		return r;
	r = full_root_start(&s->tools, err);
	if (r == 0)
		r = debian_tools(s->job->debian, &s->wanted, &s->tools, err);
	return r < 0 ? r : tree_prune(&s->tools, not_of_a_tool, NULL, err);
}

/* ---- one after the other ---- */

static int run_in_folders(struct steps *s, const struct step *step,
			  struct err *err)
{
	CLEANUP_STRLIST struct strlist dirs = { 0 };
	int r = step_folders(s->t, step->inputs, &dirs, err);

	if (r < 0)
		return r;
	return step->dirs == DIRS_ALL ? step_run_tool(s, step, &dirs, err) :
					step_run_each(s, step, &dirs, err);
}

static int run_step(struct steps *s, const struct step *step, struct err *err)
{
	if (step->tools[0] && !has_tool(s->t, step) &&
	    !(step->package && has_tool(&s->tools, step)))
		return strlist_add(&s->without, step->makes) < 0 ?
		       err_nomem(err) : 0;
	if (step->run)
		return step->run(s, step, err);
	return step->dirs == DIRS_NONE ? step_run_tool(s, step, NULL, err) :
					 run_in_folders(s, step, err);
}

/* What only saves time is noted; an end that somebody wants and a lack of memory
 * are no matter of the step. */
static int judge(struct steps *s, const struct step *step, int r,
		 struct err *err)
{
	if (r == 0 || r == -EINTR || r == -ENOMEM)
		return r;
	if (step->need == STEP_MUST)
		return err_prefix(err, "post-step %s", step->name);
	notes_note(s->job->notes, "post-step %s: %s; the bundle goes without "
		   "%s", step->name, err->text, step->makes);
	return 0;
}

static void say_without(const struct steps *s)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < s->without.n; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", s->without.v[i]);
	if (b.len)
		notes_note(s->job->notes, "not made, since the sources bring "
			   "no tool for it: %s", buf_text(&b));
}

static int run_all(struct steps *s, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table) && r == 0; i++) {
		if (i == FIRST_BUT_SCRIPTS)
			r = get_packages(s, err);
		if (r < 0 || !is_wanted(s, &table[i]))
			continue;
		notes_step(s->job->notes, "making %s", table[i].makes);
		r = judge(s, &table[i], run_step(s, &table[i], err), err);
	}
	if (r == 0)
		say_without(s);
	return r;
}

int steps_run(struct tree *t, const struct steps_job *job, struct err *err)
{
	struct steps s = { .t = t, .job = job };
	int r;

	s.origin = tree_origin(t, ORIGIN_HOLDALL, 0, "holdall",
			       HOLDALL_VERSION);
	r = s.origin ? run_all(&s, err) : err_nomem(err);
	stage_free(s.tool_stage);
	stage_free(s.stage);
	tree_free(&s.tools);
	strlist_free(&s.wanted);
	strlist_free(&s.without);
	return r;
}
