/*
 * signature_test.c - what minisign made is read and believed, what it did not
 * make is not; and what we make has one spelling
 *
 * The key and the signatures of GOLDEN were made by minisign 0.11 over the three
 * bytes "hi\n".
 */
#include "runtime/signature.h"

#include <errno.h>

#include "runtime/bundle_fixture.h"
#include "runtime/bundle_rewrite.h"
#include "runtime/minisign_secret.h"
#include "runtime/text.h"

#define SECRET "untrusted comment: minisign encrypted secret key\n" \
	"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAApDJv9s5hHekpT3cb9j+4qZ0vQldKSiysU61kHfz2PqnsUuGR" \
	"hDX75hlYfAY9xTDc4cUky0WBomz6LOWeJtUhVKYK2sDP/TvSAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define PUBLIC "RWSkMm/2zmEd6RlYfAY9xTDc4cUky0WBomz6LOWeJtUhVKYK2sDP/TvS"
#define OTHER "RWTjj4yWpYbe4fUFSP33GAfm2I/IWzkUOGWVikWESQ1RpX9P//Cbh/30"
#define ID_TEXT "E91D61CEF66F32A4"
#define GOLDEN_ED "untrusted comment: signature from minisign secret key\n" \
	"RUSkMm/2zmEd6eRMSwiMksMJbj4naMJcbqk2NgZU5KA5nUyx6KSX8Y1Elno8lk2MoXg9JwmpENqFuUlFBkzHoc6iAYtTVDywxQk=\n" \
	"trusted comment: timestamp:1795516444\tfile:m\thashed\n" \
	"Y3cOiqF/sN2gXpAtsZqcX2qoYZJrQukbkXv6l62SEwDf7A3fFtDkyiBReDEddL68b5NTICFv2Bhc88RM2qqtDg==\n"
#define GOLDEN_LEGACY \
	"untrusted comment: signature from minisign secret key\n" \
	"RWSkMm/2zmEd6WJgETYrwr15WqtcEXErooocwFKmHw+KY3+Qq93a0aIcIb804ifaMU0V5RT3mvulea6Z/GstGQlKa8i3rzrtoAI=\n" \
	"trusted comment: timestamp:1795516444\tfile:m\n" \
	"h5hLOr2QhOh/daJUNzlvs58TdXWr6LNZH3xltoc+RlvMpwAfTuzzijyx7khkkAZvuGHe9hsW0S6tN0jlPjBYAg==\n"
#define MESSAGE "hi\n"

static struct err err;

static void read_key(const char *text, struct minisign_key *ret)
{
	ck_assert_msg(minisign_key_parse(text, strlen(text), ret, &err) == 0,
		      "%s", err.text);
}

static void read_secret(struct minisign_secret *ret)
{
	ck_assert_msg(minisign_secret_parse(SECRET, strlen(SECRET), NULL, ret,
					    &err) == 0, "%s", err.text);
}

/* A signature of ours over a seal. */
static void sign(const void *seal, size_t len, const char *next,
		 struct buf *out)
{
	CLEANUP_SECRET struct minisign_secret s;
	CLEANUP_BUF struct buf comment = BUF_INIT;
	struct minisign_key key, next_key;

	read_secret(&s);
	minisign_secret_public(&s, &key);
	if (next)
		read_key(next, &next_key);
	signature_comment_format(&key, next ? &next_key : NULL, &comment);
	ck_assert_int_eq(minisign_sign(&s, seal, len, SIGNATURE_UNTRUSTED,
				       buf_text(&comment), out, &err), 0);
}

/* ---- keys ---- */

START_TEST(a_key_has_one_spelling)
{
	struct minisign_key key, other;
	char text[MINISIGN_KEY_TEXT + 1], id[17], finger[17];
	uint8_t hash[LAYOUT_HASH_SIZE];
	char expected[65];

	read_key(PUBLIC, &key);
	read_key(OTHER, &other);
	minisign_key_format(&key, text);
	ck_assert_str_eq(text, PUBLIC);
	minisign_id_show(key.id, id);
	ck_assert_str_eq(id, ID_TEXT);
	ck_assert(minisign_key_equal(&key, &key));
	ck_assert(!minisign_key_equal(&key, &other));
	/* The id is no part of the name, for anyone can choose it. */
	memcpy(other.id, key.id, sizeof(key.id));
	ck_assert(!minisign_key_equal(&key, &other));
	hash_bytes(key.key, 32, hash);
	text_hex(expected, hash, 32);
	minisign_key_fingerprint(&key, finger);
	ck_assert_uint_eq(strlen(finger), 16);
	ck_assert_int_eq(strncmp(expected, finger, 16), 0);
}
END_TEST

