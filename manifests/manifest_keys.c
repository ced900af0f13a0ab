/*
 * manifest_keys.c - the keys of the top map, and services
 */
#include <string.h>

#include "manifests/reading.h"

/* ---- commands ------------------------------------------------------------------- */

/* A command as one text has no arguments: a space in it is a forgotten list. */
static bool is_one_word(struct reading *rd, const struct yaml_node *node)
{
	if (!strchr(node->text, ' '))
		return true;
	report_add(&rd->report, node->mark,
		   "write a list, such as [jq, --sort-keys]",
		   "a command with arguments, or with a space in its name, is not "
		   "one text");
	return false;
}

static bool read_argv(struct reading *rd, const struct key_row *row,
		      const struct yaml_node *node, struct strlist *ret)
{
	unsigned before = rd->report.n;

	if (node->kind == YAML_TEXT && !is_one_word(rd, node))
		return false;
	read_values(rd, row, node, ret);
	return rd->report.n == before && !rd->report.nomem;
}

static void read_command(struct reading *rd, const struct key_row *row,
			 const char *name, const struct yaml_node *node,
			 struct header *to)
{
	CLEANUP_STRLIST struct strlist argv = { 0 };
	struct err err;

	if (read_argv(rd, row, node, &argv))
		read_result(rd, node->mark,
			    header_add_command(to, name, &argv, &err), &err);
}

/* A name that the packager chose; false: reported. */
static bool check_name(struct reading *rd, const struct key_row *row,
		       const struct yaml_node *node)
{
	CLEANUP_FREE char *same = NULL;
	struct err err;
	int r;

	if (node->broken)
		return false;
	r = value_read(row->names, NULL, node->key, &same, &err);
	read_result(rd, node->key_mark, r, &err);
	return r == 0;
}

static void read_commands(struct reading *rd, const struct key_row *row,
			  const struct yaml_node *node)
{
	for (const struct yaml_node *n = node->first; n; n = n->next)
		if (check_name(rd, row, n) &&
		    read_shape(rd, n->key, row->takes & ~TAKES_NAMES, n))
			read_command(rd, row, n->key, n, &rd->h);
}

static void read_environment(struct reading *rd, const struct key_row *row,
			     const struct yaml_node *node)
{
	for (const struct yaml_node *n = node->first; n; n = n->next) {
		CLEANUP_FREE char *assignment = NULL;
		struct err err;

		if (!check_name(rd, row, n) ||
		    !read_shape(rd, n->key, TAKES_TEXT, n))
			continue;
		if (asprintf(&assignment, "%s=%s", n->key, n->text) < 0) {
			assignment = NULL;
			rd->report.nomem = true;
			return;
		}
		read_result(rd, n->mark,
			    header_add_environment(&rd->h, assignment, &err),
			    &err);
	}
}

/* ---- services ------------------------------------------------------------------- */

/* Checked as if it were used; only that there are any is kept. */
static void read_service_key(struct reading *rd, const struct key_row *row,
			     const struct yaml_node *node, void *arg)
{
	CLEANUP_HEADER struct header scratch = { 0 };
	CLEANUP_FREE char *same = NULL;

	(void)arg;
	if (row->key == KEY_SERVICE_COMMAND)
		read_command(rd, row, "", node, &scratch);
	else
		(void)read_value(rd, row, node, &same);
}

static void read_services(struct reading *rd, const struct key_row *row,
			  const struct yaml_node *node)
{
	for (const struct yaml_node *n = node->first; n; n = n->next)
		if (check_name(rd, row, n) &&
		    read_shape(rd, n->key, TAKES_MAP, n)) {
			read_map(rd, row->map, n, read_service_key, NULL);
			rd->m.has_services = true;
		}
}

/* ---- the top map ------------------------------------------------------------------ */

static void read_text(struct reading *rd, const struct key_row *row,
		      const struct yaml_node *node, char **ret)
{
	(void)read_value(rd, row, node, ret);
}

/* True when the text is this choice. */
static bool read_choice(struct reading *rd, const struct key_row *row,
			const struct yaml_node *node, const char *word)
{
	CLEANUP_FREE char *value = NULL;

	return read_value(rd, row, node, &value) && strcmp(value, word) == 0;
}

/* Keys that are one text or a list of texts; false: it is another one. */
static bool read_plain_key(struct reading *rd, const struct key_row *row,
			   const struct yaml_node *node)
{
	CLEANUP_FREE char *schema = NULL;
	struct manifest *m = &rd->m;

	switch (row->key) {
	case KEY_SCHEMA:
		read_text(rd, row, node, &schema);
		return true;
	case KEY_ID:
		read_text(rd, row, node, &m->id);
		return true;
	case KEY_VERSION:
		read_text(rd, row, node, &m->version);
		return true;
	case KEY_NAME:
		read_text(rd, row, node, &m->name);
		return true;
	case KEY_WORKDIR:
		read_text(rd, row, node, &m->workdir);
		return true;
	case KEY_HOME_SKELETON:
		read_text(rd, row, node, &m->home_skeleton);
		return true;
	case KEY_DESKTOP:
		read_text(rd, row, node, &m->desktop);
		return true;
	case KEY_ICON:
		read_text(rd, row, node, &m->icon);
		return true;
	case KEY_EXCLUDE:
		read_values(rd, row, node, &m->exclude);
		return true;
	case KEY_KEEP:
		read_values(rd, row, node, &m->keep);
		return true;
	case KEY_LOCALES:
		read_values(rd, row, node, &m->locales);
		return true;
	default:
		return false;
	}
}

void read_top_key(struct reading *rd, const struct key_row *row,
		  const struct yaml_node *node, void *arg)
{
	(void)arg;
	if (read_plain_key(rd, row, node))
		return;
	switch (row->key) {
	case KEY_KIND:
		if (read_choice(rd, row, node, "thin"))
			rd->m.kind = KIND_THIN;
		break;
	case KEY_SANDBOX:
		rd->m.sandbox_required = read_choice(rd, row, node, "required");
		break;
	case KEY_BASE:
		rd->m.base_none = read_choice(rd, row, node, "none");
		break;
	case KEY_COMMAND:
		read_command(rd, row, "", node, &rd->h);
		break;
	case KEY_COMMANDS:
		read_commands(rd, row, node);
		break;
	case KEY_ENVIRONMENT:
		read_environment(rd, row, node);
		break;
	case KEY_SOURCES:
		read_sources(rd, row, node);
		break;
	case KEY_PERMISSIONS:
		read_permissions(rd, node);
		break;
	case KEY_LIMITS:
		read_map(rd, row->map, node, read_limit_key, NULL);
		break;
	case KEY_SERVICES:
		read_services(rd, row, node);
		break;
	default:
		break;
	}
}
