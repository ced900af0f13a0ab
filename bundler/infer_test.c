/*
 * infer_test.c - the traps of real packages, each as a small tree
 *
 * A row of a fixture is "PACKAGE:path", with what stands in the file; mode 0755
 * in folders of programs.  Named is the package `app`, its sibling `app-bin`.
 */
#include <errno.h>

#include "bundler/test_kit.h"

#include "bundler/full_root.h"
#include "bundler/infer.h"
#include "bundler/warnings.h"

static struct err err;
static struct tree t;
static struct owners o;
static struct manifest m;
static struct desktop d;
static char said[8192];

static const char svg[] = "<?xml version=\"1.0\"?>\n<svg xmlns=\"x\"/>\n";
static const char png[] = "\x89PNG\r\n\x1a\n....";

static void keep_note(void *arg, const char *text)
{
	(void)arg;
	(void)strncat(said, text, sizeof(said) - strlen(said) - 2);
	(void)strncat(said, "\n", 2);
}

static const struct notes notes = { .note = keep_note };

static void setup(void)
{
	t = TREE_INIT;
	d = DESKTOP_INIT;
	o = (struct owners){ .m = &m };
	m = (struct manifest){ .file = strdup("holdall.yaml"),
			       .id = strdup("org.example.Thing") };
	said[0] = '\0';
	ck_assert_ok(tree_new(&t, &err));
	ck_assert_ok(full_root_start(&t, &err));
	ck_assert_ok(owners_add(&o, "app", "1:2.0+dfsg-3~deb12u1",
				OWNER_NAMED, &err));
	ck_assert_ok(owners_add(&o, "app-bin", "3.1-1", OWNER_SAME_SOURCE,
				&err));
}

static void teardown(void)
{
	desktop_free(&d);
	tree_free(&t);
	owners_free(&o);
	manifest_free(&m);
}

static const char *version_of(const char *package)
{
	for (size_t i = 0; i < o.n; i++)
		if (!strcmp(o.v[i].name, package))
			return o.v[i].version;
	return "9-9";
}

static const struct origin *origin(const char *package)
{
	for (size_t i = 0; i < t.n_origins; i++)
		if (!strcmp(t.origins[i]->name, package))
			return t.origins[i];
	return tree_origin(&t, ORIGIN_DEBIAN, 1, package,
			   version_of(package));
}

static void file(const char *package, const char *path, const char *text)
{
	ck_assert_ok(tree_add_text(&t, path, text, strlen(text),
				   origin(package), &err));
	if (strstr(path, "bin/") || strstr(path, "games/"))
		tree_find(&t, path)->mode = 0755;
}

static void program(const char *package, const char *path)
{
	file(package, path, "#!/bin/sh\n");
	if (!tree_resolve(&t, "/bin/sh"))
		file("dash", "usr/bin/sh", "#!/bin/sh\n");
}

static void desktop(const char *package, const char *name, const char *rest)
{
	char path[128], text[1024];

	(void)snprintf(path, sizeof(path), "usr/share/applications/%s", name);
	(void)snprintf(text, sizeof(text), "[Desktop Entry]\nType=Application\n"
		       "Name=It\n%s\n", rest);
	file(package, path, text);
}

static void command(const char *name)
{
	m.commands = calloc(1, sizeof(*m.commands));
	m.commands[0].name = strdup("");
	ck_assert_int_eq(strlist_add(&m.commands[0].argv, name), 0);
	m.n_commands = 1;
}

static void run(void)
{
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_ok(infer(&m, &t, &o, -1, &notes, &d, &err));
}

static void check_command(const char *words)
{
	char all[256] = "";

	for (size_t i = 0; i < m.commands[0].argv.n; i++) {
		(void)strcat(all, i ? " " : "");
		(void)strcat(all, m.commands[0].argv.v[i]);
	}
	ck_assert_str_eq(all, words);
}

static void check_desktop(const char *name)
{
	ck_assert_msg(d.path && strstr(d.path, name), "%s",
		      d.path ? d.path : "none");
}

/* ---- command and desktop file ---- */

