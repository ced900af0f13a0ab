/*
 * grants.c - the permissions that are kept for (id, origin)
 *
 * The file `grants`: lines `WORD=VALUE` of text.h.  It is read in the lax form,
 * for people may edit it; a word or value that this version does not know grants
 * nothing and is named to the caller (a newer holdall may have written it), and
 * kept when the file is written again.
 */
#include "launcher/state.h"

#include <errno.h>
#include <string.h>

#include "launcher/store.h"
#include "launcher/quoted.h"

#define GRANTS_MAX ((size_t)256 << 10)

/* One line: into the set, or to what is unknown. */
static int read_line(const struct text_line *line, struct perms *set,
		     struct strlist *unknown, struct err *err)
{
	CLEANUP_FREE char *word = strndup(line->key, line->key_len);
	CLEANUP_FREE char *value = NULL;
	struct permission p = { 0 };
	struct err ignored;
	int r;

	if (!word)
		return err_nomem(err);
	if (text_unescape(line->value, line->value_len, &value) < 0)
		return err_set(err, EINVAL, "line %u: bad %%-escape in the value "
			       "of %s", line->number, word);
	if (perm_make(word, value, &p, &ignored) < 0) {
		CLEANUP_BUF struct buf raw = BUF_INIT;

		buf_addf(&raw, "%s=%.*s", word, (int)line->value_len,
			 line->value);
		return buf_check(&raw, err) == 0 &&
		       strlist_add(unknown, buf_text(&raw)) == 0 ?
			0 : err_nomem(err);
	}
	r = perms_add(set, &p, err);
	perm_free(&p);
	return r;
}

int state_read_grants(const struct state *s, struct perms *ret,
		      struct strlist *ret_unknown, struct err *err)
{
	CLEANUP_PERMS struct perms set = { 0 };
	CLEANUP_STRLIST struct strlist unknown = { 0 };
	CLEANUP_FREE char *text = NULL;
	struct text_line line;
	struct quoted q;
	size_t len = 0;
	int r = -ENOENT;

	if (s->dir_fd >= 0)
		r = store_read(s->dir_fd, "grants", GRANTS_MAX, &text, &len,
			       err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0) {
		struct text_lines it = TEXT_LINES(text, len, false);

		while ((r = text_next_line(&it, &line, err)) > 0) {
			r = read_line(&line, &set, &unknown, err);
			if (r < 0)
				break;
		}
		if (r < 0)
			return err_prefix(err, "%s/%s/grants",
					  quote(&q, s->base), s->rel);
	}
	*ret = set;
	*ret_unknown = unknown;
	set = (struct perms){ 0 };
	unknown = (struct strlist){ 0 };
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All lines without newline, in byte order: keys, then values. */
static int make_lines(const struct perms *grants, struct strlist *lines,
		      struct err *err)
{
	for (size_t i = 0; i < grants->n; i++) {
		const struct permission *p = &grants->v[i];
		CLEANUP_BUF struct buf b = BUF_INIT;

		buf_addf(&b, "%s=", perm_word_name(p->word));
		text_escape(&b, p->value, strlen(p->value));
		if (buf_check(&b, err) < 0 ||
		    strlist_add(lines, buf_text(&b)) < 0)
			return err_nomem(err);
	}
	if (lines->n)
		qsort(lines->v, lines->n, sizeof(lines->v[0]), compare_lines);
	return 0;
}

int state_lock_grants(const struct state *s, int *ret_fd, struct err *err)
{
	if (s->dir_fd < 0)
		return err_set(err, EINVAL, "grants have no place yet");
	return store_lock(s->dir_fd, "grants.lock", true, ret_fd, err);
}

int state_write_grants(struct state *s, const struct perms *grants,
		       struct err *err)
{
	CLEANUP_STRLIST struct strlist lines = { 0 };
	CLEANUP_PERMS struct perms old = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	int r;

	if (s->dir_fd < 0)
		return err_set(err, EINVAL, "grants have no place yet");
	/* Fills `lines` with what only a newer version understands. */
	r = state_read_grants(s, &old, &lines, err);
	if (r == 0)
		r = make_lines(grants, &lines, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < lines.n; i++)
		buf_addf(&b, "%s\n", lines.v[i]);
	r = buf_check(&b, err);
	if (r == 0)
		r = store_write(s->dir_fd, "grants", buf_text(&b), b.len, err);
	return r < 0 ? err_prefix(err, "cannot keep the permissions") : r;
}
