/*
 * filters_gen.c - compiles syscalls.table into BPF programs (at build time)
 *
 * Usage: filters_gen TABLE > filters_gen.h.  One program per process and per
 * combination of the relaxations that the section mentions, written as C
 * arrays: filters_table.c reads, filters_emit.c compiles.  The only program
 * that links libseccomp (for names and numbers); it never ships.
 */
#include <linux/filter.h>
#include <stdio.h>

#include "launcher/filters.h"
#include "launcher/filters_emit.h"
#include "launcher/filters_table.h"

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
		if (t->lines[i].section == section ||
		    (section == SECTION_APP &&
		     t->lines[i].section == SECTION_ARGUMENTS))
			bits |= t->lines[i].relax;
	return bits;
}

static void write_section(const struct table *t, enum section section,
			  const char *name)
{
	static struct sock_filter insns[INSNS_MAX];
	unsigned bits = section_relax(t, section);

	for (unsigned relax = 0; relax < FILTER_RELAX_ALL + 1; relax++)
		if (!(relax & ~bits))
			write_program(name, relax, insns,
				      filter_emit(t, section, relax, insns));
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
	table_read(&t);
	printf("/* made by filters_gen from %s; do not edit */\n\n"
	       "struct gen_program {\n"
	       "\tconst struct sock_filter *insns;\n"
	       "\tunsigned short n;\n"
	       "};\n\n", argv[1]);
	write_section(&t, SECTION_APP, "app");
	write_section(&t, SECTION_INIT, "init");
	return fflush(stdout) || ferror(stdout);
}
