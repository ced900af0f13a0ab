/*
 * manifest_sources.c - the list of sources
 *
 * Each entry is a map with exactly one key, which is the source's kind.
 */
#include <string.h>

#include "manifests/reading.h"

#define SOURCES_MAX 1024

static struct source *source_new(struct reading *rd, enum source_kind kind,
				 unsigned line)
{
	struct manifest *m = &rd->m;
	struct source *v;

	v = reallocarray(m->sources, m->n_sources + 1, sizeof(v[0]));
	if (!v) {
		rd->report.nomem = true;
		return NULL;
	}
	m->sources = v;
	v[m->n_sources] = (struct source){ .kind = kind, .line = line };
	return &v[m->n_sources++];
}

static void read_debian_key(struct reading *rd, const struct key_row *row,
			    const struct yaml_node *node, void *arg)
{
	struct source *s = arg;

	switch (row->key) {
	case KEY_DEBIAN_PACKAGES:
		read_values(rd, row, node, &s->items);
		break;
	case KEY_DEBIAN_SUITE:
		(void)read_value(rd, row, node, &s->suite);
		break;
	case KEY_DEBIAN_URIS:
		read_values(rd, row, node, &s->uris);
		break;
	case KEY_DEBIAN_KEYRING:
		(void)read_value(rd, row, node, &s->keyring);
		break;
	default:
		break;
	}
}

static void read_dir_key(struct reading *rd, const struct key_row *row,
			 const struct yaml_node *node, void *arg)
{
	struct source *s = arg;

	if (row->key == KEY_DIR_PATH)
		(void)read_value(rd, row, node, &s->path);
	else
		(void)read_value(rd, row, node, &s->to);
}

static void read_dir(struct reading *rd, const struct key_row *row,
		     const struct yaml_node *node, struct source *s)
{
	if (node->kind == YAML_MAP)
		read_map(rd, row->map, node, read_dir_key, s);
	else
		(void)read_value(rd, row, node, &s->path);
	if (!s->to)
		s->to = strdup("/");
	if (!s->to)
		rd->report.nomem = true;
}

/* An empty list names no files: more likely forgotten than meant. */
static void read_items(struct reading *rd, const struct key_row *row,
		       const struct yaml_node *node, struct source *s)
{
	if (node->kind == YAML_LIST && !node->n)
		report_add(&rd->report, node->mark, "name at least one",
			   "the list of \"%s\" is empty", row->name);
	read_values(rd, row, node, &s->items);
}

static void read_source_key(struct reading *rd, const struct key_row *row,
			    const struct yaml_node *node, void *arg)
{
	static const enum source_kind kinds[KEYS] = {
		[KEY_SOURCE_DEBIAN] = SOURCE_DEBIAN,
		[KEY_SOURCE_DIR] = SOURCE_DIR,
		[KEY_SOURCE_FILES] = SOURCE_FILES,
	};
	struct source *s = source_new(rd, kinds[row->key], node->key_mark.line);

	(void)arg;
	if (!s)
		return;
	if (row->key == KEY_SOURCE_DIR)
		read_dir(rd, row, node, s);
	else if (node->kind == YAML_MAP)
		read_map(rd, row->map, node, read_debian_key, s);
	else
		read_items(rd, row, node, s);
}

static void read_source(struct reading *rd, const struct key_row *row,
			const struct yaml_node *node)
{
	if (!read_shape(rd, row->name, TAKES_MAP, node))
		return;
	if (node->n > 1)
		report_add(&rd->report, node->first->next->key_mark,
			   "begin a new entry with \"- \"; options of a source are "
			   "indented below it",
			   "an entry of sources has one of the keys debian, dir, "
			   "files");
	if (node->n == 1)
		read_map(rd, row->map, node, read_source_key, NULL);
}

void read_sources(struct reading *rd, const struct key_row *row,
		  const struct yaml_node *node)
{
	if (node->n == 0)
		report_add(&rd->report, node->mark,
			   "write - debian: [PACKAGE], - dir: PATH or - files: "
			   "[/PATH]", "there are no sources");
	if (node->n > SOURCES_MAX)
		report_add(&rd->report, node->mark, NULL, "more than %d sources",
			   SOURCES_MAX);
	else
		for (const struct yaml_node *n = node->first; n; n = n->next)
			read_source(rd, row, n);
}
