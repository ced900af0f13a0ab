/*
 * source_files_test.c - the closure, on the host against ldd and in made-up roots
 *
 * The made-up roots hold libraries without libc, built here, so that each rule
 * of the loader's search can be tried alone.
 */
#include <errno.h>

#include "bundler/test_kit.h"

#include "bundler/elf_file.h"
#include "bundler/full_root.h"
#include "bundler/ld_cache.h"
#include "bundler/ld_paths.h"
#include "bundler/source_files.h"
#include "runtime/fd.h"

static struct tree t;
static struct err err;
static char root[64];
static struct rules rules;

static void setup(void)
{
	ck_assert_ok(tree_new(&t, &err));
	kit_make(root);
}

static void teardown(void)
{
	tree_free(&t);
	rules_free(&rules);
	kit_remove(root);
}

static char said[4096];

static void keep_note(void *arg, const char *text)
{
	(void)arg;
	(void)strncat(said, text, sizeof(said) - strlen(said) - 1);
}

static int take(const char *from, const char *item)
{
	CLEANUP_STRLIST struct strlist items = { 0 };
	const struct origin *o = tree_origin(&t, ORIGIN_FILES, 1, item, NULL);
	struct notes notes = { .note = keep_note };
	int fd = kit_open_dir(from), r;

	ck_assert_int_eq(strlist_add(&items, item), 0);
	said[0] = '\0';
	r = source_files(&t, fd, &items, &rules, o, &notes, &err);
	(void)close(fd);
	return r;
}

static const struct entry *has(const char *path)
{
	return tree_resolve(&t, path);
}

/* cc for a library or program without libc, into the root. */
static void cc(const char *out, const char *args)
{
	ck_assert_int_eq(kit_run("cd %s && mkdir -p \"$(dirname %s)\" && "
				 "echo 'int f(void){return 1;} "
				 "void _start(void){}' >x.c && "
				 "cc -nostdlib -fPIC -Wl,--no-as-needed -o %s "
				 "x.c %s && rm x.c", root, out, out, args), 0);
}

static void lib(const char *out, const char *soname, const char *args)
{
	char all[512];

	(void)snprintf(all, sizeof(all), "-shared -Wl,-soname,%s %s", soname,
		       args);
	cc(out, all);
}

static void prog(const char *out, const char *args)
{
	char all[512];

	(void)snprintf(all, sizeof(all), "-pie -Wl,--dynamic-linker,"
		       "/lib/ld-test.so %s", args);
	cc(out, all);
}

/* ---- the host ---- */

START_TEST(test_same_as_ldd)
{
	static const char *const programs[] = {
		"/usr/bin/jq", "/usr/bin/python3", "/bin/bash", "/usr/bin/git",
		"/usr/bin/unsquashfs", "/usr/bin/cc",
	};
	char line[4096], cmd[256];
	unsigned libraries = 0;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		FILE *f;

		if (access(programs[i], X_OK) < 0)
			continue;
		ck_assert_ok(take("/", programs[i]));
		ck_assert_ptr_nonnull(has(programs[i]));
		/* "name => path (0x...)" or "path (0x...)". */
		(void)snprintf(cmd, sizeof(cmd), "ldd %s | sed -n "
			       "'s/^.*=> //; s/^[\\t ]*//; s/ (0x.*//; /^\\//p'",
			       programs[i]);
		f = popen(cmd, "r");
		ck_assert_ptr_nonnull(f);
		while (fgets(line, sizeof(line), f)) {
			line[strcspn(line, "\n")] = '\0';
			ck_assert_msg(has(line) && has(line)->type ==
				      ENTRY_FILE, "%s of %s", line,
				      programs[i]);
			libraries++;
		}
		ck_assert_int_eq(pclose(f), 0);
	}
	ck_assert_uint_gt(libraries, 5);
}
END_TEST

START_TEST(test_links_stay_links)
{
	const struct entry *e;

	if (access("/usr/lib/x86_64-linux-gnu/libz.so.1", F_OK) < 0)
		return;
	ck_assert_ok(take("/", "/usr/lib/x86_64-linux-gnu/libz.so.1"));
	e = tree_find(&t, "usr/lib/x86_64-linux-gnu/libz.so.1");
	ck_assert(e && e->type == ENTRY_LINK);
	ck_assert_int_eq(has(e->path)->type, ENTRY_FILE);
}
END_TEST

