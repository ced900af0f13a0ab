/*
 * debian_test.c - the source `debian` over an archive made for the test
 *
 * The archive is a folder (file:), its index signed by a key made once for the
 * whole program; apt is the host's own.  So nothing here needs a network.
 */
#include "bundler/debian.h"

#include <unistd.h>

#include "bundler/debian_root.h"
#include "bundler/full_root.h"
#include "bundler/test_kit.h"

static char keys[64];			/* GNUPGHOME, for the whole program */
static char dir[64];
static struct err err;
static char said[8192];

/* ---- the archive ---- */

static void make_keys(void)
{
	kit_make(keys);
	ck_assert_int_eq(kit_run("export GNUPGHOME=%s; gpg --batch --quiet "
		"--passphrase '' --quick-gen-key one ed25519 sign 2>/dev/null "
		"&& gpg --batch --quiet --passphrase '' --quick-gen-key two "
		"ed25519 sign 2>/dev/null && gpg --export one >%s/one.gpg && "
		"gpg --export --armor two >%s/two.asc; "
		"gpgconf --kill gpg-agent", keys, keys, keys), 0);
}

static void remove_keys(void)
{
	kit_remove(keys);
}

/* A package with one file /usr/share/NAME that holds its version. */
static void add_deb(const char *name, const char *version, const char *fields)
{
	ck_assert_int_eq(kit_run("set -e; cd %s; rm -rf p; mkdir -p p/DEBIAN "
		"p/usr/share archive/pool; echo %s >p/usr/share/%s; "
		"printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\n"
		"Maintainer: x <x@example.org>\\n%sDescription: x\\n' "
		">p/DEBIAN/control; dpkg-deb --root-owner-group -b p "
		"archive/pool/%s_%s_all.deb >/dev/null", dir, version, name,
		name, version, fields, name, version), 0);
}

/* Packages, Release, InRelease. */
static void make_index(const char *key)
{
	ck_assert_int_eq(kit_run("set -e; cd %s/archive; "
		"d=dists/test/main/binary-%s; mkdir -p $d; for f in pool/*.deb; "
		"do [ -e $f ] || continue; dpkg-deb -f $f; "
		"echo \"Filename: $f\"; echo \"Size: $(stat -c %%s $f)\"; "
		"echo \"SHA256: $(sha256sum <$f | cut -d' ' -f1)\"; echo; "
		"done >$d/Packages; cd dists/test; p=main/binary-%s/Packages; "
		"{ echo 'Suite: test'; echo 'Codename: test'; "
		"echo 'Date: Thu, 01 Jan 2026 00:00:00 UTC'; "
		"echo 'Architectures: %s'; echo 'Components: main'; "
		"echo 'SHA256:'; echo \" $(sha256sum <$p | cut -d' ' -f1) "
		"$(stat -c %%s $p) $p\"; } >Release; rm -f InRelease; "
		"[ -z '%s' ] || GNUPGHOME=%s gpg --batch --quiet -u '%s' "
		"--clearsign -o InRelease Release 2>/dev/null; "
		"GNUPGHOME=%s gpgconf --kill gpg-agent; "
		"rm -f %s/cache/holdall/apt/*/updated", dir,
		lock_architecture(), lock_architecture(), lock_architecture(),
		key, keys, key, keys, dir), 0);
}

static void write_manifest(const char *packages)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "schema: 1\nid: org.example.App\n"
		"version: \"1\"\ncommand: x\nbase: none\nsources:\n"
		"  - debian:\n      packages: [%s]\n      suite: test\n"
		"      uris: [\"file:%s/archive\"]\n      keyring: one.gpg\n",
		packages, dir);

	kit_write(dir, "holdall.yaml", text, (size_t)n);
}

static void setup(void)
{
	char path[96];

	kit_make(dir);
	(void)snprintf(path, sizeof(path), "%s/cache", dir);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", path, 1), 0);
	ck_assert_int_eq(kit_run("cp %s/one.gpg %s/two.asc %s", keys, keys,
				 dir), 0);
	add_deb("app", "1:1.0+x", "Depends: lib, systemd\\nSource: src (2)\\n");
	add_deb("lib", "1", "Recommends: extra\\n");
	add_deb("extra", "1", "Provides: virtual\\n");
	make_index("one");
	write_manifest("app");
	said[0] = '\0';
}

static void teardown(void)
{
	kit_remove(dir);
}

/* ---- packing ---- */

