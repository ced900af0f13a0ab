/*
 * debian_deb_jail_test.c - the reader of packages as an attacker owns it
 *
 * What it cannot do (each call works outside first), and what it can say: records
 * that no reader sends must end with one line, and leave nothing but our own names.
 */
#include "bundler/debian_deb_records.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "bundler/debian_deb.h"
#include "bundler/test_kit.h"
#include "runtime/child.h"
#include "runtime/fd.h"

static char dir[64];
static struct err err;

static void setup(void)
{
	kit_make(dir);
	err = (struct err){ 0 };
}

static void teardown(void)
{
	kit_remove(dir);
}

/* ---- what it cannot do ---- */

static void try_socket(void)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
}

static void try_exec(void)
{
	char *const none[] = { NULL };

	(void)execve("/nowhere", none, none);
}

static void try_kill(void)
{
	(void)kill(getppid(), 0);
}

static void try_executable_memory(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_remove(void)
{
	(void)unlinkat(AT_FDCWD, "/nowhere/at/all", 0);
}

static void try_ioctl(void)
{
	(void)syscall(SYS_ioctl, -1, 0, 0);
}

static void try_io_uring(void)
{
	(void)syscall(425 /* io_uring_setup */, 1, NULL);
}

static void (*const forbidden[])(void) = {
	try_socket, try_fork, try_exec, try_kill, try_executable_memory,
	try_remove, try_ioctl, try_io_uring,
};

static int run_child(void (*fn)(void), bool jailed)
{
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (jailed && deb_reader_lock_up(ends[0], ends[1], &err) < 0)
			_exit(99);
		fn();
		_exit(0);
	}
	ck_assert_int_eq(child_wait(pid, &status), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return status;
}

START_TEST(forbidden_kills)
{
	int status;

	ck_assert_int_eq(run_child(forbidden[_i], false), 0);
	status = run_child(forbidden[_i], true);
#ifdef HOLDALL_SAN	/* no filter there */
	ck_assert_int_eq(status, 0);
#else
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		      "case %d: status %x", _i, status);
#endif
}
END_TEST

/* The C library's converters look for files, so this one only fails. */
static void open_something(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	_exit(fd >= 0 ? 1 : errno == EACCES ? 0 : 2);
}

START_TEST(opening_is_refused)
{
	const int status = run_child(open_something, false);

	ck_assert_int_eq(WEXITSTATUS(status), 1);
#ifndef HOLDALL_SAN
	ck_assert_int_eq(run_child(open_something, true), 0);
#endif
}
END_TEST

/* ---- what it can say ---- */

struct said {
	char bytes[8192];
	size_t len;
};

static void say(struct said *s, struct deb_record rec, const char *path,
		const char *target)
{
	if (!rec.path_len)
		rec.path_len = (uint32_t)strlen(path);
	if (!rec.target_len)
		rec.target_len = (uint32_t)strlen(target);
	memcpy(s->bytes + s->len, &rec, sizeof(rec));
	s->len += sizeof(rec);
	memcpy(s->bytes + s->len, path, strlen(path));
	s->len += strlen(path);
	memcpy(s->bytes + s->len, target, strlen(target));
	s->len += strlen(target);
}

static void say_data(struct said *s, const char *text)
{
	const struct deb_record rec = { .kind = DEB_DATA,
					.size = strlen(text) };

	say(s, rec, "", "");
	memcpy(s->bytes + s->len, text, strlen(text));
	s->len += strlen(text);
}

static void say_file(struct said *s, const char *path, const char *text)
{
	say(s, (struct deb_record){ .kind = DEB_FILE, .mode = 0644,
				    .size = strlen(text) }, path, "");
	say_data(s, text);
	say(s, (struct deb_record){ .kind = DEB_FILE_END }, "", "");
}

/* As every package begins: its control file, then the data archive. */
static void begin(struct said *s)
{
	s->len = 0;
	say(s, (struct deb_record){ .kind = DEB_ARCHIVE }, "", "");
	say_file(s, "./control", "Package: x\n");
	say(s, (struct deb_record){ .kind = DEB_ARCHIVE, .mode = 1 }, "", "");
}

