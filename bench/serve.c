/*
 * serve.c - runs a command over a mounted image and says what the server took
 *
 * Usage: serve BUNDLE DIRECTORY COMMAND...
 *
 * The image server as the launcher starts it, pushes and all, without a sandbox
 * around it: so the command is the host's, and the server is our own child, whose
 * CPU time the kernel tells to the microsecond.  Mounts in a mount namespace of
 * its own (and a user namespace, unless root).  Behind the command's output comes a
 * line `server MICROSECONDS KIB FIRST`: CPU time, the largest size in memory, and
 * microseconds from before mount(2) to the answer to the first request.
 *
 * bench/module.mk links it again as serve-nodecode, with a reader that takes
 * blocks for decoded, and as serve-noverify, which hashes nothing: what is left is
 * the price of everything else.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/bundle.h"
#include "runtime/image.h"

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%s", text) < 0)
		die(path);
	(void)close(fd);
}

static void enter_namespaces(uid_t uid, gid_t gid)
{
	char map[64];

	if (unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWNS) < 0)
		die("unshare");
	if (uid) {
		write_file("/proc/self/setgroups", "deny");
		(void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
		write_file("/proc/self/uid_map", map);
		(void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
		write_file("/proc/self/gid_map", map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount");
}

static void mount_image(const char *dir, struct image_owner owner,
			struct image_server *s)
{
	char options[256];
	struct err err;
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fuse < 0)
		die("/dev/fuse");
	image_mount_options(options, sizeof(options), fuse, owner);
	if (mount("bench", dir, "fuse.holdall", MS_RDONLY | MS_NODEV, options) <
	    0)
		die(dir);
	if (image_server_serve(s->start_sock, fuse, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	(void)close(fuse);
	(void)close(s->start_sock);
	(void)close(s->child_sock);
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What is not there has to be asked for. */
static void first_request(const char *dir)
{
	char path[4096];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/no such name", dir);
	if (stat(path, &st) == 0 || errno != ENOENT)
		die(path);
}

static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		(void)execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	struct image_owner owner = { geteuid(), getegid() };
	struct image_server s = IMAGE_SERVER_INIT;
	struct bundle b = BUNDLE_INIT;
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct rusage used;
	double start, first;
	struct err err;
	int r, status;

	if (argc < 4) {
		fprintf(stderr, "usage: serve BUNDLE DIRECTORY COMMAND...\n");
		return 2;
	}
	if (bundle_open(argv[1], &b, &err) < 0 ||
	    image_server_prepare(&s, &err) < 0 ||
	    image_server_fork(&b, owner, -1, &s, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	enter_namespaces(owner.uid, owner.gid);
	/* By the time a launcher mounts, the server has prepared. */
	(void)nanosleep(&pause, NULL);
	start = now_us();
	mount_image(argv[2], owner, &s);
	first_request(argv[2]);
	first = now_us() - start;
	r = run(argv + 3);
	if (umount2(argv[2], MNT_DETACH) < 0)
		die("umount");
	if (wait4(s.pid, &status, 0, &used) < 0)
		die("wait");
	printf("server %lld %ld %.0f\n", (long long)
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec, used.ru_maxrss, first);
	return r ? r : status != 0;
}