/* mousepad: a settings dialog and one that no menu shows stand beside it. */
START_TEST(decoys)
{
	program("app", "usr/bin/app");
	program("app", "usr/bin/app-settings");
	desktop("app", "a-settings.desktop", "Exec=app-settings");
	desktop("app", "b-hidden.desktop", "Exec=app\nNoDisplay=true");
	desktop("app", "c-link.desktop", "Type=Link\nExec=app\nHidden=true");
	desktop("app", "org.example.App.desktop", "Exec=app %U");
	/* meld and idle pull python3.11.desktop. */
	program("python", "usr/bin/python3.11");
	desktop("python", "app.desktop", "Exec=/usr/bin/python3.11");
	run();
	check_command("app");
	check_desktop("org.example.App.desktop");
	ck_assert(d.graphical);
	ck_assert_str_eq(m.version, "2.0");
}
END_TEST

/* vlc, wireshark: the named package is a mere list. */
START_TEST(empty_metapackage)
{
	file("app", "usr/share/doc/app/copyright", "x");
	program("app-bin", "usr/bin/app");
	desktop("app-bin", "app.desktop", "Exec=/usr/bin/app --from-file %U");
	run();
	check_command("app");
	check_desktop("app.desktop");
	ck_assert_str_eq(m.version, "3.1");
}
END_TEST

/* extremetuxracer: etr in /usr/games. */
START_TEST(exec_differs_in_games)
{
	program("app", "usr/games/etr");
	program("app", "usr/games/other");
	desktop("app", "racer.desktop", "Exec=etr\nTerminal=false");
	run();
	check_command("etr");
	ck_assert(d.graphical);
}
END_TEST

/* libreoffice-calc: the program and an option, in a sibling. */
START_TEST(exec_with_options)
{
	program("app-bin", "usr/bin/office");
	desktop("app", "app.desktop", "Exec=office --calc %U");
	desktop("app-bin", "start.desktop", "Exec=office");
	run();
	check_command("office --calc");
	check_desktop("/app.desktop");
}
END_TEST

START_TEST(exec_absolute_through_link_and_env)
{
	command("front");
	program("app", "usr/lib/app/real");
	tree_find(&t, "usr/lib/app/real")->mode = 0755;
	ck_assert_ok(tree_add_link(&t, "usr/bin/front", "../lib/app/real",
				   origin("app"), &err));
	desktop("app", "x.desktop", "Exec=env A=B \"/usr/lib/app/real\" %f");
	run();
	check_desktop("x.desktop");
	check_command("front");
}
END_TEST

/* A command that no desktop file starts has no window: convert, and the viewer
 * of the same package. */
START_TEST(other_command_no_window)
{
	command("convert");
	program("app", "usr/bin/convert");
	program("app", "usr/bin/display");
	desktop("app", "display.desktop", "Exec=display %F");
	run();
	ck_assert_ptr_null(d.path);
	ck_assert(!d.graphical);
}
END_TEST

START_TEST(exec_missing_in_image)
{
	program("app", "usr/bin/app");
	desktop("app", "app.desktop", "Exec=/opt/nowhere/app");
	run();
	ck_assert_ptr_null(d.path);
}
END_TEST

START_TEST(terminal_program)
{
	program("app", "usr/bin/app");
	desktop("app", "app.desktop", "Exec=app\nTerminal=true");
	run();
	check_desktop("app.desktop");
	ck_assert(!d.graphical);
}
END_TEST

/* nginx-light, vim: the only one whose name begins alike. */
START_TEST(names_begin_alike)
{
	owners_free(&o);
	ck_assert_ok(owners_add(&o, "nginx-light", "1.2-1", OWNER_NAMED,
				&err));
	ck_assert_ok(owners_add(&o, "nginx", "1.2-1", OWNER_SAME_SOURCE,
				&err));
	program("nginx", "usr/sbin/nginx");
	program("nginx", "usr/sbin/helper");
	run();
	check_command("nginx");
}
END_TEST

START_TEST(by_the_id)
{
	program("app", "usr/bin/thing");
	program("app", "usr/bin/other");
	run();
	check_command("thing");
}
END_TEST

START_TEST(cannot_tell)
{
	program("app", "usr/bin/one");
	program("app", "usr/bin/two");
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_int_eq(infer(&m, &t, &o, -1, &notes, &d, &err), -EINVAL);
	ck_assert_str_eq(err.text, "holdall.yaml: which of the programs is "
			 "meant? add a line such as command: one; there are "
			 "one, two");
}
END_TEST