static const char *const bad_keys[] = {
	"", "RW", PUBLIC "=", PUBLIC "\n", " " PUBLIC,
	/* another algorithm; a blank; a missing character */
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"RW AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"RWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	/* the alphabet of URLs */
	"RW-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

START_TEST(refuses_bad_keys)
{
	struct minisign_key key;

	ck_assert_int_eq(minisign_key_parse(bad_keys[_i], strlen(bad_keys[_i]),
					    &key, &err), -EBADMSG);
}
END_TEST

START_TEST(key_files_are_read)
{
	static const char file[] = "untrusted comment: minisign public key "
		ID_TEXT "\n" PUBLIC "\n";
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct minisign_key key, bare;

	ck_assert_int_eq(minisign_key_parse_file(file, strlen(file), &key,
						 &err), 0);
	ck_assert_int_eq(minisign_key_parse_file(PUBLIC "\r\n",
						 strlen(PUBLIC) + 2, &bare,
						 &err), 0);
	ck_assert(minisign_key_equal(&key, &bare));
	minisign_key_format_file(&key, &again);
	ck_assert_str_eq(buf_text(&again), file);
	ck_assert_int_eq(minisign_key_parse_file("untrusted comment: x", 20,
						 &key, &err), -EBADMSG);
	ck_assert_int_eq(minisign_key_parse_file(file, 0, &key, &err),
			 -EBADMSG);
}
END_TEST

/* ---- what minisign made ---- */

static const char *const golden[] = { GOLDEN_ED, GOLDEN_LEGACY };

START_TEST(believes_minisign)
{
	const char *text = golden[_i];
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	struct minisign_key key, other;

	read_key(PUBLIC, &key);
	read_key(OTHER, &other);
	ck_assert_msg(signature_list_parse(text, strlen(text), &l, &err) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(l.v[0].minisign.prehashed == (_i == 0));
	ck_assert(!l.v[0].has_key);
	ck_assert_mem_eq(l.v[0].minisign.id, key.id, MINISIGN_ID_SIZE);
	ck_assert(minisign_verify(&l.v[0].minisign, &key, MESSAGE, 3));
	ck_assert(minisign_verify_comment(&l.v[0].minisign, &key));
	ck_assert(!minisign_verify(&l.v[0].minisign, &key, "ho\n", 3));
	ck_assert(!minisign_verify(&l.v[0].minisign, &key, MESSAGE, 2));
	ck_assert(!minisign_verify(&l.v[0].minisign, &other, MESSAGE, 3));
	ck_assert(!minisign_verify_comment(&l.v[0].minisign, &other));
}
END_TEST

/* One form is not the other with another letter. */
START_TEST(the_forms_are_not_exchangeable)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	struct minisign_key key;

	read_key(PUBLIC, &key);
	ck_assert_int_eq(signature_list_parse(golden[_i], strlen(golden[_i]),
					      &l, &err), 0);
	l.v[0].minisign.prehashed = !l.v[0].minisign.prehashed;
	ck_assert(!minisign_verify(&l.v[0].minisign, &key, MESSAGE, 3));
}
END_TEST

/* Is this text good in the strictest sense, with this key? */
static bool is_good(const char *text, size_t len,
		    const struct minisign_key *key)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_BUF struct buf again = BUF_INIT;

	if (signature_list_parse(text, len, &l, &err) < 0)
		return false;
	for (unsigned i = 0; i < l.n; i++)
		minisign_signature_format(&l.v[i].minisign, &again);
	ck_assert_uint_eq(again.len, len);
	ck_assert_mem_eq(again.data, text, len);
	return l.n == 1 && minisign_verify(&l.v[0].minisign, key, MESSAGE, 3) &&
	       minisign_verify_comment(&l.v[0].minisign, key);
}

