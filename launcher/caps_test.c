/*
 * caps_test.c - capabilities are gone for good, whoever held them before
 */
#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/filters.h"

/* A line of /proc/self/status after its name, as the kernel prints it. */
static void status_line(const char *name, char *ret, size_t size)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	ck_assert_ptr_nonnull(f);
	ret[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(name);

		if (strncmp(line, name, n) || line[n] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(ret, size, "%s",
			 line + n + 1 + strspn(line + n + 1, "\t "));
	}
	fclose(f);
}

static void expect_line(const char *name, const char *value)
{
	char have[64];

	status_line(name, have, sizeof(have));
	ck_assert_msg(!strcmp(have, value), "%s is %s, not %s", name, have,
		      value);
}

static void expect_none(void)
{
	expect_line("CapInh", "0000000000000000");
	expect_line("CapPrm", "0000000000000000");
	expect_line("CapEff", "0000000000000000");
	expect_line("CapAmb", "0000000000000000");
	expect_line("NoNewPrivs", "1");
}

START_TEST(all_are_given_up)
{
	struct err err = { 0 };
	char before[64];
	int bits;

	/* Where user namespaces are refused this runs with what there is. */
	(void)!unshare(CLONE_NEWUSER);
	status_line("CapPrm", before, sizeof(before));
	ck_assert_msg(caps_drop_all(&err) == 0, "%s", err.text);
	expect_none();
	if (!strcmp(before, "0000000000000000"))
		return;
	expect_line("CapBnd", "0000000000000000");
	bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	ck_assert_int_eq(bits & SECBIT_NOROOT, SECBIT_NOROOT);
	ck_assert_int_eq(bits & SECBIT_NOROOT_LOCKED, SECBIT_NOROOT_LOCKED);
}
END_TEST

START_TEST(none_comes_back)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { { 0 } };
	struct err err = { 0 };

	(void)!unshare(CLONE_NEWUSER);
	ck_assert_int_eq(caps_drop_all(&err), 0);
	data[0].permitted = data[0].effective = 1 << CAP_CHOWN;
	ck_assert_int_eq(syscall(SYS_capset, &head, data), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), -1);
}
END_TEST

START_TEST(may_be_called_without_any)
{
	struct err err = { 0 };

	ck_assert_int_eq(caps_drop_all(&err), 0);
	ck_assert_msg(caps_drop_all(&err) == 0, "%s", err.text);
	expect_none();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("caps");
	TCase *t = tcase_create("drop");
	SRunner *r;
	int failed;

	tcase_add_test(t, all_are_given_up);
	tcase_add_test(t, none_comes_back);
	tcase_add_test(t, may_be_called_without_any);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
