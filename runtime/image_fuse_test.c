/*
 * image_fuse_test.c - a real mount against the tree it was made from, and the
 * jail of its server
 *
 * Mounts as the launcher does: fork the server, user namespace (unless root),
 * mount namespace, open /dev/fuse, mount, hand the descriptor over.  Each test
 * runs in a child of Check, so its namespaces end with it.
 */
#include "runtime/image.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "runtime/child.h"
#include "runtime/image_fixture.h"

static struct fixture fx;
static struct image_server server;
static char point[96];			/* where it is mounted */
static int keep = -1;			/* for the server to hold */
static bool push;			/* as below a supervisor, with counts */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

static void enter_namespaces(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	ck_assert_int_eq(unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWNS), 0);
	if (uid) {
		write_file("/proc/self/setgroups", "deny");
		(void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
		write_file("/proc/self/uid_map", map);
		(void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
		write_file("/proc/self/gid_map", map);
	}
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void mount_image(void)
{
	struct image_owner owner = { geteuid(), getegid() };
	char options[128];
	int fuse, r;

	ck_assert_int_eq(image_server_prepare(&server, &fx.err), 0);
	server.no_push = !push;
	server.stats = push;
	r = image_server_fork(&fx.bundle, owner, keep, &server, &fx.err);
	ck_assert_msg(r == 0, "%s", fx.err.text);
	enter_namespaces();
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	ck_assert_msg(fuse >= 0, "/dev/fuse: %s", strerror(errno));
	image_mount_options(options, sizeof(options), fuse, owner);
	(void)snprintf(point, sizeof(point), "%s/mnt", fx.dir);
	ck_assert_int_eq(mkdir(point, 0755), 0);
	ck_assert_int_eq(mount("image", point, "fuse",
			       MS_RDONLY | MS_NOSUID | MS_NODEV, options), 0);
	ck_assert_int_eq(image_server_serve(server.start_sock, fuse, &fx.err),
			 0);
	(void)close(fuse);
	(void)close(server.start_sock);
	server.start_sock = -1;
}

/* Everything that the server has said. */
static void read_report(char *space, size_t size)
{
	ssize_t n = read(server.report, space, size - 1);

	space[n > 0 ? n : 0] = '\0';
}

static void setup(void)
{
	fixture_start(&fx);
	fixture_tree(&fx);
	server = IMAGE_SERVER_INIT;
}

static void unmount_image(void)
{
	int status;

	ck_assert_int_eq(umount2(point, 0), 0);
	ck_assert_int_eq(child_wait(server.pid, &status), 0);
	server.pid = -1;
	ck_assert_int_eq(status, 0);
}

static void teardown(void)
{
	(void)umount2(point, MNT_DETACH);
	if (server.pid > 0) {
		(void)kill(server.pid, SIGKILL);
		(void)child_wait(server.pid, NULL);
	}
	fixture_end(&fx);
}

/* Path, type, size, whole seconds, target; a directory's size is its own. */
static void list_tree(const char *top, const char *out)
{
	run_command("cd %s && find . -mindepth 1 -type d -printf '%%P %%y %%m "
		    "%%Ts\\n' -o -printf '%%P %%y %%s %%n %%Ts %%l\\n' | sort "
		    ">%s/%s", top, fx.dir, out);
}

START_TEST(mount_equals_tree)
{
	static const char *const options[] = {
		"-b 131072", "-b 4096", "-b 1048576", "-no-fragments",
	};
	char report[2048];

	fixture_squash(&fx, options[_i]);
	fixture_bundle(&fx);
	mount_image();
	/* diff says of a fifo only that it is one: left out. */
	run_command("diff -r --no-dereference -x fifo %s %s", fx.tree, point);
	list_tree(fx.tree, "a");
	list_tree(point, "b");
	run_command("cd %s && test -s a && cmp a b", fx.dir);
	read_report(report, sizeof(report));
	ck_assert_str_eq(report, "");
	unmount_image();
}
END_TEST

START_TEST(modes_and_owner)
{
	struct stat st;
	struct statfs fs;
	char path[200];

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	mount_image();
	(void)snprintf(path, sizeof(path), "%s/usr/bin/tool", point);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0755);	/* was 4755 */
	ck_assert_uint_eq(st.st_uid, geteuid());
	ck_assert_uint_eq(st.st_gid, getegid());
	(void)snprintf(path, sizeof(path), "%s/small", point);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 2);
	(void)snprintf(path, sizeof(path), "%s/no-such-file", point);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(statfs(point, &fs), 0);
	ck_assert_int_eq(fs.f_namelen, 255);
	ck_assert_int_eq(fs.f_bavail, 0);
	unmount_image();
}
END_TEST

