/*
 * filters_gen.c - compiles syscalls.table into BPF programs (at build time)
 *
 * Usage: filters_gen TABLE > filters_gen.h.  Reads the table (its head explains
 * the grammar), lets libseccomp compile one program per section and per
 * combination of the relaxations that the section mentions, and writes them as
 * C arrays.  The only program that links libseccomp; it never ships.
 *
 * It refuses what the compiled filter would hide: lines out of order, a name
 * twice without conditions, a conditional beside an unconditional line (for
 * such a pair libseccomp keeps one and drops the other in silence), a `second`
 * call without a rule in [app-arguments] and the other way round.
 *
 * Comparisons are masked with 0xffffffff, because the kernel reads 32 bits of
 * these arguments while libseccomp's plain ones look at 64.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/filters.h"

#define LINES_MAX 1024
#define CONDS_MAX 2
#define RANGES_MAX 16
#define VALUES_MAX 128
#define INSNS_MAX 4096		/* the kernel's BPF_MAXINSNS */

enum section { SECTION_NONE, SECTION_APP, SECTION_ARGUMENTS, SECTION_INIT,
	       SECTIONS };

enum action { ACTION_ALLOW, ACTION_SECOND, ACTION_ERRNO };

struct range {
	uint32_t first, last;
};

struct cond {
	unsigned arg;
	uint32_t mask;
	struct range ranges[RANGES_MAX];
	unsigned n_ranges;
};

struct line {
	unsigned number;		/* in the file, for messages */
	enum section section;
	enum action action;
	int error;			/* for ACTION_ERRNO */
	unsigned relax;			/* bits under which the call is allowed */
	char name[32];
	int syscall;			/* native number; pseudo ones below 0 */
	bool raw;			/* written as NAME=NUMBER */
	struct cond conds[CONDS_MAX];
	unsigned n_conds;
};

struct table {
	const char *path;
	struct line lines[LINES_MAX];
	unsigned n_lines;
};

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

/* A build-time program with one thing to do: it may end where it stands. */
static void fail(const char *path, unsigned line, const char *what,
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
		fail(t->path, number, "not a 32-bit number", *p);
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
			fail(t->path, number, "range runs backwards", p);
		if (!*p)
			return;
		if (*p++ != ',' || c->n_ranges == RANGES_MAX)
			fail(t->path, number, "bad list of values", p);
	}
}

static void read_condition(const struct table *t, struct line *l,
			   const char *word)
{
	struct cond *c = &l->conds[l->n_conds];
	const char *p = word + 1;

	if (l->n_conds == CONDS_MAX)
		fail(t->path, l->number, "too many conditions", word);
	l->n_conds++;
	*c = (struct cond){ .arg = (unsigned)(word[0] - '0'),
			    .mask = 0xffffffff };
	if (c->arg > 5)
		fail(t->path, l->number, "no such argument", word);
	if (*p == '&') {
		p++;
		c->mask = read_number(t, l->number, &p);
	}
	if (*p++ != '=')
		fail(t->path, l->number, "bad condition", word);
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
			fail(t->path, l->number, "unknown relaxation", relax);
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
		fail(t->path, l->number, "unknown action", word);
	}
}

static void read_name(const struct table *t, struct line *l, char *word)
{
	char *number = strchr(word, '=');

	if (number)
		*number++ = '\0';
	if (strlen(word) >= sizeof(l->name))
		fail(t->path, l->number, "name too long", word);
	strcpy(l->name, word);
	l->syscall = seccomp_syscall_resolve_name(word);
	if (!number) {
		if (l->syscall == __NR_SCMP_ERROR)
			fail(t->path, l->number,
			     "libseccomp knows no such call", word);
		return;
	}
	/* A newer libseccomp that knows the name must agree. */
	if (l->syscall >= 0 && l->syscall != atoi(number))
		fail(t->path, l->number, "has another number", word);
	l->syscall = atoi(number);
	l->raw = true;
}

static void read_line(struct table *t, enum section section, unsigned number,
		      char *text)
{
	struct line *l = &t->lines[t->n_lines];
	char *save, *action, *name, *word;

	if (t->n_lines == LINES_MAX)
		fail(t->path, number, "too many lines", text);
	*l = (struct line){ .number = number, .section = section };
	action = strtok_r(text, " \t", &save);
	name = strtok_r(NULL, " \t", &save);
	word = strtok_r(NULL, " \t", &save);
	if (!name)
		fail(t->path, number, "no name", action);
	read_action(t, l, action);
	read_name(t, l, name);
	for (; word && is_condition(word); word = strtok_r(NULL, " \t", &save))
		read_condition(t, l, word);
	if (!word)
		fail(t->path, number, "no reason", l->name);
	t->n_lines++;
}

