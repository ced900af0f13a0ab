/*
 * image_stats.c - see image_stats.h
 *
 * The counts are kept whether or not anybody asks: an addition under a lock that
 * is held anyway.
 */
#include "runtime/image_stats.h"

#include <inttypes.h>
#include <linux/fuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/image_state.h"

/* In the order in which they are told. */
static const struct {
	unsigned opcode;
	const char *name;
} names[] = {
	{ FUSE_READ, "read" }, { FUSE_LOOKUP, "lookup" },
	{ FUSE_GETATTR, "getattr" }, { FUSE_READDIRPLUS, "readdirplus" },
	{ FUSE_READDIR, "readdir" }, { FUSE_READLINK, "readlink" },
	{ FUSE_OPEN, "open" }, { FUSE_OPENDIR, "opendir" },
	{ FUSE_IOCTL, "ioctl" }, { FUSE_GETXATTR, "getxattr" },
	{ FUSE_STATFS, "statfs" },
};

/* Appends, as far as there is room. */
static void add(char *text, size_t size, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static void add(char *text, size_t size, const char *fmt, ...)
{
	size_t at = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + at, size - at, fmt, ap);
	va_end(ap);
}

static void add_requests(const struct image_stats *s, char *text, size_t size)
{
	uint64_t all = 0, named = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(s->requests); i++)
		all += s->requests[i];
	add(text, size, "requests: %" PRIu64 " (", all);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t n = s->requests[names[i].opcode];

		named += n;
		if (n)
			add(text, size, "%s %" PRIu64 ", ", names[i].name, n);
	}
	add(text, size, "other %" PRIu64 ")\n", all - named);
}

void image_stats_tell(const struct image *im, int fd)
{
	const struct image_stats *s = &im->stats;
	char text[1000] = "";

	add_requests(s, text, sizeof(text));
	add(text, sizeof(text), "read: %" PRIu64 " KiB asked for; blocks %" PRIu64
	    " at hand, %" PRIu64 " decoded for it, %" PRIu64 " decoded ahead\n",
	    s->asked_bytes >> 10, s->hits, s->misses, s->ahead);
	add(text, sizeof(text), "decoded: %" PRIu64 " KiB from %" PRIu64
	    " KiB; pushed: %" PRIu64 " KiB in %" PRIu64 " blocks\n",
	    s->decoded_bytes >> 10, s->packed_bytes >> 10,
	    s->pushed_bytes >> 10, s->pushes);
	if (s->profile_blocks)
		add(text, sizeof(text), "launch profile: %" PRIu64 " blocks "
		    "fetched, met %" PRIu64 " times\n", s->profile_blocks,
		    s->profile_met);
	/* The pipe does not block: who does not read misses it. */
	(void)!write(fd, text, strlen(text));
}
