/*
 * debian_deb_test.c - good and hostile .debs, the cache, laying, the lock
 *
 * Packages are made with dpkg-deb; what dpkg-deb would never make is put
 * together from tar, a patched header and ar.
 */
#include "bundler/debian_deb.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bundler/debian_cache.h"
#include "bundler/debian_tree.h"
#include "bundler/full_root.h"
#include "bundler/lock.h"
#include "bundler/test_kit.h"

static char dir[64];
static struct err err;
static struct debian_cache cache;

static void setup(void)
{
	char path[96];

	kit_make(dir);
	(void)snprintf(path, sizeof(path), "%s/cache", dir);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", path, 1), 0);
	ck_assert_ok(debian_cache_open(&cache, &err));
}

static void teardown(void)
{
	debian_cache_free(&cache);
	kit_remove(dir);
}

/* A package from shell commands that fill the current folder. */
static void make_deb(const char *name, const char *fields, const char *fill)
{
	ck_assert_int_eq(kit_run("set -e; mkdir -p %s/p-%s/DEBIAN; "
		"cd %s/p-%s; umask 022; printf 'Package: %s\\nVersion: 1\\n"
		"Architecture: all\\nMaintainer: x <x@example.org>\\n"
		"Description: x\\n%s' >DEBIAN/control; %s\n"
		"dpkg-deb --root-owner-group -Zxz -b . ../%s.deb >/dev/null",
		dir, name, dir, name, name, fields, fill, name), 0);
}

/* A package whose data.tar is what the commands leave in ../data.tar. */
static void make_raw(const char *name, const char *fill)
{
	ck_assert_int_eq(kit_run("set -e; mkdir -p %s/r-%s/t; cd %s/r-%s/t; "
		"(%s); cd ..; echo 2.0 >debian-binary; "
		"printf 'Package: %s\\nVersion: 1\\n' >control; "
		"tar cf control.tar ./control; gzip -n data.tar control.tar; "
		"ar rc ../%s.deb debian-binary control.tar.gz data.tar.gz",
		dir, name, dir, name, fill, name, name), 0);
}

static struct debian_package package_of(const char *name)
{
	struct debian_package p = {
		.name = strdup(name), .version = strdup("1"),
		.arch = strdup("all"), .path = strdup("pool/x.deb"),
		.source = strdup(name), .source_version = strdup("1"),
		.sha256 = calloc(1, SHA256_TEXT + 1),
	};
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s.deb", dir, name);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_ok(sha256_fd(fd, NULL, p.sha256, &p.size, &err));
	(void)close(fd);
	return p;
}

/* Into the cache, as if fetched; unpacked or not. */
static struct debian_package take(const char *name)
{
	struct debian_package p = package_of(name);
	char file[96];
	int fd = kit_open_dir(dir);

	(void)snprintf(file, sizeof(file), "%s.deb", name);
	ck_assert_ok(debian_cache_take(&cache, &p, fd, file, NULL, &err));
	ck_assert_int_lt(faccessat(fd, file, F_OK, 0), 0);
	(void)close(fd);
	return p;
}

static int unpack(const char *name)
{
	CLEANUP(debian_package_free) struct debian_package p = take(name);
	CLEANUP_FD int fd = -1;

	return debian_cache_unpacked(&cache, &p, NULL, &fd, &err);
}

static struct strlist none;

static int lay(struct tree *t, const char *const *names, size_t n)
{
	CLEANUP_DEBIAN_LIST struct debian_list l = { 0 };
	struct debian_wish wish = { .line = 6, .keep = &none,
				    .locales = &none };

	for (size_t i = 0; i < n; i++) {
		struct debian_package p = take(names[i]);

		ck_assert_ok(debian_list_add(&l, &p, &err));
	}
	ck_assert_ok(tree_new(t, &err));
	ck_assert_ok(full_root_start(t, &err));
	return debian_lay(t, &cache, &l, &wish, NULL, &err);
}

/* ---- good ones ---- */

