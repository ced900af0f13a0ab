/*
 * profile_fuzz.c - any bytes as a profile's text: what is taken can be written, and
 * reads back as the same
 */
#include <stdlib.h>
#include <string.h>

#include "launcher/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_entry(const struct profile_entry *e)
{
	check(strlen(e->path) <= PROFILE_PATH_MAX && e->path[0] != '/');
	check(e->first <= e->last && e->last <= PROFILE_BLOCK_MAX);
	check(!strstr(e->path, "//") && strcmp(e->path, "..") != 0 &&
	      strncmp(e->path, "../", 3) != 0 && !strstr(e->path, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_PROFILE struct profile p = PROFILE_INIT, q = PROFILE_INIT;
	CLEANUP_BUF struct buf once = BUF_INIT, twice = BUF_INIT;
	struct err err = { 0 };

	if (profile_parse("x", (const char *)data, size, &p, &err) < 0) {
		check(err.num && err.text[0]);
		return 0;
	}
	check(p.n <= PROFILE_LINES_MAX);
	for (size_t i = 0; i < p.n; i++)
		check_entry(&p.v[i]);
	profile_format(&p, &once);
	check(profile_parse("x", once.data, once.len, &q, &err) == 0);
	profile_format(&q, &twice);
	check(once.len == twice.len &&
	      !memcmp(once.data, twice.data, once.len));
	return 0;
}
