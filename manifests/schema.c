/*
 * schema.c - the JSON Schema from the table
 *
 * Editors turn YAML into typed values before they check, so a text that looks
 * like a number or a boolean may be one: "version: 1.10" must not be an error in
 * an editor when it is none here.  Patterns bind strings only.
 */
#include "manifests/schema.h"

#include <string.h>

#include "manifests/table.h"
#include "runtime/json.h"

static const char *const map_names[MAPS] = {
	[MAP_TOP] = "top", [MAP_SERVICE] = "service", [MAP_SOURCE] = "source",
	[MAP_DEBIAN] = "debian", [MAP_DIR] = "dir",
	[MAP_PERMISSIONS] = "permissions", [MAP_FILE] = "file",
	[MAP_BUS] = "bus", [MAP_SESSION] = "session-bus",
	[MAP_SYSTEM] = "system-bus", [MAP_LIMITS] = "limits",
};

/* ---- texts --------------------------------------------------------------------- */

static void write_types(struct json *j)
{
	json_open(j, "type", '[');
	json_str(j, NULL, "string");
	json_str(j, NULL, "number");
	json_str(j, NULL, "boolean");
	json_close(j, ']');
}

static void write_enum(struct json *j, const struct choice *choices)
{
	json_open(j, "enum", '[');
	for (; choices->text; choices++)
		json_str(j, NULL, choices->text);
	json_close(j, ']');
}

/* ^(require +)?(...)$ around a pattern or the choices. */
static void write_limit_pattern(struct json *j, const struct key_row *row)
{
	CLEANUP_BUF struct buf re = BUF_INIT;

	buf_adds(&re, "^(require +)?");
	if (row->choices) {
		const char *bar = "(";

		for (const struct choice *c = row->choices; c->text; c++) {
			buf_addf(&re, "%s%s", bar, c->text);
			bar = "|";
		}
		buf_adds(&re, ")$");
	} else {
		buf_adds(&re, value_pattern(row->value) + 1);
	}
	if (re.failed)
		j->out->failed = true;
	json_str(j, "pattern", buf_text(&re));
}

static void write_bool(struct json *j)
{
	json_open(j, "enum", '[');
	json_bool(j, NULL, true);
	json_bool(j, NULL, false);
	json_str(j, NULL, "true");
	json_str(j, NULL, "false");
	json_close(j, ']');
}

static void write_schema_number(struct json *j)
{
	json_open(j, "enum", '[');
	json_u64(j, NULL, 1);
	json_str(j, NULL, "1");
	json_close(j, ']');
}

static void write_text_rules(struct json *j, const struct key_row *row)
{
	const char *pattern = value_pattern(row->value);

	if (row->key == KEY_LIMIT) {
		write_types(j);
		write_limit_pattern(j, row);
	} else if (row->value == VALUE_CHOICE) {
		write_enum(j, row->choices);
	} else if (row->value == VALUE_BOOL) {
		write_bool(j);
	} else if (row->value == VALUE_SCHEMA) {
		write_schema_number(j);
	} else {
		write_types(j);
		if (pattern)
			json_str(j, "pattern", pattern);
	}
}

/* ---- shapes -------------------------------------------------------------------- */

static void write_ref(struct json *j, enum key_map map)
{
	char ref[64];

	(void)snprintf(ref, sizeof(ref), "#/$defs/%s", map_names[map]);
	json_str(j, "$ref", ref);
}

static void write_text_shape(struct json *j, const struct key_row *row)
{
	json_open(j, NULL, '{');
	write_text_rules(j, row);
	json_close(j, '}');
}

static void write_list_shape(struct json *j, const struct key_row *row)
{
	json_open(j, NULL, '{');
	json_str(j, "type", "array");
	if (row->required)
		json_u64(j, "minItems", 1);
	json_open(j, "items", '{');
	json_open(j, "anyOf", '[');
	if (row->takes & TAKES_TEXTS)
		write_text_shape(j, row);
	if (row->takes & TAKES_MAPS) {
		json_open(j, NULL, '{');
		write_ref(j, row->map);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
	json_close(j, '}');
}

/* The shapes without TAKES_NAMES, as alternatives. */
static void write_shapes(struct json *j, const struct key_row *row)
{
	json_open(j, "anyOf", '[');
	if (row->takes & TAKES_TEXT)
		write_text_shape(j, row);
	if (row->takes & (TAKES_TEXTS | TAKES_MAPS))
		write_list_shape(j, row);
	if (row->takes & TAKES_MAP) {
		json_open(j, NULL, '{');
		write_ref(j, row->map);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_named(struct json *j, const struct key_row *row)
{
	json_str(j, "type", "object");
	json_open(j, "propertyNames", '{');
	json_str(j, "pattern", value_pattern(row->names));
	json_close(j, '}');
	json_open(j, "additionalProperties", '{');
	write_shapes(j, row);
	json_close(j, '}');
}

static void write_key(struct json *j, const struct key_row *row)
{
	json_open(j, row->name, '{');
	json_str(j, "description", row->help);
	if (row->takes & TAKES_NAMES)
		write_named(j, row);
	else
		write_shapes(j, row);
	json_close(j, '}');
}

/* ---- maps ---------------------------------------------------------------------- */

static void write_required(struct json *j, enum key_map map)
{
	const struct key_row *rows;
	size_t n;

	rows = key_rows(&n);
	json_open(j, "required", '[');
	for (size_t i = 0; i < n; i++)
		if (rows[i].in == map && rows[i].required)
			json_str(j, NULL, rows[i].name);
	json_close(j, ']');
}

static void write_map(struct json *j, enum key_map map)
{
	const struct key_row *rows;
	size_t n;

	rows = key_rows(&n);
	json_str(j, "type", "object");
	json_bool(j, "additionalProperties", false);
	if (map == MAP_SOURCE)
		json_u64(j, "maxProperties", 1);
	if (map == MAP_SOURCE)
		json_u64(j, "minProperties", 1);
	write_required(j, map);
	json_open(j, "properties", '{');
	for (size_t i = 0; i < n; i++)
		if (rows[i].in == map)
			write_key(j, &rows[i]);
	json_close(j, '}');
}

void schema_write(struct buf *out)
{
	struct json j = JSON_INIT(out);

	json_open(&j, NULL, '{');
	json_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_str(&j, "title", "holdall manifest, schema 1");
	write_map(&j, MAP_TOP);
	json_open(&j, "$defs", '{');
	for (unsigned m = MAP_TOP + 1; m < MAPS; m++) {
		json_open(&j, map_names[m], '{');
		write_map(&j, (enum key_map)m);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	json_close(&j, '}');
}
