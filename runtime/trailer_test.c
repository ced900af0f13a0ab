/*
 * trailer_test.c - a trailer fits its file, or is refused
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "runtime/hash.h"
#include "runtime/trailer.h"

/* A valid one over a payload of 1000 leaves. */
static uint64_t good(uint8_t bytes[LAYOUT_TRAILER_SIZE], struct trailer *ret)
{
	struct trailer t = {
		.stub_size = 1000000, .payload_size = 16384000,
		.seal_size = 500, .signatures_size = 200,
	};
	struct err err;

	ck_assert_msg(trailer_plan(&t, &err) == 0, "%s", err.text);
	memset(t.seal_hash, 0x11, sizeof(t.seal_hash));
	memset(t.signatures_hash, 0x22, sizeof(t.signatures_hash));
	trailer_format(&t, bytes);
	*ret = t;
	return t.signatures_start + t.signatures_size + LAYOUT_TRAILER_SIZE;
}

static void rehash(uint8_t bytes[LAYOUT_TRAILER_SIZE])
{
	hash_bytes(bytes, TRAILER_HASH, bytes + TRAILER_HASH);
}

static void put_u64(uint8_t *p, uint64_t n)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

START_TEST(places_are_those_of_the_format_page)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE];
	struct trailer t;
	uint64_t size = good(bytes, &t);

	ck_assert_uint_eq(t.payload_start, 1048576);
	ck_assert_uint_eq(t.tree_start, 1048576 + 16384000);
	ck_assert_uint_eq(t.tree_size, 32 * (1000 + 2));
	ck_assert_uint_eq(t.seal_start, t.tree_start + t.tree_size);
	ck_assert_uint_eq(t.signatures_start, t.seal_start + 500);
	ck_assert_uint_eq(size, t.signatures_start + 200 + 192);
	ck_assert_mem_eq(bytes, "holdall\x1a\1\0\0\0\xc0\0\0\0", 16);
	ck_assert_mem_eq(bytes + 16, "\0\0\x10\0\0\0\0\0", 8);
	ck_assert_mem_eq(bytes + 80, "\x40\x42\x0f\0\0\0\0\0", 8);
	ck_assert_mem_eq(bytes + 88, "\0\0\0\0\0\0\0\0", 8);
	ck_assert_uint_eq(bytes[96], 0x11);
	ck_assert_uint_eq(bytes[128], 0x22);
}
END_TEST

START_TEST(round_trips)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE], again[LAYOUT_TRAILER_SIZE];
	struct trailer t, read;
	uint64_t size = good(bytes, &t);
	struct err err;

	ck_assert_msg(trailer_parse(bytes, size, &read, &err) == 0, "%s",
		      err.text);
	ck_assert_mem_eq(&read, &t, sizeof(t));
	trailer_format(&read, again);
	ck_assert_mem_eq(again, bytes, sizeof(bytes));
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE];
	struct trailer t, read;
	uint64_t size = good(bytes, &t);
	struct err err;

	for (unsigned i = 0; i < 8 * LAYOUT_TRAILER_SIZE; i++) {
		int r;

		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		r = trailer_parse(bytes, size, &read, &err);
		ck_assert_int_eq(r, i / 8 < 8 ? -ENOEXEC : -EBADMSG);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(trailer_parse(bytes, size, &read, &err), 0);
}
END_TEST

/* A forger makes the hash fit.  What he can still choose is what nothing else
 * contradicts: the stub's size within its 64 KiB, and the two hashes, which
 * have to be those of the bytes. */
START_TEST(every_forged_bit_is_refused)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE];
	struct trailer t, read;
	uint64_t size = good(bytes, &t);
	struct err err;

	for (unsigned i = 8 * 8; i < 8 * TRAILER_SEAL_HASH; i++) {
		int r;

		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		rehash(bytes);
		r = trailer_parse(bytes, size, &read, &err);
		if (r == 0)
			ck_assert_msg(i / 8 == TRAILER_STUB_SIZE ||
				      i / 8 == TRAILER_STUB_SIZE + 1,
				      "bit %u", i);
		else
			ck_assert_msg(r == -EBADMSG || r == -EOPNOTSUPP,
				      "bit %u: %d", i, r);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(a_newer_version_is_named)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE];
	struct trailer t, read;
	uint64_t size = good(bytes, &t);
	struct err err;

	bytes[TRAILER_VERSION] = 7;
	bytes[TRAILER_SIZE] = 0;
	rehash(bytes);
	ck_assert_int_eq(trailer_parse(bytes, size, &read, &err), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(err.text, "version 7"));
	ck_assert_ptr_nonnull(strstr(err.text, "version 1"));
	ck_assert_ptr_nonnull(strstr(err.text, "newer holdall"));
	bytes[TRAILER_VERSION] = 0;
	rehash(bytes);
	ck_assert_int_eq(trailer_parse(bytes, size, &read, &err), -EBADMSG);
}
END_TEST

