/*
 * pattern.c - WORD, WORD=* and WORD=VALUE (see pattern.h)
 */
#include "launcher/pattern.h"

#include <errno.h>
#include <string.h>

#include "runtime/text.h"

void pattern_free(struct pattern *p)
{
	free(p->value);
	p->value = NULL;
}

static int find_word(const char *word, enum perm_word *ret, struct err *err)
{
	const char *names[PERM_WORDS], *near;
	char quoted[128];

	for (unsigned i = 0; i < PERM_WORDS; i++) {
		names[i] = perm_word_name((enum perm_word)i);
		if (!strcmp(names[i], word)) {
			*ret = (enum perm_word)i;
			return 0;
		}
	}
	near = text_nearest(word, names, PERM_WORDS);
	err_set(err, EINVAL, "unknown permission %s",
		text_quoted(quoted, sizeof(quoted), word));
	return near ? err_hint(err, "did you mean %s?", near) : -EINVAL;
}

int pattern_make(const char *word, const char *value, struct pattern *ret,
		 struct err *err)
{
	struct permission p = { 0 };
	enum perm_word w;
	int r;

	if (!value || !strcmp(value, "*")) {
		r = find_word(word, &w, err);
		if (r < 0)
			return r;
		*ret = (struct pattern){ .word = w };
		return 0;
	}
	r = perm_make(word, value, &p, err);
	if (r < 0)
		return r;
	*ret = (struct pattern){ .word = p.word, .value = p.value };
	return 0;
}

int pattern_parse(const char *text, struct pattern *ret, struct err *err)
{
	const char *eq = strchr(text, '=');
	CLEANUP_FREE char *word = strndup(text, strcspn(text, "="));

	if (!word)
		return err_nomem(err);
	return pattern_make(word, eq ? eq + 1 : NULL, ret, err);
}

bool pattern_matches(const struct pattern *p, const struct permission *perm)
{
	return p->word == perm->word &&
	       (!p->value || !strcmp(p->value, perm->value));
}

size_t pattern_remove(const struct pattern *p, struct perms *set)
{
	size_t removed = 0;

	/* In place: the set stays sorted, and nothing here can fail. */
	for (size_t i = 0; i < set->n;) {
		if (!pattern_matches(p, &set->v[i])) {
			i++;
			continue;
		}
		free(set->v[i].value);
		memmove(&set->v[i], &set->v[i + 1],
			(set->n - i - 1) * sizeof(set->v[0]));
		set->n--;
		removed++;
	}
	return removed;
}
