/*
 * rows.c - adding rows to a plan, and freeing it
 *
 * Every adder returns 0 or -ENOMEM; makers add them up and ask once.
 */
#include <errno.h>
#include <string.h>

#include "launcher/plan.h"

static void row_free(struct row *r)
{
	free(r->target);
	free(r->base_path);
	free(r->source);
	free(r->text);
	strlist_free(&r->layers);
	free(r->upper);
	free(r->work);
	free(r->why);
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n_rows; i++)
		row_free(&p->rows[i]);
	free(p->rows);
	free(p->hostname);
	strlist_free(&p->argv);
	strlist_free(&p->envp);
	free(p->workdir);
	free(p->root);
	strlist_free(&p->hand_out);
	strlist_free(&p->path);
	strlist_free(&p->warm);
	free(p->keep_fds);
	free(p->setup_fds);
	strlist_free(&p->mountpoints);
	strlist_free(&p->create);
	strlist_free(&p->notes);
	plan_display_free(&p->display);
	*p = PLAN_INIT;
}

/* strdup that takes NULL for NULL; `*failed` collects. */
static char *copy(const char *s, bool *failed)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		*failed = true;
	return c;
}

struct row *plan_row(struct plan *p, enum row_kind kind, const char *target,
		     unsigned flags, const char *why)
{
	bool failed = false;
	struct row *rows, *r;

	if (p->n_rows % 64 == 0) {
		rows = realloc(p->rows, (p->n_rows + 64) * sizeof(*rows));
		if (!rows)
			return NULL;
		p->rows = rows;
	}
	r = &p->rows[p->n_rows];
	*r = (struct row){ .kind = kind, .flags = flags, .mode = 0755 };
	r->target = copy(target, &failed);
	r->why = copy(why, &failed);
	p->n_rows++;
	return failed ? NULL : r;
}

int plan_dir(struct plan *p, const char *target, unsigned mode)
{
	struct row *r = plan_row(p, ROW_DIR, target, 0, NULL);

	if (!r)
		return -ENOMEM;
	r->mode = mode;
	return 0;
}

static int plan_text(struct plan *p, enum row_kind kind, const char *target,
		     const char *text, unsigned flags, const char *why)
{
	struct row *r = plan_row(p, kind, target, flags, why);

	if (!r)
		return -ENOMEM;
	r->text = strdup(text);
	r->text_len = strlen(text);
	return r->text ? 0 : -ENOMEM;
}

int plan_bytes(struct plan *p, const char *target, const char *data,
	       size_t len)
{
	struct row *r = plan_row(p, ROW_FILE, target, 0, NULL);

	if (!r)
		return -ENOMEM;
	r->text = malloc(len + 1);
	if (!r->text)
		return -ENOMEM;
	memcpy(r->text, data, len);
	r->text[len] = '\0';
	r->text_len = len;
	return 0;
}

int plan_link(struct plan *p, const char *target, const char *to)
{
	return plan_text(p, ROW_LINK, target, to, 0, NULL);
}

int plan_file(struct plan *p, const char *target, const char *text)
{
	return plan_text(p, ROW_FILE, target, text, 0, NULL);
}

int plan_open(struct plan *p, const char *target, unsigned mode,
	      const char *why)
{
	struct row *r = plan_row(p, ROW_OPEN, target, 0, why);

	if (!r)
		return -ENOMEM;
	r->mode = mode;
	return 0;
}

int plan_tmpfs(struct plan *p, const char *target, const char *options,
	       unsigned flags, const char *why)
{
	return plan_text(p, ROW_TMPFS, target, options,
			 flags | ROW_MAKE_DIR, why);
}

int plan_setup_fd(struct plan *p, int fd)
{
	int *fds = realloc(p->setup_fds, (p->n_setup_fds + 1) * sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	p->setup_fds = fds;
	fds[p->n_setup_fds++] = fd;
	return 0;
}

int plan_bind(struct plan *p, const char *target, enum plan_base base,
	      const char *base_path, const char *source, unsigned flags,
	      const char *why)
{
	bool failed = false;
	struct row *r = plan_row(p, ROW_BIND, target, flags, why);

	if (!r)
		return -ENOMEM;
	r->base = base;
	r->base_path = copy(base_path, &failed);
	r->source = copy(source, &failed);
	return failed ? -ENOMEM : 0;
}
