/*
 * init_package.c - what a Debian package says of itself (see init_verb.h)
 *
 * apt is asked for the whole set, so that a manifest is only written for what
 * can be packed; fetched and laid out are only the app's own parts.
 */
#include "bundler/init_verb.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bundler/debian_apt.h"
#include "bundler/debian_deb.h"
#include "bundler/debian_tree.h"
#include "bundler/full_root.h"
#include "bundler/infer.h"
#include "bundler/owners.h"
#include "runtime/fd.h"

struct looking {
	const char *name;
	const struct notes *notes;
	struct debian_cache cache;
	struct lock_source s;
	struct debian_apt apt;
	struct owners owners;
	struct tree tree;
	struct desktop desktop;
	struct manifest none;
};

static void looking_free(struct looking *x)
{
	desktop_free(&x->desktop);
	tree_free(&x->tree);
	owners_free(&x->owners);
	debian_apt_free(&x->apt);
	lock_source_free(&x->s);
	debian_cache_free(&x->cache);
}

static int copy_package(struct debian_list *to, const struct debian_package *p,
			struct err *err)
{
	CLEANUP(debian_package_free) struct debian_package n = {
		.name = strdup(p->name), .version = strdup(p->version),
		.arch = strdup(p->arch), .sha256 = strdup(p->sha256),
		.size = p->size, .path = strdup(p->path),
		.source = strdup(p->source),
		.source_version = strdup(p->source_version),
		.uri = strdup(p->uri ? p->uri : ""),
	};

	if (!n.name || !n.version || !n.arch || !n.sha256 || !n.path ||
	    !n.source || !n.source_version || !n.uri)
		return err_nomem(err);
	return debian_list_add(to, &n, err);
}

/* Packages of the set that are named, or that have an owner. */
static int take(struct looking *x, bool owned, struct debian_list *ret,
		struct err *err)
{
	size_t len = strcspn(x->name, ":=/");
	int r = 0;

	for (size_t i = 0; i < x->s.packages.n && r == 0; i++) {
		const struct debian_package *p = &x->s.packages.v[i];
		bool wanted = strlen(p->name) == len &&
			      !strncmp(p->name, x->name, len);

		for (size_t k = 0; owned && k < x->owners.n; k++)
			wanted |= !strcmp(x->owners.v[k].name, p->name);
		if (wanted)
			r = copy_package(ret, p, err);
	}
	if (r == 0 && !ret->n)
		r = err_set(err, ENOENT, "the sandbox supplies %s itself",
			    x->name);
	return r;
}

static int ask(struct looking *x, struct err *err)
{
	int r = debian_cache_open(&x->cache, err);

	if (r < 0)
		return r;
	if (strlist_add(&x->s.request, x->name) < 0)
		return err_nomem(err);
	r = debian_apt_open(&x->cache, &x->s, NULL, 0, x->notes, &x->apt, err);
	if (r == 0)
		r = debian_apt_update(&x->apt, false, err);
	return r < 0 ? r : debian_apt_resolve(&x->apt, &x->s, NULL, err);
}

static int lay(struct looking *x, struct err *err)
{
	CLEANUP_DEBIAN_LIST struct debian_list named = { 0 };
	CLEANUP_DEBIAN_LIST struct debian_list all = { 0 };
	const struct strlist nothing = { 0 };
	const struct debian_wish wish = { .keep = &nothing,
					  .locales = &nothing };
	int r = take(x, false, &named, err);

	if (r == 0)
		r = debian_apt_fetch(&x->apt, &named, err);
	if (r == 0)
		r = owners_add_debian(&x->owners, &x->cache, &x->s, x->notes,
				      err);
	if (r == 0)
		r = take(x, true, &all, err);
	if (r == 0)
		r = debian_apt_fetch(&x->apt, &all, err);
	if (r == 0)
		r = tree_new(&x->tree, err);
	if (r == 0)
		r = full_root_start(&x->tree, err);
	if (r == 0)
		r = debian_lay(&x->tree, &x->cache, &all, &wish, x->notes,
			       err);
	return r < 0 ? r : tree_sort(&x->tree, err);
}

/* ---- facts ---- */

static const struct debian_package *named(const struct looking *x)
{
	size_t len = strcspn(x->name, ":=/");

	for (size_t i = 0; i < x->s.packages.n; i++)
		if (strlen(x->s.packages.v[i].name) == len &&
		    !strncmp(x->s.packages.v[i].name, x->name, len))
			return &x->s.packages.v[i];
	return NULL;
}

