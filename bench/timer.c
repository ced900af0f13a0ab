/*
 * timer.c - starts several commands in turns and compares their times
 *
 * Usage: timer ROUNDS NAME CMD [ARG...] [--- NAME CMD [ARG...]]...
 *
 * Each command must print a time of CLOCK_MONOTONIC in nanoseconds as its first
 * line; "first" is from just before execve to that time, "exit" to the end of
 * the process.  Rounds are interleaved, so that a noisy machine hurts all alike;
 * two rounds before are not counted.  The last two columns compare the medians
 * with those of the first command.  A command that fails ends the whole.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX 1000
#define ROUNDS_BEFORE 2

struct command {
	const char *name;
	char **argv;
	double first[ROUNDS_MAX], exit[ROUNDS_MAX];	/* milliseconds */
};

/* Static: 16 x 16 KB of figures. */
static struct command commands[COMMANDS_MAX];

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void child(char **argv, int out, volatile int64_t *start)
{
	(void)dup2(out, 1);
	*start = now_ns();
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* One start; 0, or -1 when it failed or printed no time. */
static int measure(const struct command *c, volatile int64_t *start,
		   double *ret_first, double *ret_exit)
{
	char line[64] = "";
	int fds[2], status;
	size_t n = 0;
	ssize_t r;
	int64_t end;
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		(void)close(fds[0]);
		child(c->argv, fds[1], start);
	}
	(void)close(fds[1]);
	while (n < sizeof(line) - 1 &&
	       (r = read(fds[0], line + n, sizeof(line) - 1 - n)) > 0)
		n += (size_t)r;
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	end = now_ns();
	(void)close(fds[0]);
	if (status != 0 || strtoll(line, NULL, 10) <= *start) {
		fprintf(stderr, "timer: %s: status %d, printed '%s'\n", c->name,
			status, line);
		return -1;
	}
	*ret_first = (double)(strtoll(line, NULL, 10) - *start) / 1e6;
	*ret_exit = (double)(end - *start) / 1e6;
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static size_t split(char **argv)
{
	size_t n = 0;

	while (*argv && n < COMMANDS_MAX) {
		commands[n].name = *argv++;
		commands[n].argv = argv;
		if (!*argv)
			return 0;
		n++;
		while (*argv && strcmp(*argv, "---") != 0)
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return n;
}

static void report(size_t n, size_t rounds)
{
	double base_first = 0, base_exit = 0;

	printf("%-24s %8s %8s %8s %8s %8s %8s\n", "ms", "first", "min", "max",
	       "exit", "x first", "x exit");
	for (size_t i = 0; i < n; i++) {
		struct command *c = &commands[i];
		double first = median(c->first, rounds);
		double exit = median(c->exit, rounds);

		if (i == 0) {
			base_first = first;
			base_exit = exit;
		}
		printf("%-24s %8.3f %8.3f %8.3f %8.3f %8.2f %8.2f\n", c->name,
		       first, c->first[0], c->first[rounds - 1], exit,
		       first / base_first, exit / base_exit);
	}
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	size_t n = argc > 3 ? split(argv + 2) : 0;
	int64_t *start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (rounds == 0 || rounds > ROUNDS_MAX || n == 0 ||
	    start == MAP_FAILED) {
		fprintf(stderr, "usage: timer ROUNDS NAME CMD [ARG...] "
			"[--- NAME CMD [ARG...]]...\n");
		return 2;
	}
	for (size_t r = 0; r < rounds + ROUNDS_BEFORE; r++)
		for (size_t i = 0; i < n; i++) {
			/* The first rounds are overwritten. */
			size_t at = r < ROUNDS_BEFORE ? 0 : r - ROUNDS_BEFORE;

			if (measure(&commands[i], start,
				    &commands[i].first[at],
				    &commands[i].exit[at]))
				return 1;
		}
	report(n, rounds);
	return 0;
}
