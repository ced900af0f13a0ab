/*
 * sign_test.c - keys, signing and restub on files
 */
#include "bundler/sign.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "bundler/key_files.h"
#include "runtime/bundle_fixture.h"
#include "runtime/bundle_rewrite.h"
#include "runtime/signature.h"

static char folder[PATH_MAX];
static struct err err;

static const char *at(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void put_bundle(const char *name)
{
	CLEANUP_FD int fd = fixture_new(100000, true);
	CLEANUP_FD int out = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0750);
	size_t size = (size_t)fixture_size(fd);
	CLEANUP_FREE char *data = malloc(size);

	ck_assert_int_ge(out, 0);
	ck_assert_int_eq(fd_pread_all(fd, data, size, 0), 0);
	ck_assert_int_eq(fd_write_all(out, data, size), 0);
}

static void set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/holdall-sign-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	put_bundle("app");
}

static void tear_down(void)
{
	char command[PATH_MAX + 32];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void make_key(const char *name, struct minisign_key *ret)
{
	int r = key_files_make(at(name), NULL, NULL, ret, &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

static int sign(const char *key, const char *next, const char *signature)
{
	struct sign_options o = {
		.bundle = at("app"), .key = key ? at(key) : NULL,
		.next = next ? at(next) : NULL,
		.signature = signature ? at(signature) : NULL,
	};
	struct minisign_key done;

	return sign_run(&o, NULL, &done, &err);
}

static void must_sign(const char *key, const char *next)
{
	ck_assert_msg(sign(key, next, NULL) == 0, "%s", err.text);
}

static void read_list(struct signature_list *ret)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	ck_assert_msg(bundle_open(at("app"), &b, &err) == 0, "%s", err.text);
	ck_assert_msg(bundle_verify(&b, NULL, NULL, &err) == 0, "%s",
		      err.text);
	ck_assert_int_eq(signature_list_read(&b, ret, &err), 0);
}

static bool verifies(const struct signature *s, const struct minisign_key *key)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_FREE char *seal = NULL;
	size_t len;

	ck_assert_int_eq(bundle_open(at("app"), &b, &err), 0);
	ck_assert_int_eq(bundle_read_seal(&b, &seal, &len, &err), 0);
	return minisign_verify(&s->minisign, key, seal, len) &&
	       minisign_verify_comment(&s->minisign, key);
}

START_TEST(keygen_makes_a_pair)
{
	CLEANUP_SECRET struct minisign_secret s;
	struct minisign_key key, public, again;
	struct stat st;

	make_key("me", &key);
	ck_assert_int_eq(stat(at("me.key"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(key_file_public(at("me.pub"), &public, &err), 0);
	ck_assert(minisign_key_equal(&key, &public));
	ck_assert_int_eq(key_file_secret(at("me.key"), NULL, &s, &err), 0);
	minisign_secret_public(&s, &again);
	ck_assert_mem_eq(&again, &key, sizeof(key));
}
END_TEST

START_TEST(keygen_replaces_nothing)
{
	struct minisign_key key, kept;

	make_key("me", &key);
	ck_assert_int_eq(key_files_make(at("me"), NULL, NULL, &kept, &err),
			 -EEXIST);
	/* Only the public half is there: no secret one is left behind. */
	ck_assert_int_eq(unlink(at("me.key")), 0);
	ck_assert_int_eq(key_files_make(at("me"), NULL, NULL, &kept, &err),
			 -EEXIST);
	ck_assert_int_eq(access(at("me.key"), F_OK), -1);
	ck_assert_int_eq(key_file_public(at("me.pub"), &kept, &err), 0);
	ck_assert(minisign_key_equal(&key, &kept));
}
END_TEST

START_TEST(signs_once_per_key)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	struct minisign_key one, two;
	struct stat st;

	make_key("one", &one);
	make_key("two", &two);
	must_sign("one.key", NULL);
	must_sign("two.key", NULL);
	must_sign("one.key", "two.pub");
	read_list(&l);
	ck_assert_uint_eq(l.n, 2);
	ck_assert(verifies(&l.v[0], &one) && verifies(&l.v[1], &two));
	ck_assert(!verifies(&l.v[0], &two) && !verifies(&l.v[1], &one));
	ck_assert(l.v[0].has_next && minisign_key_equal(&l.v[0].next, &two));
	ck_assert(!l.v[1].has_next);
	ck_assert_int_eq(stat(at("app"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0750);
}
END_TEST

START_TEST(signing_is_reproducible)
{
	CLEANUP_SIGNATURES struct signature_list one = { 0 };
	CLEANUP_SIGNATURES struct signature_list two = { 0 };
	struct minisign_key key;

	make_key("me", &key);
	must_sign("me.key", NULL);
	read_list(&one);
	must_sign("me.key", NULL);
	read_list(&two);
	ck_assert_uint_eq(one.len, two.len);
	ck_assert_mem_eq(one.text, two.text, one.len);
}
END_TEST

START_TEST(seventeen_keys_are_too_many)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	struct minisign_key key;
	char name[16];

	for (unsigned i = 0; i < 17; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		make_key(name, &key);
		snprintf(name, sizeof(name), "k%u.key", i);
		if (i < 16)
			must_sign(name, NULL);
	}
	ck_assert_int_eq(sign("k16.key", NULL, NULL), -EBADMSG);
	read_list(&l);
	ck_assert_uint_eq(l.n, 16);
}
END_TEST

static void write_signature(const char *name, unsigned which)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	FILE *f = fopen(at(name), "we");

	read_list(&l);
	ck_assert_ptr_nonnull(f);
	fwrite(l.v[which].text, 1, l.v[which].text_len, f);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(puts_in_only_what_verifies)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	struct minisign_key one, two;

	make_key("one", &one);
	make_key("two", &two);
	must_sign("one.key", NULL);
	write_signature("s", 0);
	ck_assert_int_eq(unlink(at("app")), 0);
	put_bundle("app");
	ck_assert_int_eq(sign("two.pub", NULL, "s"), -EBADMSG);
	ck_assert_msg(sign("one.pub", NULL, "s") == 0, "%s", err.text);
	ck_assert_msg(sign(NULL, NULL, "s") == 0, "%s", err.text);
	read_list(&l);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(verifies(&l.v[0], &one));
}
END_TEST

START_TEST(says_what_is_missing)
{
	struct minisign_key key;

	make_key("me", &key);
	ck_assert_int_eq(sign(NULL, NULL, NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "holdall keygen"));
	ck_assert_int_eq(sign("me.pub", NULL, NULL), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "is a public key"));
	ck_assert_int_eq(sign("nobody.key", NULL, NULL), -ENOENT);
}
END_TEST

START_TEST(damaged_bundles_are_not_signed)
{
	CLEANUP_FD int fd = open(at("app"), O_RDWR);
	struct minisign_key key;
	struct bundle b;

	make_key("me", &key);
	ck_assert_int_eq(bundle_open(at("app"), &b, &err), 0);
	fixture_flip(fd, b.payload_start + 5000, 1);
	bundle_free(&b);
	ck_assert_int_lt(sign("me.key", NULL, NULL), 0);
}
END_TEST

START_TEST(nothing_is_put_behind_a_bad_signature)
{
	CLEANUP_FD int fd = open(at("app"), O_RDWR);
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_BUF struct buf changed = BUF_INIT;
	CLEANUP_SECRET struct minisign_secret s;
	struct minisign_key key;

	make_key("me", &key);
	make_key("you", &key);
	ck_assert_int_eq(key_file_secret(at("me.key"), NULL, &s, &err), 0);
	ck_assert_int_eq(sign_in_place(fd, "app", &s, &err), 0);
	read_list(&l);
	l.v[0].minisign.signature[3] ^= 1;
	minisign_signature_format(&l.v[0].minisign, &changed);
	ck_assert_int_eq(bundle_open(at("app"), &b, &err), 0);
	ck_assert_int_eq(bundle_put_signatures(&b, changed.data, changed.len,
					       fd, &err), 0);
	ck_assert_int_eq(sign("you.key", NULL, NULL), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "signature 1"));
}
END_TEST

START_TEST(restub_goes_through_a_link)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_FD int stub = memfd_create("stub", MFD_CLOEXEC);
	struct minisign_key key;
	struct stat st;

	make_key("me", &key);
	must_sign("me.key", NULL);
	ck_assert_int_eq(ftruncate(stub, 200000), 0);
	ck_assert_int_eq(symlink(at("app"), at("link")), 0);
	ck_assert_msg(restub_run(at("link"), stub, &err) == 0, "%s", err.text);
	ck_assert_int_eq(lstat(at("link"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	read_list(&l);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(verifies(&l.v[0], &key));
	ck_assert_int_eq(bundle_open(at("app"), &b, &err), 0);
	ck_assert_uint_eq(b.stub_size, 200000);
	ck_assert_int_eq(stat(at("app"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0750);
}
END_TEST

START_TEST(packs_sign_in_place)
{
	CLEANUP_FD int fd = open(at("app"), O_RDWR);
	CLEANUP_SECRET struct minisign_secret s;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	struct minisign_key key;

	make_key("me", &key);
	ck_assert_int_eq(key_file_secret(at("me.key"), NULL, &s, &err), 0);
	ck_assert_msg(sign_in_place(fd, "app", &s, &err) == 0, "%s", err.text);
	read_list(&l);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(verifies(&l.v[0], &key));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sign");
	TCase *t = tcase_create("sign");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, keygen_makes_a_pair);
	tcase_add_test(t, keygen_replaces_nothing);
	tcase_add_test(t, signs_once_per_key);
	tcase_add_test(t, signing_is_reproducible);
	tcase_add_test(t, seventeen_keys_are_too_many);
	tcase_add_test(t, puts_in_only_what_verifies);
	tcase_add_test(t, says_what_is_missing);
	tcase_add_test(t, damaged_bundles_are_not_signed);
	tcase_add_test(t, nothing_is_put_behind_a_bad_signature);
	tcase_add_test(t, restub_goes_through_a_link);
	tcase_add_test(t, packs_sign_in_place);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