START_TEST(test_good_package)
{
	static const char *const names[] = { "good" };
	CLEANUP_TREE struct tree t = TREE_INIT;
	const struct entry *e, *f;
	char data[16];
	size_t len;

	make_deb("good", "", "mkdir -p usr/bin lib usr/share/man/man1 "
		"usr/share/doc/good usr/share/locale/de etc; "
		"echo hi >usr/bin/x; chmod 4755 usr/bin/x; ln usr/bin/x "
		"usr/bin/y; ln -s /usr/bin/x lib/z; touch usr/share/man/man1/"
		"x.1 usr/share/doc/good/copyright usr/share/doc/good/NEWS "
		"usr/share/locale/de/x usr/share/locale/locale.alias; "
		"printf '\\303\\244' >'etc/a b'; ln -s ../x "
		"usr/share/doc/other");
	ck_assert_ok(lay(&t, names, 1));
	e = tree_find(&t, "usr/bin/x");
	f = tree_find(&t, "usr/bin/y");
	ck_assert(e && f);
	ck_assert_uint_eq(e->mode, 0755);
	ck_assert_uint_eq(e->content.size, 3);
	ck_assert_ok(entry_read_head(e, data, sizeof(data), &len, &err));
	ck_assert(len == 3 && !memcmp(data, "hi\n", 3));
	ck_assert(e->ino && e->ino == f->ino && e->dev == f->dev);
	ck_assert_str_eq(e->origin->name, "good");
	ck_assert_str_eq(e->origin->version, "1");
	/* /lib is a link: what lies below it is in /usr/lib. */
	ck_assert_str_eq(tree_find(&t, "usr/lib/z")->target, "/usr/bin/x");
	ck_assert_ptr_nonnull(tree_find(&t, "etc/a b"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/doc/good/copyright"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/doc/other"));
	ck_assert_ptr_nonnull(tree_find(&t, "usr/share/locale/locale.alias"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/doc/good/NEWS"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/man"));
	ck_assert_ptr_null(tree_find(&t, "usr/share/locale/de"));
}
END_TEST

