/*
 * json_test.c - the exact bytes that the JSON writer makes
 */
#include <check.h>

#include "runtime/json.h"

START_TEST(writes_nested_values)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct json j = JSON_INIT(&out);

	json_open(&j, NULL, '{');
	json_str(&j, "id", "org.example.Test");
	json_u64(&j, "size", UINT64_MAX);
	json_open(&j, "image", '{');
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_close(&j, '}');
	json_open(&j, "list", '[');
	json_str(&j, NULL, "a");
	json_u64(&j, NULL, 0);
	json_open(&j, NULL, '[');
	json_close(&j, ']');
	json_close(&j, ']');
	json_open(&j, "empty", '{');
	json_close(&j, '}');
	json_null(&j, "none");
	json_str(&j, "also-none", NULL);
	json_close(&j, '}');
	ck_assert_str_eq(out.data,
			 "{\n"
			 "  \"id\": \"org.example.Test\",\n"
			 "  \"size\": 18446744073709551615,\n"
			 "  \"image\": {\n"
			 "    \"yes\": true,\n"
			 "    \"no\": false\n"
			 "  },\n"
			 "  \"list\": [\n"
			 "    \"a\",\n"
			 "    0,\n"
			 "    []\n"
			 "  ],\n"
			 "  \"empty\": {},\n"
			 "  \"none\": null,\n"
			 "  \"also-none\": null\n"
			 "}\n");
}
END_TEST

START_TEST(escapes_strings)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct json j = JSON_INIT(&out);

	json_open(&j, NULL, '[');
	json_str(&j, NULL, "\"\\/\n\t\r\x01\x1f\x7f");
	json_str(&j, NULL, "\xc3\xa9\xf0\x9f\x98\x80");
	json_str(&j, NULL, "a\xff\xc3");
	json_close(&j, ']');
	ck_assert_str_eq(out.data,
			 "[\n"
			 "  \"\\\"\\\\/\\n\\t\\u000d\\u0001\\u001f\\u007f\",\n"
			 "  \"\xc3\xa9\xf0\x9f\x98\x80\",\n"
			 "  \"a\xef\xbf\xbd\xef\xbf\xbd\"\n"
			 "]\n");
}
END_TEST

START_TEST(writes_two_documents)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct json j = JSON_INIT(&out);

	for (int i = 0; i < 2; i++) {
		json_open(&j, NULL, '[');
		json_close(&j, ']');
	}
	ck_assert_str_eq(out.data, "[]\n[]\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");
	SRunner *r;
	int failed;

	tcase_add_test(t, writes_nested_values);
	tcase_add_test(t, escapes_strings);
	tcase_add_test(t, writes_two_documents);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
