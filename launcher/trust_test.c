/*
 * trust_test.c - whose bundle: pins, rotation, and what is refused
 *
 * Bundles in memory, keys made in the test, an own $XDG_DATA_HOME and
 * $XDG_CONFIG_HOME for each test.
 */
#include "launcher/trust.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "launcher/state.h"
#include "manifests/test_run.h"
#include "runtime/bundle_fixture.h"
#include "runtime/bundle_rewrite.h"
#include "runtime/minisign_secret.h"

#define ID "org.example.Test"

static char base[PATH_MAX];
static struct err err;
static struct minisign_secret secret[3];
static struct minisign_key key[3];
static char origin[3][4 + MINISIGN_FINGERPRINT + 1];

static void set_up(void)
{
	char finger[MINISIGN_FINGERPRINT + 1];

	snprintf(base, sizeof(base), "/tmp/holdall-trust-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	setenv("XDG_DATA_HOME", base, 1);
	setenv("XDG_CONFIG_HOME", base, 1);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(minisign_secret_new(&secret[i], &err), 0);
		minisign_secret_public(&secret[i], &key[i]);
		minisign_key_fingerprint(&key[i], finger);
		snprintf(origin[i], sizeof(origin[i]), "key-%s", finger);
	}
}

static void tear_down(void)
{
	char command[PATH_MAX + 32];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

/* ---- bundles ---- */

/* How a signature is made: carrying its key, naming a next one, or as minisign
 * makes it. */
enum style { CARRIES, NEXT, BARE };

static void add_signature(int fd, unsigned who, enum style style,
			  unsigned next, struct buf *out)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_BUF struct buf comment = BUF_INIT;
	CLEANUP_FREE char *seal = NULL;
	size_t len;

	fixture_must_open(fd, &b);
	ck_assert_int_eq(bundle_read_seal(&b, &seal, &len, &err), 0);
	if (style == BARE)
		buf_adds(&comment, "timestamp:1\tfile:s");
	else
		signature_comment_format(&key[who], style == NEXT ?
					 &key[next] : NULL, &comment);
	ck_assert_int_eq(minisign_sign(&secret[who], seal, len, "x",
				       buf_text(&comment), out, &err), 0);
}

static void put(int fd, const struct buf *signatures)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	fixture_must_open(fd, &b);
	ck_assert_int_eq(bundle_put_signatures(&b, buf_text(signatures),
					       signatures->len, fd, &err), 0);
}

static int signed_by(unsigned who, enum style style, unsigned next)
{
	int fd = fixture_new(20000, false);
	CLEANUP_BUF struct buf s = BUF_INIT;

	add_signature(fd, who, style, next, &s);
	put(fd, &s);
	return fd;
}

static int look(int fd, enum trust_depth depth, struct trust *ret)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	fixture_must_open(fd, &b);
	return trust_of(&b, ID, depth, ret, &err);
}

static void must_look(int fd, enum trust_depth depth, struct trust *ret)
{
	ck_assert_msg(look(fd, depth, ret) == 0, "%s", err.text);
}

/* A start: looks and remembers.  The origin, or "" without one. */
static const char *start(int fd)
{
	static char text[64];
	CLEANUP_TRUST struct trust t = { 0 };

	must_look(fd, TRUST_START, &t);
	ck_assert_int_eq(trust_require(&t, ID, "app", &err), 0);
	ck_assert_int_eq(trust_remember(&t, ID, &err), 0);
	snprintf(text, sizeof(text), "%s", t.origin ? t.origin : "");
	return text;
}

static enum trust_level level(int fd)
{
	CLEANUP_TRUST struct trust t = { 0 };

	must_look(fd, TRUST_WHOLE, &t);
	return t.level;
}

/* Looked at it can be, but not used. */
static void expect_removed(int fd)
{
	CLEANUP_TRUST struct trust t = { 0 };

	must_look(fd, TRUST_WHOLE, &t);
	ck_assert(t.removed && t.each[t.which].removed);
	ck_assert_int_eq(trust_require(&t, ID, "app", &err), -EKEYREVOKED);
	ck_assert_ptr_nonnull(strstr(err.text, "holdall trust add RW"));
	ck_assert_int_eq(trust_remember(&t, ID, &err), 0);
}

