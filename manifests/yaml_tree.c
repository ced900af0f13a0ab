/*
 * yaml_tree.c - libyaml's events to a tree (see yaml_tree.h)
 *
 * The bytes are looked at first (size, UTF-8, control characters), so that
 * libyaml sees nothing it would read differently from a person: its exotic line
 * breaks and other encodings never reach it.  Then one event after another is
 * hung into the tree; open lists and maps stand on a stack of fixed height, so
 * depth costs no recursion, and all nodes are on one chain, so freeing does not
 * either.
 */
#include "manifests/yaml_tree.h"

#include <string.h>
#include <yaml.h>

#include "manifests/values.h"
#include "manifests/yaml_problem.h"
#include "runtime/text.h"

struct builder {
	struct report *report;
	struct yaml_tree tree;
	struct yaml_node *open[YAML_LEVELS_MAX];
	unsigned depth;
	char *key;			/* read, its value is still to come */
	struct mark key_mark;
	unsigned documents;
	bool key_broken;
	bool stop;			/* nothing sensible can follow */
};

void yaml_tree_free(struct yaml_tree *tree)
{
	struct yaml_node *next;

	for (struct yaml_node *n = tree->all; n; n = next) {
		next = n->made_before;
		free(n->text);
		free(n->key);
		free(n);
	}
	*tree = (struct yaml_tree){ 0 };
}

static void builder_free(struct builder *b)
{
	yaml_tree_free(&b->tree);
	free(b->key);
}

static struct mark mark_of(const yaml_mark_t *m)
{
	return (struct mark){ (unsigned)m->line + 1, (unsigned)m->column + 1 };
}

/* ---- nodes ----------------------------------------------------------------------- */

static struct yaml_node *parent_of(const struct builder *b)
{
	return b->depth ? b->open[b->depth - 1] : NULL;
}

static bool wants_key(const struct builder *b)
{
	const struct yaml_node *parent = parent_of(b);

	return parent && parent->kind == YAML_MAP && !b->key;
}

static void hang(struct builder *b, struct yaml_node *node)
{
	struct yaml_node *parent = parent_of(b);

	if (!parent) {
		b->tree.root = node;
		return;
	}
	if (parent->kind == YAML_MAP) {
		node->key = steal_ptr(&b->key);
		node->key_mark = b->key_mark;
		node->broken = b->key_broken;
		b->key_broken = false;
	}
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->n++;
}

/* A fresh node in its place in the tree; NULL: stop is set or memory ended. */
static struct yaml_node *node_new(struct builder *b, enum yaml_kind kind,
				  struct mark mark)
{
	struct yaml_node *node;

	if (b->tree.n >= YAML_NODES_MAX) {
		report_add(b->report, mark, NULL, "more than %d values",
			   YAML_NODES_MAX);
		b->stop = true;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		b->report->nomem = true;
		return NULL;
	}
	node->kind = kind;
	node->mark = mark;
	node->made_before = b->tree.all;
	b->tree.all = node;
	b->tree.n++;
	hang(b, node);
	return node;
}

/* Anchor and tag mean nothing here; true when there was one. */
static bool refuse_properties(struct builder *b, const yaml_char_t *anchor,
			      const yaml_char_t *tag, struct mark mark)
{
	char shown[96];

	if (anchor)
		report_add(b->report, mark, "write the value out where it is used",
			   "anchors are not allowed: &%s",
			   text_quoted(shown, sizeof(shown),
				       (const char *)anchor));
	else if (tag)
		report_add(b->report, mark, "leave it out; if the text shall begin"
			   " with !, quote it", "tags are not allowed: %s",
			   text_quoted(shown, sizeof(shown),
				       (const char *)tag));
	return anchor || tag;
}

/* ---- keys ------------------------------------------------------------------------ */

