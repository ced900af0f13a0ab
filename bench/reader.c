/*
 * reader.c - reads a tree in one of several ways and says how long it took
 *
 * Usage: reader HOW DIRECTORY
 *
 *	seq	every file from start to end, one reader
 *	two	the same by two processes, each every second file
 *	four	the same by four
 *	random	4000 reads of 4 KiB at random places of files over 256 KiB
 *	map	every page of the files over 256 KiB through mmap
 *	stat	every entry
 *	open	the first 4 KiB of every file up to 64 KiB
 *	storm	four processes that read here and there, forget, read again, for a
 *		minute; to kill something under
 *
 * Prints microseconds, the bytes read and microseconds of CPU time.  The list of files is made before the
 * clock starts (but for `stat`, which is the walk itself), so their inodes are
 * known by then; their pages are not.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 65536u
#define LARGE (256 << 10)
#define SMALL (64 << 10)
#define RANDOM_READS 4000u

/* A program that runs once: its lists are static. */
static struct {
	char *path;
	off_t size;
} files[FILES_MAX];
static unsigned n_files;
static char buf[128 << 10];

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double cpu_us(void)
{
	double sum = 0;

	for (int who = -1; who <= 0; who++) {
		struct rusage u;

		/* RUSAGE_CHILDREN, RUSAGE_SELF */
		(void)getrusage(who, &u);
		sum += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
		       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	}
	return sum;
}

static int note(const char *path, const struct stat *st, int type,
		struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && S_ISREG(st->st_mode) && n_files < FILES_MAX) {
		files[n_files].path = strdup(path);
		files[n_files++].size = st->st_size;
	}
	return 0;
}

static int open_file(unsigned i)
{
	int fd = open(files[i].path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		perror(files[i].path);
		exit(1);
	}
	return fd;
}

static uint64_t read_whole(unsigned first, unsigned step)
{
	uint64_t sum = 0;

	for (unsigned i = first; i < n_files; i += step) {
		int fd = open_file(i);
		ssize_t n;

		while ((n = read(fd, buf, sizeof(buf))) > 0)
			sum += (uint64_t)n;
		if (n < 0)
			exit(1);
		(void)close(fd);
	}
	return sum;
}

static uint64_t read_by(unsigned n)
{
	uint64_t sum = 0;
	int status;

	for (unsigned i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			exit(1);
		if (pid == 0) {
			(void)read_whole(i, n);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		if (status)
			exit(1);
	for (unsigned i = 0; i < n_files; i++)
		sum += (uint64_t)files[i].size;
	return sum;
}

static uint64_t read_random(void)
{
	static unsigned large[FILES_MAX];
	unsigned n = 0, state = 12345;
	uint64_t sum = 0;

	for (unsigned i = 0; i < n_files; i++)
		if (files[i].size > LARGE)
			large[n++] = i;
	for (unsigned i = 0; n && i < RANDOM_READS; i++) {
		unsigned f;
		off_t at;
		int fd;

		state = state * 1664525u + 1013904223u;
		f = large[(state >> 8) % n];
		state = state * 1664525u + 1013904223u;
		at = (off_t)((state >> 8) % (files[f].size / 4096)) * 4096;
		fd = open_file(f);
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
		if (pread(fd, buf, 4096, at) != 4096)
			exit(1);
		sum += 4096;
		(void)close(fd);
	}
	return sum;
}

static uint64_t read_mapped(void)
{
	volatile uint64_t sink = 0;
	uint64_t sum = 0;

	for (unsigned i = 0; i < n_files; i++) {
		size_t size = (size_t)files[i].size;
		const char *p;
		int fd;

		if (files[i].size <= LARGE)
			continue;
		fd = open_file(i);
		p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			exit(1);
		for (size_t at = 0; at < size; at += 4096)
			sink += (uint64_t)p[at];
		(void)munmap((void *)(uintptr_t)p, size);
		(void)close(fd);
		sum += size;
	}
	return sum;
}

static uint64_t read_starts(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n_files; i++) {
		ssize_t n;
		int fd;

		if (files[i].size > SMALL)
			continue;
		fd = open_file(i);
		n = read(fd, buf, 4096);
		if (n < 0)
			exit(1);
		sum += (uint64_t)n;
		(void)close(fd);
	}
	return sum;
}

/* Small and large reads of the same few files, so that they meet. */
static void read_wild(unsigned state, double end)
{
	while (now_us() < end) {
		unsigned f;
		off_t at;
		int fd;

		state = state * 1664525u + 1013904223u;
		f = (state >> 8) % n_files;
		if (files[f].size <= LARGE)
			continue;
		fd = open_file(f);
		for (unsigned i = 0; i < 32; i++) {
			state = state * 1664525u + 1013904223u;
			at = (off_t)((state >> 8) % (files[f].size / 4096)) *
			     4096;
			if (pread(fd, buf, i % 4 ? 4096 : sizeof(buf), at) < 0)
				exit(1);
		}
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		(void)close(fd);
	}
}

static uint64_t storm(void)
{
	double end = now_us() + 60e6;
	int status;

	for (unsigned i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid < 0)
			exit(1);
		if (pid == 0) {
			/* In pairs: two want the same at nearly the same time. */
			read_wild(i / 2, end);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		if (status)
			exit(1);
	return 0;
}

int main(int argc, char **argv)
{
	const char *how = argc == 3 ? argv[1] : "";
	double start = now_us(), cpu = 0;
	uint64_t sum = 0;

	if (argc != 3 || nftw(argv[2], note, 32, FTW_PHYS) != 0) {
		fprintf(stderr, "usage: reader seq|two|four|random|map|stat|open|storm "
			"DIRECTORY\n");
		return 2;
	}
	if (strcmp(how, "stat") != 0) {
		start = now_us();
		cpu = cpu_us();
	}
	if (strcmp(how, "seq") == 0)
		sum = read_whole(0, 1);
	else if (strcmp(how, "four") == 0)
		sum = read_by(4);
	else if (strcmp(how, "two") == 0)
		sum = read_by(2);
	else if (strcmp(how, "random") == 0)
		sum = read_random();
	else if (strcmp(how, "map") == 0)
		sum = read_mapped();
	else if (strcmp(how, "open") == 0)
		sum = read_starts();
	else if (strcmp(how, "storm") == 0)
		sum = storm();
	else if (strcmp(how, "stat") != 0)
		return 2;
	printf("%.0f %llu", now_us() - start, (unsigned long long)sum);
	printf(" %.0f\n", cpu_us() - cpu);
	return 0;
}