/* ---- the first key, and others ---- */

START_TEST(the_first_key_is_pinned)
{
	CLEANUP_FD int fd = signed_by(0, CARRIES, 0);

	ck_assert_int_eq(level(fd), TRUST_UNKNOWN);
	ck_assert_str_eq(start(fd), origin[0]);
	ck_assert_int_eq(level(fd), TRUST_KNOWN);
}
END_TEST

START_TEST(looking_pins_nothing)
{
	CLEANUP_FD int fd = signed_by(0, CARRIES, 0);

	ck_assert_int_eq(level(fd), TRUST_UNKNOWN);
	ck_assert_int_eq(level(fd), TRUST_UNKNOWN);
	ck_assert_int_eq(rmdir(base), 0);	/* nothing was made */
	ck_assert_int_eq(mkdir(base, 0700), 0);
}
END_TEST

START_TEST(another_key_is_another_origin)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);
	CLEANUP_TRUST struct trust t = { 0 };
	CLEANUP_FREE char *warning = NULL;

	(void)start(first);
	ck_assert_str_eq(start(second), origin[1]);
	/* It was not accepted by being started. */
	ck_assert_int_eq(level(second), TRUST_UNKNOWN);
	must_look(second, TRUST_START, &t);
	ck_assert(t.other && minisign_key_equal(&t.before, &key[0]));
	ck_assert_int_eq(trust_warning(&t, ID, &warning, &err), 0);
	ck_assert_ptr_nonnull(strstr(warning, origin[0]));
	ck_assert_ptr_nonnull(strstr(warning, origin[1]));
	ck_assert_ptr_nonnull(strstr(warning, "holdall trust add RW"));
	ck_assert_str_eq(start(first), origin[0]);
}
END_TEST

START_TEST(no_signature_is_another_origin)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int bare = fixture_new(20000, false);
	CLEANUP_TRUST struct trust t = { 0 };
	CLEANUP_FREE char *warning = NULL;

	must_look(bare, TRUST_WHOLE, &t);
	ck_assert(t.level == TRUST_UNSIGNED && !t.other && !t.origin);
	trust_free(&t);
	(void)start(first);
	must_look(bare, TRUST_START, &t);
	ck_assert(t.level == TRUST_UNSIGNED && t.other && !t.origin);
	ck_assert_int_eq(trust_warning(&t, ID, &warning, &err), 0);
	ck_assert_ptr_nonnull(strstr(warning, "not signed"));
}
END_TEST

START_TEST(an_added_key_continues_the_origin)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);

	(void)start(first);
	ck_assert_int_eq(keyring_change(ID, &key[1], origin[0], &err), 0);
	ck_assert_str_eq(start(second), origin[0]);
	ck_assert_int_eq(level(second), TRUST_KNOWN);
	/* The old one removed: it does not come back to its directory. */
	ck_assert_int_eq(keyring_change(ID, &key[0], NULL, &err), 0);
	ck_assert_str_eq(start(second), origin[0]);
	expect_removed(first);
	ck_assert_int_eq(keyring_change(ID, &key[0], NULL, &err), -ENOENT);
	/* Only the user's word brings it back. */
	ck_assert_int_eq(keyring_change(ID, &key[0], origin[0], &err), 0);
	ck_assert_str_eq(start(first), origin[0]);
}
END_TEST

/* With no key left, the next that is seen is the first; not the removed one. */
START_TEST(a_removed_key_is_no_first_key)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);

	(void)start(first);
	ck_assert_int_eq(keyring_change(ID, &key[0], NULL, &err), 0);
	expect_removed(first);
	ck_assert_int_eq(keyring_pin(ID, &key[0], origin[0], true, &err), 0);
	expect_removed(first);
	ck_assert_str_eq(start(second), origin[1]);
	ck_assert_int_eq(level(second), TRUST_KNOWN);
	/* Trusted for every app, but not for this one. */
	ck_assert_int_eq(keyring_change(NULL, &key[0], "", &err), 0);
	expect_removed(first);
	ck_assert_int_eq(level(first), TRUST_UNKNOWN);
}
END_TEST

