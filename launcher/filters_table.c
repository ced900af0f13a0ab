/*
 * filters_table.c - reads and checks syscalls.table (build-time program only)
 *
 * The table's head explains the grammar.  Refused is what the compiled filter
 * would hide: lines out of order, a name twice without conditions, a
 * conditional beside an unconditional line, a `second` call without a rule in
 * [app-arguments] and the other way round.
 */
#include "launcher/filters_table.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher/filters.h"

struct word {
	const char *name;
	unsigned value;
};

static const struct word errors[] = {
	{ "eperm", EPERM },
	{ "enosys", ENOSYS },
	{ "eafnosupport", EAFNOSUPPORT },
	{ "eprotonosupport", EPROTONOSUPPORT },
};

static const struct word relaxations[] = {
	{ "nested", FILTER_NESTED },
	{ "debug", FILTER_DEBUG },
	{ "multiarch", FILTER_MULTIARCH },
	{ "scoped", FILTER_SCOPED },
};

static const struct word sections[] = {
	{ "[app]", SECTION_APP },
	{ "[app-arguments]", SECTION_ARGUMENTS },
	{ "[init]", SECTION_INIT },
};

#define WORD(table, text) word_find(table, ARRAY_SIZE(table), text)

static const struct word *word_find(const struct word *words, size_t n,
				    const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i].name, text))
			return &words[i];
	return NULL;
}

void table_fail(const char *path, unsigned line, const char *what,
		 const char *on)
{
	fprintf(stderr, "%s:%u: %s: %s\n", path, line, what, on);
	exit(1);
}

/* ---- reading the table ----------------------------------------------------- */

static bool is_condition(const char *word)
{
	return isdigit((unsigned char)word[0]) &&
	       (word[1] == '=' || word[1] == '&');
}

static uint32_t read_number(const struct table *t, unsigned number,
			    const char **p)
{
	char *end;
	unsigned long v = strtoul(*p, &end, 0);

	if (end == *p || v > 0xffffffffUL)
		table_fail(t->path, number, "not a 32-bit number", *p);
	*p = end;
	return (uint32_t)v;
}

static void read_ranges(const struct table *t, unsigned number,
			const char *p, struct cond *c)
{
	for (;;) {
		struct range *r = &c->ranges[c->n_ranges++];

		r->first = r->last = read_number(t, number, &p);
		if (*p == '-') {
			p++;
			r->last = read_number(t, number, &p);
		}
		if (r->last < r->first)
			table_fail(t->path, number, "range runs backwards", p);
		if (!*p)
			return;
		if (*p++ != ',' || c->n_ranges == RANGES_MAX)
			table_fail(t->path, number, "bad list of values", p);
	}
}

static void read_condition(const struct table *t, struct line *l,
			   const char *word)
{
	struct cond *c = &l->conds[l->n_conds];
	const char *p = word + 1;

	if (l->n_conds == CONDS_MAX)
		table_fail(t->path, l->number, "too many conditions", word);
	l->n_conds++;
	*c = (struct cond){ .arg = (unsigned)(word[0] - '0'),
			    .mask = 0xffffffff };
	if (c->arg > 5)
		table_fail(t->path, l->number, "no such argument", word);
	if (*p == '&') {
		p++;
		c->mask = read_number(t, l->number, &p);
	}
	if (*p++ != '=')
		table_fail(t->path, l->number, "bad condition", word);
	read_ranges(t, l->number, p, c);
}

static void read_action(const struct table *t, struct line *l, char *word)
{
	char *relax = strchr(word, '/');
	const struct word *w;

	if (relax) {
		*relax++ = '\0';
		w = WORD(relaxations, relax);
		if (!w)
			table_fail(t->path, l->number, "unknown relaxation", relax);
		l->relax = w->value;
	}
	w = WORD(errors, word);
	if (w) {
		l->action = ACTION_ERRNO;
		l->error = (int)w->value;
	} else if (!strcmp(word, "allow") && !relax) {
		l->action = ACTION_ALLOW;
	} else if (!strcmp(word, "second") && !relax) {
		l->action = ACTION_SECOND;
	} else {
		table_fail(t->path, l->number, "unknown action", word);
	}
}

/* The number that libseccomp knows for this name must be the one written. */
static void check_number(const struct table *t, const struct line *l)
{
	int known = seccomp_syscall_resolve_name(l->name);

	if (l->raw < 0 && known == __NR_SCMP_ERROR)
		table_fail(t->path, l->number, "libseccomp knows no such call",
			   l->name);
	if (l->raw >= 0 && known >= 0 && known != l->raw)
		table_fail(t->path, l->number, "has another number", l->name);
}

