/*
 * rules.c - see rules.h and the head of files.rules
 */
#include "bundler/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 512u
#define RULE_LINES_MAX 128u

void rules_free(struct rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->v[i].n_lines; k++)
			free(r->v[i].lines[k].text);
		free(r->v[i].lines);
		free(r->v[i].pattern);
	}
	free(r->v);
	*r = (struct rules){ 0 };
}

static int add_rule(struct rules *r, char *pattern)
{
	struct rule *v = NULL;

	if (r->n < RULES_MAX)
		v = realloc(r->v, (r->n + 1) * sizeof(*v));
	if (!v) {
		free(pattern);
		return -ENOMEM;
	}
	r->v = v;
	r->v[r->n++] = (struct rule){ .pattern = pattern };
	return 0;
}

static int add_line(struct rule *rule, enum rule_action action, char *text)
{
	struct rule_line *v = NULL;

	if (rule->n_lines < RULE_LINES_MAX)
		v = realloc(rule->lines, (rule->n_lines + 1) * sizeof(*v));
	if (!v) {
		free(text);
		return -ENOMEM;
	}
	rule->lines = v;
	v[rule->n_lines++] = (struct rule_line){ action, text };
	return 0;
}

static int bad_line(const char *name, unsigned number, const char *why,
		    struct err *err)
{
	return err_set(err, EINVAL, "%s:%u: %s", name, number, why);
}

static int take_line(struct rules *r, const char *name, unsigned number,
		     const char *line, size_t len, struct err *err)
{
	static const char *const words[] = {
		[RULE_ADD] = "add", [RULE_SKIP] = "skip", [RULE_LIB] = "lib",
	};
	CLEANUP_FREE char *copy = strndup(line, len);
	char *word, *value, *more, *save;

	if (!copy)
		return err_nomem(err);
	word = strtok_r(copy, " \t\r", &save);
	if (!word || word[0] == '#')
		return 0;
	value = strtok_r(NULL, " \t\r", &save);
	more = strtok_r(NULL, " \t\r", &save);
	if (!value || more)
		return bad_line(name, number, "a word and one value expected",
				err);
	value = strdup(value);
	if (!value)
		return err_nomem(err);
	if (!strcmp(word, "match"))
		return add_rule(r, value) < 0 ? err_nomem(err) : 0;
	for (unsigned i = 0; r->n && i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i]))
			return add_line(&r->v[r->n - 1], i, value) < 0 ?
			       err_nomem(err) : 0;
	free(value);
	return bad_line(name, number, "match, add, skip or lib expected", err);
}

int rules_read(const char *name, const char *text, size_t len,
	       struct rules *ret, struct err *err)
{
	CLEANUP_RULES struct rules r = { 0 };
	unsigned number = 0;
	size_t at = 0;

	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		int e = take_line(&r, name, ++number, text + at, n, err);

		if (e < 0)
			return e;
		at += n + 1;
	}
	*ret = r;
	r = (struct rules){ 0 };
	return 0;
}

bool rule_match(const struct rule *r, const char *path, char **ret_star)
{
	const char *pattern = r->pattern, *star;
	size_t len, before, after;

	if (!strncmp(pattern, "**/", 3)) {
		const char *slash = strrchr(path, '/');

		pattern += 3;
		path = slash ? slash + 1 : path;
	}
	len = strlen(path);
	star = strchr(pattern, '*');
	before = star ? (size_t)(star - pattern) : strlen(pattern);
	after = star ? strlen(star + 1) : 0;
	if (len < before + after || strncmp(path, pattern, before) ||
	    (star ? strcmp(path + len - after, star + 1) : len != before))
		return false;
	*ret_star = strndup(path + before, len - before - after);
	return true;
}

char *rule_text(const struct rule_line *l, const char *star)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (const char *p = l->text; *p; p++) {
		if (p[0] == '%' && p[1] == '1') {
			buf_adds(&out, star);
			p++;
		} else {
			buf_addc(&out, *p);
		}
	}
	return buf_steal(&out);
}