/* Whatever bit is changed: the text is refused, or the signature is another one;
 * only the untrusted comment and the key id are free. */
START_TEST(every_bit_counts)
{
	char text[] = GOLDEN_ED;
	size_t start = strlen("untrusted comment: ");
	size_t free_end = (size_t)(strchr(text, '\n') - text);
	struct minisign_key key;
	unsigned still_good = 0;

	read_key(PUBLIC, &key);
	ck_assert(is_good(text, strlen(GOLDEN_ED), &key));
	for (size_t i = 0; i < 8 * strlen(GOLDEN_ED); i++) {
		size_t at = i / 8;
		/* Base64 characters 2 to 13 of line 2 hold bits of the id. */
		bool id = at >= free_end + 3 && at <= free_end + 14;

		text[at] ^= (char)(1 << i % 8);
		if (is_good(text, strlen(GOLDEN_ED), &key)) {
			ck_assert_msg(id || (at >= start && at < free_end),
				      "byte %zu does not count", at);
			still_good++;
		}
		text[at] ^= (char)(1 << i % 8);
	}
	ck_assert_uint_gt(still_good, 0);
}
END_TEST

START_TEST(every_cut_is_refused)
{
	for (size_t len = 1; len < strlen(GOLDEN_ED); len++) {
		CLEANUP_SIGNATURES struct signature_list l = { 0 };

		ck_assert_int_eq(signature_list_parse(GOLDEN_ED, len, &l,
						      &err), -EBADMSG);
		ck_assert_uint_eq(l.n, 0);
	}
}
END_TEST

/* ---- the list ---- */

START_TEST(sixteen_and_no_more)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_SIGNATURES struct signature_list none = { 0 };

	for (unsigned i = 0; i < 16; i++)
		buf_adds(&text, i % 2 ? GOLDEN_ED : GOLDEN_LEGACY);
	ck_assert_int_eq(signature_list_parse(text.data, text.len, &l, &err),
			 0);
	ck_assert_uint_eq(l.n, 16);
	ck_assert_uint_eq(l.v[15].text_len, strlen(GOLDEN_ED));
	buf_adds(&text, GOLDEN_ED);
	ck_assert_int_eq(signature_list_parse(text.data, text.len, &none,
					      &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 16"));
	ck_assert_int_eq(signature_list_parse("", 0, &none, &err), 0);
	ck_assert_uint_eq(none.n, 0);
}
END_TEST

/* Comments at minisign's limits, and one byte beyond. */
START_TEST(lines_have_limits)
{
	for (unsigned extra = 0; extra < 2; extra++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		CLEANUP_SIGNATURES struct signature_list l = { 0 };
		int r;

		buf_adds(&text, "untrusted comment: ");
		while (text.len < MINISIGN_COMMENT_LINE_MAX + extra)
			buf_addc(&text, 'x');
		buf_adds(&text, strchr(GOLDEN_ED, '\n'));
		r = signature_list_parse(text.data, text.len, &l, &err);
		ck_assert_int_eq(r, extra ? -EBADMSG : 0);
	}
}
END_TEST

#define HEAD "untrusted comment: x\nRUSkMm/2zmEd6eRMSwiMksMJbj4naMJcbqk2NgZU5KA5nUyx6KSX8Y1Elno8lk2MoXg9JwmpENqFuUlFBkzHoc6iAYtTVDywxQk=\ntrusted comment: "
#define TAIL "\nY3cOiqF/sN2gXpAtsZqcX2qoYZJrQukbkXv6l62SEwDf7A3fFtDkyiBReDEddL68b5NTICFv2Bhc88RM2qqtDg==\n"
static const char *const bad_lists[] = {
	"\n", GOLDEN_ED "\n", "\n" GOLDEN_ED, GOLDEN_ED "x",
	/* control characters, broken UTF-8, CR */
	HEAD "a\033[2J" TAIL, HEAD "\xff" TAIL, HEAD "a\r" TAIL, HEAD "a\x7f" TAIL,
	/* words of ours */
	HEAD "holdall key=" TAIL, HEAD "holdall key=RW" TAIL,
	HEAD "holdall key=" OTHER TAIL,		/* another id than line 2's */
	HEAD "holdall key=" PUBLIC " key=" PUBLIC TAIL,
	HEAD "holdall key=" PUBLIC " next=x" TAIL,
	HEAD "holdall next=" OTHER TAIL,
};

START_TEST(refuses_bad_lists)
{
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	int r = signature_list_parse(bad_lists[_i], strlen(bad_lists[_i]), &l,
				     &err);

	ck_assert_msg(r == -EBADMSG, "accepted:\n%s", bad_lists[_i]);
}
END_TEST

START_TEST(a_nul_is_no_comment)
{
	static const char text[] = HEAD "a\0b" TAIL;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };

	ck_assert_int_eq(signature_list_parse(text, sizeof(text) - 1, &l,
					      &err), -EBADMSG);
}
END_TEST

