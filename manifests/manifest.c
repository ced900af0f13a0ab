/*
 * manifest.c - from YAML to struct manifest (see manifest.h)
 *
 * Tree first, then the walk over the maps by the table, then what concerns more
 * than one key.  All faults of one file are reported in one run.
 */
#include "manifests/manifest.h"

#include <string.h>

#include "manifests/reading.h"

static void source_free(struct source *s)
{
	free(s->path);
	free(s->to);
	free(s->suite);
	free(s->keyring);
	strlist_free(&s->items);
	strlist_free(&s->uris);
}

/* The header's fields of the manifest are freed as a header. */
static void free_parts(struct manifest *m)
{
	CLEANUP_HEADER struct header h = {
		.commands = m->commands, .n_commands = m->n_commands,
		.limits = m->limits, .n_limits = m->n_limits,
		.environment = m->environment, .perms = m->perms,
	};
}

void manifest_free(struct manifest *m)
{
	for (size_t i = 0; i < m->n_sources; i++)
		source_free(&m->sources[i]);
	free(m->sources);
	free_parts(m);
	free(m->file);
	free(m->text);
	free(m->id);
	free(m->version);
	free(m->name);
	free(m->workdir);
	free(m->home_skeleton);
	free(m->desktop);
	free(m->icon);
	strlist_free(&m->exclude);
	strlist_free(&m->keep);
	strlist_free(&m->locales);
	*m = (struct manifest){ 0 };
}

static void reading_free(struct reading *rd)
{
	report_free(&rd->report);
	manifest_free(&rd->m);
	header_free(&rd->h);
}

/* ---- walking ------------------------------------------------------------------- */

void read_result(struct reading *rd, struct mark mark, int r,
		 const struct err *err)
{
	if (r == -ENOMEM)
		rd->report.nomem = true;
	else if (r < 0)
		report_err(&rd->report, mark, err);
}

static const char *const map_names[MAPS] = {
	[MAP_SERVICE] = "services: NAME:",
	[MAP_SOURCE] = "sources:",
	[MAP_DEBIAN] = "debian:",
	[MAP_DIR] = "dir:",
	[MAP_PERMISSIONS] = "permissions:",
	[MAP_FILE] = "files:",
	[MAP_BUS] = "bus:",
	[MAP_SESSION] = "session:",
	[MAP_SYSTEM] = "system:",
	[MAP_LIMITS] = "limits:",
};

static void list_keys(enum key_map map, struct buf *out)
{
	const struct key_row *rows;
	const char *comma = "the keys here are ";
	size_t n;

	rows = key_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].in != map)
			continue;
		buf_addf(out, "%s%s", comma, rows[i].name);
		comma = ", ";
	}
}

/* A right word at a wrong place is more likely than a near word. */
static void unknown_hint(enum key_map map, const char *key, struct buf *out)
{
	const char *near = key_nearest(map, key);

	for (unsigned m = MAP_TOP; m < MAPS; m++) {
		if (!key_find((enum key_map)m, key))
			continue;
		if (m == MAP_TOP)
			buf_addf(out, "write it without indentation, outside of %s",
				 map_names[map]);
		else
			buf_addf(out, "write it below %s", map_names[m]);
		return;
	}
	if (near)
		buf_addf(out, "did you mean \"%s\"?", near);
	else
		list_keys(map, out);
}

static void report_unknown(struct reading *rd, enum key_map map,
			   const struct yaml_node *node)
{
	CLEANUP_BUF struct buf hint = BUF_INIT;
	char shown[96];

	unknown_hint(map, node->key, &hint);
	if (hint.failed)
		rd->report.nomem = true;
	report_add(&rd->report, node->key_mark, buf_text(&hint),
		   "unknown key %s",
		   value_shown(shown, sizeof(shown), node->key));
}