static void read_name(const struct table *t, struct line *l, char *word)
{
	const char *number = strchr(word, '=');

	l->raw = -1;
	if (number) {
		word[number++ - word] = '\0';
		l->raw = (int)read_number(t, l->number, &number);
	}
	if (strlen(word) >= sizeof(l->name))
		table_fail(t->path, l->number, "name too long", word);
	strcpy(l->name, word);
	check_number(t, l);
}

static void read_line(struct table *t, enum section section, unsigned number,
		      char *text)
{
	struct line *l = &t->lines[t->n_lines];
	char *save, *action, *name, *word;

	if (t->n_lines == LINES_MAX)
		table_fail(t->path, number, "too many lines", text);
	*l = (struct line){ .number = number, .section = section };
	action = strtok_r(text, " \t", &save);
	name = strtok_r(NULL, " \t", &save);
	word = strtok_r(NULL, " \t", &save);
	if (!name)
		table_fail(t->path, number, "no name", action);
	read_action(t, l, action);
	read_name(t, l, name);
	for (; word && is_condition(word); word = strtok_r(NULL, " \t", &save))
		read_condition(t, l, word);
	if (!word)
		table_fail(t->path, number, "no reason", l->name);
	t->n_lines++;
}

static void read_lines(struct table *t)
{
	enum section section = SECTION_NONE;
	char text[512];
	unsigned number = 0;
	FILE *f = fopen(t->path, "re");

	if (!f)
		table_fail(t->path, 0, "cannot open", strerror(errno));
	while (fgets(text, sizeof(text), f)) {
		const struct word *w;

		number++;
		text[strcspn(text, "\n")] = '\0';
		if (!text[0] || text[0] == '#')
			continue;
		w = WORD(sections, text);
		if (w)
			section = (enum section)w->value;
		else if (section == SECTION_NONE)
			table_fail(t->path, number, "before any section", text);
		else
			read_line(t, section, number, text);
	}
	fclose(f);
}

/* ---- checking it ----------------------------------------------------------- */

static bool has_lines(const struct table *t, enum section s, const char *name)
{
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->lines[i].section == s && !strcmp(t->lines[i].name, name))
			return true;
	return false;
}

static bool is_second(const struct table *t, const char *name)
{
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->lines[i].action == ACTION_SECOND &&
		    !strcmp(t->lines[i].name, name))
			return true;
	return false;
}

static void check_pair(const struct table *t, const struct line *a,
		       const struct line *b)
{
	int order = strcmp(a->name, b->name);

	if (a->section != b->section)
		return;
	if (order > 0)
		table_fail(t->path, b->number, "not sorted by name", b->name);
	if (order == 0 && (!a->n_conds || !b->n_conds))
		table_fail(t->path, b->number, "second line would be dropped",
		     b->name);
	if (order == 0 && (a->action != b->action || a->error != b->error) &&
	    a->section != SECTION_ARGUMENTS)
		table_fail(t->path, b->number, "two actions for one call", b->name);
}

static void check_table(const struct table *t)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *l = &t->lines[i];

		if (i)
			check_pair(t, l - 1, l);
		if (l->action == ACTION_SECOND &&
		    (l->section != SECTION_APP ||
		     !has_lines(t, SECTION_ARGUMENTS, l->name)))
			table_fail(t->path, l->number,
			     "no rule in [app-arguments]", l->name);
		if (l->section == SECTION_ARGUMENTS &&
		    (l->action != ACTION_ERRNO || !is_second(t, l->name)))
			table_fail(t->path, l->number,
			     "must refuse a `second` call of [app]", l->name);
	}
}

void table_read(struct table *t)
{
	read_lines(t);
	check_table(t);
}

/* Some calls of i386 exist twice, behind socketcall or ipc and with a number of
 * their own; by name libseccomp tells the former only. */
static int own_number(const char *name, uint32_t arch)
{
	for (int nr = 0; nr < NUMBERS; nr++) {
		char *known = seccomp_syscall_resolve_num_arch(arch, nr);
		bool same = known && !strcmp(known, name);

		free(known);
		if (same)
			return nr;
	}
	return -1;
}

/* Numbers from 424 up are the same on every architecture. */
int table_number(const struct line *l, uint32_t arch)
{
	int known;

	if (l->raw >= 0)
		return l->raw >= 424 || arch == seccomp_arch_native() ?
			l->raw : -1;
	known = seccomp_syscall_resolve_name_arch(arch, l->name);
	return known >= 0 ? known : own_number(l->name, arch);
}