static void note(void *arg, const char *text)
{
	(void)arg;
	(void)strncat(said, text, sizeof(said) - strlen(said) - 1);
	(void)strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static bool stop_now;
static bool stop(void *arg)
{
	(void)arg;
	return stop_now;
}

enum how { PACK, PACK_LOCKED, REFRESH };

/* Through all of it, as the verbs do; the new lock is saved. */
static int run(enum how how, struct tree *t)
{
	const struct notes notes = { .note = note, .step = note,
				     .stop = stop };
	CLEANUP_RECIPE struct recipe r = RECIPE_INIT;
	CLEANUP_DEBIAN_JOB struct debian_job j = DEBIAN_JOB_INIT;
	CLEANUP_BUF struct buf report = BUF_INIT;
	CLEANUP_FREE char *path = NULL;
	int e;

	tree_free(t);
	ck_assert_ok(tree_new(t, &err));
	ck_assert_ok(full_root_start(t, &err));
	ck_assert_int_gt(asprintf(&path, "%s/holdall.yaml", dir), 0);
	ck_assert_msg(recipe_read(path, &r, &report, &err) == 0, "%s",
		      buf_text(&report));
	e = debian_job_open(&r, how == PACK_LOCKED, how == REFRESH, &notes, &j,
			    &err);
	for (size_t i = 0; i < r.manifest.n_sources && e == 0; i++)
		e = how == REFRESH ?
		    debian_resolve(&j, &r.manifest.sources[i], &err) :
		    debian_source(&j, &r.manifest.sources[i], t, &err);
	return e < 0 ? e : debian_job_save(&j, &err);
}

static bool lock_has(const char *text)
{
	return kit_run("grep -q '%s' %s/holdall.lock", text, dir) == 0;
}

static bool is_version(const struct tree *t, const char *name,
		       const char *version)
{
	char path[64], data[64] = "";
	const struct entry *e;
	size_t len;

	(void)snprintf(path, sizeof(path), "usr/share/%s", name);
	e = tree_find(t, path);
	if (!e)
		return false;
	ck_assert_ok(entry_read_head(e, data, sizeof(data) - 1, &len, &err));
	data[strcspn(data, "\n")] = '\0';
	return !strcmp(data, version);
}

#define says(what) \
	ck_assert_msg(strstr(err.text, what) != NULL, "%s", err.text)

START_TEST(test_pack_and_lock)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_ok(run(PACK, &t));
	ck_assert(is_version(&t, "app", "1:1.0+x"));
	ck_assert(is_version(&t, "lib", "1"));
	/* Not recommended things, not what the sandbox supplies. */
	ck_assert_ptr_null(tree_find(&t, "usr/share/extra"));
	ck_assert(lock_has("^lock=1$") && lock_has("^source.0.base=no$"));
	ck_assert(lock_has("^source.0.index=test [0-9a-f]*$"));
	ck_assert(lock_has("^source.0.package=app 1:1.0+x all [0-9a-f]* "
			   "[0-9]* pool/app_1:1.0+x_all.deb src 2$"));
	ck_assert(lock_has("^source.0.package=lib 1 all .* lib 1$"));
	ck_assert(!lock_has("systemd"));
}
END_TEST

/* With its lock and a warm cache a pack needs neither archive nor apt. */
START_TEST(test_lock_is_used)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_ok(run(PACK, &t));
	add_deb("lib", "2", "");
	make_index("one");
	ck_assert_int_eq(kit_run("cd %s; cp holdall.lock was; mv archive "
				 "away", dir), 0);
	ck_assert_ok(run(PACK_LOCKED, &t));
	ck_assert(is_version(&t, "lib", "1"));
	ck_assert_int_eq(kit_run("cd %s && cmp -s was holdall.lock", dir), 0);
}
END_TEST

/* With its lock and a cold cache the locked versions are fetched, also one that
 * only lies in the pool. */
START_TEST(test_cold_cache)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_ok(run(PACK, &t));
	add_deb("lib", "2", "");
	make_index("one");
	ck_assert_int_eq(kit_run("cd %s/archive && mv pool/lib_1_all.deb .. && "
				 "rm -r ../cache", dir), 0);
	make_index("one");
	ck_assert_int_eq(kit_run("mv %s/lib_1_all.deb %s/archive/pool", dir,
				 dir), 0);
	ck_assert_ok(run(PACK, &t));
	ck_assert(is_version(&t, "lib", "1"));
	/* And when it is gone for good, it is named. */
	ck_assert_int_eq(kit_run("cd %s; rm -r cache archive/pool/lib_1_*",
				 dir), 0);
	ck_assert_int_eq(run(PACK, &t), -ENOENT);
	says("no longer has lib 1");
	says("holdall lock");
	ck_assert_ok(run(REFRESH, &t));
	ck_assert_ok(run(PACK_LOCKED, &t));
	ck_assert(is_version(&t, "lib", "2"));
}
END_TEST