static bool has_shape(unsigned takes, const struct yaml_node *node)
{
	if (takes & TAKES_NAMES)
		return node->kind == YAML_MAP;
	if (node->kind == YAML_TEXT)
		return takes & TAKES_TEXT;
	if (node->kind == YAML_LIST)
		return takes & (TAKES_TEXTS | TAKES_MAPS);
	return takes & TAKES_MAP;
}

static const char *shape_words(unsigned takes)
{
	if (takes & TAKES_NAMES)
		return "lines NAME: VALUE below it";
	switch (takes) {
	case TAKES_TEXT:
		return "one text";
	case TAKES_TEXTS:
		return "a list of texts";
	case TAKES_TEXT | TAKES_TEXTS:
		return "one text or a list of texts";
	case TAKES_MAP:
		return "lines KEY: VALUE below it";
	case TAKES_MAPS:
		return "a list of entries, each beginning with \"- KEY: VALUE\"";
	case TAKES_TEXT | TAKES_MAP:
		return "one text, or lines KEY: VALUE below it";
	default:
		return "text, a list, or lines KEY: VALUE below it";
	}
}

static bool is_empty(const struct yaml_node *node)
{
	return node->kind == YAML_TEXT && node->plain && !*node->text;
}

bool read_shape(struct reading *rd, const char *key, unsigned takes,
		const struct yaml_node *node)
{
	char shown[96];

	if (node->broken)
		return false;
	if (is_empty(node)) {
		report_add(&rd->report, node->mark, "write a value, or leave the "
			   "line out", "%s has no value",
			   value_shown(shown, sizeof(shown), key));
		return false;
	}
	if (has_shape(takes, node))
		return true;
	report_add(&rd->report, node->mark, NULL, "%s takes %s",
		   value_shown(shown, sizeof(shown), key), shape_words(takes));
	return false;
}

/* A key that is only misspelt has its message already: it is not missing too. */
static bool has_key(enum key_map map, const struct yaml_node *node,
		    const char *key)
{
	for (const struct yaml_node *n = node->first; n; n = n->next) {
		const char *near = NULL;

		if (strcmp(n->key, key) == 0)
			return true;
		if (!key_find(map, n->key))
			near = key_nearest(map, n->key);
		if (near && strcmp(near, key) == 0)
			return true;
	}
	return false;
}

static void report_missing(struct reading *rd, enum key_map map,
			   const struct yaml_node *node)
{
	const struct key_row *rows;
	char hint[128];
	size_t n;

	rows = key_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].in != map || !rows[i].required ||
		    has_key(map, node, rows[i].name) ||
		    (rd->for_image && !strcmp(rows[i].name, "sources")))
			continue;
		(void)snprintf(hint, sizeof(hint), "add a line such as %s",
			       rows[i].example);
		report_add(&rd->report, node->mark, hint,
			   "the key \"%s\" is missing", rows[i].name);
	}
}

void read_map(struct reading *rd, enum key_map map, const struct yaml_node *node,
	      read_key_fn fn, void *arg)
{
	report_missing(rd, map, node);
	for (const struct yaml_node *n = node->first; n; n = n->next) {
		const struct key_row *row = key_find(map, n->key);

		if (rd->report.nomem)
			return;
		if (row) {
			if (read_shape(rd, row->name, row->takes, n))
				fn(rd, row, n, arg);
		} else if (!n->broken) {
			report_unknown(rd, map, n);
		}
	}
}

/* ---- texts --------------------------------------------------------------------- */

bool read_value(struct reading *rd, const struct key_row *row,
		const struct yaml_node *node, char **ret)
{
	struct err err;
	int r = value_read(row->value, row->choices, node->text, ret, &err);

	read_result(rd, node->mark, r, &err);
	return r == 0;
}

const struct yaml_node *first_text(const struct yaml_node *node)
{
	return node->kind == YAML_LIST ? node->first : node;
}

const struct yaml_node *next_text(const struct yaml_node *list,
				  const struct yaml_node *node)
{
	return list == node ? NULL : node->next;
}

