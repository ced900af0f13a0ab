/*
 * filters_test.c - what the compiled filters answer, call by call
 *
 * Runs the programs that ship in an interpreter (bpf_run.h) over every number
 * 0..600 of x86-64, i386 and x32 and over the arguments that matter, and
 * compares with tests/golden/filters.txt, where a reviewer can read the policy
 * as the kernel will apply it.  After a change of syscalls.table:
 *
 *	filters_test --write	writes the golden file anew (read the diff)
 *
 * What must hold whatever the table says is asserted apart from the golden file:
 * the upper halves of arguments change nothing, nothing foreign gets through,
 * the real kernel loads every program and agrees on a sample.
 */
#include "launcher/filters.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "launcher/bpf_run.h"
#include "launcher/filters_samples.h"

#define GOLDEN "tests/golden/filters.txt"
#define NUMBERS_MAX 600
#define NAMED_MAX 450		/* what every libseccomp in use has a name for */
#define X32_BIT 0x40000000u

static const struct {
	const char *name;
	unsigned relax;
} relaxations[] = {
	{ "nested", FILTER_NESTED },
	{ "debug", FILTER_DEBUG },
	{ "multiarch", FILTER_MULTIARCH },
	{ "scoped", FILTER_SCOPED },
};

/* ---- running --------------------------------------------------------------- */

static uint32_t run(enum filter_part part, unsigned relax,
		    const struct seccomp_data *d)
{
	struct sock_fprog prog = filter_program(part, relax);
	uint32_t verdict = SECCOMP_RET_KILL_THREAD;	/* no filter says so */
	unsigned steps;

	/* A program that cannot run shows as an unexpected verdict. */
	(void)bpf_run(&prog, d, &verdict, &steps);
	return verdict;
}

static uint32_t run_app(unsigned relax, const struct seccomp_data *d)
{
	return run(FILTER_PART_APP, relax, d);
}

static const char *verdict_name(uint32_t verdict)
{
	switch (verdict) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_KILL_PROCESS:
		return "kill";
	case SECCOMP_RET_ERRNO | EPERM:
		return "EPERM";
	case SECCOMP_RET_ERRNO | ENOSYS:
		return "ENOSYS";
	case SECCOMP_RET_ERRNO | EAFNOSUPPORT:
		return "EAFNOSUPPORT";
	case SECCOMP_RET_ERRNO | EPROTONOSUPPORT:
		return "EPROTONOSUPPORT";
	default:
		return "unexpected";
	}
}

/* ---- the text -------------------------------------------------------------- */

static void print_call(FILE *out, uint32_t arch, unsigned nr, uint32_t verdict)
{
	uint32_t scmp = arch == AUDIT_ARCH_I386 ? SCMP_ARCH_X86 :
						  SCMP_ARCH_X86_64;
	char *name = nr <= NAMED_MAX ?
		seccomp_syscall_resolve_num_arch(scmp, (int)nr) : NULL;

	fprintf(out, "%3u %-24s %s\n", nr, name ? name : "-",
		verdict_name(verdict));
	free(name);
}

/* Every number of one architecture, with no bit set in any argument. */
static void print_numbers(FILE *out, uint32_t arch, unsigned relax)
{
	for (unsigned nr = 0; nr <= NUMBERS_MAX; nr++) {
		struct seccomp_data d = { .nr = (int)nr, .arch = arch };

		print_call(out, arch, nr, run_app(relax, &d));
	}
}

static void print_differences(FILE *out, unsigned relax)
{
	for (unsigned nr = 0; nr <= NUMBERS_MAX; nr++) {
		struct seccomp_data d = { .nr = (int)nr,
					  .arch = AUDIT_ARCH_X86_64 };
		uint32_t verdict = run_app(relax, &d);

		if (verdict != run_app(0, &d))
			print_call(out, d.arch, nr, verdict);
	}
}

static void print_sample(FILE *out, unsigned relax, const struct sample *s)
{
	struct seccomp_data d = { .nr = s->nr, .arch = AUDIT_ARCH_X86_64 };

	memcpy(d.args, s->args, sizeof(d.args));
	fprintf(out, "%-40s %s\n", s->text, verdict_name(run_app(relax, &d)));
}

static void print_samples(FILE *out, unsigned relax)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		print_sample(out, relax, &samples[i]);
}