/* "net", "contrib/net" */
static bool is_section_of_network(const char *section)
{
	static const char *const names[] = { "net", "web", "mail", "comm" };
	const char *slash = strrchr(section, '/');

	section = slash ? slash + 1 : section;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(section, names[i]))
			return true;
	return false;
}

/* What speaks to servers for a program; who has it among its own dependencies
 * means to use it. */
static bool depends_on_network(const char *relations)
{
	static const char *const names[] = {
		"curl", "wget", "ca-certificates", "libcurl4", "libcurl4t64",
		"libcurl3-gnutls", "libcurl3t64-gnutls", "libsoup2.4-1",
		"libsoup-2.4-1", "libsoup-3.0-0", "libssl3", "libssl3t64",
		"libgnutls30", "libgnutls30t64",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (relations_hold(relations, names[i]))
			return true;
	return false;
}

bool init_needs_network(const char *section, const char *depends)
{
	return (section && is_section_of_network(section)) ||
	       (depends && depends_on_network(depends));
}

static void read_control(const struct looking *x, struct init_facts *f)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *section = NULL;
	CLEANUP_FREE char *depends = NULL;
	CLEANUP_FD int dir_fd = -1;
	CLEANUP_FD int fd = -1;
	struct stanza s;
	struct err ignored;
	const char *at;
	size_t len;

	if (debian_cache_unpacked(&x->cache, named(x), x->notes, &dir_fd,
				  &ignored) < 0)
		return;
	fd = openat(dir_fd, "c-control", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fd_slurp(fd, DEB_CONTROL_MAX, &text, &len) < 0)
		return;
	at = text;
	if (!stanza_next(&at, text + len, &s))
		return;
	section = stanza_get(&s, "Section");
	depends = stanza_get(&s, "Depends");
	f->network = init_needs_network(section, depends);
	f->homepage = stanza_get(&s, "Homepage");
	f->summary = stanza_get(&s, "Description");
	if (f->summary)
		f->summary[strcspn(f->summary, "\n")] = '\0';
}

static int find_command(struct looking *x, struct init_facts *f,
			struct err *err)
{
	int r = infer_command(&x->none, &x->tree, &x->owners, &x->desktop,
			      &f->argv, err);

	/* Then the manifest asks for it. */
	if (r == -EINVAL) {
		f->choices = strdup(err->text);
		return f->choices ? 0 : err_nomem(err);
	}
	return r;
}

static int find_version(struct looking *x, struct init_facts *f,
			struct err *err)
{
	int r = infer_version(&x->none, &x->tree, &x->owners, f->argv.n ?
			      f->argv.v[0] : NULL, &f->version, err);

	f->whole_version = r == 0 ? strdup(named(x)->version) : NULL;
	return r < 0 ? r : f->whole_version ? 0 : err_nomem(err);
}

static int find_id(struct looking *x, struct init_facts *f, struct err *err)
{
	CLEANUP_FREE char *stem = x->desktop.path ?
				  desktop_stem(x->desktop.path) : NULL;

	return init_guess_id(x->desktop.appstream.data,
			     x->desktop.appstream.len, stem, f->homepage,
			     named(x)->name, &f->id, &f->id_from, err);
}

static int find_facts(struct looking *x, struct init_facts *f,
		      struct err *err)
{
	int r = desktop_find(&x->tree, &x->none, &x->owners, -1, &x->desktop,
			     err);

	if (r == 0)
		r = find_command(x, f, err);
	if (r == 0)
		r = find_version(x, f, err);
	if (r < 0)
		return r;
	read_control(x, f);
	r = find_id(x, f, err);
	if (r < 0)
		return r;
	f->has_desktop = x->desktop.file.len;
	f->graphical = x->desktop.graphical;
	f->entry = x->desktop.entry;
	x->desktop.entry = (struct desktop_entry){ 0 };
	f->package = strdup(x->name);
	return f->package ? 0 : err_nomem(err);
}

int init_package(const char *name, const struct notes *notes,
		 struct init_facts *ret, struct err *err)
{
	CLEANUP(looking_free) struct looking x = {
		.name = name, .notes = notes, .cache = DEBIAN_CACHE_INIT,
		.apt = DEBIAN_APT_INIT, .tree = TREE_INIT,
		.desktop = DESKTOP_INIT,
	};
	int r = ask(&x, err);

	if (r == 0)
		r = lay(&x, err);
	return r < 0 ? r : find_facts(&x, ret, err);
}
