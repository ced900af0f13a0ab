/*
 * manifest_perms.c - permissions and limits of a manifest
 *
 * The nested maps of the manifest become the flat pairs (word, value) that
 * header, settings, grants and the command line use.
 */
#include <string.h>

#include "manifests/reading.h"

static void add_perm(struct reading *rd, enum perm_word word,
		     const char *value, struct mark mark)
{
	CLEANUP(perm_free) struct permission p = { 0 };
	struct err err;
	int r = perm_make(perm_word_name(word), value, &p, &err);

	if (r == 0)
		r = perms_add(&rd->h.perms, &p, &err);
	read_result(rd, mark, r, &err);
}

/* Two places no computer grants, whatever else is protected there: a request for
 * them would be denied at every start. */
static void check_grantable(struct reading *rd, const char *value,
			    struct mark mark)
{
	size_t n = strcspn(value, ":");

	if (n == 1 && (value[0] == '~' || value[0] == '/'))
		report_add(&rd->report, mark, "name a folder below it",
			   "files: %s is never granted", value[0] == '~' ?
			   "the whole home folder" : "/");
}

static void read_perm(struct reading *rd, const struct key_row *row,
		      const struct yaml_node *node)
{
	CLEANUP_FREE char *value = NULL;

	if (!read_shape(rd, row->name, TAKES_TEXT, node) ||
	    !read_value(rd, row, node, &value))
		return;
	if (row->value == VALUE_BOOL && strcmp(value, "false") == 0)
		return;
	if (row->perm == PERM_FILES)
		check_grantable(rd, value, node->mark);
	add_perm(rd, row->perm, value, node->mark);
}

/* x11, x11-fallback and x11-isolated contradict each other. */
static void check_display(struct reading *rd, const struct yaml_node *node)
{
	const struct perms *set = &rd->h.perms;
	unsigned n = 0;

	n += perms_has(set, PERM_DISPLAY, "x11");
	n += perms_has(set, PERM_DISPLAY, "x11-fallback");
	n += perms_has(set, PERM_DISPLAY, "x11-isolated");
	if (n > 1)
		report_add(&rd->report, node->mark,
			   "keep x11-fallback unless X11 is needed beside Wayland",
			   "display holds more than one of x11, x11-fallback, "
			   "x11-isolated");
}

static void read_perm_key(struct reading *rd, const struct key_row *row,
			  const struct yaml_node *node)
{
	for (const struct yaml_node *n = first_text(node); n;
	     n = next_text(node, n))
		read_perm(rd, row, n);
	if (row->perm == PERM_DISPLAY) {
		rd->m.has_display = true;
		check_display(rd, node);
	}
	if (row->perm == PERM_PORTALS)
		rd->m.has_portals = true;
}

/* ---- files ------------------------------------------------------------------------ */

struct file_entry {
	char *path, *access;
};

static void file_entry_free(struct file_entry *f)
{
	free(f->path);
	free(f->access);
}

static void read_file_key(struct reading *rd, const struct key_row *row,
			  const struct yaml_node *node, void *arg)
{
	struct file_entry *f = arg;

	(void)read_value(rd, row, node,
			 row->key == KEY_FILE_PATH ? &f->path : &f->access);
}

static void read_file_map(struct reading *rd, const struct key_row *row,
			  const struct yaml_node *node)
{
	CLEANUP(file_entry_free) struct file_entry f = { 0 };
	CLEANUP_FREE char *value = NULL;
	unsigned before = rd->report.n;

	read_map(rd, row->map, node, read_file_key, &f);
	if (rd->report.n != before || rd->report.nomem)
		return;
	if (asprintf(&value, "%s:%s", f.path, f.access ? f.access : "ro") < 0) {
		value = NULL;
		rd->report.nomem = true;
		return;
	}
	check_grantable(rd, value, node->mark);
	add_perm(rd, PERM_FILES, value, node->mark);
}

static void read_files(struct reading *rd, const struct key_row *row,
		       const struct yaml_node *node)
{
	for (const struct yaml_node *n = first_text(node); n;
	     n = next_text(node, n)) {
		if (!read_shape(rd, row->name, TAKES_TEXT | TAKES_MAP, n))
			continue;
		if (n->kind == YAML_MAP)
			read_file_map(rd, row, n);
		else
			read_perm(rd, row, n);
	}
}

/* ---- the maps --------------------------------------------------------------------- */

static void read_bus_rule_key(struct reading *rd, const struct key_row *row,
			      const struct yaml_node *node, void *arg)
{
	(void)arg;
	read_perm_key(rd, row, node);
}

static void read_bus_key(struct reading *rd, const struct key_row *row,
			 const struct yaml_node *node, void *arg)
{
	(void)arg;
	if (row->key == KEY_PERM)
		read_perm_key(rd, row, node);
	else
		read_map(rd, row->map, node, read_bus_rule_key, NULL);
}

static void read_permission_key(struct reading *rd, const struct key_row *row,
				const struct yaml_node *node, void *arg)
{
	(void)arg;
	if (row->key == KEY_PERM)
		read_perm_key(rd, row, node);
	else if (row->key == KEY_FILES)
		read_files(rd, row, node);
	else
		read_map(rd, row->map, node, read_bus_key, NULL);
}

void read_permissions(struct reading *rd, const struct yaml_node *node)
{
	read_map(rd, MAP_PERMISSIONS, node, read_permission_key, NULL);
}

/* ---- limits ----------------------------------------------------------------------- */

void read_limit_key(struct reading *rd, const struct key_row *row,
		    const struct yaml_node *node, void *arg)
{
	struct header_limit l = { 0 }, *v;
	struct err err;
	int r = limit_parse(row->name, node->text, &l, &err);

	(void)arg;
	read_result(rd, node->mark, r, &err);
	if (r < 0)
		return;
	v = reallocarray(rd->h.limits, rd->h.n_limits + 1, sizeof(v[0]));
	if (!v) {
		limit_free(&l);
		rd->report.nomem = true;
		return;
	}
	rd->h.limits = v;
	v[rd->h.n_limits++] = l;
}