START_TEST(no_program)
{
	file("app", "usr/lib/app/15/server", "#!/bin/sh\n");
	ck_assert_ok(tree_sort(&t, &err));
	ck_assert_int_eq(infer(&m, &t, &o, -1, &notes, &d, &err), -EINVAL);
	ck_assert_str_eq(err.text, "holdall.yaml: the sources bring no program "
			 "in PATH; say which one is meant: command: "
			 "/usr/lib/...");
}
END_TEST

/* What the manifest says is never changed. */
START_TEST(manifest_wins)
{
	command("app");
	m.version = strdup("7");
	m.desktop = strdup("none");
	program("app", "usr/bin/app");
	desktop("app", "app.desktop", "Exec=app");
	run();
	check_command("app");
	ck_assert_str_eq(m.version, "7");
	ck_assert(!d.graphical && !d.file.len);
}
END_TEST

/* ---- version ---- */

START_TEST(versions)
{
	static const struct { const char *debian, *upstream; } v[] = {
		{ "1.6-2.1", "1.6" }, { "2:9.0.1378-2+deb12u2", "9.0.1378" },
		{ "3.24.38-2~deb12u3", "3.24.38" }, { "1.2+dfsg-1", "1.2" },
		{ "1.2~dfsg1-1", "1.2" }, { "1.2+ds.1-1", "1.2" },
		{ "1.2.dfsg-1", "1.2" }, { "4.1+deb12u1", "4.1" },
		{ "43-1+b2", "43" }, { "1.0+b2", "1.0" },
		{ "1.0+really0.9-1", "0.9" }, { "2.0~rc1-1", "2.0~rc1" },
		{ "2.0+beta1-1", "2.0+beta1" }, { "20230101", "20230101" },
		{ "1-2-3", "1-2" }, { "1.0~bpo12+1", "1.0" },
		{ "1.0+git20200101-1", "1.0+git20200101" }, { "-1", "-1" },
		{ "1.5+repack1-2", "1.5" }, { "1:1", "1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		CLEANUP_FREE char *s = infer_upstream_version(v[i].debian);

		ck_assert_str_eq(s, v[i].upstream);
	}
}
END_TEST

/* postgresql: the list has a version of its own, the server another source. */
START_TEST(version_of_the_program)
{
	command("/usr/lib/server/15/bin/serve");
	file("app", "usr/share/doc/app/copyright", "x");
	program("server-15", "usr/lib/server/15/bin/serve");
	run();
	ck_assert_str_eq(m.version, "9");
}
END_TEST

/* `command: python3` runs the app, but is not it. */
START_TEST(version_not_of_the_interpreter)
{
	command("python3");
	program("python", "usr/bin/python3");
	file("app", "usr/share/app/main.py", "x");
	run();
	ck_assert_str_eq(m.version, "2.0");
}
END_TEST

START_TEST(version_of_a_folder)
{
	m.sources = calloc(1, sizeof(*m.sources));
	m.n_sources = 1;
	m.sources[0].kind = SOURCE_DIR;
	ck_assert_int_eq(infer_possible(&m, &err), -EINVAL);
	ck_assert_str_eq(err.text, "holdall.yaml: the version cannot be told "
			 "from the sources; add a line such as version: "
			 "\"1.0\"");
	m.sources[0].kind = SOURCE_DEBIAN;
	ck_assert_ok(infer_possible(&m, &err));
}
END_TEST

/* ---- icon and AppStream ---- */

static void with_icon(const char *line)
{
	program("app", "usr/bin/app");
	desktop("app", "app.desktop", line);
	run();
}

START_TEST(icon_of_a_theme)
{
	file("app", "usr/share/pixmaps/it.png", png);
	file("theme", "usr/share/icons/Big/512x512/apps/it.png", png);
	file("app", "usr/share/icons/hicolor/16x16/apps/it.png", png);
	file("app", "usr/share/icons/hicolor/48x48/apps/it.png", png);
	file("app", "usr/share/icons/hicolor/symbolic/apps/it.svg", svg);
	file("app", "usr/share/icons/hicolor/64x64/mimetypes/it.png", png);
	with_icon("Exec=app\nIcon=it");
	ck_assert_str_eq(d.icon_path,
			 "usr/share/icons/hicolor/48x48/apps/it.png");
}
END_TEST

START_TEST(icon_drawn_and_absolute)
{
	file("app", "usr/share/icons/hicolor/scalable/apps/it.svg", svg);
	file("app", "usr/share/icons/hicolor/256x256/apps/it.png", png);
	file("app", "usr/share/pixmaps/own.xpm", "/* XPM */");
	file("app", "usr/share/pixmaps/own.png", png);
	with_icon("Exec=app\nIcon=it.png");
	ck_assert_str_eq(d.icon_path,
			 "usr/share/icons/hicolor/scalable/apps/it.svg");
	desktop_free(&d);
	desktop("app", "app.desktop", "Exec=app\nIcon=/usr/share/pixmaps/"
		"own.xpm");
	run();
	ck_assert_str_eq(d.icon_path, "usr/share/pixmaps/own.png");
}
END_TEST

/* kcalc: its icon is in a theme that nothing requires. */
START_TEST(icon_elsewhere)
{
	file("app", "usr/share/icons/hicolor/48x48/apps/app.png", png);
	file("other", "usr/share/pixmaps/app.svg", svg);
	with_icon("Exec=app\nIcon=accessories-calculator");
	ck_assert_str_eq(d.icon_path,
			 "usr/share/icons/hicolor/48x48/apps/app.png");
}
END_TEST

START_TEST(icon_that_is_none)
{
	file("app", "usr/share/icons/hicolor/48x48/apps/it.png", "GIF89a");
	file("app", "usr/share/pixmaps/it.xpm", "/* XPM */");
	with_icon("Exec=app\nIcon=it");
	ck_assert_uint_eq(d.icon.len, 0);
	m.icon = strdup("/usr/share/icons/hicolor/48x48/apps/it.png");
	desktop_free(&d);
	ck_assert_int_eq(infer(&m, &t, &o, -1, &notes, &d, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "neither a PNG nor an SVG"), "%s",
		      err.text);
}
END_TEST

START_TEST(appstream)
{
	file("other", "usr/share/metainfo/other.metainfo.xml",
	     "<launchable>app.desktop</launchable>");
	file("app", "usr/share/appdata/strange.xml",
	     "<id>x</id><launchable type=\"desktop-id\">app.desktop"
	     "</launchable>");
	with_icon("Exec=app");
	ck_assert_msg(d.appstream.len && strstr(buf_text(&d.appstream),
						"<id>x</id>"), "none");
}
END_TEST

/* ---- warnings ---- */

static void check_said(const char *all)
{
	struct warnings w = { .m = &m, .t = &t, .o = &o, .d = &d,
			      .notes = &notes };

	said[0] = '\0';
	ck_assert_ok(warnings_find(&w, &err));
	ck_assert_str_eq(said, all);
}

START_TEST(nothing_to_say)
{
	program("app", "usr/bin/app");
	/* A dependency's helpers, tools of a tree of examples, host's places. */
	file("dep", "usr/bin/helper", "#!/usr/bin/perl\n");
	file("app", "usr/share/app/tools/bin/x", "#!/usr/bin/perl\n");
	ck_assert_ok(tree_add_link(&t, "etc/mtab", "/proc/mounts",
				   origin("app"), &err));
	ck_assert_ok(tree_add_link(&t, "usr/bin/there", "app",
				   origin("app"), &err));
	run();
	check_said("");
}
END_TEST

START_TEST(scripts_and_links)
{
	program("app", "usr/bin/app");
	file("app", "usr/bin/a", "#! /usr/bin/perl -w\n");
	file("app", "usr/bin/b", "#!/usr/bin/perl\n");
	file("app", "usr/bin/c", "#!/usr/bin/env -S X=1 wish\n");
	ck_assert_ok(tree_add_link(&t, "usr/bin/gone", "/etc/alternatives/"
				   "gone", origin("dep"), &err));
	run();
	check_said("/usr/bin/gone leads to /etc/alternatives/gone, which is "
		   "not in the image; add the package that has it to the "
		   "sources, or leave the link out: exclude: "
		   "[/usr/bin/gone]\n"
		   "/usr/bin/a and 1 more scripts need /usr/bin/perl, which "
		   "is not in the image; add to the sources: - debian: "
		   "[perl]\n"
		   "/usr/bin/c needs wish, which is not in the image; add to "
		   "the sources: - debian: [tk]\n");
}
END_TEST

START_TEST(icon_and_program_missing)
{
	program("app", "usr/bin/app");
	m.desktop = strdup("/usr/share/applications/x.desktop");
	desktop("app", "x.desktop", "Exec=gone %f\nIcon=lost");
	run();
	check_said("the desktop file usr/share/applications/x.desktop starts "
		   "gone, which is not in the image; name another one with "
		   "desktop: /usr/share/applications/..., or say desktop: "
		   "none\n"
		   "the icon lost is not in the image as PNG or SVG; add "
		   "icon: ./FILE.svg (a file beside the manifest), or the "
		   "package of its theme to the sources\n");
}
END_TEST

START_TEST(schemas_not_compiled)
{
	program("app", "usr/bin/app");
	file("app", "usr/share/glib-2.0/schemas/a.gschema.xml", "<x/>");
	run();
	check_said("the settings schemas in /usr/share/glib-2.0/schemas are "
		   "not compiled, and programs that need them would end; add "
		   "to the sources what compiles them: - debian: "
		   "[libglib2.0-0]\n");
}
END_TEST

/* Bytes of an ELF are enough for what is looked at. */
START_TEST(schema_of_the_desktop)
{
	static const char bin[] = "\177ELF...\0g_settings_new\0"
		"org.gnome.desktop.interface\0xorg.gnome.desktop.no\0"
		"org.gnome.desktop.\0org.gnome.system.proxy";

	program("app", "usr/bin/app");
	ck_assert_ok(tree_add_text(&t, "usr/bin/gui", bin, sizeof(bin),
				   origin("app"), &err));
	tree_find(&t, "usr/bin/gui")->mode = 0755;
	run();
	check_said("/usr/bin/gui asks for the settings schema org.gnome."
		   "desktop.interface and 1 more, not compiled in the image, "
		   "and would end there; add to the sources: - debian: "
		   "[gsettings-desktop-schemas]\n");
	file("dep", "usr/share/glib-2.0/schemas/gschemas.compiled",
	     "org.gnome.desktop.interface org.gnome.system.proxy");
	run();
	check_said("");
}
END_TEST

START_TEST(pictures_that_nobody_draws)
{
	program("app", "usr/bin/app");
	file("app", "usr/share/app/themes/a/mine.svg", svg);
	file("app", "usr/share/app/themes/a/flag.svg", svg);
	run();
	check_said("");
	file("dep", "usr/lib/x/libgtk-3.so.0", "");
	run();
	check_said("/usr/share/app/themes/a/flag.svg and 1 more pictures are "
		   "SVG, and nothing in the image draws that; add to the "
		   "sources: - debian: [librsvg2-common]\n");
	file("dep", "usr/lib/x/gdk-pixbuf-2.0/2.10.0/loaders/"
	     "libpixbufloader-svg.so", "");
	run();
	check_said("");
}
END_TEST

/* Of a dependency, and what the desktop draws. */
START_TEST(pictures_of_others)
{
	program("app", "usr/bin/app");
	file("dep", "usr/lib/x/libgtk-4.so.1", "");
	file("dep", "usr/share/icons/Theme/x.svg", svg);
	file("app", "usr/share/icons/hicolor/scalable/apps/app.svg", svg);
	file("app", "usr/share/doc/app/x.svg", svg);
	run();
	check_said("");
}
END_TEST

START_TEST(many_are_counted)
{
	program("app", "usr/bin/app");
	for (int i = 0; i < 25; i++) {
		char path[32], target[32];

		(void)snprintf(path, sizeof(path), "usr/bin/l%02d", i);
		(void)snprintf(target, sizeof(target), "no%d", i);
		ck_assert_ok(tree_add_link(&t, path, target, origin("app"),
					   &err));
	}
	run();
	{
		struct warnings w = { .m = &m, .t = &t, .o = &o, .d = &d,
				      .notes = &notes };
		size_t lines = 0;

		ck_assert_ok(warnings_find(&w, &err));
		for (const char *p = said; *p; p++)
			lines += *p == '\n';
		ck_assert_uint_eq(lines, WARNINGS_MAX + 1);
		ck_assert_msg(strstr(said, "and 5 more of this kind"), "%s",
			      said);
	}
}
END_TEST

/* Two programs made here, one without its library. */
START_TEST(library_missing)
{
	char dir[64];
	CLEANUP_FREE char *path = NULL;
	struct entry e = { .type = ENTRY_FILE, .mode = 0755,
			   .path = (char *)"usr/bin/app" };

	kit_make(dir);
	ck_assert_int_eq(kit_run("cd %s && echo 'int f(void) { return 1; }' "
		">f.c && echo 'int f(void); int main(void) { return f(); }' "
		">m.c && gcc -shared -fPIC -Wl,-soname,libthing.so.3 -o "
		"libthing.so.3 f.c && gcc -o app m.c ./libthing.so.3", dir),
		0);
	e.content = (struct content){ .kind = CONTENT_BENEATH,
				      .base_fd = kit_open_dir(dir),
				      .rel = (char *)"app" };
	ck_assert_int_ge(asprintf(&path, "%s/app", dir), 0);
	{
		struct stat st;

		ck_assert_int_eq(stat(path, &st), 0);
		e.content.size = (uint64_t)st.st_size;
	}
	ck_assert_ok(tree_base(&t, e.content.base_fd, &err));
	e.origin = origin("app");
	ck_assert_ok(tree_add(&t, &e, NULL, &err));
	file("libc6", "usr/lib/libc.so.6", "x");
	file("libc6", "usr/bin/libc.so.6", "x");
	command("app");
	run();
	check_said("/usr/bin/app needs libthing.so.3, which is not in the "
		   "image; add to the sources the package that has it, "
		   "perhaps - debian: [libthing3]\n");
	/* Only where an alternative's link would lead: libblas.so.3. */
	file("libthing3", "usr/lib/thing/libthing.so.3", "x");
	ck_assert_ok(tree_sort(&t, &err));
	check_said("/usr/bin/app needs libthing.so.3, which is only at "
		   "/usr/lib/thing/libthing.so.3, where the loader does not "
		   "look; add environment: {LD_LIBRARY_PATH: "
		   "/usr/lib/thing}\n");
	/* The same package's: something loads it before. */
	file("app", "usr/lib/own/libthing.so.3", "x");
	ck_assert_ok(tree_sort(&t, &err));
	check_said("");
	kit_remove(dir);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("infer");
	TCase *c = tcase_create("infer");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, decoys);
	tcase_add_test(c, empty_metapackage);
	tcase_add_test(c, exec_differs_in_games);
	tcase_add_test(c, exec_with_options);
	tcase_add_test(c, exec_absolute_through_link_and_env);
	tcase_add_test(c, other_command_no_window);
	tcase_add_test(c, exec_missing_in_image);
	tcase_add_test(c, terminal_program);
	tcase_add_test(c, names_begin_alike);
	tcase_add_test(c, by_the_id);
	tcase_add_test(c, cannot_tell);
	tcase_add_test(c, no_program);
	tcase_add_test(c, manifest_wins);
	tcase_add_test(c, versions);
	tcase_add_test(c, version_of_the_program);
	tcase_add_test(c, version_not_of_the_interpreter);
	tcase_add_test(c, version_of_a_folder);
	tcase_add_test(c, icon_of_a_theme);
	tcase_add_test(c, icon_drawn_and_absolute);
	tcase_add_test(c, icon_elsewhere);
	tcase_add_test(c, icon_that_is_none);
	tcase_add_test(c, appstream);
	tcase_add_test(c, nothing_to_say);
	tcase_add_test(c, scripts_and_links);
	tcase_add_test(c, icon_and_program_missing);
	tcase_add_test(c, schemas_not_compiled);
	tcase_add_test(c, schema_of_the_desktop);
	tcase_add_test(c, pictures_that_nobody_draws);
	tcase_add_test(c, pictures_of_others);
	tcase_add_test(c, many_are_counted);
	tcase_add_test(c, library_missing);
	suite_add_tcase(s, c);
	return kit_main(s);
}