/* ---- ours ---- */

START_TEST(signs_what_it_reads)
{
	CLEANUP_BUF struct buf one = BUF_INIT;
	CLEANUP_BUF struct buf two = BUF_INIT;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	const struct signature *s = &l.v[0];
	struct minisign_key key, other;

	read_key(PUBLIC, &key);
	read_key(OTHER, &other);
	sign(MESSAGE, 3, OTHER, &one);
	sign(MESSAGE, 3, OTHER, &two);
	ck_assert_str_eq(buf_text(&one), buf_text(&two));
	ck_assert_int_eq(signature_list_parse(one.data, one.len, &l, &err), 0);
	ck_assert(s->has_key && s->has_next && s->minisign.prehashed);
	ck_assert(minisign_key_equal(&s->key, &key));
	ck_assert(minisign_key_equal(&s->next, &other));
	ck_assert(minisign_verify(&s->minisign, &key, MESSAGE, 3));
	ck_assert(minisign_verify_comment(&s->minisign, &key));
	ck_assert(!minisign_verify(&s->minisign, &other, MESSAGE, 3));
}
END_TEST

START_TEST(unknown_words_are_skipped)
{
	static const char text[] = HEAD "holdall later=1 key=" PUBLIC
		" x y=z" TAIL;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };

	ck_assert_msg(signature_list_parse(text, strlen(text), &l, &err) == 0,
		      "%s", err.text);
	ck_assert(l.v[0].has_key && !l.v[0].has_next);
}
END_TEST

/* ---- secret keys ---- */

START_TEST(secret_files_are_minisigns)
{
	CLEANUP_SECRET struct minisign_secret s;
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct minisign_key key, expected;

	ck_assert_int_eq(minisign_secret_is_encrypted(SECRET, strlen(SECRET),
						      &err), 0);
	read_secret(&s);
	read_key(PUBLIC, &expected);
	minisign_secret_public(&s, &key);
	ck_assert_mem_eq(&key, &expected, sizeof(key));
	ck_assert_int_eq(minisign_secret_format(&s, NULL, NULL, &again, &err),
			 0);
	ck_assert_str_eq(buf_text(&again), SECRET);
}
END_TEST

/* The smallest costs that libsodium computes with. */
static const struct minisign_cost cheap = { 32768, 16u << 20 };

START_TEST(a_password_is_needed_and_right)
{
	CLEANUP_SECRET struct minisign_secret s;
	CLEANUP_SECRET struct minisign_secret back;
	CLEANUP_BUF struct buf file = BUF_INIT;

	ck_assert_int_eq(minisign_secret_new(&s, &err), 0);
	ck_assert_int_eq(minisign_secret_format(&s, "pa ss", &cheap, &file,
						&err), 0);
	ck_assert_int_eq(minisign_secret_is_encrypted(file.data, file.len,
						      &err), 1);
	ck_assert_int_eq(minisign_secret_parse(file.data, file.len, NULL,
					       &back, &err), -ENOKEY);
	ck_assert_int_eq(minisign_secret_parse(file.data, file.len, "pa s",
					       &back, &err), -EKEYREJECTED);
	ck_assert_int_eq(minisign_secret_parse(file.data, file.len, "pa ss",
					       &back, &err), 0);
	ck_assert_mem_eq(&back, &s, sizeof(s));
	ck_assert_ptr_null(memmem(file.data, file.len, s.key, 32));
}
END_TEST

