/*
 * scripts.c - which packages have a script worth running (see scripts.h)
 */
#include "bundler/scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/debian_deb.h"
#include "runtime/fd.h"

void script_list_free(struct script_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].package);
		free(l->v[i].version);
		free(l->v[i].text);
	}
	free(l->v);
	*l = (struct script_list){ 0 };
}

int script_list_add(struct script_list *l, const char *package,
		    const char *version, const char *text, size_t len,
		    struct err *err)
{
	struct script *v = reallocarray(l->v, l->n + 1, sizeof(*v));
	struct script *s;

	if (!v)
		return err_nomem(err);
	l->v = v;
	s = &v[l->n++];
	*s = (struct script){ .package = strdup(package),
			      .version = strdup(version),
			      .text = malloc(len + 1), .len = len };
	if (!s->package || !s->version || !s->text)
		return err_nomem(err);
	memcpy(s->text, text, len);
	s->text[len] = '\0';
	return 0;
}

static bool mentions(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

static bool is_listed(const struct script_list *l,
		      const struct debian_package *p)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].package, p->name) &&
		    !strcmp(l->v[i].version, p->version))
			return true;
	return false;
}

static int add_package(const struct debian_job *job,
		       const struct debian_package *p,
		       struct script_list *ret, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int fd = -1;
	size_t len;
	int r = debian_cache_unpacked(&job->cache, p, job->notes, &dir, err);

	if (r < 0)
		return r;
	fd = openat(dir, "c-postinst", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 :
		       err_sys(err, errno, "cannot open the postinst of %s",
			       p->name);
	r = fd_slurp(fd, DEB_CONTROL_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read the postinst of %s",
			       p->name);
	if ((!mentions(text, len, "update-alternatives") &&
	     !mentions(text, len, "ucf ")) || is_listed(ret, p))
		return 0;
	return script_list_add(ret, p->name, p->version, text, len, err);
}

int scripts_find(const struct debian_job *job, struct script_list *ret,
		 struct err *err)
{
	CLEANUP_SCRIPT_LIST struct script_list l = { 0 };
	int r = 0;

	for (size_t i = 0; i < job->new.n_sources && r == 0; i++) {
		const struct debian_list *p = &job->new.sources[i].packages;

		for (size_t k = 0; k < p->n && r == 0; k++)
			r = add_package(job, &p->v[k], &l, err);
	}
	if (r < 0)
		return r;
	*ret = l;
	l = (struct script_list){ 0 };
	return 0;
}
