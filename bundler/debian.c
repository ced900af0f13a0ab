/*
 * debian.c - see debian.h
 */
#include "bundler/debian.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/debian_apt.h"
#include "bundler/debian_tree.h"
#include "bundler/output.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define KEYRING_MAX ((size_t)4 << 20)

void debian_job_free(struct debian_job *j)
{
	free(j->lock_path);
	free(j->lock_name);
	free(j->old_text);
	debian_cache_free(&j->cache);
	lock_free(&j->old);
	lock_free(&j->new);
	*j = DEBIAN_JOB_INIT;
}

/* ---- the lock's file ---- */

/* "a/holdall.yaml" -> "a/holdall.lock"; any other ending stays. */
static char *lock_path_of(const char *manifest)
{
	static const char *const endings[] = { ".yaml", ".yml" };
	size_t len = strlen(manifest);
	char *s;

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(manifest + len - n, endings[i])) {
			len -= n;
			break;
		}
	}
	return asprintf(&s, "%.*s.lock", (int)len, manifest) < 0 ? NULL : s;
}

static int read_lock(struct debian_job *j, struct err *err)
{
	CLEANUP_FD int fd = openat(j->recipe->dir_fd, j->lock_name, O_RDONLY |
				   O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", j->lock_path);
	r = fd_slurp(fd, LOCK_MAX, &j->old_text, &j->old_len);
	if (r < 0)
		return err_sys(err, -r, "cannot read %s", j->lock_path);
	r = lock_parse(j->old_text, j->old_len, &j->old, err);
	if (r == 0) {
		j->has_old = true;
		return 0;
	}
	/* A lock that cannot be read is what `holdall lock` is there for. */
	if (j->refresh && r != -ENOMEM)
		return 0;
	return err_prefix(err, "%s", j->lock_path);
}

static int check_architecture(const struct debian_job *j, struct err *err)
{
	if (!j->has_old || j->refresh ||
	    !strcmp(j->old.architecture, lock_architecture()))
		return 0;
	return err_set(err, EINVAL, "%s is for %s, this computer is %s; pack "
		       "there, or make one for here with `holdall lock`",
		       j->lock_path, j->old.architecture, lock_architecture());
}

static bool has_debian(const struct manifest *m)
{
	for (size_t i = 0; i < m->n_sources; i++)
		if (m->sources[i].kind == SOURCE_DEBIAN)
			return true;
	return false;
}

static int open_job(struct debian_job *j, struct err *err)
{
	const char *slash;
	int r;

	j->lock_path = lock_path_of(j->recipe->manifest.file);
	j->new.architecture = strdup(lock_architecture());
	if (!j->lock_path || !j->new.architecture)
		return err_nomem(err);
	slash = strrchr(j->lock_path, '/');
	j->lock_name = strdup(slash ? slash + 1 : j->lock_path);
	if (!j->lock_name)
		return err_nomem(err);
	r = read_lock(j, err);
	if (r == 0)
		r = check_architecture(j, err);
	if (r == 0 && j->locked && !j->has_old)
		r = err_set(err, ENOENT, "--locked: there is no %s; make it "
			    "with `holdall lock`", j->lock_path);
	return r < 0 ? r : debian_job_cache(j, err);
}

int debian_job_cache(struct debian_job *j, struct err *err)
{
	return j->cache.fd >= 0 ? 0 : debian_cache_open(&j->cache, err);
}

int debian_job_open(const struct recipe *r, bool locked, bool refresh,
		    const struct notes *notes, struct debian_job *ret,
		    struct err *err)
{
	CLEANUP_DEBIAN_JOB struct debian_job j = DEBIAN_JOB_INIT;
	int e;

	j.recipe = r;
	j.notes = notes;
	j.locked = locked;
	j.refresh = refresh;
	e = has_debian(&r->manifest) ? open_job(&j, err) : 0;
	if (e < 0)
		return e;
	*ret = j;
	j = DEBIAN_JOB_INIT;
	return 0;
}

int debian_job_text(const struct debian_job *j, struct buf *ret,
		    struct err *err)
{
	return j->new.n_sources ? lock_format(&j->new, ret, err) : 0;
}

int debian_job_save(const struct debian_job *j, struct err *err)
{
	CLEANUP_OUTPUT struct output o = OUTPUT_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	int r = debian_job_text(j, &text, err);

	if (r < 0 || !text.len)
		return r;
	if (j->old_text && j->old_len == text.len &&
	    !memcmp(j->old_text, text.data, text.len))
		return 0;
	r = output_open(j->lock_path, false, &o, err);
	if (r < 0)
		return r;
	o.mode = 0644;
	r = fd_write_all(o.fd, text.data, text.len);
	if (r < 0)
		return err_sys(err, -r, "cannot write %s", j->lock_path);
	return output_commit(&o, err);
}

/* ---- one source ---- */

struct keyring {
	char *data;
	size_t len;
};

static void keyring_free(struct keyring *k)
{
	free(k->data);
}

static int read_keyring(const struct debian_job *j, const struct source *s,
			struct keyring *ret, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	if (!s->keyring)
		return 0;
	fd = openat(j->recipe->dir_fd, s->keyring, O_RDONLY | O_CLOEXEC |
		    O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "cannot open the keyring %s",
			       s->keyring);
	r = fd_slurp(fd, KEYRING_MAX, &ret->data, &ret->len);
	return r < 0 ? err_sys(err, -r, "cannot read the keyring %s",
			       s->keyring) : 0;
}

/* What the manifest asks for, in the lock's words. */
static int set_wanted(const struct debian_job *j, const struct source *s,
		      const struct keyring *k, struct lock_source *ret,
		      struct err *err)
{
	char hash[SHA256_TEXT + 1];

	/* One base is enough: the first source brings it. */
	ret->base = !j->recipe->manifest.base_none && !j->new.n_sources;
	if (strlist_copy(&ret->request, &s->items) < 0 ||
	    strlist_copy(&ret->uris, &s->uris) < 0)
		return err_nomem(err);
	if (s->suite && !(ret->suite = strdup(s->suite)))
		return err_nomem(err);
	if (k->data) {
		sha256_text(k->data, k->len, hash);
		ret->keyring = strdup(hash);
		if (!ret->keyring)
			return err_nomem(err);
	}
	return 0;
}

/* The old lock's part for the source that comes next, or NULL. */
static const struct lock_source *old_part(const struct debian_job *j)
{
	return j->has_old && j->new.n_sources < j->old.n_sources ?
	       &j->old.sources[j->new.n_sources] : NULL;
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
	};

	if (!n.name || !n.version || !n.arch || !n.sha256 || !n.path ||
	    !n.source || !n.source_version)
		return err_nomem(err);
	return debian_list_add(to, &n, err);
}

