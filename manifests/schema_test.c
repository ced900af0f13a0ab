/*
 * schema_test.c - what is made from the table: fresh, whole, and true
 *
 * docs/manifest.md is committed; it must equal what `make docs` writes, and each
 * of its examples must be a manifest.
 */
#include <check.h>
#include <fcntl.h>
#include <string.h>

#include "manifests/manifest.h"
#include "manifests/schema.h"
#include "manifests/table.h"
#include "manifests/test_run.h"
#include "runtime/fd.h"

#define TEXT_MAX ((size_t)1 << 20)

static char *slurp(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len;

	ck_assert_msg(fd >= 0, "%s: run from the project's folder", path);
	ck_assert_int_eq(fd_slurp(fd, TEXT_MAX, &text, &len), 0);
	return text;
}

START_TEST(reference_is_fresh)
{
	CLEANUP_FREE char *words = slurp("manifests/reference.md");
	CLEANUP_FREE char *page = slurp("docs/manifest.md");
	CLEANUP_BUF struct buf made = BUF_INIT;
	struct err err;

	ck_assert_int_eq(reference_write(words, &made, &err), 0);
	ck_assert_msg(strcmp(page, buf_text(&made)) == 0,
		      "docs/manifest.md is old: run make docs");
}
END_TEST

START_TEST(reference_needs_its_mark)
{
	CLEANUP_BUF struct buf made = BUF_INIT;
	struct err err;

	ck_assert_int_eq(reference_write("no line", &made, &err), -EINVAL);
}
END_TEST

static void check_example(const char *text, size_t len)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf report = BUF_INIT;
	struct err err;

	ck_assert_msg(manifest_read("docs/manifest.md", text, len, &m, &report,
				    &err) == 0, "%s", buf_text(&report));
}

START_TEST(examples_are_manifests)
{
	static const char open[] = "```yaml\n", close[] = "```\n";
	CLEANUP_FREE char *page = slurp("docs/manifest.md");
	unsigned n = 0;

	for (const char *p = strstr(page, open); p; p = strstr(p, open), n++) {
		const char *text = p + strlen(open);

		p = strstr(text, close);
		ck_assert_ptr_nonnull(p);
		check_example(text, (size_t)(p - text));
		p += strlen(close);
	}
	ck_assert_uint_ge(n, 4);
}
END_TEST

START_TEST(example_of_header_is_a_header)
{
	static const char open[] = "## Example\n\n```\n", close[] = "```\n";
	CLEANUP_FREE char *page = slurp("docs/header.md");
	CLEANUP_HEADER struct header h = { 0 };
	const char *text = strstr(page, open), *end;
	struct err err = { 0 };

	ck_assert_ptr_nonnull(text);
	text += strlen(open);
	end = strstr(text, close);
	ck_assert_ptr_nonnull(end);
	ck_assert_msg(header_parse(text, (size_t)(end - text), &h, &err) == 0,
		      "%s", err.text);
}
END_TEST

START_TEST(schema_names_every_key)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const struct key_row *rows;
	size_t n;

	schema_write(&out);
	ck_assert(!out.failed);
	rows = key_rows(&n);
	for (size_t i = 0; i < n; i++) {
		char key[64];

		(void)snprintf(key, sizeof(key), "\"%s\": {", rows[i].name);
		ck_assert_msg(strstr(buf_text(&out), key), "%s", key);
	}
}
END_TEST

/* Every opened bracket is closed, in order; strings hold none that count. */
START_TEST(schema_is_balanced)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char open[64];
	unsigned depth = 0;
	bool string = false;

	schema_write(&out);
	for (const char *p = buf_text(&out); *p; p++) {
		if (string && *p == '\\') {
			p++;
		} else if (*p == '"') {
			string = !string;
		} else if (!string && (*p == '{' || *p == '[')) {
			ck_assert_uint_lt(depth, sizeof(open));
			open[depth++] = *p;
		} else if (!string && (*p == '}' || *p == ']')) {
			ck_assert_uint_gt(depth, 0);
			ck_assert_int_eq(open[--depth], *p == '}' ? '{' : '[');
		}
	}
	ck_assert_uint_eq(depth, 0);
	ck_assert(!string);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("schema");
	Suite *s = suite_create("schema");

	tcase_add_test(t, reference_is_fresh);
	tcase_add_test(t, reference_needs_its_mark);
	tcase_add_test(t, examples_are_manifests);
	tcase_add_test(t, example_of_header_is_a_header);
	tcase_add_test(t, schema_names_every_key);
	tcase_add_test(t, schema_is_balanced);
	suite_add_tcase(s, t);
	return run_suite(s);
}
