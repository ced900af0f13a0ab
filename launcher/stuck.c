/*
 * stuck.c - see stuck.h
 *
 * Reads /proc/PID/task/TID/status and children, which the kernel writes.  Processes
 * come and go meanwhile: what is gone is not stuck.
 */
#include "launcher/stuck.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fd.h"

#define THREADS_MAX 256u
#define CHILDREN_MAX 64u

/* A small file of /proc; what is longer is cut. */
static bool read_proc(const char *path, char *space, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read(fd, space, size - 1);

	if (n < 0)
		return false;
	space[n] = '\0';
	return true;
}

static bool thread_is_stuck(pid_t pid, const char *tid)
{
	const uint64_t kill_bit = UINT64_C(1) << (SIGKILL - 1);
	char path[64], text[4096];
	const char *state, *pending;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status",
		       (int)pid, tid);
	if (!read_proc(path, text, sizeof(text)))
		return false;
	state = strstr(text, "\nState:\t");
	pending = strstr(text, "\nSigPnd:\t");
	return state && pending && state[8] == 'D' &&
	       strtoull(pending + 9, NULL, 16) & kill_bit;
}

static bool process_is_stuck(pid_t pid)
{
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *de;
	char path[64];
	unsigned n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && n++ < THREADS_MAX && (de = readdir(dir)))
		if (isdigit((unsigned char)de->d_name[0]) &&
		    thread_is_stuck(pid, de->d_name))
			return true;
	return false;
}

bool stuck_in_kernel(pid_t pid)
{
	char path[64], text[4096], *p = text, *end;

	if (process_is_stuck(pid))
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
		       (int)pid, (int)pid);
	if (!read_proc(path, text, sizeof(text)))
		return false;
	for (unsigned n = 0; n < CHILDREN_MAX; n++, p = end) {
		long child = strtol(p, &end, 10);

		if (end == p)
			break;
		if (process_is_stuck((pid_t)child))
			return true;
	}
	return false;
}