/* Every changed character of an unencrypted file: refused, but for those that
 * stand for salt and limits, which nobody reads then. */
START_TEST(damaged_secrets_are_refused)
{
	char text[] = SECRET;
	size_t line = (size_t)(strchr(text, '\n') + 1 - text);

	for (size_t i = line; i < strlen(SECRET) - 1; i++) {
		/* byte of the file that this character begins in */
		size_t byte = (i - line) / 4 * 3 + (i - line) % 4 * 6 / 8;
		CLEANUP_SECRET struct minisign_secret s;
		char was = text[i];
		bool ignored = byte + 1 >= 6 && byte < 54 + 8;

		text[i] = was == 'A' ? 'B' : 'A';
		if (!ignored)
			ck_assert_msg(minisign_secret_parse(text,
				strlen(SECRET), NULL, &s, &err) < 0,
				"character %zu", i - line);
		text[i] = was;
	}
}
END_TEST

START_TEST(costs_of_a_file_are_bounded)
{
	CLEANUP_SECRET struct minisign_secret s;
	CLEANUP_BUF struct buf file = BUF_INIT;
	uint8_t raw[158];
	char *line;

	ck_assert_int_eq(minisign_secret_new(&s, &err), 0);
	ck_assert_int_eq(minisign_secret_format(&s, "x", &cheap, &file, &err),
			 0);
	line = strchr(file.data, '\n') + 1;
	ck_assert_int_eq(minisign_unbase64(line, 212, raw, sizeof(raw)), 0);
	raw[6 + 32 + 8 + 5] = 1;	/* 2^40 bytes */
	file.len = (size_t)(line - file.data);
	minisign_base64(raw, sizeof(raw), &file);
	buf_addc(&file, '\n');
	ck_assert_int_eq(minisign_secret_parse(file.data, file.len, "x", &s,
					       &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "2 GiB"));
}
END_TEST

/* ---- in a bundle ---- */

/* A copy of `fd`'s bundle with a signature over its seal. */
static int signed_copy(int fd, int stub)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_BUF struct buf signatures = BUF_INIT;
	CLEANUP_FREE char *seal = NULL;
	int out = memfd_create("copy", MFD_CLOEXEC);
	size_t len;

	ck_assert_int_ge(out, 0);
	fixture_must_open(fd, &b);
	ck_assert_int_eq(bundle_read_seal(&b, &seal, &len, &err), 0);
	sign(seal, len, NULL, &signatures);
	ck_assert_msg(bundle_rewrite(&b, stub, signatures.data, signatures.len,
				     out, &err) == 0, "%s", err.text);
	return out;
}

static void must_be_signed(int fd, const struct bundle *original)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };
	CLEANUP_FREE char *seal = NULL;
	struct minisign_key key;
	size_t len;

	fixture_must_open(fd, &b);
	ck_assert_mem_eq(b.seal_hash, original->seal_hash, LAYOUT_HASH_SIZE);
	ck_assert_msg(bundle_verify(&b, NULL, NULL, &err) == 0, "%s",
		      err.text);
	ck_assert_int_eq(signature_list_read(&b, &l, &err), 0);
	ck_assert_uint_eq(l.n, 1);
	ck_assert_int_eq(bundle_read_seal(&b, &seal, &len, &err), 0);
	read_key(PUBLIC, &key);
	ck_assert(minisign_verify(&l.v[0].minisign, &key, seal, len));
}

START_TEST(sign_keeps_everything_else)
{
	CLEANUP_FD int fd = fixture_new(200000, true);
	CLEANUP_FD int copy = signed_copy(fd, -1);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

	fixture_must_open(fd, &b);
	must_be_signed(copy, &b);
	for (uint64_t off = 0; off < b.signatures_start; off += 4096) {
		uint64_t left = b.signatures_start - off;
		size_t n = left < 4096 ? (size_t)left : 4096;
		uint8_t one[4096], two[4096];

		ck_assert_int_eq(fd_pread_all(fd, one, n, off), 0);
		ck_assert_int_eq(fd_pread_all(copy, two, n, off), 0);
		ck_assert_mem_eq(one, two, n);
	}
}
END_TEST

