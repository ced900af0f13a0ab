/*
 * jail_gen.c - build time: `#syscalls` comments to a seccomp program in C
 *
 *	jail_gen NAME FILE... > HEADER
 *
 * Reads each line of the files that holds the word `#syscalls` and takes what
 * follows as names of calls.  Those behind `#refused` fail with EACCES, for a library
 * that does without.  Anything else kills the process.  A name that libseccomp
 * does not know, or sources without any call, end the build.
 * This program and filters_gen.c are the only ones that link libseccomp.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALLOWED " #syscalls "
#define REFUSED " #refused "
#define NAMES_MAX 64
#define INSNS_MAX 4096

struct names {
	int calls[NAMES_MAX];
	bool refused[NAMES_MAX];
	unsigned n;
};

static void fail(const char *where, const char *what)
{
	fprintf(stderr, "jail_gen: %s: %s\n", where, what);
	exit(1);
}

static void add_name(struct names *names, const char *file, const char *name,
		     bool refused)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		fail(file, name);
	/* Known, but not to this architecture: poll on the newer ones. */
	if (call < 0)
		return;
	for (unsigned i = 0; i < names->n; i++)
		if (names->calls[i] == call && names->refused[i] == refused)
			return;
		else if (names->calls[i] == call)
			fail(name, "both allowed and refused");
	if (names->n == NAMES_MAX)
		fail(file, "too many calls for a jail");
	names->refused[names->n] = refused;
	names->calls[names->n++] = call;
}

static void read_line(struct names *names, const char *file, char *line,
		      const char *word, bool refused)
{
	char *at = strstr(line, word), *save;

	if (!at)
		return;
	for (at = strtok_r(at + strlen(word), " \t\n*/", &save); at;
	     at = strtok_r(NULL, " \t\n*/", &save))
		add_name(names, file, at, refused);
}

static void read_file(struct names *names, const char *file)
{
	char line[512];
	FILE *f = fopen(file, "re");

	if (!f)
		fail(file, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		read_line(names, file, line, REFUSED, true);
		read_line(names, file, line, ALLOWED, false);
	}
	fclose(f);
}

/* The calls whose arguments decide, each with what it is needed for.  The kernel reads
 * these as 32 bits, and so do the masks: the upper half changes nothing. */
static const struct {
	int call;
	unsigned arg;
	uint32_t mask, value;
} allowed_args[] = {
	/* The locks and conditions of the C library; nothing with priorities or
	 * requeueing, where the holes of this call were. */
	{ SCMP_SYS(futex), 1, FUTEX_CMD_MASK, FUTEX_WAIT },
	{ SCMP_SYS(futex), 1, FUTEX_CMD_MASK, FUTEX_WAKE },
	{ SCMP_SYS(futex), 1, FUTEX_CMD_MASK, FUTEX_WAIT_BITSET },
	{ SCMP_SYS(futex), 1, FUTEX_CMD_MASK, FUTEX_WAKE_BITSET },
	/* Giving memory back; huge pages when GLIBC_TUNABLES wants them. */
	{ SCMP_SYS(madvise), 2, UINT32_MAX, MADV_DONTNEED },
	{ SCMP_SYS(madvise), 2, UINT32_MAX, MADV_HUGEPAGE },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
};

/* Memory may be asked for, but no file mapped, and nothing to be executed. */
static int add_mmap(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS,
					MAP_ANONYMOUS));
}

static int add_rule(scmp_filter_ctx ctx, int call, bool refused)
{
	bool any = true;
	int r = 0;

	if (refused)
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), call, 0);
	if (call == SCMP_SYS(mmap))
		return add_mmap(ctx);
	for (unsigned i = 0; r == 0 && i < sizeof(allowed_args) /
	     sizeof(*allowed_args); i++) {
		const struct scmp_arg_cmp cmp = {
			.arg = allowed_args[i].arg,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = allowed_args[i].mask,
			.datum_b = allowed_args[i].value,
		};

		if (allowed_args[i].call != call)
			continue;
		any = false;
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &cmp);
	}
	return any ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0) : r;
}

static void export(const struct names *names, FILE *out)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!ctx || seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
				     SCMP_ACT_KILL_PROCESS) < 0)
		fail("libseccomp", "cannot start");
	for (unsigned i = 0; i < names->n; i++)
		if (add_rule(ctx, names->calls[i], names->refused[i]) < 0)
			fail("libseccomp", "refuses a rule");
	if (seccomp_export_bpf(ctx, fileno(out)) < 0)
		fail("libseccomp", "cannot export");
	seccomp_release(ctx);
}

int main(int argc, char **argv)
{
	static struct sock_filter insns[INSNS_MAX];
	struct names names = { .n = 0 };
	FILE *tmp = tmpfile();
	size_t n;

	if (argc < 3 || !tmp) {
		fprintf(stderr, "usage: jail_gen NAME FILE... > HEADER\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		read_file(&names, argv[i]);
	if (!names.n)
		fail(argv[2], "no" ALLOWED "comment");
	export(&names, tmp);
	rewind(tmp);
	n = fread(insns, sizeof(*insns), INSNS_MAX, tmp);
	if (!n || n == INSNS_MAX)
		fail("libseccomp", "an empty or endless program");
	printf("/* made by jail_gen; do not edit */\n"
	       "static const struct sock_filter %s[] = {\n", argv[1]);
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", insns[i].code,
		       insns[i].jt, insns[i].jf, insns[i].k);
	printf("};\n");
	return fflush(stdout) || ferror(stdout);
}