/* Fields with values that no writer makes, each with a hash that fits. */
static const struct {
	unsigned at;
	uint64_t value;
	const char *says;
} forged[] = {
	{ TRAILER_STUB_SIZE, 0, "stub of 0 bytes" },
	{ TRAILER_STUB_SIZE, UINT64_MAX, "stub of" },
	{ TRAILER_STUB_SIZE, (UINT64_C(64) << 20) + 1, "stub of" },
	{ TRAILER_STUB_SIZE, 1048577, "payload at" },
	{ TRAILER_STUB_SIZE, 983040, "payload at" },
	{ TRAILER_PAYLOAD_START, 0, "payload at" },
	{ TRAILER_PAYLOAD_START, 1048577, "payload at" },
	{ TRAILER_PAYLOAD_START, UINT64_MAX, "payload at" },
	{ TRAILER_PAYLOAD_SIZE, 0, "payload of 0 bytes" },
	{ TRAILER_PAYLOAD_SIZE, UINT64_MAX, "payload of" },
	{ TRAILER_PAYLOAD_SIZE, 16383999, "tree at" },
	{ TRAILER_TREE_START, 1048576, "tree at" },
	{ TRAILER_TREE_SIZE, 0, "end of the tree" },
	{ TRAILER_TREE_SIZE, UINT64_MAX, "end of the tree" },
	{ TRAILER_SEAL_START, 1048576, "seal at" },
	{ TRAILER_SEAL_SIZE, 0, "seal of 0 bytes" },
	{ TRAILER_SEAL_SIZE, UINT64_MAX, "seal of" },
	{ TRAILER_SEAL_SIZE, (1 << 20) + 1, "seal of" },
	{ TRAILER_SEAL_SIZE, 499, "signatures at" },
	{ TRAILER_SIGNATURES_START, 0, "signatures at" },
	{ TRAILER_SIGNATURES_SIZE, UINT64_MAX, "signatures of" },
	{ TRAILER_SIGNATURES_SIZE, (64 << 10) + 1, "signatures of" },
	{ TRAILER_SIGNATURES_SIZE, 201, "bytes are missing or were put in" },
	{ TRAILER_RESERVED, 1, "constant" },
};

START_TEST(a_forged_place_is_refused)
{
	uint8_t bytes[LAYOUT_TRAILER_SIZE];
	struct trailer t, read;
	uint64_t size = good(bytes, &t);
	struct err err;

	put_u64(bytes + forged[_i].at, forged[_i].value);
	rehash(bytes);
	ck_assert_int_eq(trailer_parse(bytes, size, &read, &err), -EBADMSG);
	ck_assert_msg(strstr(err.text, forged[_i].says), "%s", err.text);
}
END_TEST

START_TEST(another_file_size_is_refused)
{
	static const uint64_t other[] = { 0, 192, 1048576, UINT64_MAX };
	uint8_t bytes[LAYOUT_TRAILER_SIZE];
	struct trailer t, read;
	uint64_t size = good(bytes, &t);
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		ck_assert_int_eq(trailer_parse(bytes, other[i], &read, &err),
				 -EBADMSG);
	ck_assert_int_eq(trailer_parse(bytes, size - 1, &read, &err),
			 -EBADMSG);
	ck_assert_int_eq(trailer_parse(bytes, size + 1, &read, &err),
			 -EBADMSG);
}
END_TEST

START_TEST(plan_keeps_the_limits)
{
	struct trailer t = {
		.stub_size = LAYOUT_STUB_MAX,
		.payload_size = LAYOUT_PAYLOAD_MAX,
		.seal_size = LAYOUT_SEAL_MAX,
		.signatures_size = LAYOUT_SIGNATURES_SIZE_MAX,
	};
	struct err err;

	ck_assert_int_eq(trailer_plan(&t, &err), 0);
	ck_assert_uint_eq(t.payload_start, LAYOUT_STUB_MAX);
	ck_assert_uint_eq(t.tree_size, 2151686144);
	t.payload_size++;
	ck_assert_int_eq(trailer_plan(&t, &err), -EBADMSG);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trailer");
	TCase *t = tcase_create("trailer");
	SRunner *r;
	int failed;

	tcase_add_test(t, places_are_those_of_the_format_page);
	tcase_add_test(t, round_trips);
	tcase_add_test(t, every_flipped_bit_is_refused);
	tcase_add_test(t, every_forged_bit_is_refused);
	tcase_add_test(t, a_newer_version_is_named);
	tcase_add_loop_test(t, a_forged_place_is_refused, 0,
			    ARRAY_SIZE(forged));
	tcase_add_test(t, another_file_size_is_refused);
	tcase_add_test(t, plan_keeps_the_limits);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