static void print_sockets(FILE *out)
{
	struct seccomp_data d = { .nr = __NR_socket,
				  .arch = AUDIT_ARCH_X86_64 };

	for (d.args[0] = 0; d.args[0] < 64; d.args[0]++)
		fprintf(out, "family %2u %s\n", (unsigned)d.args[0],
			verdict_name(run_app(0, &d)));
	d.args[0] = AF_NETLINK;
	for (d.args[2] = 0; d.args[2] < 32; d.args[2]++)
		fprintf(out, "netlink %2u %s\n", (unsigned)d.args[2],
			verdict_name(run_app(0, &d)));
}

static void print_init(FILE *out)
{
	for (unsigned nr = 0; nr <= NUMBERS_MAX; nr++) {
		struct seccomp_data d = { .nr = (int)nr,
					  .arch = AUDIT_ARCH_X86_64 };
		uint32_t verdict = run(FILTER_PART_INIT, 0, &d);

		if (verdict != SECCOMP_RET_KILL_PROCESS)
			print_call(out, d.arch, nr, verdict);
	}
}

static void print_all(FILE *out)
{
	fprintf(out, "# written by filters_test --write\n\n"
		"== app, x86-64, arguments 0 ==\n");
	print_numbers(out, AUDIT_ARCH_X86_64, 0);
	fprintf(out, "\n== app, arguments ==\n");
	print_samples(out, 0);
	fprintf(out, "\n== app, socket ==\n");
	print_sockets(out);
	for (size_t i = 0; i < ARRAY_SIZE(relaxations); i++) {
		fprintf(out, "\n== app, %s, where it differs ==\n",
			relaxations[i].name);
		print_differences(out, relaxations[i].relax);
	}
	fprintf(out, "\n== app, nested, arguments ==\n");
	print_samples(out, FILTER_NESTED);
	fprintf(out, "\n== app, multiarch, i386, arguments 0 ==\n");
	print_numbers(out, AUDIT_ARCH_I386, FILTER_MULTIARCH);
	fprintf(out, "\n== init, what does not kill ==\n");
	print_init(out);
}

/* ---- tests ----------------------------------------------------------------- */

START_TEST(golden)
{
	char *made = NULL, *kept = NULL;
	size_t made_len, kept_len;
	FILE *out = open_memstream(&made, &made_len);
	FILE *f = fopen(GOLDEN, "re");

	ck_assert_msg(f != NULL, "no %s: start this in the project's folder",
		      GOLDEN);
	print_all(out);
	fclose(out);
	ck_assert_int_ge(getdelim(&kept, &kept_len, '\0', f), 0);
	fclose(f);
	for (size_t i = 0, line = 1; ; line += made[i] == '\n', i++) {
		if (made[i] != kept[i])
			ck_abort_msg("%s:%zu differs; run filters_test --write "
				     "and read the diff", GOLDEN, line);
		if (!made[i])
			break;
	}
	free(made);
	free(kept);
}
END_TEST

/* The kernel reads 32 bits of these arguments; so must the filters. */
START_TEST(upper_halves_change_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct seccomp_data d = { .nr = samples[i].nr,
					  .arch = AUDIT_ARCH_X86_64 };
		uint32_t plain;

		memcpy(d.args, samples[i].args, sizeof(d.args));
		plain = run_app(0, &d);
		for (int bit = 32; bit < 64; bit++) {
			for (int arg = 0; arg < 6; arg++)
				d.args[arg] ^= 1ULL << bit;
			if (run_app(0, &d) != plain)
				ck_abort_msg("bit %d changes: %s", bit,
					     samples[i].text);
		}
	}
}
END_TEST

START_TEST(upper_halves_open_no_family)
{
	struct seccomp_data d = { .nr = __NR_socket,
				  .arch = AUDIT_ARCH_X86_64 };

	for (uint64_t family = 0; family < 256; family++) {
		uint32_t plain;

		d.args[0] = family;
		plain = run_app(0, &d);
		ck_assert_int_eq(plain == SECCOMP_RET_ALLOW,
				 family == AF_UNIX || family == AF_INET ||
				 family == AF_INET6 || family == AF_NETLINK);
		d.args[0] = family | 1ULL << 32;
		ck_assert_uint_eq(run_app(0, &d), plain);
		d.args[0] = family | ~0ULL << 32;
		ck_assert_uint_eq(run_app(0, &d), plain);
	}
}
END_TEST