static int take_part(const struct lock_source *from, struct lock_source *to,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < from->packages.n && r == 0; i++)
		r = copy_package(&to->packages, &from->packages.v[i], err);
	if (r == 0 && strlist_copy(&to->index, &from->index) < 0)
		r = err_nomem(err);
	return r;
}

static const char *first_new(const struct lock_source *old,
			     const struct lock_source *new)
{
	for (size_t i = 0; i < new->request.n; i++)
		if (!old || !strlist_has(&old->request, new->request.v[i]))
			return new->request.v[i];
	return NULL;
}

static int not_locked(const struct debian_job *j,
		      const struct lock_source *old,
		      const struct lock_source *new, struct err *err)
{
	const char *name = first_new(old, new);

	if (name)
		return err_set(err, EINVAL, "--locked: %s is not in %s; add it "
			       "with `holdall lock`", name, j->lock_path);
	return err_set(err, EINVAL, "--locked: the manifest asks for something "
		       "else than %s was made for; make it anew with `holdall "
		       "lock`", j->lock_path);
}

/* Versions that could not be kept. */
static void say_moved(const struct debian_job *j, const struct debian_list *old,
		      const struct debian_list *new)
{
	for (size_t i = 0; i < old->n; i++) {
		const struct debian_package *p = &old->v[i];
		const struct debian_package *now =
			debian_list_find(new, p->name, p->arch);

		if (now && strcmp(now->version, p->version))
			notes_note(j->notes, "the archive no longer has %s %s; "
				   "took %s", p->name, p->version,
				   now->version);
	}
}