void read_values(struct reading *rd, const struct key_row *row,
		 const struct yaml_node *node, struct strlist *ret)
{
	for (const struct yaml_node *n = first_text(node); n;
	     n = next_text(node, n)) {
		char *value = NULL;

		if (!read_shape(rd, row->name, TAKES_TEXT, n) ||
		    !read_value(rd, row, n, &value))
			continue;
		if (strlist_add_steal(ret, value) < 0)
			rd->report.nomem = true;
	}
}

/* ---- the whole ------------------------------------------------------------------ */

/* A newer grammar has keys that are unknown here: one message is enough. */
static bool is_newer(struct reading *rd, const struct yaml_node *root)
{
	const struct key_row *row = key_find(MAP_TOP, "schema");
	uint64_t version;
	char *same = NULL;

	for (const struct yaml_node *n = root->first; n; n = n->next) {
		if (strcmp(n->key, row->name) != 0 || n->kind != YAML_TEXT ||
		    text_read_u64(n->text, strlen(n->text), &version) < 0 ||
		    version <= 1)
			continue;
		(void)read_value(rd, row, n, &same);
		return true;
	}
	return false;
}

static void read_root(struct reading *rd, const struct yaml_tree *tree)
{
	const struct yaml_node *root = tree->root;
	const struct mark start = { 1, 1 };

	if (rd->report.n && !root)
		return;
	if (!root)
		report_add(&rd->report, start, "begin with schema: 1",
			   "the manifest is empty");
	else if (root->kind != YAML_MAP)
		report_add(&rd->report, root->mark, "begin with schema: 1",
			   "the manifest is not a list of lines KEY: VALUE");
	else if (!is_newer(rd, root))
		read_map(rd, MAP_TOP, root, read_top_key, NULL);
}

/* The main command goes first, wherever it stood. */
static void take_parts(struct reading *rd)
{
	struct manifest *m = &rd->m;
	struct header *h = &rd->h;

	for (size_t i = 1; i < h->n_commands; i++)
		if (!*h->commands[i].name) {
			struct header_command main = h->commands[i];

			memmove(&h->commands[1], &h->commands[0],
				i * sizeof(main));
			h->commands[0] = main;
		}
	m->commands = h->commands;
	m->n_commands = h->n_commands;
	m->environment = h->environment;
	m->limits = h->limits;
	m->n_limits = h->n_limits;
	m->perms = h->perms;
	*h = (struct header){ 0 };
}

static int fill_rest(struct manifest *m, const char *file, const char *text,
		     size_t len, struct err *err)
{
	m->file = strdup(file);
	m->text = malloc(len + 1);
	if (m->text) {
		memcpy(m->text, text, len);
		m->text[len] = '\0';
		m->text_len = len;
	}
	if (!m->name)
		m->name = strdup(strrchr(m->id, '.') + 1);
	return m->file && m->text && m->name ? 0 : err_nomem(err);
}

static int read_manifest(const char *file, const char *text, size_t len,
			 bool for_image, struct manifest *ret,
			 struct buf *report, struct err *err)
{
	CLEANUP(reading_free) struct reading rd = {
		.report = { .file = file, .text = text, .len = len },
		.for_image = for_image,
	};
	CLEANUP_YAML_TREE struct yaml_tree tree = { 0 };
	int r = yaml_tree_read(&rd.report, &tree, err);

	if (r < 0)
		return r;
	read_root(&rd, &tree);
	r = report_finish(&rd.report, report, err);
	if (r < 0)
		return r;
	take_parts(&rd);
	r = fill_rest(&rd.m, file, text, len, err);
	if (r < 0)
		return r;
	*ret = rd.m;
	rd.m = (struct manifest){ 0 };
	return 0;
}

int manifest_read(const char *file, const char *text, size_t len,
		  struct manifest *ret, struct buf *report, struct err *err)
{
	return read_manifest(file, text, len, false, ret, report, err);
}

int manifest_read_for_image(const char *file, const char *text, size_t len,
			    struct manifest *ret, struct buf *report,
			    struct err *err)
{
	return read_manifest(file, text, len, true, ret, report, err);
}
