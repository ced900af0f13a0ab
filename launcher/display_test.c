/*
 * display_test.c - what a plan holds for an app with windows
 */
#include "launcher/plan_fixture.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "launcher/gpu.h"

static const char *variable(const struct fixture *f, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < f->plan.envp.n; i++)
		if (!strncmp(f->plan.envp.v[i], name, n) &&
		    f->plan.envp.v[i][n] == '=')
			return f->plan.envp.v[i] + n + 1;
	return NULL;
}

/* A compositor that accepts, and nothing else. */
static int listen_at(struct fixture *f, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", f->dir, name);
	(void)unlink(a.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

static void no_display(void)
{
	static const char *const names[] = {
		"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "LANG", "LANGUAGE",
		"LC_ALL", "LC_MESSAGES", "LC_TIME", "GDK_SCALE", "GTK_THEME",
		"XDG_CURRENT_DESKTOP",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unsetenv(names[i]);
}

static void init(struct fixture *f)
{
	fixture_init(f);
	no_display();
	(void)setenv("XDG_RUNTIME_DIR", f->dir, 1);
	(void)chmod(f->dir, 0700);
}

START_TEST(nothing_without_the_permission)
{
	struct fixture f;
	int fd;

	init(&f);
	f.header.graphical = true;
	fd = listen_at(&f, "wayland-0");
	(void)setenv("WAYLAND_DISPLAY", "wayland-0", 1);
	(void)setenv("DISPLAY", ":0", 1);
	(void)setenv("XAUTHORITY", "/home/x/.Xauthority", 1);
	(void)setenv("GDK_SCALE", "2", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_null(variable(&f, "WAYLAND_DISPLAY"));
	ck_assert_ptr_null(variable(&f, "DISPLAY"));
	ck_assert_ptr_null(variable(&f, "XAUTHORITY"));
	ck_assert_ptr_null(variable(&f, "GDK_SCALE"));
	for (size_t i = 0; i < f.plan.n_rows; i++)
		ck_assert_ptr_null(strstr(f.plan.rows[i].target, "wayland"));
	ck_assert_ptr_null(fixture_row(&f, ROW_BIND, "/run/host/fonts"));
	(void)close(fd);
	fixture_free(&f);
}
END_TEST

START_TEST(wayland_is_one_socket)
{
	struct fixture f;
	const struct row *r;
	int fd;

	init(&f);
	fd = listen_at(&f, "other-name");
	(void)setenv("WAYLAND_DISPLAY", "other-name", 1);
	(void)setenv("XDG_CURRENT_DESKTOP", "GNOME", 1);
	(void)setenv("GTK_THEME", "/etc/passwd", 1);
	fixture_grant(&f, "display=wayland");
	fixture_grant(&f, "display=x11-fallback");
	ck_assert_int_eq(fixture_make(&f), 0);
	r = fixture_row(&f, ROW_BIND, "/run/user/1000/wayland-0");
	ck_assert_ptr_nonnull(r);
	ck_assert(r->flags & ROW_RO);
	ck_assert_str_eq(variable(&f, "WAYLAND_DISPLAY"), "wayland-0");
	ck_assert_str_eq(variable(&f, "XDG_SESSION_TYPE"), "wayland");
	ck_assert_str_eq(variable(&f, "XDG_CURRENT_DESKTOP"), "GNOME");
	ck_assert_str_eq(variable(&f, "GSETTINGS_BACKEND"), "keyfile");
	ck_assert_msg(!variable(&f, "GTK_THEME"), "a path of the host");
	ck_assert_ptr_null(variable(&f, "DISPLAY"));
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_BIND, "/run/host/fonts"));
	(void)close(fd);
	fixture_free(&f);
}
END_TEST

START_TEST(no_display_is_an_error_only_for_windows)
{
	struct fixture f;
	int fd;

	init(&f);
	f.header.graphical = true;
	fixture_grant(&f, "display=wayland");
	fixture_grant(&f, "display=x11-fallback");
	ck_assert_int_lt(fixture_make(&f), 0);
	ck_assert_int_eq(f.err.status, 125);
	ck_assert_ptr_nonnull(strstr(f.err.text, "neither"));
	/* A compositor that has died. */
	fd = listen_at(&f, "wayland-0");
	(void)close(fd);
	(void)setenv("WAYLAND_DISPLAY", "wayland-0", 1);
	ck_assert_int_lt(fixture_make(&f), 0);
	ck_assert_ptr_nonnull(strstr(f.err.text, "dead"));
	f.header.graphical = false;
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_uint_eq(f.plan.notes.n, 1);
	fixture_free(&f);
}
END_TEST

START_TEST(names_that_lead_elsewhere_are_refused)
{
	static const char *const names[] = {
		"../../run/docker.sock", "a/../../b", "./x", "",
	};
	struct fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		init(&f);
		f.header.graphical = true;
		fixture_grant(&f, "display=wayland");
		(void)setenv("WAYLAND_DISPLAY", names[i], 1);
		ck_assert_int_lt(fixture_make(&f), 0);
		fixture_free(&f);
	}
}
END_TEST

START_TEST(locale_that_the_bundle_lacks)
{
	struct fixture f;

	init(&f);
	(void)setenv("LANG", "de_AT.UTF-8@euro", 1);
	(void)setenv("LC_TIME", "fr_FR.UTF-8", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_str_eq(variable(&f, "LANG"), "C.UTF-8");
	ck_assert_str_eq(variable(&f, "LANGUAGE"), "de_AT@euro");
	ck_assert_str_eq(variable(&f, "LC_TIME"), "C.UTF-8");
	fixture_free(&f);

	/* One that it has, by the name of its folder. */
	init(&f);
	ck_assert_int_eq(strlist_add(&f.header.locales, "de_DE.utf8"), 0);
	(void)setenv("LANG", "de_DE.UTF-8", 1);
	(void)setenv("LC_TIME", "fr_FR.UTF-8", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_str_eq(variable(&f, "LANG"), "de_DE.UTF-8");
	ck_assert_str_eq(variable(&f, "LC_TIME"), "C.UTF-8");
	ck_assert_ptr_null(variable(&f, "LANGUAGE"));
	strlist_free(&f.header.locales);
	fixture_free(&f);

	init(&f);
	(void)setenv("LANG", "de_DE.UTF-8", 1);
	(void)setenv("LC_MESSAGES", "C", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_str_eq(variable(&f, "LC_MESSAGES"), "C");
	ck_assert_str_eq(variable(&f, "LANG"), "C.UTF-8");
	ck_assert_ptr_null(variable(&f, "LANGUAGE"));
	fixture_free(&f);

	init(&f);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_str_eq(variable(&f, "LC_ALL"), "C.UTF-8");
	ck_assert_ptr_null(variable(&f, "LANGUAGE"));
	fixture_free(&f);

	init(&f);
	(void)setenv("LANG", "/home/x/locale", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_ptr_null(variable(&f, "LANG"));
	fixture_free(&f);

	init(&f);
	f.header.kind = KIND_THIN;
	(void)setenv("LANG", "de_DE.UTF-8", 1);
	ck_assert_int_eq(fixture_make(&f), 0);
	ck_assert_str_eq(variable(&f, "LANG"), "de_DE.UTF-8");
	fixture_free(&f);
	no_display();
}
END_TEST

START_TEST(user_fonts_are_beneath_the_home)
{
	struct fixture f;
	const struct row *r;
	int fd;

	init(&f);
	fd = listen_at(&f, "wayland-0");
	fixture_grant(&f, "display=wayland");
	ck_assert_int_eq(fixture_make(&f), 0);
	r = fixture_row(&f, ROW_BIND, "/run/host/user-fonts");
	ck_assert_ptr_nonnull(r);
	/* So that the door refuses a link on the way. */
	ck_assert_str_eq(r->base_path, f.home_path);
	ck_assert_str_eq(r->source, ".local/share/fonts");
	for (size_t i = 0; i < f.plan.n_rows; i++)
		if (!strncmp(f.plan.rows[i].target, "/run/host/", 10))
			ck_assert_uint_eq(f.plan.rows[i].flags &
					  (ROW_RO | ROW_NOEXEC),
					  ROW_RO | ROW_NOEXEC);
	(void)close(fd);
	fixture_free(&f);
}
END_TEST

/* ---- the graphics card: made of /dev/null ---- */

static void make_card(struct fixture *f, const char *name)
{
	static const char *const folders[] = {
		"dev", "dev/dri", "sys", "sys/dev", "sys/dev/char",
		"sys/devices", "sys/devices/pci0", "sys/devices/pci0/gpu",
		"sys/devices/pci0/gpu/drm", "sys/devices/pci0/gpu/drm/card0",
	};
	CLEANUP_FREE char *node = NULL;
	CLEANUP_FREE char *link = path_join(f->dir, "sys/dev/char/1:3");

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		CLEANUP_FREE char *path = path_join(f->dir, folders[i]);

		(void)mkdir(path, 0755);
	}
	ck_assert_int_gt(asprintf(&node, "%s/dev/dri/%s", f->dir, name), 0);
	ck_assert_int_eq(symlink("/dev/null", node), 0);
	(void)symlink("../../devices/pci0/gpu/drm/card0", link);
}

START_TEST(graphics_card)
{
	struct fixture f;
	CLEANUP_FREE char *dev = NULL;
	CLEANUP_FREE char *sys = NULL;
	const struct row *r;
	size_t nodes = 0;

	init(&f);
	dev = path_join(f.dir, "dev");
	sys = path_join(f.dir, "sys");
	make_card(&f, "card0");
	make_card(&f, "renderD128");
	make_card(&f, "card0; rm");
	make_card(&f, "by-path");
	ck_assert_int_eq(gpu_rows(&f.plan, dev, sys), 0);
	ck_assert_uint_eq(f.plan.n_rows, 0);
	f.plan.gpu = true;
	f.plan.uid = 1000;
	ck_assert_int_eq(gpu_rows(&f.plan, dev, sys), 0);
	r = fixture_row(&f, ROW_BIND, "/dev/dri/card0");
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->flags & (ROW_DEV | ROW_SKIP), ROW_DEV | ROW_SKIP);
	ck_assert_ptr_nonnull(fixture_row(&f, ROW_BIND, "/dev/dri/renderD128"));
	r = fixture_row(&f, ROW_LINK, "/sys/dev/char/1:3");
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->text, "../../devices/pci0/gpu/drm/card0");
	r = fixture_row(&f, ROW_BIND, "/sys/devices/pci0/gpu");
	ck_assert_ptr_nonnull(r);
	ck_assert(r->flags & ROW_RO);
	for (size_t i = 0; i < f.plan.n_rows; i++)
		nodes += !!(f.plan.rows[i].flags & ROW_DEV);
	ck_assert_uint_eq(nodes, 2);
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("display");
	TCase *t = tcase_create("display");
	SRunner *runner;
	int failed;

	tcase_add_test(t, nothing_without_the_permission);
	tcase_add_test(t, wayland_is_one_socket);
	tcase_add_test(t, no_display_is_an_error_only_for_windows);
	tcase_add_test(t, names_that_lead_elsewhere_are_refused);
	tcase_add_test(t, locale_that_the_bundle_lacks);
	tcase_add_test(t, user_fonts_are_beneath_the_home);
	tcase_add_test(t, graphics_card);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
