/*
 * plan_test.c - what a plan contains, whatever the bundle says
 */
#include "launcher/plan_fixture.h"

#include <errno.h>
#include <sched.h>

START_TEST(default_plan_shares_nothing)
{
	struct fixture f;
	const unsigned long all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
		CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

	fixture_init(&f);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_eq(f.plan.namespaces, all);
	ck_assert(!f.plan.loopback);
	ck_assert_uint_eq(f.plan.relax, 0);
	/* The last thing done is to close the root. */
	ck_assert_int_eq(f.plan.rows[f.plan.n_rows - 1].kind, ROW_READONLY);
	ck_assert_str_eq(f.plan.rows[f.plan.n_rows - 1].target, "/");
	/* From the host: devices, time zone and the app's own home, no more. */
	for (size_t i = 0; i < f.plan.n_rows; i++) {
		const struct row *r = &f.plan.rows[i];

		if (r->kind != ROW_BIND || r->base != BASE_HOST)
			continue;
		ck_assert_msg(!strcmp(r->base_path, "/dev") ||
			      !strcmp(r->base_path, "/base") ||
			      !strcmp(r->base_path, "/etc/localtime"),
			      "%s is bound", r->base_path);
	}
	fixture_free(&f);
}
END_TEST

START_TEST(every_host_bind_but_devices_is_nodev)
{
	struct fixture f;

	fixture_init(&f);
	fixture_grant(&f, "files=cwd:rw");
	ck_assert_int_eq(fixture_make(&f), 0);
	for (size_t i = 0; i < f.plan.n_rows; i++) {
		const struct row *r = &f.plan.rows[i];

		if (r->flags & ROW_DEV && r->kind == ROW_BIND)
			ck_assert_msg(!strncmp(r->target, "/dev/", 5),
				      "%s has devices", r->target);
	}
	fixture_free(&f);
}
END_TEST

START_TEST(image_never_covers_our_folders)
{
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_BIND, "/usr"));
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_LINK, "/bin"));
	ck_assert_ptr_null(fixture_row(&f, ROW_BIND, "/proc"));
	fixture_free(&f);
}
END_TEST

START_TEST(network_words)
{
	struct fixture f;

	fixture_init(&f);
	fixture_grant(&f, "network=host");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_eq(f.plan.namespaces & CLONE_NEWNET, 0);
	fixture_free(&f);
	fixture_init(&f);
	fixture_grant(&f, "network=loopback");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_ne(f.plan.namespaces & CLONE_NEWNET, 0);
	ck_assert(f.plan.loopback);
	fixture_free(&f);
	/* Not there yet: never wider than nothing. */
	fixture_init(&f);
	fixture_grant(&f, "network=isolated");
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_ne(f.plan.namespaces & CLONE_NEWNET, 0);
	ck_assert(!f.plan.loopback);
	fixture_free(&f);
}
END_TEST

START_TEST(environment_is_an_allow_list)
{
	struct fixture f;
	bool term = false;

	(void)setenv("SECRET_TOKEN", "x", 1);
	(void)setenv("LD_PRELOAD", "", 1);
	(void)setenv("TERM", "dumb", 1);
	fixture_init(&f);
	ck_assert_int_eq(fixture_make(&f), 0);
	for (size_t i = 0; i < f.plan.envp.n; i++) {
		ck_assert(strncmp(f.plan.envp.v[i], "SECRET_TOKEN", 12) != 0);
		ck_assert(strncmp(f.plan.envp.v[i], "LD_PRELOAD", 10) != 0);
		term |= !strcmp(f.plan.envp.v[i], "TERM=dumb");
	}
	ck_assert(term);
	fixture_free(&f);
}
END_TEST

START_TEST(thin_bundle_has_the_hosts_usr)
{
	struct fixture f;
	const struct row *usr;

	fixture_init(&f);
	f.header.kind = KIND_THIN;
	ck_assert_int_eq(fixture_make(&f), 0);
	usr = fixture_row(&f, ROW_BIND, "/usr");
	ck_assert_ptr_nonnull(usr);
	ck_assert_int_eq(usr->base, BASE_HOST);
	ck_assert_uint_ne(usr->flags & ROW_RO, 0);
	ck_assert_ptr_null(fixture_row(&f, ROW_BIND, "/etc"));
	fixture_free(&f);
}
END_TEST

START_TEST(graphical_home_is_an_overlay_that_pins_the_image)
{
	struct fixture f;
	const struct row *home;

	fixture_init(&f);
	f.header.graphical = true;
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert(f.plan.overlay_home);
	home = fixture_row(&f, ROW_OVERLAY, f.home_path);
	ck_assert_ptr_nonnull(home);
	ck_assert_str_eq(home->layers.v[home->layers.n - 1],
			 PLAN_SETUP "/image/mnt");
	fixture_free(&f);
}
END_TEST

START_TEST(required_limit_refuses_the_start)
{
	struct header_limit limit = { .word = (char *)"memory",
				      .value = (char *)"2147483648" };
	struct fixture f;

	fixture_init(&f);
	f.header.limits = &limit;
	f.header.n_limits = 1;
	ck_assert_int_eq(fixture_make(&f), 0);
	fixture_free(&f);
	fixture_init(&f);
	limit.require = true;
	f.header.limits = &limit;
	f.header.n_limits = 1;
	ck_assert_int_eq(fixture_make(&f), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(f.err.text, "memory"));
	fixture_free(&f);
}
END_TEST

START_TEST(no_home_is_closed_below_tmp_too)
{
	struct fixture f;

	fixture_init(&f);	/* its home lies below /tmp */
	f.home.kind = HOME_NONE;
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_READONLY, f.home_path));
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");
	SRunner *runner;
	int failed;

	tcase_add_test(t, default_plan_shares_nothing);
	tcase_add_test(t, every_host_bind_but_devices_is_nodev);
	tcase_add_test(t, image_never_covers_our_folders);
	tcase_add_test(t, network_words);
	tcase_add_test(t, environment_is_an_allow_list);
	tcase_add_test(t, thin_bundle_has_the_hosts_usr);
	tcase_add_test(t, graphical_home_is_an_overlay_that_pins_the_image);
	tcase_add_test(t, no_home_is_closed_below_tmp_too);
	tcase_add_test(t, required_limit_refuses_the_start);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