/* A longer stub moves the payload; a shorter one too. */
START_TEST(restub_keeps_seal_and_signatures)
{
	static const size_t sizes[] = { 1, 65536, 65537, 300000 };
	CLEANUP_FD int fd = fixture_new(200000, true);
	CLEANUP_FD int stub = memfd_create("stub", MFD_CLOEXEC);
	CLEANUP_FD int copy = -1;
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_BUNDLE struct bundle moved = BUNDLE_INIT;
	uint64_t padded = (sizes[_i] + 65535) / 65536 * 65536;

	ck_assert_int_eq(ftruncate(stub, (off_t)sizes[_i]), 0);
	ck_assert_int_eq(fd_pwrite_all(stub, "S", 1, 0), 0);
	copy = signed_copy(fd, stub);
	fixture_must_open(fd, &b);
	must_be_signed(copy, &b);
	fixture_must_open(copy, &moved);
	ck_assert_uint_eq(moved.stub_size, sizes[_i]);
	ck_assert_uint_eq(moved.payload_start, padded);
}
END_TEST

START_TEST(signatures_are_put_in_place)
{
	CLEANUP_FD int fd = fixture_new(100000, false);
	CLEANUP_FD int copy = signed_copy(fd, -1);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };

	fixture_must_open(copy, &b);
	ck_assert_int_eq(signature_list_read(&b, &l, &err), 0);
	ck_assert_int_eq(bundle_put_signatures(&b, "", 0, copy, &err), 0);
	ck_assert_uint_eq(fixture_size(copy), fixture_size(fd));
	ck_assert_int_eq(bundle_put_signatures(&b, l.text, l.len, copy, &err),
			 0);
	must_be_signed(copy, &b);
	/* Too large for the place: nothing is written. */
	ck_assert_int_lt(bundle_put_signatures(&b, l.text, 65537, copy, &err),
			 0);
	must_be_signed(copy, &b);
}
END_TEST

START_TEST(a_change_after_opening_is_seen)
{
	CLEANUP_FD int fd = fixture_new(100000, false);
	CLEANUP_FD int copy = signed_copy(fd, -1);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_SIGNATURES struct signature_list l = { 0 };

	fixture_must_open(copy, &b);
	fixture_flip(copy, b.signatures_start + 20, 1);
	ck_assert_int_eq(signature_list_read(&b, &l, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "have changed"));
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, a_key_has_one_spelling);
	tcase_add_loop_test(t, refuses_bad_keys, 0, ARRAY_SIZE(bad_keys));
	tcase_add_test(t, key_files_are_read);
	tcase_add_loop_test(t, believes_minisign, 0, 2);
	tcase_add_loop_test(t, the_forms_are_not_exchangeable, 0, 2);
	tcase_add_test(t, every_bit_counts);
	tcase_add_test(t, every_cut_is_refused);
	tcase_add_test(t, sixteen_and_no_more);
	tcase_add_test(t, lines_have_limits);
	tcase_add_loop_test(t, refuses_bad_lists, 0, ARRAY_SIZE(bad_lists));
	tcase_add_test(t, a_nul_is_no_comment);
	tcase_add_test(t, signs_what_it_reads);
	tcase_add_test(t, unknown_words_are_skipped);
	tcase_add_test(t, secret_files_are_minisigns);
	tcase_add_test(t, a_password_is_needed_and_right);
	tcase_add_test(t, damaged_secrets_are_refused);
	tcase_add_test(t, costs_of_a_file_are_bounded);
	tcase_add_test(t, sign_keeps_everything_else);
	tcase_add_loop_test(t, restub_keeps_seal_and_signatures, 0, 4);
	tcase_add_test(t, signatures_are_put_in_place);
	tcase_add_test(t, a_change_after_opening_is_seen);
}

int main(void)
{
	Suite *s = suite_create("signature");
	TCase *t = tcase_create("signature");
	SRunner *r;
	int failed;

	add_tests(t);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
