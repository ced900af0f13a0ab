/*
 * manifest_fuzz.c - hostile manifests: no crash, and always a message
 *
 * A manifest that is read must fit into a header; one that is not must be
 * reported with at least one line and no control character.
 */
#include <stdint.h>
#include <string.h>

#include "manifests/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const struct buf *report)
{
	if (!report->len)
		abort();
	for (size_t i = 0; i < report->len; i++) {
		unsigned char c = (unsigned char)report->data[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			abort();
	}
}

/* Its bounds are the header's, but for the size of the whole. */
static void check_header(const struct manifest *m)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char arch[] = "x86_64";
	struct header h = {
		.id = m->id, .version = m->version, .name = m->name,
		.arch = arch, .kind = m->kind,
		.commands = m->commands, .n_commands = m->n_commands,
		.environment = m->environment, .workdir = m->workdir,
		.home_skeleton = m->home_skeleton, .perms = m->perms,
		.limits = m->limits, .n_limits = m->n_limits,
	};
	struct err err;
	int r;

	/* Both may be left out: the bundler finds them in the sources. */
	if (!m->version || !m->n_commands || *m->commands[0].name)
		return;
	r = header_format(&h, &out, &err);
	if (r < 0 && r != -E2BIG)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf report = BUF_INIT;
	struct err err;

	if (manifest_read("fuzz.yaml", (const char *)data, size, &m, &report,
			  &err) < 0)
		check_report(&report);
	else
		check_header(&m);
	return 0;
}