/* Every name of a directory large enough for an index, and none between. */
START_TEST(large_directory_is_looked_up)
{
	char path[300];
	struct stat st;

	fixture_squash(&fx, _i ? "-b 4096" : "");
	fixture_bundle(&fx);
	mount_image();
	for (unsigned i = 1; i <= 1200; i++) {
		(void)snprintf(path, sizeof(path), "%s/many/a-rather-long-name-"
			       "in-a-large-directory-%05u-with-something-behind",
			       point, i);
		ck_assert_msg(stat(path, &st) == 0, "%s", path);
		path[strlen(path) - 1] = '!';
		ck_assert_int_eq(stat(path, &st), -1);
		ck_assert_int_eq(errno, ENOENT);
	}
	(void)snprintf(path, sizeof(path), "%s/many/0", point);
	ck_assert_int_eq(stat(path, &st), -1);
	(void)snprintf(path, sizeof(path), "%s/many/zzz", point);
	ck_assert_int_eq(stat(path, &st), -1);
	unmount_image();
}
END_TEST

/* Listing a large directory in pieces, from places given back by seekdir. */
START_TEST(listing_resumes)
{
	char path[200], before[256];
	struct dirent *de;
	unsigned n = 0;
	long place = 0;
	DIR *dir;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	mount_image();
	(void)snprintf(path, sizeof(path), "%s/many", point);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((de = readdir(dir))) {
		if (++n == 700)
			place = telldir(dir);
		if (n == 701)
			(void)snprintf(before, sizeof(before), "%s",
				       de->d_name);
	}
	ck_assert_uint_eq(n, 1202);
	seekdir(dir, place);
	de = readdir(dir);
	ck_assert_ptr_nonnull(de);
	ck_assert_str_eq(de->d_name, before);
	(void)closedir(dir);
	unmount_image();
}
END_TEST

/* Random reads and a mapping against the bytes that were written. */
START_TEST(reads_anywhere)
{
	size_t size = 131072 * 5 + 777;
	uint8_t *want = malloc(size), got[9000];
	char path[200];
	void *map;
	int fd;

	fixture_squash(&fx, "-b 131072");
	fixture_bundle(&fx);
	mount_image();
	fixture_fill(want, size, 5);
	(void)snprintf(path, sizeof(path), "%s/blocks", point);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < 300; i++) {
		size_t off = i * 7919u * 31u % size;
		size_t len = size - off < sizeof(got) ? size - off :
							sizeof(got);

		ck_assert_int_eq(fd_pread_all(fd, got, len, off), 0);
		ck_assert_int_eq(memcmp(got, want + off, len), 0);
	}
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(memcmp(map, want, size), 0);
	(void)munmap(map, size);
	(void)close(fd);
	free(want);
	unmount_image();
}
END_TEST

/* ---- the jail -------------------------------------------------------------- */

static void status_line(const char *key, char *space, size_t size)
{
	char path[64], line[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", server.pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	space[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(key);

		if (strncmp(line, key, n) || line[n] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		(void)snprintf(space, size, "%s", line + n + 2);
	}
	(void)fclose(f);
}

START_TEST(server_is_jailed)
{
	static const struct { const char *key, *value; } lines[] = {
#ifndef HOLDALL_SAN
		{ "Seccomp", "2" },
#endif
		{ "NoNewPrivs", "1" },
		{ "CapEff", "0000000000000000" },
		{ "CapPrm", "0000000000000000" },
		{ "CapInh", "0000000000000000" },
		{ "CapAmb", "0000000000000000" },
	};
	char value[256], path[300];
	struct stat st;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	mount_image();
	(void)snprintf(path, sizeof(path), "%s/small", point);
	ck_assert_int_eq(stat(path, &st), 0);	/* it serves, so it is locked */
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		status_line(lines[i].key, value, sizeof(value));
		ck_assert_msg(!strcmp(value, lines[i].value), "%s: %s",
			      lines[i].key, value);
	}
	ck_assert_int_eq(getsid(server.pid), server.pid);
	unmount_image();
}
END_TEST

