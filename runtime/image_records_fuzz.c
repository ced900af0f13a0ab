/*
 * image_records_fuzz.c - any bytes as what a server sends over its pipe
 *
 * The first byte is the caller's flags.  What record_check lets through must be
 * safe to extract: clean relative paths, each in a directory that came before,
 * no more bytes than the entry said, and all of them before the next.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/image_format.h"
#include "runtime/image_records.h"

#define DIRS_MAX 128u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

struct seen {
	char *dirs[DIRS_MAX];
	unsigned n;
	bool any;
	uint64_t left;
};

static bool has_dir(const struct seen *s, const char *path, size_t len)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strlen(s->dirs[i]) == len &&
		    !memcmp(s->dirs[i], path, len))
			return true;
	return false;
}

static void check_path(struct seen *s, const struct image_record *rec)
{
	const char *slash = strrchr(rec->path, '/');
	size_t parent = slash ? (size_t)(slash - rec->path) : 0;
	char all[IMAGE_PATH_MAX + 3];

	(void)snprintf(all, sizeof(all), "/%s/", rec->path);
	check(rec->path[0] != '/' && !strstr(all, "/../") &&
	      !strstr(all, "/./"));
	if (rec->path[0])
		check(!strstr(all, "//"));
	if (s->any && s->n < DIRS_MAX)
		check(has_dir(s, rec->path, parent));
	s->any = true;
	if (S_ISDIR(rec->st.st_mode) && s->n < DIRS_MAX)
		check((s->dirs[s->n++] = strdup(rec->path)) != NULL);
}

static void take(struct seen *s, const struct image_record *rec, int flags)
{
	if (rec->type == IMAGE_NOTHING) {
		check(flags & IMAGE_STREAM_CHECK);
		return;
	}
	if (rec->type == IMAGE_HOLE)
		check(flags & IMAGE_STREAM_HOLES);
	if (rec->type == IMAGE_DATA || rec->type == IMAGE_HOLE) {
		check(rec->len > 0 && rec->len <= s->left);
		s->left -= rec->len;
		return;
	}
	check(s->left == 0);
	if (rec->type != IMAGE_ENTRY)
		return;
	check_path(s, rec);
	check(rec->ref < (flags & IMAGE_STREAM_REFS ? UINT64_C(1) << 48 : 1));
	check(!S_ISLNK(rec->st.st_mode) == !rec->target);
	if (S_ISREG(rec->st.st_mode) && (flags & IMAGE_STREAM_DATA))
		s->left = (uint64_t)rec->st.st_size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record_check c;
	struct seen s = { .n = 0 };
	struct image_record rec;
	struct err err;
	int r = 1;

	if (!size)
		return 0;
	memset(&c, 0, sizeof(c));
	c.name = "fuzz";
	c.flags = data[0];
	data++;
	size--;
	while (r > 0 && size >= RECORD_HEAD) {
		uint32_t len = le32(data + 4);

		if (len > size - RECORD_HEAD)
			break;
		r = record_check(&c, le32(data), data + RECORD_HEAD, len, &rec,
				 &err);
		if (r >= 0)
			take(&s, &rec, c.flags);
		data += RECORD_HEAD + len;
		size -= RECORD_HEAD + len;
	}
	for (unsigned i = 0; i < s.n; i++)
		free(s.dirs[i]);
	return 0;
}