/* Of two signatures the one of a key that was not removed. */
START_TEST(a_removed_key_does_not_decide)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int both = fixture_new(20000, false);
	CLEANUP_BUF struct buf s = BUF_INIT;

	add_signature(both, 0, CARRIES, 0, &s);
	add_signature(both, 1, CARRIES, 0, &s);
	put(both, &s);
	(void)start(first);
	ck_assert_str_eq(start(both), origin[0]);
	ck_assert_int_eq(keyring_change(ID, &key[0], NULL, &err), 0);
	ck_assert_str_eq(start(both), origin[1]);
}
END_TEST

/* Whose place a key's short name is belongs to the keys that are listed. */
START_TEST(a_short_name_is_not_enough)
{
	CLEANUP_FD int fd = signed_by(1, CARRIES, 0);
	CLEANUP_TRUST struct trust t = { 0 };

	ck_assert_int_eq(keyring_change(ID, &key[0], origin[1], &err), 0);
	ck_assert_int_eq(look(fd, TRUST_START, &t), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "short name"));
}
END_TEST

START_TEST(a_trusted_key_is_known_for_every_app)
{
	CLEANUP_FD int fd = signed_by(0, CARRIES, 0);

	ck_assert_int_eq(keyring_change(NULL, &key[0], "a friend", &err), 0);
	ck_assert_int_eq(level(fd), TRUST_KNOWN);
	ck_assert_int_eq(keyring_change(NULL, &key[0], NULL, &err), 0);
	ck_assert_int_eq(level(fd), TRUST_UNKNOWN);
}
END_TEST

/* ---- rotation ---- */

START_TEST(a_rotation_record_is_followed)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int between = signed_by(0, NEXT, 1);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);

	(void)start(first);
	ck_assert_str_eq(start(between), origin[0]);
	ck_assert_str_eq(start(second), origin[0]);
	ck_assert_int_eq(level(second), TRUST_KNOWN);
}
END_TEST

/* An old bundle names a next key, which was removed since: it stays removed. */
START_TEST(a_replayed_record_brings_nothing_back)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int between = signed_by(0, NEXT, 1);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);

	(void)start(first);
	(void)start(between);
	ck_assert_str_eq(start(second), origin[0]);
	ck_assert_int_eq(keyring_change(ID, &key[1], NULL, &err), 0);
	ck_assert_str_eq(start(between), origin[0]);
	expect_removed(second);
}
END_TEST

START_TEST(a_chain_of_records_is_followed)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int second = signed_by(0, NEXT, 1);
	CLEANUP_FD int third = signed_by(1, NEXT, 2);
	CLEANUP_FD int fourth = signed_by(2, CARRIES, 0);

	(void)start(first);
	(void)start(second);
	ck_assert_str_eq(start(third), origin[0]);
	ck_assert_str_eq(start(fourth), origin[0]);
	ck_assert_int_eq(level(fourth), TRUST_KNOWN);
}
END_TEST

START_TEST(a_strangers_record_is_not)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int stranger = signed_by(1, NEXT, 2);
	CLEANUP_FD int third = signed_by(2, CARRIES, 0);

	(void)start(first);
	ck_assert_str_eq(start(stranger), origin[1]);
	ck_assert_str_eq(start(third), origin[2]);
	ck_assert_int_eq(level(third), TRUST_UNKNOWN);
}
END_TEST

/* The key's own signature, under a comment that somebody else wrote. */
START_TEST(a_changed_record_is_not_followed)
{
	CLEANUP_FD int first = signed_by(0, CARRIES, 0);
	CLEANUP_FD int forged = fixture_new(20000, false);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);
	CLEANUP_BUF struct buf s = BUF_INIT;
	CLEANUP_BUF struct buf changed = BUF_INIT;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_BUF struct buf comment = BUF_INIT;
	CLEANUP_TRUST struct trust t = { 0 };

	(void)start(first);
	add_signature(forged, 0, CARRIES, 0, &s);
	ck_assert_int_eq(signature_list_parse(s.data, s.len, &l, &err), 0);
	signature_comment_format(&key[0], &key[1], &comment);
	l.v[0].minisign.trusted = comment.data;
	l.v[0].minisign.trusted_len = comment.len;
	minisign_signature_format(&l.v[0].minisign, &changed);
	put(forged, &changed);
	ck_assert_str_eq(start(forged), origin[0]);
	ck_assert_str_eq(start(second), origin[1]);
	ck_assert_int_eq(look(forged, TRUST_WHOLE, &t), -EBADMSG);
}
END_TEST