/* ---- the loader's rules ---- */

START_TEST(test_runpath_origin)
{
	lib("opt/lib/libb.so", "libb.so", "");
	lib("opt/lib/liba.so.1.2", "liba.so.1", "opt/lib/libb.so "
	    "-Wl,--enable-new-dtags,-rpath,'$ORIGIN'");
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	ck_assert_int_eq(kit_run("cd %s && ln -s liba.so.1.2 opt/lib/liba.so.1 "
				 "&& ln -s usr/lib lib", root), 0);
	prog("opt/bin/p", "opt/lib/liba.so.1.2 "
	     "-Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../lib'");
	ck_assert_int_eq(kit_run("cd %s && mkdir bin && ln -s ../opt/bin/p "
				 "bin/p", root), 0);
	ck_assert_ok(take(root, "/bin/p"));
	ck_assert_int_eq(tree_find(&t, "bin/p")->type, ENTRY_LINK);
	ck_assert_int_eq(tree_find(&t, "opt/lib/liba.so.1")->type,
			 ENTRY_LINK);
	ck_assert_ptr_nonnull(tree_find(&t, "opt/lib/liba.so.1.2"));
	ck_assert_ptr_nonnull(tree_find(&t, "opt/lib/libb.so"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/lib/ld-test.so"));
	ck_assert_int_eq(tree_find(&t, "lib")->type, ENTRY_LINK);
}
END_TEST

START_TEST(test_runpath_is_not_inherited)
{
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	lib("opt/lib/libb.so", "libb.so", "");
	lib("opt/lib/liba.so", "liba.so", "opt/lib/libb.so");
	ck_assert_int_eq(kit_run("ln -s usr/lib %s/lib", root), 0);
	prog("opt/p", "opt/lib/liba.so -Wl,-rpath-link,opt/lib "
	     "-Wl,--enable-new-dtags,-rpath,/opt/lib");
	ck_assert_int_eq(take(root, "/opt/p"), -ENOENT);
	ck_assert_msg(strstr(err.text, "/opt/lib/liba.so needs libb.so") &&
		      strstr(err.text, "(for /opt/p)"), "%s", err.text);
}
END_TEST

START_TEST(test_rpath_is_inherited)
{
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	lib("opt/lib/libb.so", "libb.so", "");
	lib("opt/lib/liba.so", "liba.so", "opt/lib/libb.so");
	ck_assert_int_eq(kit_run("ln -s usr/lib %s/lib", root), 0);
	prog("opt/p", "opt/lib/liba.so -Wl,-rpath-link,opt/lib "
	     "-Wl,--disable-new-dtags,-rpath,/opt/lib");
	ck_assert_ok(take(root, "/opt/p"));
	ck_assert_ptr_nonnull(tree_find(&t, "opt/lib/libb.so"));
}
END_TEST

START_TEST(test_ld_so_conf)
{
	/* No ld.so.cache: the folders of ld.so.conf; and they go along. */
	lib("srv/one/libc1.so", "libc1.so", "");
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	ck_assert_int_eq(kit_run("cd %s && ln -s usr/lib lib && "
		"mkdir -p etc/ld.so.conf.d && "
		"echo 'include /etc/ld.so.conf.d/*.conf' >etc/ld.so.conf && "
		"printf '# a\\n/srv/none\\n /srv/one # b\\ninclude self.conf\\n'"
		" >etc/ld.so.conf.d/a.conf && "
		"echo 'include self.conf' >etc/self.conf", root), 0);
	prog("p", "srv/one/libc1.so");
	ck_assert_ok(take(root, "/p"));
	ck_assert_ptr_nonnull(tree_find(&t, "srv/one/libc1.so"));
	ck_assert_ptr_nonnull(tree_find(&t, "etc/ld.so.conf.d/files.conf"));
}
END_TEST

/* Makes an ELF file one of another machine. */
static void patch_machine(const char *name)
{
	ck_assert_int_eq(kit_run("cd %s && printf '\\267' | dd of=%s bs=1 "
				 "seek=18 conv=notrunc 2>/dev/null", root,
				 name), 0);
}

START_TEST(test_other_machines)
{
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	lib("a/libm1.so", "libm1.so", "");
	lib("b/libm1.so", "libm1.so", "");
	ck_assert_int_eq(kit_run("ln -s usr/lib %s/lib", root), 0);
	prog("p", "b/libm1.so -Wl,-rpath,/a:/b");
	patch_machine("a/libm1.so");
	ck_assert_ok(take(root, "/p"));
	ck_assert_ptr_nonnull(tree_find(&t, "b/libm1.so"));
	ck_assert_ptr_null(tree_find(&t, "a/libm1.so"));
	patch_machine("p");
	tree_free(&t);
	ck_assert_ok(tree_new(&t, &err));
	ck_assert_int_eq(take(root, "/p"), -ENOEXEC);
	ck_assert_msg(strstr(err.text, "/p is made for aarch64"), "%s",
		      err.text);
}
END_TEST

START_TEST(test_tokens)
{
	struct ld_paths p = { .lib = "lib/there" };
	static const struct { const char *in, *out; } v[] = {
		{ "$ORIGIN/../x", "/o/p/../x" }, { "${ORIGIN}", "/o/p" },
		{ "/a/$LIB/b", "/a/lib/there/b" },
		{ "/$LIBRARY", "/$LIBRARY" }, { "/${LIB", "/${LIB" },
		{ "/$", "/$" }, { "rel", NULL }, { "", NULL },
		{ "/x$ORIGIN", "/x/o/p" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		CLEANUP_FREE char *s = ld_paths_expand(&p, v[i].in,
						       strlen(v[i].in), "/o/p");

		if (v[i].out)
			ck_assert_str_eq(s, v[i].out);
		else
			ck_assert_ptr_null(s);
	}
}
END_TEST

/* ---- scripts, folders, rules ---- */

START_TEST(test_scripts)
{
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	ck_assert_int_eq(kit_run("cd %s && ln -s usr/lib lib && mkdir -p "
		"usr/bin && echo '#!/usr/bin/env -S A=b tool -x' >s && "
		"echo '#! /usr/bin/nothing' >bad && echo hello >plain", root),
		0);
	prog("usr/bin/tool", "");
	prog("usr/bin/env", "");
	ck_assert_ok(take(root, "/s"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/bin/env"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/bin/tool"));
	ck_assert_ok(take(root, "/plain"));
	ck_assert_int_eq(take(root, "/bad"), -ENOENT);
	ck_assert_msg(strstr(err.text, "/bad is a script for /usr/bin/nothing"),
		      "%s", err.text);
	ck_assert_int_eq(take(root, "/nope"), -ENOENT);
}
END_TEST

START_TEST(test_rules)
{
	static const char text[] = "# c\nmatch /usr/bin/tool*\n"
		"\tadd /usr/share/tool%1\n\tskip *.tmp\n\tadd /not/there\n"
		"\tlib libdl1.so\nmatch **/inner.so\n\tadd /deep\n";

	ck_assert_ok(rules_read("r", text, strlen(text), &rules, &err));
	lib("usr/lib/ld-test.so", "ld-test.so", "");
	lib("usr/lib/libdl1.so", "libdl1.so", "");
	lib("opt/dep.so", "dep.so", "");
	lib("usr/share/tool2/inner.so", "inner.so",
	    "opt/dep.so -Wl,-rpath,/opt");
	lib("usr/share/tool2/lost.so", "lost.so", "opt/dep.so");
	prog("usr/bin/tool2", "");
	ck_assert_int_eq(kit_run("cd %s && ln -s usr/lib lib && "
		"cd usr/share/tool2 && touch a.tmp '%s' && "
		"echo '#!/nowhere' >script && ln -s /etc/data data && "
		"ln -s /opt folder && ln -s /no dangling && mkdir sub && "
		"touch sub/x && mkdir -p ../../../etc ../../../deep && "
		"echo 1 >../../../etc/data", root, "new\nline"), 0);
	ck_assert_ok(take(root, "/usr/bin/tool2"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/tool2/new\nline"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/tool2/sub/x"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/tool2/dangling"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/lib/libdl1.so"));
	ck_assert_ptr_nonnull(tree_find(&t, "opt/dep.so"));
	ck_assert_ptr_nonnull(tree_find(&t, "etc/data"));
	ck_assert_ptr_nonnull(tree_find(&t, "deep"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/tool2/a.tmp"));
	ck_assert_msg(strstr(said, "lost.so needs dep.so"), "%s", said);
}
END_TEST

START_TEST(test_bad_rules)
{
	static const char *const texts[] = {
		"add /x\n", "match\n", "match /a b\n", "match /a\nfoo /x\n",
	};
	struct rules r = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ck_assert_int_eq(rules_read("r", texts[i], strlen(texts[i]),
					    &r, &err), -EINVAL);
		ck_assert_msg(!strncmp(err.text, "r:", 2), "%s", err.text);
	}
}
END_TEST

START_TEST(test_shipped_rules)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = open("bundler/rules/files.rules", O_RDONLY);
	size_t len;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_slurp(fd, 1 << 20, &text, &len), 0);
	ck_assert_ok(rules_read("files.rules", text, len, &rules, &err));
	ck_assert_uint_gt(rules.n, 3);
	if (access("/usr/bin/python3.11", X_OK) < 0)
		return;
	ck_assert_ok(take("/", "/usr/bin/python3"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/lib/python3.11/os.py"));
	ck_assert_ptr_null(tree_find(&t, "usr/lib/python3"));
	ck_assert_ptr_null(tree_find(&t, "usr/bin/perl"));
}
END_TEST

/* ---- ld.so.cache ---- */

START_TEST(test_cache_for_ldconfig)
{
	CLEANUP_LD_CACHE struct ld_cache c = { 0 }, back = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	static const char *const names[] = {
		"libc.so.6", "libz.so.1", "libfoo.so.10", "libfoo.so.9",
		"liba2.so", "liba10.so", "lib_x.so", "ld-linux.so.2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/usr/lib/%s", names[i]);
		ck_assert_ok(ld_cache_add(&c, names[i], path, &err));
		ck_assert_ok(ld_cache_add(&c, names[i], "/later", &err));
	}
	ck_assert_ok(ld_cache_write(&c, &out, &err));
	ck_assert_ok(ld_cache_read(out.data, out.len, &back, &err));
	ck_assert_uint_eq(back.n, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_msg(strstr(ld_cache_find(&back, names[i]),
				     names[i]), "%s", names[i]);
	ck_assert_str_eq(back.v[back.n - 1].name, "ld-linux.so.2");
	if (access("/sbin/ldconfig", X_OK) < 0)
		return;
	kit_write(root, "cache", out.data, out.len);
	ck_assert_int_eq(kit_run("/sbin/ldconfig -p -C %s/cache >%s/list && "
		"test $(grep -c ' => /usr/lib/' %s/list) = %zu", root, root,
		root, ARRAY_SIZE(names)), 0);
}
END_TEST

START_TEST(test_broken_caches)
{
	CLEANUP_LD_CACHE struct ld_cache c = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct ld_cache back = { 0 };

	ck_assert_ok(ld_cache_add(&c, "libc.so.6", "/lib/libc.so.6", &err));
	ck_assert_ok(ld_cache_write(&c, &out, &err));
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_lt(ld_cache_read(out.data, len, &back, &err), 0);
	for (size_t i = 0; i < out.len; i++) {
		struct ld_cache any = { 0 };
		char was = out.data[i];

		/* Any answer but a read beyond the end. */
		out.data[i] = (char)(was ^ 0xff);
		(void)ld_cache_read(out.data, out.len, &any, &err);
		ld_cache_free(&any);
		out.data[i] = was;
	}
}
END_TEST

START_TEST(test_image_cache_works)
{
	/* The loader itself finds the library by our cache alone. */
	if (geteuid() != 0 || access("/usr/bin/jq", X_OK) < 0)
		return;
	ck_assert_ok(full_root_start(&t, &err));
	ck_assert_ok(take("/", "/usr/bin/jq"));
	ck_assert_ok(full_root_finish(&t, &err));
	ck_assert_int_eq(tree_find(&t, "lib")->type, ENTRY_LINK);
	ck_assert_ptr_nonnull(tree_find(&t, "usr/sbin"));
	for (size_t i = 0; i < t.n; i++) {
		struct entry *e = t.v[i];

		if (e->type == ENTRY_DIR) {
			ck_assert_int_eq(kit_run("mkdir -p '%s/r/%s'", root,
						 e->path), 0);
		} else if (e->type == ENTRY_LINK) {
			ck_assert_int_eq(kit_run("ln -s '%s' '%s/r/%s'",
						 e->target, root, e->path), 0);
		} else {
			CLEANUP_FREE char *data = malloc(e->content.size + 1);
			char name[TREE_PATH_MAX];
			size_t len;

			ck_assert_ok(entry_read_head(e, data,
						     e->content.size, &len,
						     &err));
			(void)snprintf(name, sizeof(name), "r/%s", e->path);
			kit_write(root, name, data, len);
			ck_assert_int_eq(kit_run("chmod %o '%s/%s'", e->mode,
						 root, name), 0);
		}
	}
	ck_assert_int_eq(kit_run("test \"$(chroot %s/r /bin/jq -n 1+1)\" = 2",
				 root), 0);
	/* Found in the cache, not by searching folders after it. */
	ck_assert_int_eq(kit_run("LD_DEBUG=libs chroot %s/r /bin/jq -n 1 "
		"2>%s/log >&2 && grep -q 'search cache=' %s/log && "
		"! grep -q 'search path=' %s/log", root, root, root, root), 0);
}
END_TEST

/* ---- bad ELF files ---- */

START_TEST(test_broken_elf)
{
	struct elf_file elf;
	char *data = NULL;
	size_t len;
	int fd;

	lib("x.so", "x.so", "-Wl,-rpath,/a");
	fd = open(root, O_RDONLY | O_DIRECTORY);
	{
		CLEANUP_FD int f = openat(fd, "x.so", O_RDONLY);

		ck_assert_int_eq(elf_file_read(f, "x", &elf, &err), 1);
		ck_assert_str_eq(elf.soname, "x.so");
		elf_file_free(&elf);
		ck_assert_int_eq(fd_pread_all(f, &len, sizeof(len), 0), 0);
		ck_assert_int_eq(lseek(f, 0, SEEK_SET), 0);
		ck_assert_int_eq(fd_slurp(f, 1 << 20, &data, &len), 0);
	}
	(void)close(fd);
	/* Cut anywhere, and each byte of headers and dynamic part changed. */
	for (size_t i = 0; i < len && i < 0x400; i++) {
		CLEANUP_FILE FILE *cut = tmpfile();
		CLEANUP_FILE FILE *changed = tmpfile();
		char was = data[i];

		ck_assert(cut && changed);
		ck_assert_uint_eq(fwrite(data, 1, i, cut), i);
		ck_assert_int_eq(fflush(cut), 0);
		if (elf_file_read(fileno(cut), "cut", &elf, &err) == 1)
			elf_file_free(&elf);
		data[i] = (char)(was ^ 0xff);
		ck_assert_uint_eq(fwrite(data, 1, len, changed), len);
		ck_assert_int_eq(fflush(changed), 0);
		if (elf_file_read(fileno(changed), "new", &elf, &err) == 1)
			elf_file_free(&elf);
		data[i] = was;
	}
	free(data);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("source_files");
	TCase *c = tcase_create("source_files");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_same_as_ldd);
	tcase_add_test(c, test_links_stay_links);
	tcase_add_test(c, test_runpath_origin);
	tcase_add_test(c, test_runpath_is_not_inherited);
	tcase_add_test(c, test_rpath_is_inherited);
	tcase_add_test(c, test_ld_so_conf);
	tcase_add_test(c, test_other_machines);
	tcase_add_test(c, test_tokens);
	tcase_add_test(c, test_scripts);
	tcase_add_test(c, test_rules);
	tcase_add_test(c, test_bad_rules);
	tcase_add_test(c, test_shipped_rules);
	tcase_add_test(c, test_cache_for_ldconfig);
	tcase_add_test(c, test_broken_caches);
	tcase_add_test(c, test_image_cache_works);
	tcase_add_test(c, test_broken_elf);
	suite_add_tcase(s, c);
	return kit_main(s);
}
