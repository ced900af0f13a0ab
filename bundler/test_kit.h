/*
 * test_kit.h - small tools of the bundler's unit tests
 *
 * A folder of its own per test, files in it, and running other programs.  Only
 * *_test.c include this; failing here fails the test.
 */
#ifndef HOLDALL_TEST_KIT_H
#define HOLDALL_TEST_KIT_H

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cleanup.h"
#include "runtime/err.h"

/* A fresh folder; removed by kit_remove. */
UNUSED static void kit_make(char dir[64])
{
	(void)snprintf(dir, 64, "/tmp/holdall-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

/* Runs a shell command; its exit status. */
UNUSED PRINTF_LIKE(1, 2) static int kit_run(const char *fmt, ...)
{
	char *cmd = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	ck_assert_int_ge(vasprintf(&cmd, fmt, ap), 0);
	va_end(ap);
	r = system(cmd);
	free(cmd);
	ck_assert_int_ne(r, -1);
	return WIFEXITED(r) ? WEXITSTATUS(r) : 128 + WTERMSIG(r);
}

UNUSED static void kit_remove(const char *dir)
{
	ck_assert_int_eq(kit_run("chmod -R u+rwX '%s'; rm -rf '%s'", dir,
				 dir), 0);
}

/* Writes dir/name, which may hold any byte. */
UNUSED static void kit_write(const char *dir, const char *name,
			     const void *data, size_t len)
{
	CLEANUP_FREE char *path = NULL;
	FILE *f;

	ck_assert_int_ge(asprintf(&path, "%s/%s", dir, name), 0);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

UNUSED static int kit_open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

#define ck_assert_ok(call) do { \
	int r_ = (call); \
	ck_assert_msg(r_ == 0, "%s: %d: %s", #call, r_, err.text); \
} while (0)

/* The main of a test program with one suite. */
UNUSED static int kit_main(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