/* ---- several signatures ---- */

START_TEST(the_pinned_key_decides)
{
	CLEANUP_FD int first = signed_by(1, CARRIES, 0);
	CLEANUP_FD int both = fixture_new(20000, false);
	CLEANUP_BUF struct buf s = BUF_INIT;

	add_signature(both, 0, CARRIES, 0, &s);
	add_signature(both, 1, CARRIES, 0, &s);
	put(both, &s);
	(void)start(first);
	ck_assert_str_eq(start(both), origin[1]);
}
END_TEST

START_TEST(else_the_first_decides)
{
	CLEANUP_FD int both = fixture_new(20000, false);
	CLEANUP_FD int second = signed_by(1, CARRIES, 0);
	CLEANUP_BUF struct buf s = BUF_INIT;

	add_signature(both, 2, BARE, 0, &s);	/* cannot be checked */
	add_signature(both, 0, CARRIES, 0, &s);
	add_signature(both, 1, CARRIES, 0, &s);
	put(both, &s);
	ck_assert_str_eq(start(both), origin[0]);
	ck_assert_str_eq(start(second), origin[1]);
}
END_TEST

/* ---- signatures that carry no key ---- */

START_TEST(without_its_key_nothing_is_believed)
{
	CLEANUP_FD int fd = signed_by(0, BARE, 0);
	CLEANUP_TRUST struct trust t = { 0 };

	must_look(fd, TRUST_START, &t);
	ck_assert_int_eq(t.level, TRUST_UNCHECKED);
	ck_assert_ptr_null(t.origin);
	ck_assert_int_eq(trust_require(&t, ID, "app", &err), -ENOKEY);
	ck_assert_int_eq(keyring_change(NULL, &key[0], "", &err), 0);
	ck_assert_str_eq(start(fd), origin[0]);
	ck_assert_int_eq(keyring_change(NULL, &key[0], NULL, &err), 0);
	ck_assert_int_eq(level(fd), TRUST_KNOWN);	/* pinned */
}
END_TEST

/* ---- bad ones ---- */

static int with_text(const struct buf *s)
{
	int fd = fixture_new(20000, false);

	put(fd, s);
	return fd;
}

/* Any bit of the signature that decides. */
START_TEST(bad_signatures_are_refused)
{
	CLEANUP_FD int fd = fixture_new(20000, false);
	CLEANUP_BUF struct buf s = BUF_INIT;
	struct minisign_signature m;
	size_t used;

	add_signature(fd, 0, CARRIES, 0, &s);
	ck_assert_int_eq(minisign_signature_parse(s.data, s.len, &m, &used,
						  &err), 0);
	for (unsigned i = 0; i < 64; i++) {
		CLEANUP_BUF struct buf changed = BUF_INIT;
		CLEANUP_TRUST struct trust t = { 0 };
		CLEANUP_FD int other = -1;

		m.signature[i] ^= 1;
		minisign_signature_format(&m, &changed);
		m.signature[i] ^= 1;
		other = with_text(&changed);
		ck_assert_int_eq(look(other, TRUST_START, &t), -EBADMSG);
		ck_assert_int_eq(look(other, TRUST_WHOLE, &t), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(err.text, "does not verify"));
	}
}
END_TEST

START_TEST(signatures_of_another_bundle_are_refused)
{
	CLEANUP_FD int one = fixture_new(20000, false);
	CLEANUP_FD int two = fixture_new(30000, false);
	CLEANUP_BUF struct buf s = BUF_INIT;
	CLEANUP_TRUST struct trust t = { 0 };

	add_signature(one, 0, CARRIES, 0, &s);
	put(two, &s);
	ck_assert_int_eq(look(two, TRUST_START, &t), -EBADMSG);
	ck_assert_ptr_null(t.origin);
}
END_TEST

