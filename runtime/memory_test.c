/*
 * memory_test.c - what a waiting process maps, and that it goes on as it was
 *
 * The waiting one is a child; what it maps is read from its smaps until that is
 * little.  A child that never gives anything back meets the test's time limit.
 */
#include "runtime/memory.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEEP (96u << 10)

static void pause_a_little(void)
{
	const struct timespec t = { .tv_nsec = 20 * 1000 * 1000 };

	(void)nanosleep(&t, NULL);
}

struct mapped {
	long code;	/* KiB of our own program, not writable */
	long stack;	/* KiB of the stack */
};

static struct mapped mapped_by(pid_t pid)
{
	struct mapped m = { 0, 0 };
	long *sum = NULL, kib;
	char self[PATH_MAX + 1] = "", name[64], line[PATH_MAX + 256];
	FILE *f;

	ck_assert_int_gt(readlink("/proc/self/exe", self, PATH_MAX), 0);
	(void)snprintf(name, sizeof(name), "/proc/%d/smaps", (int)pid);
	f = fopen(name, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char rights[8];

		if (sscanf(line, "%*x-%*x %7s", rights) == 1)
			sum = strstr(line, "[stack]") ? &m.stack :
			      strstr(line, self) && rights[1] != 'w' ?
			      &m.code : NULL;
		else if (sum && sscanf(line, "Rss: %ld", &kib) == 1)
			*sum += kib;
		else if (sum == &m.code &&
			 sscanf(line, "Anonymous: %ld", &kib) == 1)
			*sum -= kib;		/* written, then protected */
	}
	(void)fclose(f);
	return m;
}

__attribute__((noinline))
static void go_deep(void)
{
	volatile char deep[DEEP];

	for (size_t i = 0; i < sizeof(deep); i += 256)
		deep[i] = 1;
}

/* 0: it came back with what it had. */
static int wait_as_child(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	volatile char mine[4096];

	(void)memset((char *)mine, 7, sizeof(mine));
	go_deep();
	if (memory_poll(&p, 1) != 1 || !(p.revents & POLLIN))
		return 1;
	for (size_t i = 0; i < sizeof(mine); i++)
		if (mine[i] != 7)
			return 2;
	return 0;
}

/* One page, and the last of each segment, which may be shared with the next: a third
 * of what this small program has. */
#define PAGES_KEPT 4

START_TEST(a_wait_keeps_one_page_of_code)
{
	const long most = PAGES_KEPT * (sysconf(_SC_PAGESIZE) >> 10);
	struct mapped m;
	int ends[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0)
		_exit(wait_as_child(ends[0]));
	ck_assert_int_gt(child, 0);
	do {
		pause_a_little();
		ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
		m = mapped_by(child);
	} while (m.code > most);
	ck_assert_int_gt(m.code, 0);
	ck_assert_int_lt(m.stack, DEEP >> 10);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
}
END_TEST

START_TEST(what_is_there_already_is_not_waited_for)
{
	struct pollfd p = { .events = POLLIN };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	p.fd = ends[0];
	ck_assert_int_eq(memory_poll(&p, 1), 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
}
END_TEST

static void nothing(int sig)
{
	(void)sig;
}

START_TEST(a_signal_ends_the_wait)
{
	struct sigaction act = { .sa_handler = nothing };
	struct pollfd p = { .events = POLLIN };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	p.fd = ends[0];
	ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
	(void)alarm(MEMORY_IDLE_MS / 1000 + 1);
	ck_assert_int_eq(memory_poll(&p, 1), -1);
	ck_assert_int_eq(errno, EINTR);
	(void)close(ends[0]);
	(void)close(ends[1]);
}
END_TEST

static void *sleep_on(void *arg)
{
	uint32_t *word = arg;

	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		memory_word_sleep(word, 0);
	return NULL;
}

/* Whether the sleeper is there already or not. */
START_TEST(a_change_wakes_the_sleeper)
{
	for (int i = 0; i < 200; i++) {
		uint32_t word = 0;
		pthread_t t;

		ck_assert_int_eq(pthread_create(&t, NULL, sleep_on, &word), 0);
		if (i % 4 == 0)
			pause_a_little();
		__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
		memory_word_wake(&word);
		ck_assert_int_eq(pthread_join(t, NULL), 0);
	}
}
END_TEST

START_TEST(a_word_is_waited_for_so_long)
{
	uint32_t word = 3;

	ck_assert_int_eq(memory_word_wait(&word, 2), -EAGAIN);
	ck_assert_int_eq(memory_word_wait(&word, 3), -ETIMEDOUT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *c = tcase_create("memory");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	tcase_add_test(c, a_wait_keeps_one_page_of_code);
	tcase_add_test(c, what_is_there_already_is_not_waited_for);
	tcase_add_test(c, a_signal_ends_the_wait);
	tcase_add_test(c, a_change_wakes_the_sleeper);
	tcase_add_test(c, a_word_is_waited_for_so_long);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
