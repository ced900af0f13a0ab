/*
 * written.c - see written.h
 *
 * What lies in the app's home is the app's: it is looked up through the one door,
 * and only whether it is a regular file and when it was changed is asked.
 */
#include "launcher/written.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/path.h"

void written_free(struct written *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].arg);
		free(w->v[i].path);
	}
	free(w->v);
	*w = (struct written){ 0 };
}

/* Does something of the host's lie there, or above: a grant, a named file?  The
 * app's own home is bound too, and can be nobody's grant. */
static bool is_hosts(const struct plan *p, const char *home, const char *path)
{
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct row *r = &p->rows[i];

		if (r->kind == ROW_BIND && r->base == BASE_HOST &&
		    strcmp(r->target, home) != 0 &&
		    path_below(path, r->target))
			return true;
	}
	return false;
}

/* The regular file in the app's home. */
static bool look_in_home(const struct home *h, const char *rel,
			 struct stat *ret)
{
	CLEANUP_FREE char *path = path_join("upper", rel);
	CLEANUP_FD int fd = -1;

	if (path && h->dir_fd >= 0)
		fd = path_try_beneath(h->dir_fd, path, O_PATH, 0);
	return fd >= 0 && fstat(fd, ret) == 0 && S_ISREG(ret->st_mode);
}

static void note(const struct plan_input *in, const struct plan *p,
		 const char *arg, struct written *w)
{
	const char *cwd = in->probe->cwd;
	CLEANUP_FREE char *joined = NULL;
	CLEANUP_FREE char *path = NULL;
	struct written_name name = { 0 };
	struct stat st;

	if (!*arg || *arg == '-' || strlen(arg) >= PATH_MAX ||
	    (*arg != '/' && !cwd))
		return;
	joined = *arg == '/' ? strdup(arg) : path_join(cwd, arg);
	path = joined ? path_normalise(joined) : NULL;
	if (!path || lstat(path, &st) == 0 || errno != ENOENT)
		return;
	name.in_home = path_below(path, in->probe->home);
	if (!name.in_home && !path_below(path, "/tmp"))
		return;
	/* In the closed working directory nothing can be made. */
	if ((p->cwd_closed && path_below(path, cwd)) ||
	    is_hosts(p, in->probe->home, path))
		return;
	if (name.in_home && look_in_home(in->home, name.in_home, &st)) {
		name.changed = st.st_ctim;
		name.ino = st.st_ino;
	}
	name.arg = strdup(arg);
	name.path = steal_ptr(&path);
	if (!name.arg) {
		free(name.path);
		return;
	}
	w->v[w->n++] = name;
}

void written_note(const struct plan_input *in, const struct plan *p,
		  struct written *ret)
{
	const struct strlist *args = &in->options->app_args;

	if (!args->n)
		return;
	ret->v = calloc(WRITTEN_MAX, sizeof(*ret->v));
	for (size_t i = 0; ret->v && i < args->n && ret->n < WRITTEN_MAX; i++)
		note(in, p, args->v[i], ret);
}

static bool is_new(const struct plan_input *in, const struct written_name *n)
{
	struct stat st;

	return look_in_home(in->home, n->in_home, &st) &&
	       (st.st_ino != n->ino ||
		st.st_ctim.tv_sec != n->changed.tv_sec ||
		st.st_ctim.tv_nsec != n->changed.tv_nsec);
}

void written_look(const struct plan_input *in, const struct written *w,
		  bool well, struct strlist *ret)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct written_name *n = &w->v[i];
		CLEANUP_BUF struct buf text = BUF_INIT;

		if (n->in_home && is_new(in, n))
			buf_addf(&text, "%s was written into the app's own "
				 "home: %s/%s/upper/%s", n->arg,
				 in->state->base, in->home->rel, n->in_home);
		else if (!n->in_home && well && access(n->path, F_OK) < 0)
			buf_addf(&text, "%s is not on this computer: the app's "
				 "/tmp is its own and gone with it", n->arg);
		if (text.len && !text.failed)
			(void)strlist_add(ret, text.data);
	}
}
