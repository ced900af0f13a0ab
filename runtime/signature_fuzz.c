/*
 * signature_fuzz.c - whatever signature_list_parse accepts is written again byte
 * for byte, its keys too; and no key verifies what it did not sign
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_key(const struct minisign_key *key)
{
	char text[MINISIGN_KEY_TEXT + 1];
	struct minisign_key again;
	struct err err;

	minisign_key_format(key, text);
	must(minisign_key_parse(text, MINISIGN_KEY_TEXT, &again, &err) == 0);
	must(memcmp(&again, key, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct minisign_key key;
	struct err err;

	(void)minisign_key_parse_file((const char *)data, size, &key, &err);
	if (signature_list_parse((const char *)data, size, &l, &err) < 0)
		return 0;
	for (unsigned i = 0; i < l.n; i++) {
		minisign_signature_format(&l.v[i].minisign, &again);
		if (!l.v[i].has_key)
			continue;
		check_key(&l.v[i].key);
		/* Nobody has signed this. */
		must(!minisign_verify(&l.v[i].minisign, &l.v[i].key,
				      "no seal", 7));
	}
	must(again.len == size && (!size || memcmp(again.data, data,
						   size) == 0));
	return 0;
}