START_TEST(test_additions)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_ok(run(PACK, &t));
	add_deb("lib", "2", "");
	make_index("one");
	write_manifest("app, extra");
	ck_assert_int_eq(run(PACK_LOCKED, &t), -EINVAL);
	says("extra");
	/* The versions of the lock stay where the archive still has them. */
	ck_assert_ok(run(PACK, &t));
	ck_assert(is_version(&t, "lib", "1"));
	ck_assert(is_version(&t, "extra", "1"));
	ck_assert(lock_has("package=extra 1"));
	ck_assert_ok(run(PACK_LOCKED, &t));
}
END_TEST

START_TEST(test_locked_needs_lock)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_int_eq(run(PACK_LOCKED, &t), -ENOENT);
	says("holdall.lock");
}
END_TEST

START_TEST(test_names)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	write_manifest("ap");
	ck_assert_int_eq(run(PACK, &t), -ENOENT);
	says("no package ap; did you mean app?");
	says("holdall.yaml:7");
	write_manifest("virtual");
	ck_assert_int_eq(run(PACK, &t), -ENOENT);
	says("choose one: extra");
	/* Not taken for a wish to remove something. */
	write_manifest("app, lib-");
	ck_assert_int_eq(run(PACK, &t), -ENOENT);
	says("no package lib-");
	ck_assert_int_ne(kit_run("test -e %s/holdall.lock", dir), 0);
}
END_TEST

START_TEST(test_unmet)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	add_deb("odd", "1", "Depends: nothing-has-this\\n");
	make_index("one");
	write_manifest("odd");
	ck_assert_int_eq(run(PACK, &t), -ENOENT);
	says("apt finds no set of packages");
}
END_TEST

START_TEST(test_unverified)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	/* Signed by somebody else, not at all, changed after signing. */
	make_index("two");
	ck_assert_int_eq(run(PACK, &t), -EHOSTUNREACH);
	says("cannot fetch the package index");
	make_index("");
	ck_assert_int_eq(run(PACK, &t), -EHOSTUNREACH);
	make_index("one");
	ck_assert_int_eq(kit_run("sed -i 's/^Codename: test/Codename: best/' "
				 "%s/archive/dists/test/InRelease", dir), 0);
	ck_assert_int_eq(run(PACK, &t), -EHOSTUNREACH);
	make_index("one");
	ck_assert_int_eq(kit_run("echo >>%s/archive/dists/test/main/binary-%s/"
				 "Packages", dir, lock_architecture()), 0);
	ck_assert_int_eq(run(PACK, &t), -EHOSTUNREACH);
	ck_assert_int_ne(kit_run("test -e %s/holdall.lock", dir), 0);
	make_index("one");
	ck_assert_ok(run(PACK, &t));
}
END_TEST

/* What the host trusts unsigned (trusted=yes) is refused for bundles. */
START_TEST(test_host_trusts)
{
	static const char text[] = "schema: 1\nid: org.example.App\n"
		"version: \"1\"\ncommand: x\nbase: none\nsources:\n"
		"  - debian: [app]\n";
	static const struct { const char *key; int result; } rows[] = {
		{ "", -EKEYREJECTED }, { "two", -EKEYREJECTED }, { "one", 0 },
	};
	char path[96];

	kit_write(dir, "holdall.yaml", text, sizeof(text) - 1);
	ck_assert_int_eq(kit_run("cd %s; echo 'deb [trusted=yes] file:%s/"
		"archive test main' >list; echo 'Dir::Etc::sourcelist "
		"\"%s/list\"; Dir::Etc::sourceparts \"/dev/null\"; "
		"Dir::Etc::trustedparts \"%s/trusted/\";' >conf; mkdir trusted "
		"&& cp one.gpg trusted", dir, dir, dir, dir), 0);
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	ck_assert_int_eq(setenv("APT_CONFIG", path, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_TREE struct tree t = TREE_INIT;

		make_index(rows[i].key);
		ck_assert_msg(run(PACK, &t) == rows[i].result, "%s: %s",
			      rows[i].key, err.text);
	}
	ck_assert_int_eq(unsetenv("APT_CONFIG"), 0);
}
END_TEST

START_TEST(test_other_hash)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_int_eq(kit_run("cd %s/archive/pool; cp lib_1_all.deb ..; "
				 "printf x | dd of=lib_1_all.deb bs=1 seek=200 "
				 "conv=notrunc 2>/dev/null", dir), 0);
	ck_assert_int_lt(run(PACK, &t), 0);
	says("lib 1");
	ck_assert_ptr_null(strchr(err.text, '\n'));
	ck_assert_int_ne(kit_run("test -e %s/holdall.lock", dir), 0);
	/* The cache is none the worse for it. */
	ck_assert_int_eq(kit_run("mv %s/archive/lib_1_all.deb "
				 "%s/archive/pool", dir, dir), 0);
	ck_assert_ok(run(PACK, &t));
}
END_TEST