START_TEST(foreign_architectures_die)
{
	static const uint32_t archs[] = {
		AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
		AUDIT_ARCH_X86_64 ^ 1, 0,
	};

	for (size_t a = 0; a < ARRAY_SIZE(archs); a++) {
		for (int nr = 0; nr <= NUMBERS_MAX; nr++) {
			struct seccomp_data d = { .nr = nr, .arch = archs[a] };

			if (run_app(FILTER_RELAX_ALL & ~FILTER_MULTIARCH, &d) !=
			    SECCOMP_RET_KILL_PROCESS ||
			    run(FILTER_PART_INIT, 0, &d) !=
			    SECCOMP_RET_KILL_PROCESS)
				ck_abort_msg("architecture %#x, number %d",
					     archs[a], nr);
		}
	}
}
END_TEST

START_TEST(x32_dies_whatever_is_relaxed)
{
	for (unsigned relax = 0; relax <= FILTER_RELAX_ALL; relax++) {
		for (unsigned nr = 0; nr <= NUMBERS_MAX; nr++) {
			struct seccomp_data d = {
				.nr = (int)(nr | X32_BIT),
				.arch = AUDIT_ARCH_X86_64,
			};

			if (run_app(relax, &d) != SECCOMP_RET_KILL_PROCESS)
				ck_abort_msg("relaxations %u, number %u",
					     relax, nr);
		}
	}
}
END_TEST

/* Newer than anything judged, and the odd ones: never allowed. */
START_TEST(unknown_numbers_are_refused)
{
	for (unsigned relax = 0; relax <= FILTER_RELAX_ALL; relax++) {
		for (unsigned nr = 472; nr < 0x10000; nr++) {
			struct seccomp_data d = { .nr = (int)nr,
						  .arch = AUDIT_ARCH_X86_64 };

			if (run_app(relax, &d) != (SECCOMP_RET_ERRNO | ENOSYS))
				ck_abort_msg("relaxations %u, number %u",
					     relax, nr);
		}
	}
}
END_TEST

/* A relaxation adds: with more bits nothing that was allowed is refused. */
START_TEST(relaxations_only_add)
{
	for (unsigned relax = 0; relax <= FILTER_RELAX_ALL; relax++) {
		for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
			struct seccomp_data d = { .nr = samples[i].nr,
						  .arch = AUDIT_ARCH_X86_64 };

			memcpy(d.args, samples[i].args, sizeof(d.args));
			if (run_app(0, &d) == SECCOMP_RET_ALLOW)
				ck_assert_uint_eq(run_app(relax, &d),
						  SECCOMP_RET_ALLOW);
		}
	}
}
END_TEST

/* With multiarch the argument rules hold for 32-bit programs too, but for what
 * socketcall and ipc hide behind a pointer. */
