/*
 * fuzz_replay.c - runs a fuzz target over files, without a fuzzer
 *
 * Linked with one x_fuzz.c.  Every argument is a file, or a folder of files
 * (not deeper), each given to the target once.  What a fuzzer once found is
 * kept in tests/corpus and so stays found, also where no clang is.  A crash is
 * the failure; the name of the file in work is printed before, so that the last
 * line names it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/cleanup.h"
#include "runtime/fd.h"

#define INPUT_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_inputs;

static int replay_fd(int fd, const char *name)
{
	CLEANUP_FREE char *data = NULL;
	CLEANUP_FREE uint8_t *exact = NULL;
	size_t len;

	if (fd_slurp(fd, INPUT_MAX, &data, &len) < 0) {
		fprintf(stderr, "%s: cannot read it\n", name);
		return -1;
	}
	/* A copy of exactly this size: the sanitizer sees the first byte
	 * beyond. */
	exact = malloc(len ? len : 1);
	if (!exact)
		return -1;
	memcpy(exact, data, len);
	printf("%s\n", name);
	fflush(stdout);
	(void)LLVMFuzzerTestOneInput(exact, len);
	n_inputs++;
	return 0;
}

static int replay_dir(int fd, const char *name)
{
	CLEANUP_DIR DIR *dir = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!dir)
		return -1;
	while ((e = readdir(dir))) {
		char path[4096];
		CLEANUP_FD int file = -1;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", name, e->d_name);
		file = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		if (file < 0 || replay_fd(file, path) < 0)
			r = -1;
	}
	return r;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fstat(fd, &st) < 0) {
			perror(argv[i]);
			status = 1;
			continue;
		}
		if (S_ISDIR(st.st_mode)) {
			status |= replay_dir(fd, argv[i]) < 0;
			continue;	/* closed by closedir */
		}
		status |= replay_fd(fd, argv[i]) < 0;
		close(fd);
	}
	printf("%u inputs\n", n_inputs);
	return status || n_inputs == 0;
}