static void read_table(struct table *t)
{
	enum section section = SECTION_NONE;
	char text[512];
	unsigned number = 0;
	FILE *f = fopen(t->path, "re");

	if (!f)
		fail(t->path, 0, "cannot open", strerror(errno));
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
			fail(t->path, number, "before any section", text);
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
		fail(t->path, b->number, "not sorted by name", b->name);
	if (order == 0 && (!a->n_conds || !b->n_conds))
		fail(t->path, b->number, "second line would be dropped",
		     b->name);
	if (order == 0 && (a->action != b->action || a->error != b->error) &&
	    a->section != SECTION_ARGUMENTS)
		fail(t->path, b->number, "two actions for one call", b->name);
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
			fail(t->path, l->number,
			     "no rule in [app-arguments]", l->name);
		if (l->section == SECTION_ARGUMENTS &&
		    (l->action != ACTION_ERRNO || !is_second(t, l->name)))
			fail(t->path, l->number,
			     "must refuse a `second` call of [app]", l->name);
	}
}

/* ---- compiling ------------------------------------------------------------- */

static unsigned expand(const struct table *t, const struct line *l,
		       const struct cond *c, uint32_t *values)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n_ranges; i++) {
		const struct range *r = &c->ranges[i];

		for (uint64_t v = r->first; v <= r->last; v++) {
			if (n == VALUES_MAX)
				fail(t->path, l->number, "too many values",
				     l->name);
			values[n++] = (uint32_t)v;
		}
	}
	return n;
}

static void add_rule(scmp_filter_ctx ctx, const struct table *t,
		     const struct line *l, uint32_t action,
		     const struct scmp_arg_cmp *cmps)
{
	int r = seccomp_rule_add_array(ctx, action, l->syscall, l->n_conds,
				       cmps);

	if (r < 0)
		fail(t->path, l->number, strerror(-r), l->name);
}

/* One rule per combination of the values of (at most two) conditions. */
static void add_line(scmp_filter_ctx ctx, const struct table *t,
		     const struct line *l, uint32_t action)
{
	struct scmp_arg_cmp cmps[CONDS_MAX] = { 0 };
	uint32_t values[CONDS_MAX][VALUES_MAX];
	unsigned n[CONDS_MAX] = { 1, 1 };

	for (unsigned i = 0; i < l->n_conds; i++)
		n[i] = expand(t, l, &l->conds[i], values[i]);
	for (unsigned i = 0; i < n[0]; i++) {
		for (unsigned j = 0; j < n[1]; j++) {
			unsigned at[CONDS_MAX] = { i, j };

			for (unsigned k = 0; k < l->n_conds; k++)
				cmps[k] = SCMP_CMP(l->conds[k].arg,
						   SCMP_CMP_MASKED_EQ,
						   l->conds[k].mask,
						   values[k][at[k]]);
			add_rule(ctx, t, l, action, cmps);
		}
	}
}

static uint32_t section_default(enum section s)
{
	switch (s) {
	case SECTION_APP:
		return SCMP_ACT_ERRNO(ENOSYS);
	case SECTION_ARGUMENTS:
		return SCMP_ACT_ALLOW;
	default:
		return SCMP_ACT_KILL_PROCESS;
	}
}

static uint32_t line_action(const struct line *l, unsigned relax)
{
	if (l->action != ACTION_ERRNO || (l->relax & relax))
		return SCMP_ACT_ALLOW;
	return SCMP_ACT_ERRNO((uint16_t)l->error);
}

static void set_attribute(scmp_filter_ctx ctx, enum scmp_filter_attr attr,
			  uint32_t value)
{
	int r = seccomp_attr_set(ctx, attr, value);

	if (r < 0)
		fail("libseccomp", 0, "cannot set an attribute", strerror(-r));
}

