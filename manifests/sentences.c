/*
 * sentences.c - permissions in plain words, and their risk class
 *
 * A sentence completes "NAME wants to ...".  It is what a person answers yes or
 * no to, so values from outside are quoted and nothing is left out: what is cut
 * for want of room ends with "...".
 */
#include <stdio.h>
#include <string.h>

#include "manifests/table.h"
#include "runtime/text.h"

#define VALUE_SPACE 512

enum perm_risk perm_risk(const struct permission *p)
{
	const struct perm_row *row = perm_row(p->word);
	const struct choice *c;

	if (!row->choices)
		return RISK_ASK;
	c = choice_find(row->choices, p->value);
	return c ? c->risk : RISK_ASK;
}

static const struct {
	const char *path, *words;
} place_words[] = {
	{ "cwd", "in the current folder" },
	{ "drives", "on attached drives" },
	{ "xdg-documents", "in your documents folder" },
	{ "xdg-download", "in your downloads folder" },
	{ "xdg-music", "in your music folder" },
	{ "xdg-pictures", "in your pictures folder" },
	{ "xdg-videos", "in your videos folder" },
	{ "xdg-desktop", "on your desktop" },
	{ "xdg-templates", "in your templates folder" },
	{ "xdg-publicshare", "in your public folder" },
	{ "~", "in your whole home folder" },
	{ "/", "of the whole computer that are yours to reach" },
};

static void write_place(const char *path, char *space, size_t size)
{
	char quoted[VALUE_SPACE];

	for (size_t i = 0; i < ARRAY_SIZE(place_words); i++)
		if (strcmp(path, place_words[i].path) == 0) {
			(void)snprintf(space, size, "%s", place_words[i].words);
			return;
		}
	(void)snprintf(space, size, "at %s",
		       text_quoted(quoted, sizeof(quoted), path));
}

static void files_sentence(const char *value, char *space, size_t size)
{
	static const char *const verbs[] = {
		[ACCESS_RO] = "read the files",
		[ACCESS_RW] = "read and change the files",
		[ACCESS_CREATE] = "read, change and create the files",
	};
	CLEANUP_FREE char *path = NULL;
	char place[VALUE_SPACE + 16];
	enum file_access access;
	struct err err;

	if (perm_files_split(value, &path, &access, &err) < 0) {
		(void)snprintf(space, size, "reach files (%s)",
			       text_quoted(place, sizeof(place), value));
		return;
	}
	write_place(path, place, sizeof(place));
	(void)snprintf(space, size, "%s %s", verbs[access], place);
}

const char *perm_sentence(const struct permission *p, char *space, size_t size)
{
	const struct perm_row *row = perm_row(p->word);
	const struct choice *c;
	char quoted[VALUE_SPACE];

	if (p->word == PERM_FILES) {
		files_sentence(p->value, space, size);
		return space;
	}
	text_quoted(quoted, sizeof(quoted), p->value);
	c = row->choices ? choice_find(row->choices, p->value) : NULL;
	if (c)
		(void)snprintf(space, size, "%s", c->sentence);
	else if (row->sentence)
		(void)snprintf(space, size, row->sentence, quoted);
	else
		(void)snprintf(space, size, "%s %s", row->name, quoted);
	return space;
}
