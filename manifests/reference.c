/*
 * reference.c - the tables of docs/manifest.md from the table
 *
 * One section per map of the manifest with its keys, one table of all
 * permissions with risk and the sentence that people are asked, and the forms
 * of texts.  The words around stand in reference.md.
 */
#include "manifests/schema.h"

#include <string.h>

#include "manifests/table.h"

#define MARK "<!-- tables -->\n"

/* In the order of the document; what is nested stands behind its parent. */
static const struct {
	enum key_map map;
	const char *title;
} sections[] = {
	{ MAP_TOP, "The manifest" },
	{ MAP_SOURCE, "An entry of `sources:`" },
	{ MAP_DEBIAN, "`debian:` as a map" },
	{ MAP_DIR, "`dir:` as a map" },
	{ MAP_PERMISSIONS, "`permissions:`" },
	{ MAP_FILE, "An entry of `files:`" },
	{ MAP_BUS, "`bus:`" },
	{ MAP_SESSION, "`session:`, below `bus:`" },
	{ MAP_SYSTEM, "`system:`, below `bus:`" },
	{ MAP_LIMITS, "`limits:`" },
	{ MAP_SERVICE, "An entry of `services:`" },
};

/* In a cell of a table a bar would end the cell. */
static void add_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

/* ---- keys ---------------------------------------------------------------------- */

static void add_choices(struct buf *out, const struct choice *choices)
{
	for (const struct choice *c = choices; c->text; c++)
		buf_addf(out, "%s`%s`", c == choices ? "" : ", ", c->text);
}

static void add_text_words(struct buf *out, const struct key_row *row)
{
	if (row->choices)
		add_choices(out, row->choices);
	else
		add_cell(out, value_words(row->value));
}

/* "a package's name; or a list; or a map" */
static void add_takes(struct buf *out, const struct key_row *row)
{
	unsigned takes = row->takes;

	if (takes & TAKES_NAMES)
		buf_addf(out, "lines NAME: VALUE, NAME being %s, VALUE ",
			 value_words(row->names));
	if (takes & (TAKES_TEXT | TAKES_TEXTS))
		add_text_words(out, row);
	if (takes & TAKES_TEXTS)
		buf_adds(out, takes & TAKES_TEXT ? "; or a list" : " in a list");
	if (takes & TAKES_MAPS)
		buf_adds(out, takes & ~TAKES_MAPS ? "; or a list of maps"
						  : "a list of maps");
	if (takes & TAKES_MAP)
		buf_adds(out, takes & ~(TAKES_MAP | TAKES_NAMES) ? "; or a map"
								 : "a map");
}

static void add_key(struct buf *out, const struct key_row *row)
{
	buf_addf(out, "| `%s` | ", row->name);
	add_takes(out, row);
	buf_adds(out, " | ");
	if (row->required)
		buf_adds(out, "**required**");
	else
		add_cell(out, row->fallback ? row->fallback : "none");
	buf_adds(out, " | ");
	add_cell(out, row->help);
	buf_adds(out, " |\n");
}

static void add_meanings(struct buf *out, const struct key_row *row)
{
	buf_addf(out, "\n`%s`:\n", row->name);
	for (const struct choice *c = row->choices; c->text; c++)
		buf_addf(out, "- `%s`: %s.\n", c->text, c->sentence);
}

static void add_map(struct buf *out, enum key_map map, const char *title)
{
	const struct key_row *rows;
	size_t n;

	rows = key_rows(&n);
	buf_addf(out, "### %s\n\n| key | takes | default | meaning |\n"
		 "|---|---|---|---|\n", title);
	for (size_t i = 0; i < n; i++)
		if (rows[i].in == map)
			add_key(out, &rows[i]);
	for (size_t i = 0; i < n; i++)
		if (rows[i].in == map && rows[i].choices &&
		    rows[i].key != KEY_PERM)
			add_meanings(out, &rows[i]);
	buf_addc(out, '\n');
}

/* ---- permissions ----------------------------------------------------------------- */

static const char *risk_words(enum perm_risk risk)
{
	return risk == RISK_HARMLESS ? "given" : "asked";
}

static void add_word_choices(struct buf *out, const struct perm_row *row)
{
	for (const struct choice *c = row->choices; c->text; c++) {
		buf_addf(out, "| `%s=%s` | %s | ", row->name, c->text,
			 risk_words(c->risk));
		add_cell(out, c->sentence);
		buf_adds(out, " |\n");
	}
}

static void add_word(struct buf *out, const struct perm_row *row)
{
	const char *s = row->sentence ? row->sentence : "";
	const char *value = strstr(s, "%s");

	buf_addf(out, "| `%s=%s` | %s | ", row->name,
		 row->value == VALUE_FILES ? "PATH:ACCESS" :
		 row->value == VALUE_BUS_NAME ? "NAME" : "RULE",
		 risk_words(RISK_ASK));
	if (value)
		buf_addf(out, "%.*s%s%s", (int)(value - s), s,
			 row->value == VALUE_BUS_NAME ? "NAME" : "RULE",
			 value + 2);
	else
		buf_adds(out, "read, or read and change, the files at PATH");
	buf_adds(out, " |\n");
}

static void add_permissions(struct buf *out)
{
	buf_adds(out, "### Permissions as words\n\n"
		 "| word | risk | the app wants to |\n|---|---|---|\n");
	for (unsigned w = 0; w < PERM_WORDS; w++) {
		const struct perm_row *row = perm_row((enum perm_word)w);

		if (row->choices)
			add_word_choices(out, row);
		else
			add_word(out, row);
	}
}

int reference_write(const char *text, struct buf *out, struct err *err)
{
	const char *mark = strstr(text, MARK);

	if (!mark)
		return err_set(err, EINVAL, "the text has no line " MARK);
	buf_add(out, text, (size_t)(mark - text));
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		add_map(out, sections[i].map, sections[i].title);
	add_permissions(out);
	buf_adds(out, mark + strlen(MARK));
	return buf_check(out, err);
}