static scmp_filter_ctx new_filter(enum section section)
{
	scmp_filter_ctx ctx = seccomp_init(section_default(section));

	if (!ctx)
		fail("libseccomp", 0, "cannot start", strerror(ENOMEM));
	set_attribute(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	set_attribute(ctx, SCMP_FLTATR_CTL_NNP, 0);
	set_attribute(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return ctx;
}

static void add_lines(scmp_filter_ctx ctx, const struct table *t,
		      enum section section, unsigned relax, uint32_t arch)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *l = &t->lines[i];
		bool native = arch == seccomp_arch_native();
		uint32_t action = line_action(l, relax);

		if (l->section != section || action == section_default(section))
			continue;
		if (native ? l->syscall < 0 : l->raw)
			continue;
		add_line(ctx, t, l, action);
	}
}

/* The second architecture of FILTER_MULTIARCH has rules of its own, merged
 * afterwards: calls that libseccomp does not know by name cannot be translated. */
static void merge_i386(scmp_filter_ctx ctx, const struct table *t,
		       enum section section, unsigned relax)
{
	scmp_filter_ctx other = new_filter(section);
	int r = seccomp_arch_add(other, SCMP_ARCH_X86);

	if (!r)
		r = seccomp_arch_remove(other, SCMP_ARCH_NATIVE);
	if (r < 0)
		fail("libseccomp", 0, "cannot take i386", strerror(-r));
	add_lines(other, t, section, relax, SCMP_ARCH_X86);
	r = seccomp_merge(ctx, other);
	if (r < 0)
		fail("libseccomp", 0, "cannot merge i386", strerror(-r));
}

static unsigned compile(const struct table *t, enum section section,
			unsigned relax, struct sock_filter *ret)
{
	scmp_filter_ctx ctx = new_filter(section);
	FILE *f = tmpfile();
	size_t n;

	if (!f)
		fail("tmpfile", 0, "cannot make", strerror(errno));
	add_lines(ctx, t, section, relax, seccomp_arch_native());
	if ((relax & FILTER_MULTIARCH) &&
	    seccomp_arch_native() == SCMP_ARCH_X86_64)
		merge_i386(ctx, t, section, relax);
	if (seccomp_export_bpf(ctx, fileno(f)) < 0 || fseek(f, 0, SEEK_SET))
		fail(t->path, 0, "cannot export", "BPF");
	n = fread(ret, sizeof(*ret), INSNS_MAX + 1, f);
	if (!n || n > INSNS_MAX)
		fail(t->path, 0, "empty, or more than the kernel takes", "BPF");
	fclose(f);
	seccomp_release(ctx);
	return (unsigned)n;
}

/* ---- writing --------------------------------------------------------------- */

static void write_program(const char *name, unsigned relax,
			  const struct sock_filter *insns, unsigned n)
{
	printf("static const struct sock_filter gen_%s_%u[] = {\n", name, relax);
	for (unsigned i = 0; i < n; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", insns[i].code,
		       insns[i].jt, insns[i].jf, insns[i].k);
	printf("};\n\n");
}

/* The relaxations that change a section's program. */
static unsigned section_relax(const struct table *t, enum section section)
{
	unsigned bits = section == SECTION_INIT ? 0 : FILTER_MULTIARCH;

	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->lines[i].section == section)
			bits |= t->lines[i].relax;
	return bits;
}

static void write_section(const struct table *t, enum section section,
			  const char *name)
{
	static struct sock_filter insns[INSNS_MAX + 1];
	unsigned bits = section_relax(t, section);

	for (unsigned relax = 0; relax < FILTER_RELAX_ALL + 1; relax++)
		if (!(relax & ~bits))
			write_program(name, relax, insns,
				      compile(t, section, relax, insns));
	printf("static const struct gen_program gen_%s[] = {\n", name);
	for (unsigned relax = 0; relax < FILTER_RELAX_ALL + 1; relax++)
		printf("\t{ gen_%s_%u, ARRAY_SIZE(gen_%s_%u) },\n", name,
		       relax & bits, name, relax & bits);
	printf("};\n\n");
}

int main(int argc, char **argv)
{
	static struct table t;

	if (argc != 2) {
		fprintf(stderr, "usage: filters_gen TABLE > HEADER\n");
		return 2;
	}
	t.path = argv[1];
	read_table(&t);
	check_table(&t);
	printf("/* made by filters_gen from %s; do not edit */\n\n"
	       "struct gen_program {\n"
	       "\tconst struct sock_filter *insns;\n"
	       "\tunsigned short n;\n"
	       "};\n\n", argv[1]);
	write_section(&t, SECTION_APP, "app");
	write_section(&t, SECTION_ARGUMENTS, "app_arguments");
	write_section(&t, SECTION_INIT, "init");
	return fflush(stdout) || ferror(stdout);
}