START_TEST(test_what_is_left_out)
{
	static char *keeps[] = { (char *)"/usr/share/man/man1/a.1", NULL };
	static char *langs[] = { (char *)"de", (char *)"pt_BR", NULL };
	struct strlist keep = { .v = keeps, .n = 1 };
	struct strlist locales = { .v = langs, .n = 2 };
	struct debian_wish w = { .keep = &keep, .locales = &locales };
	static const struct { const char *path; enum entry_type type;
			      bool out; } rows[] = {
		{ "usr/share/man/man1/a.1", ENTRY_FILE, false },
		{ "usr/share/man/man1/b.1", ENTRY_FILE, true },
		{ "usr/share/doc", ENTRY_DIR, false },
		{ "usr/share/doc/a", ENTRY_DIR, true },
		{ "usr/share/doc/a", ENTRY_LINK, false },
		{ "usr/share/doc/a/copyright", ENTRY_FILE, false },
		{ "usr/share/doc/a/b/copyright", ENTRY_FILE, true },
		{ "usr/share/locale/de/LC_MESSAGES/a.mo", ENTRY_FILE, false },
		{ "usr/share/locale/de_AT/LC_MESSAGES/a.mo", ENTRY_FILE, false },
		{ "usr/share/locale/dev/LC_MESSAGES/a.mo", ENTRY_FILE, true },
		{ "usr/share/locale/pt_BR/a.mo", ENTRY_FILE, false },
		{ "usr/share/locale/pt/a.mo", ENTRY_FILE, false },
		{ "usr/share/locale/pt_PT/a.mo", ENTRY_FILE, true },
		{ "usr/share/help/C/a", ENTRY_FILE, false },
		{ "usr/share/help/fr/a", ENTRY_FILE, true },
		{ "usr/lib/locale/C.utf8/LC_CTYPE", ENTRY_FILE, false },
		{ "usr/share/manual", ENTRY_FILE, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(debian_leaves_out(&w, rows[i].path, rows[i].type)
			      == rows[i].out, "%s", rows[i].path);
}
END_TEST

/* ---- two packages, one file ---- */

START_TEST(test_same_file_twice)
{
	static const char *const names[] = { "aa", "bb" };
	CLEANUP_TREE struct tree t = TREE_INIT;

	make_deb("aa", "", "mkdir usr; echo a >usr/x");
	make_deb("bb", "", "mkdir usr; echo b >usr/x");
	ck_assert_int_eq(lay(&t, names, 2), -EEXIST);
	ck_assert_msg(strstr(err.text, "/usr/x") && strstr(err.text, "aa 1") &&
		      strstr(err.text, "bb 1"), "%s", err.text);
}
END_TEST

START_TEST(test_equal_file_twice)
{
	static const char *const names[] = { "aa", "bb" };
	CLEANUP_TREE struct tree t = TREE_INIT;

	make_deb("aa", "", "mkdir -p usr lib; echo a >usr/x; ln -s b lib/l");
	make_deb("bb", "", "mkdir -p usr/lib; echo a >usr/x; ln -s b "
		 "usr/lib/l");
	ck_assert_ok(lay(&t, names, 2));
}
END_TEST

/* The file of the one that replaces stands, whichever comes first. */
static void check_replaces(const char *a_fields, const char *b_fields,
			   char wins)
{
	static const char *const names[] = { "aa", "bb" };
	CLEANUP_TREE struct tree t = TREE_INIT;
	char c;
	size_t len;

	make_deb("aa", a_fields, "mkdir usr; echo a >usr/x");
	make_deb("bb", b_fields, "mkdir usr; echo b >usr/x");
	ck_assert_ok(lay(&t, names, 2));
	ck_assert_ok(entry_read_head(tree_find(&t, "usr/x"), &c, 1, &len,
				     &err));
	ck_assert_int_eq(c, wins);
}

START_TEST(test_later_replaces)
{
	check_replaces("", "Replaces: foo, aa (<< 2)\\n", 'b');
}
END_TEST

START_TEST(test_earlier_replaces)
{
	check_replaces("Replaces: bb\\n", "", 'a');
}
END_TEST

/* ---- hostile ones ---- */

#define RENAME(from, to) \
	"echo x >aaaa; tar cf ../data.tar --transform 's,^" from "$," to \
	",S' -P " from

static const struct { const char *fill, *says; } hostile[] = {
	{ RENAME("aaaa", "../../evil"), "not a clean name" },
	{ RENAME("aaaa", "usr/../../evil"), "not a clean name" },
	{ RENAME("aaaa", "/tmp/evil"), "absolute name" },
	{ RENAME("aaaa", "usr//x/./y"), "not a clean name" },
	{ "ln -s ../../../etc/passwd a; mkdir b; ln -s ../../x b/l; "
	  "tar cf ../data.tar b/l", "leads out of the tree" },
	{ "ln -s /../etc a; tar cf ../data.tar a", "leads out of the tree" },
	{ "mkfifo a; tar cf ../data.tar a", "device, FIFO or socket" },
	{ "truncate -s 20G a; tar -Scf ../data.tar a", "has holes" },
	{ "truncate -s 20G a; tar --format=pax -Scf ../data.tar a",
	  "has holes" },
	{ "echo x >aaaa; ln aaaa bbbb; tar cf ../data.tar --transform "
	  "'s,^aaaa$,/etc/passwd,H' -P aaaa bbbb", "absolute name" },
	{ "echo x >aaaa; ln aaaa bbbb; tar cf ../data.tar aaaa bbbb; "
	  "tar --delete -f ../data.tar aaaa", "hard link to something" },
	{ "n=$(printf '%0300d' 1); : >aaaa; tar cf ../data.tar --transform "
	  "\"s,aaaa,$n,\" aaaa", "above 255 bytes" },
	{ "echo x >a; echo y >b; tar cf ../data.tar --transform 's,b,a,' "
	  "a b", "stands in it twice" },
	{ "echo x >a; mkdir b; tar cf ../data.tar --transform 's,^b,a,' a b",
	  "stands in it twice" },
	{ "echo x >a; tar cf ../data.tar a; echo y >>a; tar rf ../data.tar "
	  "a", "stands in it twice" },
};

START_TEST(test_hostile)
{
	make_raw("bad", hostile[_i].fill);
	ck_assert_int_lt(unpack("bad"), 0);
	ck_assert_msg(strstr(err.text, hostile[_i].says), "%s, wanted %s",
		      err.text, hostile[_i].says);
	ck_assert_msg(strstr(err.text, "bad_1_all.deb"), "%s", err.text);
	ck_assert_ptr_null(strchr(err.text, '\n'));
	/* Nothing half-made: the folder of unpacked packages is empty. */
	ck_assert_int_eq(kit_run("test -z \"$(ls -A %s/cache/holdall/"
				 "unpacked)\"", dir), 0);
}
END_TEST

START_TEST(test_device)
{
	if (geteuid() != 0)
		return;
	make_raw("bad", "mknod n c 1 3; tar cf ../data.tar n");
	ck_assert_int_lt(unpack("bad"), 0);
	ck_assert_msg(strstr(err.text, "device"), "%s", err.text);
}
END_TEST

/* Long names that are not ASCII, as pax headers have them: the reader's libraries look
 * for conversion tables, which its jail refuses them. */
START_TEST(test_pax_names)
{
	CLEANUP(debian_package_free) struct debian_package p = { 0 };
	CLEANUP_FD int fd = -1;

	make_raw("pax", "d=usr/$(printf '\303\244%.0s' $(seq 60))/x; "
		"mkdir -p $d; echo hi >$d/$(printf '\303\266%.0s' $(seq 60)); "
		"tar --format=pax -cf ../data.tar ./usr");
	p = take("pax");
	ck_assert_ok(debian_cache_unpacked(&cache, &p, NULL, &fd, &err));
	ck_assert_int_eq(kit_run("grep -q \"$(printf 'usr/\303\244')\" "
		"%s/cache/holdall/unpacked/*/index || grep -qi 'usr/%%c3%%a4' "
		"%s/cache/holdall/unpacked/*/index", dir, dir), 0);
}
END_TEST

/* What nobody reads is unpacked all the same, to get past it. */
START_TEST(test_large_control)
{
	ck_assert_int_eq(kit_run("set -e; mkdir %s/c; cd %s/c; "
		"echo 2.0 >debian-binary; echo 'Package: c' >control; "
		"truncate -s 65M md5sums; tar cf control.tar ./control "
		"./md5sums; rm md5sums; mkdir usr; tar cf data.tar ./usr; "
		"gzip -n -1 data.tar control.tar; ar rc ../c.deb "
		"debian-binary control.tar.gz data.tar.gz", dir, dir), 0);
	ck_assert_int_eq(unpack("c"), -EPERM);
	ck_assert_msg(strstr(err.text, "./md5sums"), "%s", err.text);
}
END_TEST

/* Cut at many places, and single bytes changed: an error or a package, never
 * anything else. */
START_TEST(test_damaged)
{
	CLEANUP_FREE char *data = malloc(1 << 20);
	CLEANUP_FILE FILE *f = NULL;
	char path[96];
	size_t len;

	make_deb("good", "", "mkdir -p usr; head -c 3000 /dev/urandom >usr/x; "
		 "ln -s x usr/y; ln usr/x usr/z");
	(void)snprintf(path, sizeof(path), "%s/good.deb", dir);
	f = fopen(path, "r");
	ck_assert(f && data);
	len = fread(data, 1, 1 << 20, f);
	for (size_t i = 0; i < len; i += 61) {
		int whole = memfd_create("x", 0), dir_fd;

		for (int cut = 0; cut < 2; cut++) {
			char was = data[i];

			data[i] = cut ? was : (char)(was ^ 0x41);
			ck_assert_int_eq(ftruncate(whole, 0), 0);
			ck_assert_int_ge(pwrite(whole, data, cut ? i : len, 0),
					 0);
			data[i] = was;
			ck_assert_int_eq(kit_run("rm -rf %s/u; mkdir %s/u",
						 dir, dir), 0);
			(void)snprintf(path, sizeof(path), "%s/u", dir);
			dir_fd = kit_open_dir(path);
			if (deb_unpack(whole, "x.deb", dir_fd, NULL, &err) < 0)
				ck_assert_uint_gt(strlen(err.text), 0);
			else
				ck_assert_int_eq(cut, 0);
			(void)close(dir_fd);
		}
		(void)close(whole);
	}
}
END_TEST

/* ---- the cache ---- */

START_TEST(test_other_bytes)
{
	CLEANUP(debian_package_free) struct debian_package p = { 0 };
	int fd = kit_open_dir(dir);

	make_deb("good", "", "mkdir usr");
	p = package_of("good");
	p.sha256[0] = p.sha256[0] == '0' ? '1' : '0';
	ck_assert_int_eq(debian_cache_take(&cache, &p, fd, "good.deb", NULL,
					   &err), -EBADMSG);
	ck_assert_msg(strstr(err.text, "not what was asked for"), "%s",
		      err.text);
	ck_assert(!debian_cache_has(&cache, &p));
	ck_assert_int_eq(kit_run("test -z \"$(ls -A %s/cache/holdall/debs)\"",
				 dir), 0);
	(void)close(fd);
}
END_TEST

/* A cached .deb that rotted is dropped; an unpacked one that did is made anew. */
START_TEST(test_rotten_cache)
{
	static const char *const names[] = { "good" };
	CLEANUP_TREE struct tree t = TREE_INIT;
	CLEANUP_TREE struct tree u = TREE_INIT;
	CLEANUP(debian_package_free) struct debian_package p = { 0 };
	CLEANUP_FD int fd = -1;

	make_deb("good", "", "mkdir usr; echo hello >usr/x");
	ck_assert_int_eq(kit_run("cp %s/good.deb %s/g", dir, dir), 0);
	ck_assert_ok(lay(&t, names, 1));
	ck_assert_int_eq(kit_run("cd %s; truncate -s0 cache/holdall/unpacked/*/0; "
				 "mv g good.deb; cp good.deb g", dir), 0);
	ck_assert_ok(lay(&u, names, 1));
	ck_assert_uint_eq(tree_find(&u, "usr/x")->content.size, 6);
	ck_assert_int_eq(kit_run("cd %s; mv g good.deb; rm -r cache/holdall/"
				 "unpacked/*; echo >>$(echo cache/holdall/debs/"
				 "*)", dir), 0);
	p = package_of("good");
	ck_assert_int_eq(debian_cache_unpacked(&cache, &p, NULL, &fd, &err),
			 -ENOENT);
	ck_assert(!debian_cache_has(&cache, &p));
}
END_TEST

START_TEST(test_cache_full)
{
	CLEANUP(debian_package_free) struct debian_package p = { 0 };
	CLEANUP_DEBIAN_CACHE struct debian_cache full = DEBIAN_CACHE_INIT;
	CLEANUP_FD int fd = -1;
	char path[96];
	int r;

	if (geteuid() != 0)
		return;
	make_deb("good", "", "mkdir usr; head -c 400000 /dev/zero >usr/x");
	ck_assert_int_eq(kit_run("mkdir %s/full && mount -t tmpfs -o size=200k "
				 "none %s/full", dir, dir), 0);
	(void)snprintf(path, sizeof(path), "%s/full", dir);
	(void)setenv("XDG_CACHE_HOME", path, 1);
	ck_assert_ok(debian_cache_open(&full, &err));
	p = package_of("good");
	ck_assert_int_eq(kit_run("cp %s/good.deb %s/full/holdall/debs/%s", dir,
				 dir, p.sha256), 0);
	r = debian_cache_unpacked(&full, &p, NULL, &fd, &err);
	ck_assert_int_eq(kit_run("test -z \"$(ls -A %s/full/holdall/"
				 "unpacked)\"", dir), 0);
	debian_cache_free(&full);
	ck_assert_int_eq(kit_run("umount %s/full", dir), 0);
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_msg(strstr(err.text, "cannot unpack"), "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("debian_deb");
	TCase *c = tcase_create("debian_deb");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_good_package);
	tcase_add_test(c, test_what_is_left_out);
	tcase_add_test(c, test_same_file_twice);
	tcase_add_test(c, test_equal_file_twice);
	tcase_add_test(c, test_later_replaces);
	tcase_add_test(c, test_earlier_replaces);
	tcase_add_loop_test(c, test_hostile, 0, ARRAY_SIZE(hostile));
	tcase_add_test(c, test_device);
	tcase_add_test(c, test_large_control);
	tcase_add_test(c, test_pax_names);
	tcase_add_test(c, test_damaged);
	tcase_add_test(c, test_other_bytes);
	tcase_add_test(c, test_rotten_cache);
	tcase_add_test(c, test_cache_full);
	suite_add_tcase(s, c);
	return kit_main(s);
}