struct part {
	struct keyring keyring;
	struct lock_source s;
	struct debian_apt apt;
	bool has_apt;
};

#define PART_INIT ((struct part){ .apt = DEBIAN_APT_INIT })

static void part_free(struct part *p)
{
	debian_apt_free(&p->apt);
	lock_source_free(&p->s);
	keyring_free(&p->keyring);
}

static int part_apt(struct debian_job *j, struct part *p, struct err *err)
{
	int r;

	if (p->has_apt)
		return 0;
	r = debian_apt_open(&j->cache, &p->s, p->keyring.data, p->keyring.len,
			    j->notes, &p->apt, err);
	p->has_apt = r == 0;
	return r;
}

/* `force`: fetch the index in any case. */
static int ask_apt(struct debian_job *j, struct part *p,
		   const struct lock_source *old, bool force, struct err *err)
{
	const struct debian_list *pins = old && !j->refresh ? &old->packages :
							      NULL;
	int r = part_apt(j, p, err);

	if (r == 0)
		r = debian_apt_update(&p->apt, force, err);
	if (r == 0)
		r = debian_apt_resolve(&p->apt, &p->s, pins, err);
	if (r == 0 && pins)
		say_moved(j, pins, &p->s.packages);
	return r;
}

static int find_packages(struct debian_job *j, const struct source *s,
			 struct part *p, struct err *err)
{
	const struct lock_source *old = old_part(j);
	int r = read_keyring(j, s, &p->keyring, err);

	if (r == 0)
		r = set_wanted(j, s, &p->keyring, &p->s, err);
	if (r < 0)
		return r;
	if (!j->refresh && old && lock_source_fits(old, &p->s))
		return take_part(old, &p->s, err);
	if (j->locked)
		return not_locked(j, old, &p->s, err);
	return ask_apt(j, p, old, j->refresh, err);
}

static int all_cached(const struct debian_job *j, const struct debian_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!debian_cache_has(&j->cache, &l->v[i]))
			return false;
	return true;
}

static int fetch(struct debian_job *j, struct part *p, struct err *err)
{
	int r = 0;

	if (all_cached(j, &p->s.packages))
		return 0;
	r = part_apt(j, p, err);
	return r < 0 ? r : debian_apt_fetch(&p->apt, &p->s.packages, err);
}

/* Damage in the cache shows when a package is laid: the damaged .deb is dropped
 * then, and one more fetch brings it back before anything is laid. */
static int unpack(struct debian_job *j, struct part *p, struct err *err)
{
	bool again = false;
	int r = fetch(j, p, err);

	for (size_t i = 0; i < p->s.packages.n && r == 0; i++) {
		CLEANUP_FD int fd = -1;

		r = debian_cache_unpacked(&j->cache, &p->s.packages.v[i],
					  j->notes, &fd, err);
		if (r != -ENOENT || again)
			continue;
		notes_note(j->notes, "%s; fetching it again", err->text);
		again = true;
		r = fetch(j, p, err);
		i--;
	}
	return r;
}

static int add_part(struct debian_job *j, const struct source *s,
		    struct tree *t, struct part *p, struct err *err)
{
	const struct manifest *m = &j->recipe->manifest;
	struct debian_wish wish = { .line = s->line, .keep = &m->keep,
				    .locales = &m->locales };
	int r = find_packages(j, s, p, err);

	if (r == 0 && t)
		r = unpack(j, p, err);
	if (r == 0 && t) {
		notes_step(j->notes, "laying out %zu packages",
			   p->s.packages.n);
		r = debian_lay(t, &j->cache, &p->s.packages, &wish, j->notes,
			       err);
	}
	return r < 0 ? r : lock_add_source(&j->new, &p->s, err);
}