static const struct yaml_node *find_key(const struct yaml_node *map,
					const char *key)
{
	for (const struct yaml_node *n = map->first; n; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

static void check_key(struct builder *b, const yaml_event_t *e)
{
	const struct yaml_node *before = find_key(parent_of(b), b->key);
	char shown[96], hint[64];

	if (strcmp(b->key, "<<") == 0 &&
	    e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		report_add(b->report, b->key_mark, "write the keys out",
			   "merge keys (<<) are not allowed");
		b->key_broken = true;
	} else if (before) {
		(void)snprintf(hint, sizeof(hint), "the first is in line %u",
			       before->key_mark.line);
		report_add(b->report, b->key_mark, hint, "the key %s stands twice",
			   value_shown(shown, sizeof(shown), b->key));
		b->key_broken = true;
	}
	if (parent_of(b)->n < YAML_KEYS_MAX)
		return;
	report_add(b->report, b->key_mark, NULL, "more than %d keys in one map",
		   YAML_KEYS_MAX);
	b->stop = true;
}

/* An escape of double quotes can write a NUL, where our texts end. */
static bool refuse_nul(struct builder *b, const yaml_event_t *e)
{
	if (!memchr(e->data.scalar.value, '\0', e->data.scalar.length))
		return false;
	report_add(b->report, mark_of(&e->start_mark), "leave \\0 out",
		   "the text holds a NUL character");
	return true;
}

static char *scalar_text(struct builder *b, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	char *copy;

	copy = strndup(text, len);
	if (!copy)
		b->report->nomem = true;
	return copy;
}

static void on_key(struct builder *b, const yaml_event_t *e)
{
	b->key = scalar_text(b, e);
	b->key_mark = mark_of(&e->start_mark);
	if (!b->key)
		return;
	b->key_broken = refuse_properties(b, e->data.scalar.anchor,
					  e->data.scalar.tag, b->key_mark) ||
			refuse_nul(b, e);
	check_key(b, e);
}

static void refuse_key(struct builder *b, struct mark mark)
{
	report_add(b->report, mark, "write a plain word and a colon",
		   "a key has to be text");
	b->stop = true;
}

/* ---- events ---------------------------------------------------------------------- */

static void on_scalar(struct builder *b, const yaml_event_t *e)
{
	struct mark mark = mark_of(&e->start_mark);
	struct yaml_node *node;

	if (wants_key(b)) {
		on_key(b, e);
		return;
	}
	node = node_new(b, YAML_TEXT, mark);
	if (!node)
		return;
	node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = scalar_text(b, e);
	if (refuse_properties(b, e->data.scalar.anchor, e->data.scalar.tag, mark) ||
	    refuse_nul(b, e))
		node->broken = true;
}

static void on_alias(struct builder *b, const yaml_event_t *e)
{
	struct mark mark = mark_of(&e->start_mark);
	struct yaml_node *node;
	char shown[96];

	report_add(b->report, mark,
		   "write the value out; if the text shall begin with *, quote it",
		   "aliases are not allowed: *%s",
		   text_quoted(shown, sizeof(shown),
			       (const char *)e->data.alias.anchor));
	if (wants_key(b)) {
		b->stop = true;
		return;
	}
	node = node_new(b, YAML_TEXT, mark);
	if (!node)
		return;
	node->broken = true;
	node->text = strdup("");
	if (!node->text)
		b->report->nomem = true;
}

static void on_open(struct builder *b, enum yaml_kind kind,
		    const yaml_char_t *anchor, const yaml_char_t *tag,
		    struct mark mark)
{
	struct yaml_node *node;
	bool broken;

	if (wants_key(b)) {
		refuse_key(b, mark);
		return;
	}
	if (b->depth == YAML_LEVELS_MAX) {
		report_add(b->report, mark, NULL, "more than %d levels",
			   YAML_LEVELS_MAX);
		b->stop = true;
		return;
	}
	broken = refuse_properties(b, anchor, tag, mark);
	node = node_new(b, kind, mark);
	if (!node)
		return;
	node->broken |= broken;
	b->open[b->depth++] = node;
}

static void on_document(struct builder *b, const yaml_event_t *e)
{
	struct mark mark = mark_of(&e->start_mark);

	if (b->documents++) {
		report_add(b->report, mark, "keep one document in the file",
			   "a second document begins");
		b->stop = true;
		return;
	}
	if (e->data.document_start.version_directive ||
	    e->data.document_start.tag_directives.start !=
	    e->data.document_start.tag_directives.end)
		report_add(b->report, mark, "leave the line with % out",
			   "directives are not allowed");
}

static void on_event(struct builder *b, const yaml_event_t *e)
{
	struct mark mark = mark_of(&e->start_mark);

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		on_document(b, e);
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(b, e);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(b, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(b, YAML_LIST, e->data.sequence_start.anchor,
			e->data.sequence_start.tag, mark);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(b, YAML_MAP, e->data.mapping_start.anchor,
			e->data.mapping_start.tag, mark);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		break;
	default:
		break;
	}
}

static void read_events(struct builder *b, yaml_parser_t *parser)
{
	bool done = false;

	/* Each event but the last few consumes input, which is bounded. */
	while (!done && !b->stop && !b->report->nomem) {
		yaml_event_t e;

		if (!yaml_parser_parse(parser, &e)) {
			yaml_problem_report(parser, b->report);
			b->stop = true;
			return;
		}
		on_event(b, &e);
		done = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
}

/* ---- bytes ----------------------------------------------------------------------- */

/* Reports the character at p if it cannot stand in a manifest. */
static bool refuse_char(struct report *r, struct mark mark, const char *p,
			size_t len)
{
	const char *fault = NULL, *hint = "delete it";
	size_t bad = report_bad_char(p, len);

	if (!text_utf8_length(p, len)) {
		fault = "the file is not UTF-8";
		hint = "save the file as UTF-8 text with an editor";
	} else if (bad == 3) {
		fault = "here stands a hidden character that changes lines or the "
			"direction of text";
	} else if (bad) {
		fault = "here stands a control character";
	} else if (*p == '\r' && (len < 2 || p[1] != '\n')) {
		fault = "a line ends with CR alone";
		hint = "save the file with line ends as on Linux";
	}
	if (fault)
		report_add(r, mark, hint, "%s", fault);
	return fault;
}

/* True when libyaml may see the text. */
static bool check_bytes(struct report *r)
{
	const char *p = r->text, *end = r->text + r->len;
	struct mark mark = { 1, 1 };

	if (r->len > YAML_SIZE_MAX) {
		report_add(r, mark, NULL, "the file is larger than 1 MiB");
		return false;
	}
	while (p < end) {
		size_t left = (size_t)(end - p);

		if (refuse_char(r, mark, p, left))
			return false;
		mark.column++;
		if (*p == '\n')
			mark = (struct mark){ mark.line + 1, 1 };
		p += text_utf8_length(p, left);
	}
	return true;
}

/* A byte order mark at the start says nothing new and is skipped. */
static void skip_mark(struct report *r)
{
	if (r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0) {
		r->text += 3;
		r->len -= 3;
	}
}

int yaml_tree_read(struct report *report, struct yaml_tree *ret,
		   struct err *err)
{
	CLEANUP(builder_free) struct builder b = { .report = report };
	yaml_parser_t parser;

	skip_mark(report);
	if (!check_bytes(report))
		return 0;
	if (!yaml_parser_initialize(&parser))
		return err_nomem(err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser,
				     (const unsigned char *)report->text,
				     report->len);
	read_events(&b, &parser);
	yaml_parser_delete(&parser);
	if (report->nomem)
		return err_nomem(err);
	/* After a syntax error half a tree would give wrong follow-up messages,
	 * such as keys that are missing only because they come later. */
	if (b.stop)
		return 0;
	*ret = b.tree;
	b.tree = (struct yaml_tree){ 0 };
	return 0;
}