static int hear(const struct said *s)
{
	CLEANUP_FD int fd = memfd_create("said", MFD_CLOEXEC);
	CLEANUP_FD int dir_fd = kit_open_dir(dir);

	ck_assert_int_eq(fd_write_all(fd, s->bytes, s->len), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return deb_take(fd, "x.deb", dir_fd, NULL, &err);
}

static void ck_only_our_names(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		ck_assert_msg(!e->d_name[strspn(e->d_name, ".0123456789")] ||
			      !strncmp(e->d_name, "c-", 2) ||
			      !strcmp(e->d_name, "index"),
			      "a foreign name: %s", e->d_name);
	(void)closedir(d);
}

START_TEST(a_whole_package_is_taken)
{
	struct said s;

	begin(&s);
	say_file(&s, "./usr/x", "hello");
	say(&s, (struct deb_record){ .kind = DEB_END }, "", "");
	ck_assert_ok(hear(&s));
	ck_only_our_names();
	ck_assert_int_eq(kit_run("test \"$(cat %s/0)\" = hello", dir), 0);
	ck_assert_int_eq(kit_run("grep -q 'f 644 0 5 0 usr/x' %s/index", dir),
			 0);
}
END_TEST

static const struct lie {
	struct deb_record rec;
	const char *path, *target, *says;
} lies[] = {
	{ { .kind = DEB_DIR }, "../x", "", "not a clean name" },
	{ { .kind = DEB_DIR }, "/x", "", "absolute name" },
	{ { .kind = DEB_LINK }, "a/b", "../../x", "out of the tree" },
	{ { .kind = DEB_LINK }, "a", "", "without a target" },
	{ { .kind = DEB_HARD_LINK }, "a", "../../etc/passwd", "clean name" },
	{ { .kind = DEB_HARD_LINK }, "a", "b", "hard link to something" },
	{ { .kind = DEB_OTHER }, "dev", "", "device" },
	{ { .kind = DEB_FILE, .size = DEB_BYTES_MAX + 1 }, "f", "",
	  "32 GiB" },
	/* The next record, of another file, comes where data should. */
	{ { .kind = DEB_FILE, .size = 4 }, "f", "", "taken over" },
	{ { .kind = DEB_DATA, .size = 4 }, "", "", "taken over" },
	{ { .kind = DEB_FILE_END }, "", "", "taken over" },
	{ { .kind = 0 }, "", "", "taken over" },
	{ { .kind = 77 }, "", "", "taken over" },
	{ { .kind = DEB_DIR, .path_len = DEB_NAME_MAX + 1 }, "x", "",
	  "taken over" },
	{ { .kind = DEB_DIR, .path_len = UINT32_MAX }, "x", "",
	  "taken over" },
	{ { .kind = DEB_DIR, .target_len = UINT32_MAX }, "x", "",
	  "taken over" },
	/* Swallows the zero bytes of what follows. */
	{ { .kind = DEB_DIR, .path_len = 12 }, "x", "", "taken over" },
	{ { .kind = DEB_FAILED, .mode = EPERM }, "\033[2Jis bad", "",
	  "x.deb ?[2Jis bad" },
	{ { .kind = DEB_FAILED, .mode = UINT32_MAX }, "is bad", "", "is bad" },
};

START_TEST(a_lie_is_found)
{
	const struct lie *l = &lies[_i];
	struct said s;

	begin(&s);
	say(&s, l->rec, l->path, l->target);
	say_file(&s, "./usr/x", "hello");
	say(&s, (struct deb_record){ .kind = DEB_END }, "", "");
	ck_assert_int_lt(hear(&s), 0);
	ck_assert_msg(strstr(err.text, l->says), "case %d: %s", _i, err.text);
	ck_assert_int_gt(err.num, 0);
	ck_only_our_names();
}
END_TEST

START_TEST(a_file_longer_than_it_says)
{
	struct said s;

	begin(&s);
	say(&s, (struct deb_record){ .kind = DEB_FILE, .size = 4 }, "f", "");
	say_data(&s, "abc");
	say_data(&s, "de");
	ck_assert_int_eq(hear(&s), -EPERM);
	ck_assert_msg(strstr(err.text, "longer than it says"), "%s", err.text);
}
END_TEST

START_TEST(a_file_shorter_than_it_says)
{
	struct said s;

	begin(&s);
	say(&s, (struct deb_record){ .kind = DEB_FILE, .size = 4 }, "f", "");
	say_data(&s, "abc");
	say(&s, (struct deb_record){ .kind = DEB_FILE_END }, "", "");
	ck_assert_int_eq(hear(&s), -EPERM);
	ck_assert_msg(strstr(err.text, "cut short"), "%s", err.text);
}
END_TEST

/* Cut anywhere, a package is not whole, and there is no index that says so. */
START_TEST(an_early_end)
{
	struct said s;
	size_t whole;

	begin(&s);
	say_file(&s, "./usr/x", "hello");
	say(&s, (struct deb_record){ .kind = DEB_END }, "", "");
	whole = s.len;
	for (s.len = 0; s.len < whole; s.len++) {
		ck_assert_int_eq(hear(&s), -ENODATA);
		ck_assert_int_eq(kit_run("cd %s && ! test -e index && rm -f "
					 "0 c-control", dir), 0);
		s.len += s.len % 7;
	}
}
END_TEST

START_TEST(no_control_file)
{
	struct said s = { .len = 0 };

	say(&s, (struct deb_record){ .kind = DEB_ARCHIVE, .mode = 1 }, "", "");
	say(&s, (struct deb_record){ .kind = DEB_END }, "", "");
	ck_assert_int_eq(hear(&s), -EBADMSG);
	ck_assert_msg(strstr(err.text, "no control file"), "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("debian_deb_jail");
	TCase *t = tcase_create("jail");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, forbidden_kills, 0, (int)ARRAY_SIZE(forbidden));
	tcase_add_test(t, opening_is_refused);
	tcase_add_test(t, a_whole_package_is_taken);
	tcase_add_loop_test(t, a_lie_is_found, 0, (int)ARRAY_SIZE(lies));
	tcase_add_test(t, a_file_longer_than_it_says);
	tcase_add_test(t, a_file_shorter_than_it_says);
	tcase_add_test(t, an_early_end);
	tcase_add_test(t, no_control_file);
	suite_add_tcase(s, t);
	return kit_main(s);
}