static int run_part(struct debian_job *j, const struct source *s,
		    struct tree *t, struct err *err)
{
	CLEANUP(part_free) struct part p = PART_INIT;
	int r = add_part(j, s, t, &p, err);

	return r < 0 && r != -EINTR ?
	       err_prefix(err, "%s:%u", j->recipe->manifest.file, s->line) : r;
}

int debian_source(struct debian_job *j, const struct source *s,
		  struct tree *t, struct err *err)
{
	return run_part(j, s, t, err);
}

int debian_resolve(struct debian_job *j, const struct source *s,
		   struct err *err)
{
	return run_part(j, s, NULL, err);
}

/* ---- tools ---- */

/* Like the first source in all but what is asked for. */
static int want_tools(const struct debian_job *j, const struct strlist *names,
		      struct lock_source *ret, struct err *err)
{
	const struct lock_source *first = &j->new.sources[0];

	if (strlist_copy(&ret->request, names) < 0 ||
	    strlist_copy(&ret->uris, &first->uris) < 0)
		return err_nomem(err);
	if ((first->suite && !(ret->suite = strdup(first->suite))) ||
	    (first->keyring && !(ret->keyring = strdup(first->keyring))))
		return err_nomem(err);
	return 0;
}

static const struct source *first_source(const struct manifest *m)
{
	for (size_t i = 0; i < m->n_sources; i++)
		if (m->sources[i].kind == SOURCE_DEBIAN)
			return &m->sources[i];
	return NULL;
}

static int find_tools(struct debian_job *j, const struct strlist *names,
		      struct part *p, struct err *err)
{
	const struct lock_source *old = j->has_old && j->old.tools.packages.n ?
					&j->old.tools : NULL;
	int r = read_keyring(j, first_source(&j->recipe->manifest),
			     &p->keyring, err);

	if (r == 0)
		r = want_tools(j, names, &p->s, err);
	if (r < 0)
		return r;
	if (!j->refresh && old && lock_source_fits(old, &p->s))
		return take_part(old, &p->s, err);
	if (j->locked)
		return err_set(err, EINVAL, "--locked: %s lacks the tools of "
			       "post-steps (%s); pack once without --locked",
			       j->lock_path, names->v[0]);
	/* Its index is the first source's, which is new. */
	return ask_apt(j, p, old, false, err);
}

static int add_tools(struct debian_job *j, const struct strlist *names,
		     struct tree *t, struct part *p, struct err *err)
{
	struct strlist all = { .v = (char *[]){ (char *)"usr/share/i18n",
						NULL }, .n = 1 };
	struct debian_wish wish = { .keep = &all,
				    .locales = &(struct strlist){ 0 } };
	int r = find_tools(j, names, p, err);

	if (r == 0 && t)
		r = unpack(j, p, err);
	if (r == 0 && t)
		r = debian_lay(t, &j->cache, &p->s.packages, &wish, j->notes,
			       err);
	if (r < 0)
		return r;
	lock_source_free(&j->new.tools);
	j->new.tools = p->s;
	p->s = (struct lock_source){ 0 };
	return 0;
}

int debian_tools(struct debian_job *j, const struct strlist *names,
		 struct tree *t, struct err *err)
{
	CLEANUP(part_free) struct part p = PART_INIT;
	int r;

	if (!names->n || !j->new.n_sources)
		return 0;
	r = add_tools(j, names, t, &p, err);
	return r < 0 && r != -EINTR ? err_prefix(err, "tools of post-steps") :
				      r;
}

int debian_resolve_tools(struct debian_job *j, const char *more,
			 struct err *err)
{
	CLEANUP_STRLIST struct strlist names = { 0 };

	if (j->has_old && strlist_copy(&names, &j->old.tools.request) < 0)
		return err_nomem(err);
	if (more && !strlist_has(&names, more) && strlist_add(&names, more) < 0)
		return err_nomem(err);
	return debian_tools(j, &names, NULL, err);
}