START_TEST(test_unreachable)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_int_eq(kit_run("mv %s/archive %s/away", dir, dir), 0);
	ck_assert_int_eq(run(PACK, &t), -EHOSTUNREACH);
	says("cannot fetch the package index");
	ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

/* What helps is chosen by what apt said (debian_complaint.c). */
START_TEST(test_complaints)
{
	static const struct { const char *said, *text; int num; } rows[] = {
		{ "E: Failed to fetch http://a/  Could not connect to a:9. - "
		  "connect (111: Connection refused)\n", "nothing answers "
		  "there", EHOSTUNREACH },
		{ "E: The repository 'http://a x Release' is not signed.\n",
		  "its signature is by no key", EHOSTUNREACH },
		{ "E: The repository 'http://a x Release' does not have a "
		  "Release file.\n", "look at `uris` and `suite`",
		  EHOSTUNREACH },
		{ "E: something else\n", "does `apt-get update`",
		  EHOSTUNREACH },
		{ "E: Write error - write (28: No space left on device)\n"
		  "E: The repository 'http://a x Release' is not signed.\n",
		  "the disk of the cache /c is full", ENOSPC },
		{ "E: The value 'x\033y' is invalid for "
		  "APT::Default-Release as such a release is not available "
		  "in the sources\n", "archives have no suite x?y", EINVAL },
		{ "E: The value 'cut is invalid for APT::Default-Release\n",
		  "archives have no suite cut", EINVAL },
	};
	struct debian_cache cache = { .path = (char *)"/c" };
	struct debian_apt a = { .cache = &cache, .dir = (char *)"/c/apt" };
	char path[96];

	ck_assert_int_eq(kit_run("mkdir -p %s/root/lists/partial && "
				 "echo x >%s/root/lists/partial/half", dir,
				 dir), 0);
	(void)snprintf(path, sizeof(path), "%s/root", dir);
	a.dir_fd = kit_open_dir(path);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_TOOL_OUTPUT struct tool_output o = TOOL_OUTPUT_INIT;

		buf_adds(&o.err, rows[i].said);
		ck_assert_int_lt(apt_cannot_fetch(&a, &o, "cannot fetch it",
						  &err), 0);
		ck_assert_msg(err.num == rows[i].num &&
			      strstr(err.text, rows[i].text), "%d: %s",
			      err.num, err.text);
		if (err.num == ENOSPC)
			ck_assert_ptr_null(strstr(err.text, "signed"));
	}
	ck_assert_int_ne(kit_run("test -e %s/root/lists/partial/half", dir),
			 0);
	(void)close(a.dir_fd);
}
END_TEST

/* A full disk at any place of the way: a line, no lock, and no hanging apt. */
START_TEST(test_full_disk)
{
	static const unsigned kib[] = { 40, 64, 72, 96, 128 };
	char path[96];

	if (geteuid() != 0)
		return;
	add_deb("big", "1", "Depends: app\\n");
	make_index("one");
	write_manifest("big");
	for (size_t i = 0; i < ARRAY_SIZE(kib); i++) {
		CLEANUP_TREE struct tree t = TREE_INIT;
		int r;

		(void)snprintf(path, sizeof(path), "%s/full", dir);
		ck_assert_int_eq(kit_run("mkdir -p %s && mount -t tmpfs -o "
			"size=%uk none %s", path, kib[i], path), 0);
		ck_assert_int_eq(setenv("XDG_CACHE_HOME", path, 1), 0);
		r = run(PACK, &t);
		tree_free(&t);
		ck_assert_int_eq(kit_run("umount %s", path), 0);
		ck_assert_int_eq(kit_run("test -e %s/holdall.lock", dir) != 0,
				 r < 0);
		if (i == 0)
			ck_assert_int_lt(r, 0);
		if (r < 0)
			ck_assert_ptr_null(strchr(err.text, '\n'));
		(void)kit_run("rm -f %s/holdall.lock", dir);
	}
}
END_TEST

