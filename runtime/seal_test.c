/*
 * seal_test.c - the seal is read in one spelling only
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "runtime/seal.h"

#define HASH_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define FIRST "holdall-seal=1\n"
#define HEADER "header.arch=x86_64\nheader.id=org.example.Test\n"
#define IMAGE "section=1 1 0 20000 " HASH_A "\n"
#define MANIFEST "section=6 0 32768 100 " HASH_B "\n"
#define MIDDLE "hash=blake2b-256\nleaf-size=16384\nroot=" HASH_A "\n"
#define SIZE "payload-size=32868\n"
#define CODEC "codec.library=zstd\ncodec.version=1.5.4\ncodec.level=15\n" \
	"codec.block-size=131072\n"
#define GOOD FIRST HEADER IMAGE MANIFEST MIDDLE SIZE CODEC

/* parse, format, compare. */
static void must_round_trip(const char *text, size_t len)
{
	CLEANUP_SEAL struct seal seal = { 0 };
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct err err;

	ck_assert_msg(seal_parse(text, len, &seal, &err) == 0, "%s", err.text);
	ck_assert_msg(seal_format(&seal, &again, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(again.len, len);
	ck_assert_mem_eq(again.data, text, len);
}

START_TEST(reads_what_it_says)
{
	CLEANUP_SEAL struct seal seal = { 0 };
	struct err err;

	ck_assert_msg(seal_parse(GOOD, strlen(GOOD), &seal, &err) == 0, "%s",
		      err.text);
	ck_assert_str_eq(seal.header, "arch=x86_64\nid=org.example.Test\n");
	ck_assert_uint_eq(seal.header_len, strlen(seal.header));
	ck_assert_uint_eq(seal.n_sections, 2);
	ck_assert_uint_eq(seal.payload_size, 32868);
	ck_assert_uint_eq(seal.root[1], 0x11);
	ck_assert_str_eq(seal.codec.library, "zstd");
	ck_assert_str_eq(seal.codec.version, "1.5.4");
	ck_assert_uint_eq(seal.codec.level, 15);
	ck_assert_uint_eq(seal.codec.block_size, 131072);
	ck_assert(seal.sections[0].critical);
	ck_assert(!seal.sections[1].critical);
	ck_assert_ptr_eq(seal_section(&seal, SECTION_MANIFEST),
			 &seal.sections[1]);
	ck_assert_uint_eq(seal.sections[1].offset, 32768);
	ck_assert_uint_eq(seal.sections[1].hash[0], 0xff);
	ck_assert_ptr_null(seal_section(&seal, SECTION_ICON));
}
END_TEST

static const char *const good[] = {
	GOOD,
	/* no header line at all; one section */
	FIRST IMAGE MIDDLE "payload-size=20000\n" CODEC,
	/* an unknown section that may be skipped, and the largest type */
	FIRST HEADER IMAGE "section=4294967295 0 32768 100 " HASH_B "\n" MIDDLE
		SIZE CODEC,
	/* a type twice */
	FIRST IMAGE "section=1 1 32768 100 " HASH_B "\n" MIDDLE SIZE CODEC,
	/* an escaped version */
	FIRST IMAGE MIDDLE "payload-size=20000\ncodec.library=zstd\n"
		"codec.version=1.5.4%20dev\ncodec.level=0\n"
		"codec.block-size=4096\n",
};

START_TEST(round_trips)
{
	must_round_trip(good[_i], strlen(good[_i]));
}
END_TEST

struct bad {
	const char *text;
	int num;
	const char *says;
};

static const struct bad bad[] = {
	{ "", EBADMSG, "line 1" },
	{ "holdall-seal=2\n", EOPNOTSUPP, "newer holdall" },
	{ FIRST, EBADMSG, "line 2: does not begin with 'hash='" },
	{ FIRST HEADER MIDDLE SIZE CODEC, EBADMSG, "not the image" },
	{ FIRST "header.b=1\nheader.a=1\n" IMAGE MANIFEST MIDDLE SIZE CODEC,
	  EBADMSG, "header: line 2" },
	{ FIRST "header.a=1\nheader.a=1\n" IMAGE MANIFEST MIDDLE SIZE CODEC,
	  EBADMSG, "twice" },
	{ FIRST "header.=1\n" IMAGE MANIFEST MIDDLE SIZE CODEC, EBADMSG,
	  "no key" },
	{ FIRST "header.a=\x80\n" IMAGE MANIFEST MIDDLE SIZE CODEC, EBADMSG,
	  "byte 0x80" },
	/* sections: behind the header only */
	{ FIRST IMAGE HEADER MANIFEST MIDDLE SIZE CODEC, EBADMSG, "line 3" },
	/* overlapping, endless, misplaced, empty */
	{ FIRST IMAGE "section=6 0 16384 16484 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "misplaced: at byte 16384 of the payload instead of 32768" },
	{ FIRST IMAGE "section=6 0 49152 100 " HASH_B "\n" MIDDLE
	  "payload-size=49252\n" CODEC, EBADMSG, "misplaced" },
	{ FIRST IMAGE "section=6 0 32769 99 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "misplaced" },
	{ FIRST IMAGE "section=6 0 32768 18446744073709551615 " HASH_B "\n"
	  MIDDLE SIZE CODEC, EBADMSG, "beyond the payload's end" },
	{ FIRST "section=1 1 0 18446744073709551615 " HASH_A "\n" MANIFEST
	  MIDDLE SIZE CODEC, EBADMSG, "beyond the payload's end" },
	{ FIRST "section=1 1 0 32868 " HASH_A "\n" MANIFEST MIDDLE SIZE CODEC,
	  EBADMSG, "section 2 lies beyond the payload's end" },
	{ FIRST IMAGE "section=6 0 32768 18446744073709551616 " HASH_B "\n"
	  MIDDLE SIZE CODEC, EBADMSG, "bad value" },
	{ FIRST IMAGE "section=6 0 32768 0 " HASH_B "\n" MIDDLE
	  "payload-size=32768\n" CODEC, EBADMSG, "empty" },
	{ FIRST "section=1 1 16384 100 " HASH_A "\n" MIDDLE
	  "payload-size=16484\n" CODEC, EBADMSG, "misplaced" },
	{ FIRST "section=6 0 0 20000 " HASH_A "\n" MIDDLE
	  "payload-size=20000\n" CODEC, EBADMSG, "not the image" },
	{ FIRST IMAGE "section=0 0 32768 100 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "type 0" },
	{ FIRST IMAGE "section=99 1 32768 100 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EOPNOTSUPP, "type 99, which this holdall does not know" },
	{ FIRST IMAGE "section=4294967296 0 32768 100 " HASH_B "\n" MIDDLE SIZE
	  CODEC, EBADMSG, "bad value" },
	{ FIRST IMAGE "section=6 2 32768 100 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "bad value" },
	/* other spellings */
	{ FIRST IMAGE "section=6 0 032768 100 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "bad value" },
	{ FIRST IMAGE "section=6 0 32768  100 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "bad value" },
	{ FIRST IMAGE "section=6 0 32768 100 " HASH_B " \n" MIDDLE SIZE CODEC,
	  EBADMSG, "bad value" },
	{ FIRST IMAGE "section=6 0 32768 100\n" MIDDLE SIZE CODEC, EBADMSG,
	  "bad value" },
	{ FIRST IMAGE "section=6 0 +32768 100 " HASH_B "\n" MIDDLE SIZE CODEC,
	  EBADMSG, "bad value" },
	{ FIRST "section=1 1 0 20000 A0112233445566778899aabbccddeeff"
	  "00112233445566778899aabbccddeeff\n" MIDDLE "payload-size=20000\n"
	  CODEC, EBADMSG, "bad value" },
	{ FIRST IMAGE MIDDLE "payload-size=020000\n" CODEC, EBADMSG,
	  "bad value" },
	/* the payload's size */
	{ FIRST IMAGE MANIFEST MIDDLE "payload-size=32869\n" CODEC, EBADMSG,
	  "its sections end at 32868" },
	{ FIRST IMAGE MANIFEST MIDDLE "payload-size=32867\n" CODEC, EBADMSG,
	  "beyond the payload's end" },
	{ FIRST "section=1 1 0 1099511627777 " HASH_A "\n" MIDDLE
	  "payload-size=1099511627777\n" CODEC, EBADMSG, "bad value" },
	/* the constants */
	{ FIRST IMAGE MANIFEST "hash=sha256\n", EOPNOTSUPP, "blake2b-256" },
	{ FIRST IMAGE MANIFEST "hash=blake2b-256\nleaf-size=4096\n",
	  EOPNOTSUPP, "16384" },
	/* the codec */
	{ FIRST IMAGE MANIFEST MIDDLE SIZE "codec.library=\n"
	  "codec.version=1\ncodec.level=1\ncodec.block-size=4096\n", EBADMSG,
	  "codec" },
	{ FIRST IMAGE MANIFEST MIDDLE SIZE "codec.library=%7A\n", EBADMSG,
	  "bad value" },
	{ FIRST IMAGE MANIFEST MIDDLE SIZE "codec.library=zstd\n"
	  "codec.version=1\ncodec.level=1\ncodec.block-size=5000\n", EBADMSG,
	  "power of two" },
	{ FIRST IMAGE MANIFEST MIDDLE SIZE "codec.library=zstd\n"
	  "codec.version=1\ncodec.level=1\ncodec.block-size=0\n", EBADMSG,
	  "power of two" },
	{ FIRST IMAGE MANIFEST MIDDLE SIZE "codec.library=zstd\n"
	  "codec.version=1\ncodec.level=4294967296\n", EBADMSG, "bad value" },
	/* the ends of lines, and of the text */
	{ GOOD "\n", EBADMSG, "nothing may follow" },
	{ GOOD "x=1\n", EBADMSG, "nothing may follow" },
	{ FIRST HEADER IMAGE MANIFEST MIDDLE SIZE "codec.library=zstd\n"
	  "codec.version=1\ncodec.level=1\ncodec.block-size=4096", EBADMSG,
	  "does not end in a newline" },
	{ "holdall-seal=1\r\n" IMAGE MIDDLE "payload-size=20000\n" CODEC,
	  EOPNOTSUPP, "line 1" },
};

START_TEST(refuses)
{
	const struct bad *b = &bad[_i];
	CLEANUP_SEAL struct seal seal = { 0 };
	struct err err;
	int r = seal_parse(b->text, strlen(b->text), &seal, &err);

	ck_assert_msg(r < 0, "accepted:\n%s", b->text);
	ck_assert_msg(strstr(err.text, b->says), "'%s' is not in '%s'",
		      b->says, err.text);
	ck_assert_int_eq(r, -b->num);
	ck_assert_uint_eq(seal.n_sections, 0);
}
END_TEST

/* A changed bit makes another seal, or none; never a second spelling. */
START_TEST(every_bit_counts)
{
	char text[] = GOOD;
	unsigned accepted = 0;

	for (size_t i = 0; i < 8 * strlen(GOOD); i++) {
		CLEANUP_SEAL struct seal seal = { 0 };
		struct err err;

		text[i / 8] ^= (char)(1 << i % 8);
		if (seal_parse(text, strlen(GOOD), &seal, &err) == 0) {
			must_round_trip(text, strlen(GOOD));
			accepted++;
		}
		text[i / 8] ^= (char)(1 << i % 8);
	}
	/* Digits of hashes, for one, may be others. */
	ck_assert_uint_gt(accepted, 0);
}
END_TEST

START_TEST(every_cut_is_refused)
{
	for (size_t len = 0; len < strlen(GOOD); len++) {
		CLEANUP_SEAL struct seal seal = { 0 };
		struct err err;

		ck_assert_int_lt(seal_parse(GOOD, len, &seal, &err), 0);
	}
}
END_TEST

static void many_sections(struct buf *text, unsigned n)
{
	buf_adds(text, FIRST);
	for (unsigned i = 0; i < n; i++)
		buf_addf(text, "section=%u %u %u 16384 " HASH_A "\n",
			 i ? 3u : 1u, i ? 0u : 1u, i * 16384);
	buf_adds(text, MIDDLE);
	buf_addf(text, "payload-size=%u\n" CODEC, n * 16384);
}

START_TEST(sections_have_a_limit)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_SEAL struct seal seal = { 0 };
	struct err err;

	many_sections(&text, 64);
	must_round_trip(text.data, text.len);
	text.len = 0;
	many_sections(&text, 65);
	ck_assert_int_eq(seal_parse(text.data, text.len, &seal, &err),
			 -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 64 sections"));
}
END_TEST

static void long_header(struct buf *text, size_t value_len)
{
	buf_adds(text, FIRST "header.x=");
	for (size_t i = 0; i < value_len; i++)
		buf_addc(text, 'a');
	buf_adds(text, "\n" IMAGE MIDDLE "payload-size=20000\n" CODEC);
}

START_TEST(header_has_a_limit)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_SEAL struct seal seal = { 0 };
	struct err err;
	size_t most = LAYOUT_HEADER_MAX - strlen("x=\n");

	long_header(&text, most);
	must_round_trip(text.data, text.len);
	text.len = 0;
	long_header(&text, most + 1);
	ck_assert_int_eq(seal_parse(text.data, text.len, &seal, &err),
			 -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "at most 65536"));
}
END_TEST

START_TEST(format_refuses_what_parse_would)
{
	CLEANUP_SEAL struct seal seal = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	ck_assert_int_eq(seal_parse(GOOD, strlen(GOOD), &seal, &err), 0);
	seal.sections[1].offset += 16384;
	ck_assert_int_eq(seal_format(&seal, &out, &err), -EBADMSG);
	seal.sections[1].offset -= 16384;
	seal.header[0] = 'z';
	ck_assert_int_eq(seal_format(&seal, &out, &err), -EBADMSG);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(types_have_names)
{
	ck_assert_str_eq(section_type_name(SECTION_IMAGE), "image");
	ck_assert_str_eq(section_type_name(SECTION_SBOM), "sbom");
	ck_assert_str_eq(section_type_name(SECTION_PACKAGES), "packages");
	ck_assert_str_eq(section_type_name(0), "unknown");
	ck_assert_str_eq(section_type_name(99), "unknown");
	ck_assert_str_eq(section_type_name(UINT32_MAX), "unknown");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("seal");
	TCase *t = tcase_create("seal");
	SRunner *r;
	int failed;

	tcase_add_test(t, reads_what_it_says);
	tcase_add_loop_test(t, round_trips, 0, ARRAY_SIZE(good));
	tcase_add_loop_test(t, refuses, 0, ARRAY_SIZE(bad));
	tcase_add_test(t, every_bit_counts);
	tcase_add_test(t, every_cut_is_refused);
	tcase_add_test(t, sections_have_a_limit);
	tcase_add_test(t, header_has_a_limit);
	tcase_add_test(t, format_refuses_what_parse_would);
	tcase_add_test(t, types_have_names);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
