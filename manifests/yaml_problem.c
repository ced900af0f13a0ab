/*
 * yaml_problem.c - libyaml's syntax errors in plain words
 *
 * libyaml speaks of tokens, indicators and simple keys.  For the mistakes that
 * people make there is a row: its problem text, what to say, what to do, and
 * whether the place where the thing began says more than where it failed.
 */
#include "manifests/yaml_problem.h"

#include <string.h>

#include "runtime/text.h"

static const struct problem_row {
	const char *problem;
	const char *message, *hint;
	bool at_context;
} rows[] = {
	{ "mapping values are not allowed in this context",
	  "a colon is not allowed here",
	  "indent the line like its neighbours, or quote a text that holds \": \"",
	  false },
	{ "could not find expected ':'", "the key has no colon behind it",
	  "write KEY: VALUE, with a space behind the colon", true },
	{ "did not find expected key", "this is neither a key nor the map's end",
	  "indent the line like its neighbours, or quote the text before it",
	  false },
	{ "did not find expected '-' indicator",
	  "the list ends in the middle", "begin each item with \"- \" at the same "
	  "column", false },
	{ "block sequence entries are not allowed in this context",
	  "a list cannot begin here", "write it in the lines below the key, or in "
	  "brackets", false },
	{ "did not find expected ',' or ']'", "the list in brackets is not closed",
	  "put a comma between the items and ] at the end", true },
	{ "did not find expected ',' or '}'", "the map in braces is not closed",
	  "put a comma between the keys and } at the end", true },
	{ "found unexpected end of stream", "the quotes are not closed",
	  "put the same quote at the end of the text", true },
	{ "found unexpected document indicator", "the quotes are not closed",
	  "put the same quote at the end of the text", true },
	{ "found unknown escape character", "this escape does not exist",
	  "write \\\\ for a backslash, or put the text in single quotes", false },
	{ "found a tab character where an indentation space is expected",
	  "a tab cannot indent", "use spaces", false },
	{ "found a tab character that violates indentation",
	  "a tab cannot indent", "use spaces", false },
	{ "did not find expected <document start>",
	  "something stands behind the end of the document",
	  "indent the line like its neighbours", false },
	{ "did not find expected node content", "a value is missing here",
	  "write it, or quote a text that begins with this character", false },
	{ "did not find expected alphabetic or numeric character",
	  "a text cannot begin with * or &", "quote this: put \" on both sides",
	  true },
	{ "exceeded maximum nesting level", "too many levels", NULL, false },
};

/* The character at a mark; 0 at the end. */
static char char_at(const struct report *r, const yaml_mark_t *mark)
{
	return mark->index < r->len ? r->text[mark->index] : '\0';
}

/* libyaml counts characters: the byte index is found by walking. */
static yaml_mark_t byte_mark(const struct report *r, const yaml_mark_t *mark)
{
	yaml_mark_t found = *mark;
	size_t at = 0;

	for (size_t i = 0; i < mark->index && at < r->len; i++) {
		size_t n = text_utf8_length(r->text + at, r->len - at);

		at += n ? n : 1;
	}
	found.index = at;
	return found;
}

/* A tab, or a character that YAML keeps for itself, begins a text. */
static void report_start(struct report *r, const yaml_mark_t *mark,
			 struct mark place)
{
	const yaml_mark_t at = byte_mark(r, mark);
	char c = char_at(r, &at);

	if (c == '\t')
		report_add(r, place, "use spaces", "a tab cannot indent");
	else
		report_add(r, place, "quote this: put \" on both sides",
			   "a text cannot begin with %c", c > ' ' ? c : '?');
}

static struct mark place_of(const yaml_mark_t *m)
{
	return (struct mark){ (unsigned)m->line + 1, (unsigned)m->column + 1 };
}

void yaml_problem_report(const yaml_parser_t *parser, struct report *report)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";
	struct mark place = place_of(&parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR) {
		report->nomem = true;
		return;
	}
	if (strcmp(problem, "found character that cannot start any token") == 0) {
		report_start(report, &parser->problem_mark, place);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(problem, rows[i].problem) != 0)
			continue;
		if (rows[i].at_context && parser->context)
			place = place_of(&parser->context_mark);
		report_add(report, place, rows[i].hint, "%s", rows[i].message);
		return;
	}
	report_add(report, place, NULL, "%s", problem);
}