/* Counts by what they are; only root may look at a process that is not
 * dumpable. */
START_TEST(server_has_only_its_descriptors)
{
	static const char *const known[] = { "/dev/null", "/bundle", "pipe:",
					     "/dev/fuse" };
	unsigned n[ARRAY_SIZE(known)] = { 0 }, other = 0;
	char path[300], target[300];
	struct dirent *de;
	struct stat st;
	DIR *dir;

	if (geteuid() != 0)
		return;
	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	mount_image();
	(void)snprintf(path, sizeof(path), "%s/small", point);
	ck_assert_int_eq(stat(path, &st), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", server.pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((de = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), de->d_name, target,
					 sizeof(target) - 1);
		unsigned i;

		if (len < 0)
			continue;
		target[len] = '\0';
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (strstr(target, known[i]))
				break;
		if (i < ARRAY_SIZE(known))
			n[i]++;
		else
			other++;
		/* 0-2 are never anything else. */
		if (atoi(de->d_name) <= 2)
			ck_assert_str_eq(target, "/dev/null");
	}
	(void)closedir(dir);
	ck_assert_uint_eq(n[0], 3);
	ck_assert_uint_eq(n[1], 1);
	ck_assert_uint_eq(n[2], 1);
	ck_assert_uint_eq(n[3], 1);
	ck_assert_uint_eq(other, 0);
	unmount_image();
}
END_TEST

/* The lock that it was given is held until the mount is gone. */
START_TEST(server_keeps_a_lock)
{
	char path[200];
	struct stat st;
	int other;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	(void)snprintf(path, sizeof(path), "%s/lock", fx.dir);
	keep = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	other = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(other, 0);
	ck_assert_int_eq(flock(keep, LOCK_EX | LOCK_NB), 0);
	mount_image();
	(void)close(keep);
	(void)snprintf(path, sizeof(path), "%s/small", point);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), -1);
	unmount_image();
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	(void)close(other);
}
END_TEST

/* Reads 4 KiB here and there, then all. */
static void read_places(const char *path, unsigned state)
{
	char buf[4096];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		_exit(1);
	for (unsigned i = 0; i < 200; i++) {
		state = state * 1664525u + 1013904223u;
		if (pread(fd, buf, sizeof(buf), (off_t)((state >> 8) %
			  (st.st_size / 4096)) * 4096) != sizeof(buf))
			_exit(1);
	}
	_exit(0);
}

/* What was pushed into the page cache is what stands in the file, for several
 * readers and for the end of the file too. */
START_TEST(pushed_bytes_are_right)
{
	static const char *const options[] = {
		"-b 131072", "-b 131072 -no-fragments", "-b 1048576", "-b 4096",
	};
	char path[128], report[2048];
	const char *pushed;
	int status;

	fixture_file(&fx, "pushed", (5u << 20) + 70001, 23);
	fixture_squash(&fx, options[_i]);
	fixture_bundle(&fx);
	push = true;
	mount_image();
	(void)snprintf(path, sizeof(path), "%s/pushed", point);
	for (unsigned i = 0; i < 4; i++)
		if (fork() == 0)
			read_places(path, i / 2);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	run_command("cmp %s/pushed %s", fx.tree, path);
	run_command("diff -r --no-dereference -x fifo %s %s", fx.tree, point);
	unmount_image();
	read_report(report, sizeof(report));
	pushed = strstr(report, "pushed: ");
	ck_assert_msg(pushed, "%s", report);
	/* Blocks of one page are asked for as a whole. */
	if (_i != 3)
		ck_assert_msg(strncmp(pushed, "pushed: 0 KiB", 13) != 0, "%s",
			      report);
}
END_TEST