START_TEST(rubbish_is_refused)
{
	CLEANUP_BUF struct buf s = BUF_INIT;
	CLEANUP_TRUST struct trust t = { 0 };
	CLEANUP_FD int fd = -1;

	buf_adds(&s, "nothing\n");
	fd = with_text(&s);
	ck_assert_int_eq(look(fd, TRUST_START, &t), -EBADMSG);
}
END_TEST

/* A second signature that is bad: verify sees it. */
START_TEST(whole_means_every_signature)
{
	CLEANUP_FD int one = fixture_new(20000, false);
	CLEANUP_FD int two = fixture_new(30000, false);
	CLEANUP_BUF struct buf s = BUF_INIT;
	CLEANUP_TRUST struct trust t = { 0 };

	add_signature(one, 0, CARRIES, 0, &s);
	add_signature(two, 1, CARRIES, 0, &s);
	put(one, &s);
	must_look(one, TRUST_START, &t);
	trust_free(&t);
	ck_assert_int_eq(look(one, TRUST_WHOLE, &t), -EBADMSG);
}
END_TEST

/* ---- the files ---- */

START_TEST(keyrings_are_written_as_read)
{
	CLEANUP_KEYRING struct keyring k = { 0 };
	CLEANUP_KEYRING struct keyring again = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_BUF struct buf twice = BUF_INIT;

	ck_assert_int_eq(keyring_put(&k, &key[0], "a b%", &err), 0);
	ck_assert_int_eq(keyring_put(&k, &key[1], "", &err), 0);
	k.removed[k.n_removed++] = key[2];
	ck_assert_int_eq(strlist_add(&k.others, "later=x"), 0);
	ck_assert_int_eq(keyring_format(&k, &out, &err), 0);
	ck_assert_msg(keyring_parse(out.data, out.len, &again, &err) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(again.n, 2);
	ck_assert_str_eq(again.v[0].text, "a b%");
	ck_assert_str_eq(again.v[1].text, "");
	ck_assert(keyring_is_removed(&again, &key[2]));
	ck_assert(!keyring_is_removed(&again, &key[0]));
	ck_assert_int_eq(keyring_format(&again, &twice, &err), 0);
	ck_assert_str_eq(buf_text(&out), buf_text(&twice));
}
END_TEST

START_TEST(a_broken_key_line_is_an_error)
{
	static const char *const bad[] = { "key=\n", "key=RW\n", "key=a b c\n",
					   "removed=\n", "removed=RW\n" };
	CLEANUP_KEYRING struct keyring k = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_lt(keyring_parse(bad[i], strlen(bad[i]), &k,
					       &err), 0);
	ck_assert_int_eq(keyring_parse("# hello\n\n", 9, &k, &err), 0);
	ck_assert_uint_eq(k.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trust");
	TCase *t = tcase_create("trust");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_first_key_is_pinned);
	tcase_add_test(t, looking_pins_nothing);
	tcase_add_test(t, another_key_is_another_origin);
	tcase_add_test(t, no_signature_is_another_origin);
	tcase_add_test(t, an_added_key_continues_the_origin);
	tcase_add_test(t, a_removed_key_is_no_first_key);
	tcase_add_test(t, a_removed_key_does_not_decide);
	tcase_add_test(t, a_short_name_is_not_enough);
	tcase_add_test(t, a_trusted_key_is_known_for_every_app);
	tcase_add_test(t, a_rotation_record_is_followed);
	tcase_add_test(t, a_replayed_record_brings_nothing_back);
	tcase_add_test(t, a_chain_of_records_is_followed);
	tcase_add_test(t, a_strangers_record_is_not);
	tcase_add_test(t, a_changed_record_is_not_followed);
	tcase_add_test(t, the_pinned_key_decides);
	tcase_add_test(t, else_the_first_decides);
	tcase_add_test(t, without_its_key_nothing_is_believed);
	tcase_add_test(t, bad_signatures_are_refused);
	tcase_add_test(t, signatures_of_another_bundle_are_refused);
	tcase_add_test(t, rubbish_is_refused);
	tcase_add_test(t, whole_means_every_signature);
	tcase_add_test(t, keyrings_are_written_as_read);
	tcase_add_test(t, a_broken_key_line_is_an_error);
	suite_add_tcase(s, t);
	return run_suite(s);
}