START_TEST(test_bad_locks)
{
	static const char *const edits[] = {
		"s/^lock=1/lock=2/", "/^lock=/d", "s/ pool/ ..\\/pool/",
		"s/^architecture=.*/architecture=vax/", "1{h;d};2{G}",
		"s/package=app/package=App/", "$s/$/ /", "s/base=no/base=maybe/",
		"s/request=.*/&\\nsource.0.secret=1/",
		"s/package=\\(lib [^ ]* all \\)[0-9a-f]*/package=\\1abc/",
	};
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_ok(run(PACK, &t));
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		ck_assert_int_eq(kit_run("cd %s; cp holdall.lock good; sed -i "
			"'%s' holdall.lock; ! cmp -s good holdall.lock", dir,
			edits[i]), 0);
		ck_assert_msg(run(PACK, &t) < 0, "%s", edits[i]);
		says("holdall.lock");
		ck_assert_int_eq(kit_run("mv %s/good %s/holdall.lock", dir,
					 dir), 0);
	}
	ck_assert_ok(run(PACK_LOCKED, &t));
}
END_TEST

/* A lock names packages by their hash: another's cannot smuggle bytes in. */
START_TEST(test_forged_hash)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	ck_assert_ok(run(PACK, &t));
	ck_assert_int_eq(kit_run("cd %s; rm -r cache; sed -i 's/\\(package=lib "
		"1 all \\)..../\\10000/' holdall.lock", dir), 0);
	ck_assert_int_lt(run(PACK, &t), 0);
	says("lib 1");
}
END_TEST

START_TEST(test_stop)
{
	CLEANUP_TREE struct tree t = TREE_INIT;

	stop_now = true;
	ck_assert_int_eq(run(PACK, &t), -EINTR);
	stop_now = false;
	ck_assert_int_ne(kit_run("test -e %s/holdall.lock", dir), 0);
	ck_assert_ok(run(PACK, &t));
}
END_TEST

START_TEST(test_changes)
{
	static const char a[] = "architecture=amd64\nlock=1\nsource.0.base=no\n"
		"source.0.package=gone 1 all %s 5 p/a gone 1\n"
		"source.0.package=moved 1 all %s 5 p/a moved 1\n"
		"source.0.request=moved\n";
	static const char b[] = "architecture=amd64\nlock=1\nsource.0.base=no\n"
		"source.0.package=moved 2 all %s 5 p/a moved 2\n"
		"source.0.package=new 1 all %s 5 p/a new 1\n"
		"source.0.request=moved\n";
	CLEANUP_LOCK struct lock old = { 0 };
	CLEANUP_LOCK struct lock new = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	char text[1024], one[SHA256_TEXT + 1], two[SHA256_TEXT + 1];

	sha256_text("1", 1, one);
	sha256_text("2", 1, two);
	(void)snprintf(text, sizeof(text), a, one, one);
	ck_assert_ok(lock_parse(text, strlen(text), &old, &err));
	ck_assert_ok(lock_format(&old, &out, &err));
	ck_assert_str_eq(out.data, text);
	buf_free(&out);
	(void)snprintf(text, sizeof(text), b, two, one);
	ck_assert_ok(lock_parse(text, strlen(text), &new, &err));
	ck_assert_uint_eq(lock_changes(&old, &new, &out), 3);
	ck_assert_str_eq(out.data, "  moved 1 -> 2\n+ new 1\n- gone 1\n");
	for (size_t i = 0; i < strlen(text); i++) {
		struct lock cut = { 0 };

		if (lock_parse(text, i, &cut, &err) == 0)
			lock_free(&cut);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("debian");
	TCase *c = tcase_create("debian");

	tcase_add_unchecked_fixture(c, make_keys, remove_keys);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, test_pack_and_lock);
	tcase_add_test(c, test_lock_is_used);
	tcase_add_test(c, test_cold_cache);
	tcase_add_test(c, test_additions);
	tcase_add_test(c, test_locked_needs_lock);
	tcase_add_test(c, test_names);
	tcase_add_test(c, test_unmet);
	tcase_add_test(c, test_unverified);
	tcase_add_test(c, test_host_trusts);
	tcase_add_test(c, test_other_hash);
	tcase_add_test(c, test_unreachable);
	tcase_add_test(c, test_complaints);
	tcase_add_test(c, test_full_disk);
	tcase_add_test(c, test_bad_locks);
	tcase_add_test(c, test_forged_hash);
	tcase_add_test(c, test_stop);
	tcase_add_test(c, test_changes);
	suite_add_tcase(s, c);
	return kit_main(s);
}