/* After a pause the caches are gone, and everything is still there. */
START_TEST(serves_after_a_pause)
{
	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	mount_image();
	run_command("cat %s/blocks | cmp - %s/blocks", point, fx.tree);
	(void)sleep(2);
	ck_assert_int_eq(kill(server.pid, SIGSTOP), 0);
	ck_assert_int_eq(kill(server.pid, SIGCONT), 0);
	ck_assert_int_eq(kill(server.pid, SIGTERM), 0);
	run_command("cat %s/usr/bin/tool | cmp - %s/usr/bin/tool", point,
		    fx.tree);
	run_command("ls %s/many >/dev/null", point);
	unmount_image();
}
END_TEST

/* End of file on the start socket: it leaves, quietly. */
START_TEST(server_ends_without_mount)
{
	struct image_owner owner = { 0, 0 };
	char report[2048];
	int status;

	fixture_squash(&fx, "");
	fixture_bundle(&fx);
	ck_assert_int_eq(image_server_start(&fx.bundle, owner, -1, &server,
					    &fx.err), 0);
	(void)close(server.start_sock);
	ck_assert_int_eq(child_wait(server.pid, &status), 0);
	server.pid = -1;
	ck_assert_int_eq(status, 0);
	read_report(report, sizeof(report));
	ck_assert_str_eq(report, "");
}
END_TEST

/* A superblock that lies: a message and an end, never a crash. */
START_TEST(lying_superblock_is_told)
{
	struct image_owner owner = { 0, 0 };
	char report[2048];
	int fd, status;

	fixture_squash(&fx, "");
	fd = open(fx.image, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	/* block size 0, the division by zero of old readers */
	ck_assert_int_eq(fd_pwrite_all(fd, "\0\0\0", 4, 12), 0);
	(void)close(fd);
	fixture_bundle(&fx);
	ck_assert_int_eq(image_server_start(&fx.bundle, owner, -1, &server,
					    &fx.err), 0);
	ck_assert_int_eq(child_wait(server.pid, &status), 0);
	server.pid = -1;
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	read_report(report, sizeof(report));
	ck_assert_ptr_nonnull(strstr(report, "block size"));
	ck_assert_ptr_nonnull(strstr(report, fx.file));
}
END_TEST

/* A byte changed under the mount: EIO for its readers, one line, and the rest
 * stays readable. */
START_TEST(changed_byte_is_eio)
{
	char path[300], buf[4096], report[4096], byte;
	struct stat st;
	int fd;

	fixture_squash(&fx, "-noD -noF");
	fixture_bundle(&fx);
	mount_image();
	fd = open(fx.file, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	/* The middle of `blocks`, which lies near the image's start. */
	ck_assert_int_eq(fd_pread_all(fd, &byte, 1, 65536 + 400000), 0);
	byte ^= 1;
	ck_assert_int_eq(fd_pwrite_all(fd, &byte, 1, 65536 + 400000), 0);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/blocks", point);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	errno = 0;
	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	ck_assert_int_eq(errno, EIO);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/small", point);
	ck_assert_int_eq(stat(path, &st), 0);
	read_report(report, sizeof(report));
	ck_assert_ptr_nonnull(strstr(report, fx.file));
	ck_assert_ptr_nonnull(strstr(report, "block"));
	ck_assert_ptr_eq(strchr(report, '\n'), report + strlen(report) - 1);
	unmount_image();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_fuse");
	TCase *t = tcase_create("fuse");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, mount_equals_tree, 0, 4);
	tcase_add_test(t, modes_and_owner);
	tcase_add_loop_test(t, large_directory_is_looked_up, 0, 2);
	tcase_add_test(t, listing_resumes);
	tcase_add_test(t, reads_anywhere);
	tcase_add_test(t, server_is_jailed);
	tcase_add_test(t, server_has_only_its_descriptors);
	tcase_add_test(t, server_keeps_a_lock);
	tcase_add_test(t, serves_after_a_pause);
	tcase_add_loop_test(t, pushed_bytes_are_right, 0, 4);
	tcase_add_test(t, server_ends_without_mount);
	tcase_add_test(t, lying_superblock_is_told);
	tcase_add_test(t, changed_byte_is_eio);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
