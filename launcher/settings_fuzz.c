/*
 * settings_fuzz.c - hostile settings: no crash, and only what the file says
 *
 * A user's text never yields a rule that only the site may write; every grant
 * has a value; rules stay within their maximum.
 */
#include <stdint.h>

#include "launcher/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *data, size_t size, bool site)
{
	CLEANUP_SETTINGS struct settings s = { 0 };
	struct err err;

	if (settings_parse((const char *)data, size, "settings", site,
			   "org.example.Editor", &s, &err) < 0)
		return;
	if (s.n_rules > SETTINGS_RULES_MAX)
		abort();
	for (size_t i = 0; i < s.n_rules; i++) {
		const struct rule *r = &s.rules[i];

		if (r->action == RULE_FORBID && !site)
			abort();
		if (r->action == RULE_GRANT && !r->pattern.value)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size, true);
	check(data, size, false);
	return 0;
}
