/*
 * manifest_bad_test.c - the golden file of all messages about broken manifests
 *
 * Each tests/manifests-bad/NAME.yaml is named for what must fail.  The messages
 * of all of them, in the order of their names, are tests/manifests-bad/
 * expected.txt.  A manifest that is accepted fails the test.  After a change of
 * messages: run this program with --write, from the project's folder, and read the
 * difference.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "manifests/manifest.h"
#include "runtime/fd.h"

#define FOLDER "tests/manifests-bad"
#define GOLDEN FOLDER "/expected.txt"
#define LEAST 40
#define FILE_MAX ((size_t)2 << 20)

static int is_manifest(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && strcmp(e->d_name + len - 5, ".yaml") == 0;
}

static int compare_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int slurp(const char *path, char **ret, size_t *ret_len)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_slurp(fd, FILE_MAX, ret, ret_len) < 0) {
		fprintf(stderr, "%s: cannot read it; run from the project's "
			"folder\n", path);
		return -1;
	}
	return 0;
}

/* 0: refused, as it must be. */
static int add_messages(const char *name, struct buf *out)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf report = BUF_INIT;
	CLEANUP_FREE char *text = NULL;
	char path[512];
	struct err err = { 0 };
	size_t len;

	(void)snprintf(path, sizeof(path), FOLDER "/%s", name);
	if (slurp(path, &text, &len) < 0)
		return -1;
	if (manifest_read(name, text, len, &m, &report, &err) != -EINVAL ||
	    !report.len) {
		fprintf(stderr, "%s: was not refused with a message (%s)\n", name,
			err.text);
		return -1;
	}
	buf_addf(out, "%s\n%s\n\n", buf_text(&report), err.text);
	return 0;
}

static int all_messages(struct buf *out)
{
	struct dirent **names;
	int n = scandir(FOLDER, &names, is_manifest, compare_bytes);
	int failed = 0;

	for (int i = 0; i < n; i++) {
		failed |= add_messages(names[i]->d_name, out) < 0;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (n < LEAST) {
		fprintf(stderr, FOLDER ": %d manifests, at least %d expected\n",
			n, LEAST);
		return -1;
	}
	printf("%d broken manifests\n", n);
	return failed || out->failed ? -1 : 0;
}

static int write_golden(const struct buf *out)
{
	CLEANUP_FILE FILE *f = fopen(GOLDEN, "we");

	return f && fwrite(out->data, 1, out->len, f) == out->len &&
	       fflush(f) == 0 ? 0 : 1;
}

/* The first line that differs says where to look. */
static int compare_golden(const struct buf *out)
{
	CLEANUP_FREE char *golden = NULL;
	const char *a, *b = buf_text(out);
	unsigned line = 1;
	size_t len;

	if (slurp(GOLDEN, &golden, &len) < 0)
		return 1;
	a = golden;
	if (len == out->len && memcmp(a, b, len) == 0)
		return 0;
	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	while (a > golden && a[-1] != '\n') {
		a--;
		b--;
	}
	fprintf(stderr, GOLDEN ":%u:\n  expected: %.*s\n  got:      %.*s\n", line,
		(int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
	return 1;
}

int main(int argc, char **argv)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	int r = all_messages(&out);

	if (argc == 2 && strcmp(argv[1], "--write") == 0)
		return r < 0 ? 1 : write_golden(&out);
	return r < 0 ? 1 : compare_golden(&out);
}
