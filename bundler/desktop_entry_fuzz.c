/*
 * desktop_entry_fuzz.c - hostile desktop files
 *
 * Whatever is read is text without control characters, and Exec is bounded.
 */
#include <stdint.h>
#include <string.h>

#include "bundler/desktop_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_DESKTOP_ENTRY struct desktop_entry d = { 0 };
	struct err err;

	if (desktop_entry_parse((const char *)data, size, &d, &err) < 0)
		return 0;
	check(d.name);
	check(d.icon);
	check(d.categories);
	if (d.argv.n > DESKTOP_ARGS_MAX || (d.argv.n && !d.has_exec))
		abort();
	for (size_t i = 0; i < d.argv.n; i++)
		check(d.argv.v[i]);
	if (desktop_entry_options(&d) > d.argv.n)
		abort();
	(void)desktop_entry_program(&d);
	(void)desktop_entry_has_category(&d, "Game");
	return 0;
}
