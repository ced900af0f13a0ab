/*
 * tool_plan_test.c - the rows of a tool run, without running it
 */
#include "launcher/tool_parts.h"

#include <check.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static struct plan p;
static struct err err;

static void make(size_t n_lowers)
{
	static const int lowers[] = { 10, 11, 12, 13, 14, 15, 16, 17 };
	static const struct tool_bind bind = { .fd = 20,
					       .target = "/opt/a b/stub" };
	static const char *const argv[] = { "/usr/bin/x", "--y", NULL };
	static const char *const envp[] = { "A=b", NULL };
	const struct tool_run run = {
		.lower_fds = lowers, .n_lowers = n_lowers, .binds = &bind,
		.n_binds = 1, .argv = argv, .envp = envp, .name = "x",
		.upper_bytes = 8192,
	};

	ck_assert_int_eq(tool_plan(&run, 1000, 100, &p, &err), 0);
}

static void teardown(void)
{
	plan_free(&p);
}

static const struct row *find(enum row_kind kind, const char *target)
{
	for (size_t i = 0; i < p.n_rows; i++)
		if (p.rows[i].kind == kind && !strcmp(p.rows[i].target, target))
			return &p.rows[i];
	ck_abort_msg("no row of kind %d for %s", kind, target);
	return NULL;
}

START_TEST(everything_is_new)
{
	make(1);
	ck_assert_uint_eq(p.namespaces, CLONE_NEWUSER | CLONE_NEWNS |
			  CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			  CLONE_NEWUTS | CLONE_NEWCGROUP);
	ck_assert(p.as_root);
	ck_assert(!p.loopback);
	ck_assert_uint_eq(p.n_keep_fds, 0);
	ck_assert_uint_eq(p.relax, 0);
	ck_assert_str_eq(p.root, "/new");
	ck_assert_uint_eq(p.envp.n, 1);
	ck_assert_uint_eq(p.argv.n, 2);
}
END_TEST

START_TEST(of_the_host_five_nodes)
{
	unsigned nodes = 0;

	make(8);
	for (size_t i = 0; i < p.n_rows; i++) {
		const struct row *r = &p.rows[i];

		if (r->kind == ROW_BIND && r->base == BASE_HOST) {
			ck_assert_str_eq(r->base_path, "/dev");
			ck_assert_ptr_nonnull(strstr("null zero full random "
						     "urandom", r->source));
			nodes++;
		}
		/* What the caller gave is never writable. */
		if (r->base == BASE_FD)
			ck_assert(r->flags & ROW_RO);
	}
	ck_assert_uint_eq(nodes, 5);
}
END_TEST

START_TEST(layers)
{
	const struct row *r;

	make(8);
	r = find(ROW_OVERLAY, "/new");
	ck_assert(r->flags & ROW_STRICT);
	ck_assert_uint_eq(r->layers.n, 9);
	ck_assert_str_eq(r->layers.v[0], "/lower/0");
	ck_assert_str_eq(r->layers.v[7], "/lower/7");
	ck_assert_str_eq(r->layers.v[8], "/base");
	ck_assert_int_eq(find(ROW_BIND, "/lower/0")->fd, 10);
	ck_assert_int_eq(find(ROW_BIND, "/lower/7")->fd, 17);
	ck_assert_str_eq(r->upper, "/write/upper");
}
END_TEST

START_TEST(bounds_and_mount_points)
{
	make(1);
	ck_assert_str_eq(find(ROW_TMPFS, "/write")->text,
			 "mode=0755,size=8192,nr_inodes=16386");
	(void)find(ROW_DIR, "/base/opt/a b/stub");
	ck_assert_int_eq(find(ROW_BIND, "/new/opt/a b/stub")->fd, 20);
	ck_assert(find(ROW_PROC, "/new/proc")->flags & ROW_RO);
	ck_assert(find(ROW_PROC, "/proc")->flags & ROW_RO);
	(void)find(ROW_READONLY, "/new/dev");
	ck_assert_uint_eq(p.hand_out.n, HANDED_N);
	ck_assert_str_eq(p.hand_out.v[HANDED_UPPER], "/write/upper");
	ck_assert_str_eq(p.hand_out.v[HANDED_PROC], "/proc");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tool plan");
	TCase *c = tcase_create("tool plan");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, everything_is_new);
	tcase_add_test(c, of_the_host_five_nodes);
	tcase_add_test(c, layers);
	tcase_add_test(c, bounds_and_mount_points);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
