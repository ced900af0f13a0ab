/*
 * schema_gen.c - build tool: prints what is made from the table
 *
 *	schema_gen schema		the JSON Schema
 *	schema_gen reference FILE	docs/manifest.md from its hand-written part
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "manifests/schema.h"
#include "runtime/fd.h"

#define TEXT_MAX ((size_t)1 << 20)

static int reference(const char *path, struct buf *out, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	r = fd_slurp(fd, TEXT_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read %s", path);
	return reference_write(text, out, err);
}

int main(int argc, char **argv)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = { 0 };
	int r = 0;

	if (argc == 2 && strcmp(argv[1], "schema") == 0) {
		schema_write(&out);
	} else if (argc == 3 && strcmp(argv[1], "reference") == 0) {
		r = reference(argv[2], &out, &err);
	} else {
		fprintf(stderr, "usage: schema_gen schema | reference FILE\n");
		return 2;
	}
	if (r == 0)
		r = buf_check(&out, &err);
	if (r < 0) {
		fprintf(stderr, "schema_gen: %s\n", err.text);
		return 1;
	}
	if (fwrite(out.data, 1, out.len, stdout) != out.len ||
	    fflush(stdout) != 0)
		return 1;
	return 0;
}
