/*
 * limits.c - one limit from text
 *
 * Rows of the table's map `limits`; used for the manifest, for --limit and for
 * settings alike.
 */
#include <string.h>

#include "manifests/header.h"
#include "manifests/table.h"

void limit_free(struct header_limit *l)
{
	free(l->word);
	free(l->value);
	*l = (struct header_limit){ 0 };
}

static int unknown_limit(const char *word, struct err *err)
{
	const char *near = key_nearest(MAP_LIMITS, word);
	char space[96];

	err_set(err, EINVAL, "unknown limit %s",
		value_shown(space, sizeof(space), word));
	if (near)
		return err_hint(err, "did you mean \"%s\"?", near);
	return err_hint(err, "the words are memory, cpu, tasks, time, io");
}

int limit_parse(const char *word, const char *text, struct header_limit *ret,
		struct err *err)
{
	static const char require[] = "require ";
	const struct key_row *row = key_find(MAP_LIMITS, word);
	struct header_limit l = { 0 };
	int r;

	if (!row)
		return unknown_limit(word, err);
	if (strncmp(text, require, sizeof(require) - 1) == 0) {
		l.require = true;
		text += sizeof(require) - 1;
		text += strspn(text, " ");
	}
	r = value_read(row->value, row->choices, text, &l.value, err);
	if (r < 0)
		return r;
	l.word = strdup(word);
	if (!l.word) {
		limit_free(&l);
		return err_nomem(err);
	}
	*ret = l;
	return 0;
}
