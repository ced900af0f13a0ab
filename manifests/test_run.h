/*
 * test_run.h - the end of every unit test program of this folder
 */
#ifndef HOLDALL_TEST_RUN_H
#define HOLDALL_TEST_RUN_H

#include <check.h>

static inline int run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

#endif