START_TEST(multiarch_keeps_the_rules)
{
	static const struct {
		int nr;
		uint64_t args[3];
		uint32_t verdict;
	} cases[] = {
		{ 54, { 0, 0x5412 }, SECCOMP_RET_ERRNO | EPERM },
		{ 54, { 0, 0x5401 }, SECCOMP_RET_ALLOW },
		{ 120, { 0x10000000 }, SECCOMP_RET_ERRNO | EPERM },
		{ 120, { SIGCHLD }, SECCOMP_RET_ALLOW },
		{ 310, { 0x10000000 }, SECCOMP_RET_ERRNO | EPERM },
		{ 5, { 0, O_CREAT, 04755 }, SECCOMP_RET_ERRNO | EPERM },
		{ 15, { 0, 04755 }, SECCOMP_RET_ERRNO | EPERM },
		{ 37, { 0, SIGTERM }, SECCOMP_RET_ERRNO | EPERM },
		{ 359, { AF_UNIX }, SECCOMP_RET_ALLOW },
		{ 359, { 40 }, SECCOMP_RET_ERRNO | EAFNOSUPPORT },
		{ 452, { 3, 0, 04755 }, SECCOMP_RET_ERRNO | EPERM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_data d = { .nr = cases[i].nr,
					  .arch = AUDIT_ARCH_I386 };

		memcpy(d.args, cases[i].args, sizeof(cases[i].args));
		ck_assert_msg(run_app(FILTER_MULTIARCH, &d) ==
			      cases[i].verdict, "case %zu, number %d", i,
			      cases[i].nr);
	}
}
END_TEST

/* Status of a child that installs the filters and makes one call: 0 allowed,
 * else its errno; or the signal it died of, negative. */
static int in_kernel(unsigned relax, const struct sample *s)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = { 0 };
		const uint64_t *a = s->args;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    filters_install_app(relax, &err) < 0)
			_exit(255);
		errno = 0;
		(void)syscall(s->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		_exit(errno);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(kernel_loads_every_program)
{
	static const struct sample getpid_call = S("getpid", getpid, 0);
	struct err err = { 0 };
	int status;
	pid_t pid;

	for (unsigned relax = 0; relax <= FILTER_RELAX_ALL; relax++)
		ck_assert_int_eq(in_kernel(relax, &getpid_call), 0);
	pid = fork();
	if (pid == 0) {
		int bad = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			  filters_install_init(&err) < 0;

		/* Not _exit: a sanitizer's has calls of its own to make. */
		(void)syscall(SYS_exit_group, bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(kernel_agrees)
{
	static const struct {
		struct sample s;
		int status;
	} cases[] = {
		{ S("TIOCSTI", ioctl, 99, 0x5412), EPERM },
		{ S("TIOCSTI, high bit", ioctl, 99, 0x100005412), EPERM },
		{ S("TCGETS", ioctl, 99, 0x5401), EBADF },
		{ S("FIOASYNC", ioctl, 99, 0x5452), EPERM },
		{ S("F_SETSIG", fcntl, 99, 10, SIGKILL), EPERM },
		{ S("O_ASYNC", fcntl, 99, F_SETFL, O_ASYNC), EPERM },
		{ S("F_SETFL", fcntl, 99, F_SETFL, O_NONBLOCK), EBADF },
		{ S("vsock", socket, 40, 1, 0), EAFNOSUPPORT },
		{ S("vsock, high bit", socket, 1ULL << 32 | 40, 1, 0),
		  EAFNOSUPPORT },
		{ S("nobody's family", socket, 63, 1, 0), ENOSYS },
		{ S("unix", socket, 1, 1, 0), 0 },
		{ S("audit", socket, 16, 3, 9), EPROTONOSUPPORT },
		{ S("NEWUSER", unshare, 0x10000000), EPERM },
		{ S("clone3", clone3, 0, 0), ENOSYS },
		{ S("bpf", bpf, 0), EPERM },
		{ S("kill 0", kill, 0, 0), EPERM },
		{ S("x32 getpid", getpid, 0), 0 },
		{ { "x32 getpid", __NR_getpid | (int)X32_BIT, { 0 } },
		  -SIGSYS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(in_kernel(0, &cases[i].s) == cases[i].status,
			      "%s: %d", cases[i].s.text,
			      in_kernel(0, &cases[i].s));
}
END_TEST

START_TEST(no_new_privs_is_asked_for)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = { 0 };

		/* Root may install filters without; an ordinary user not. */
		if (geteuid() == 0 && setresuid(65534, 65534, 65534))
			_exit(2);
		_exit(filters_install_app(0, &err) == -EACCES &&
		      strstr(err.text, "no_new_privs") ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static int write_golden(void)
{
	FILE *f = fopen(GOLDEN, "we");

	if (!f) {
		perror(GOLDEN);
		return 1;
	}
	print_all(f);
	return fclose(f) ? 1 : 0;
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("filters");
	TCase *t = tcase_create("programs");
	SRunner *r;
	int failed;

	if (argc == 2 && !strcmp(argv[1], "--write"))
		return write_golden();
	tcase_add_test(t, golden);
	tcase_add_test(t, upper_halves_change_nothing);
	tcase_add_test(t, upper_halves_open_no_family);
	tcase_add_test(t, foreign_architectures_die);
	tcase_add_test(t, x32_dies_whatever_is_relaxed);
	tcase_add_test(t, unknown_numbers_are_refused);
	tcase_add_test(t, relaxations_only_add);
	tcase_add_test(t, multiarch_keeps_the_rules);
	tcase_add_test(t, kernel_loads_every_program);
	tcase_add_test(t, kernel_agrees);
	tcase_add_test(t, no_new_privs_is_asked_for);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
