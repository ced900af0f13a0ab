/*
 * landlock_test.c - each hole that landlock.h names is open without it and
 * closed with it, and everything else works as before
 *
 * Every test runs in a process of its own that builds a small sandbox: user and
 * mount namespace, a fresh tmpfs as root with a bound host folder as /home, an
 * overlay and /proc, entered by pivot_root.  The descriptors of "outside" are
 * opened before.  Needs user namespaces and Landlock; says so and skips (77)
 * when one is missing.
 */
#include "launcher/landlock.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

/* A host folder, made and removed by main, since a confined test cannot. */
static char scratch[PATH_MAX];
static const char *const files[] = { "ro", "wo", "rw", "other" };

struct outside {
	int ro, wo, rw;		/* host files */
	int dir_fd;		/* the host folder */
	int pipe[2];
	int pty[2];
};

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int open_host(const char *name, int flags)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	put(path, "host\n");
	fd = open(path, flags | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void make_outside(struct outside *o)
{
	o->ro = open_host("ro", O_RDONLY);
	o->wo = open_host("wo", O_WRONLY);
	o->rw = open_host("rw", O_RDWR);
	close(open_host("other", O_RDONLY));
	o->dir_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(o->dir_fd, 0);
	ck_assert_int_eq(pipe2(o->pipe, O_CLOEXEC), 0);
	ck_assert_int_eq(openpty(&o->pty[0], &o->pty[1], NULL, NULL, NULL), 0);
}

static int write_file(const char *path, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

static int map_id(const char *file, unsigned id)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %u 1", id, id);
	return write_file(file, text);
}

/* Also called outside of tests, so without assertions. */
static int new_namespaces(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	int r;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	r = write_file("/proc/self/setgroups", "deny");
	if (r == 0)
		r = map_id("/proc/self/uid_map", uid);
	return r ? r : map_id("/proc/self/gid_map", gid);
}

static void enter_sandbox(void)
{
	static const char *const dirs[] = {
		"home", "proc", "late", "layers", "layers/lower",
		"layers/upper", "layers/work", "overlay",
	};

	/* The working folder moves into the new namespace, descriptors do not. */
	ck_assert_int_eq(chdir(scratch), 0);
	ck_assert_int_eq(new_namespaces(), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL), 0);
	ck_assert_int_eq(mount("t", "/tmp", "tmpfs", 0, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/tmp/%s", dirs[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	ck_assert_int_eq(mount("home", "/tmp/home", NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount("/proc", "/tmp/proc", NULL, MS_BIND | MS_REC,
			       NULL), 0);
	put("/tmp/layers/lower/below", "below");
	ck_assert_int_eq(chdir("/tmp/layers"), 0);
	ck_assert_int_eq(mount("o", "/tmp/overlay", "overlay", 0, "userxattr,"
			       "lowerdir=lower,upperdir=upper,workdir=work"),
			 0);
	ck_assert_int_eq(chdir("/tmp"), 0);
	ck_assert_int_eq(syscall(SYS_pivot_root, ".", "."), 0);
	ck_assert_int_eq(umount2(".", MNT_DETACH), 0);
	ck_assert_int_eq(chdir("/"), 0);
}

static int confine(const struct outside *o)
{
	const int fds[] = { o->ro, o->wo, o->rw, o->dir_fd, o->pipe[0],
			    o->pipe[1], o->pty[1] };
	struct err err = { 0 };
	int r;

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	r = landlock_confine(fds, ARRAY_SIZE(fds), &err);
	ck_assert_msg(r > 0, "%s", err.text);
	ck_assert_int_eq((unsigned)r, landlock_ability());
	return r;
}

/* Opens a descriptor again by its name in /proc; 0 or negative errno. */
static int reopen(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (again < 0)
		return -errno;
	close(again);
	return 0;
}

START_TEST(descriptors_keep_their_access)
{
	struct outside o;
	int in_force;

	make_outside(&o);
	enter_sandbox();
	/* The attack works without. */
	ck_assert_int_eq(reopen(o.ro, O_RDWR), 0);
	ck_assert_int_eq(reopen(o.wo, O_RDONLY), 0);
	ck_assert_int_ge(openat(o.dir_fd, "other", O_RDONLY | O_CLOEXEC),
			 0);
	in_force = confine(&o);

	ck_assert_int_eq(reopen(o.ro, O_RDONLY), 0);
	ck_assert_int_eq(reopen(o.ro, O_RDWR), -EACCES);
	ck_assert_int_eq(reopen(o.ro, O_WRONLY), -EACCES);
	ck_assert_int_eq(reopen(o.wo, O_WRONLY), 0);
	ck_assert_int_eq(reopen(o.wo, O_WRONLY | O_CREAT | O_TRUNC), 0);
	ck_assert_int_eq(reopen(o.wo, O_RDONLY), -EACCES);
	ck_assert_int_eq(reopen(o.rw, O_RDWR), 0);
	if (in_force & LANDLOCK_TRUNCATE) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", o.ro);
		ck_assert_int_eq(truncate(path, 0), -1);
		ck_assert_int_eq(errno, EACCES);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(reopen(o.pipe[i], i ? O_WRONLY : O_RDONLY), 0);
	ck_assert_int_eq(reopen(o.pty[1], O_RDWR), 0);
}
END_TEST

START_TEST(directory_descriptor_is_dead)
{
	struct outside o;

	make_outside(&o);
	enter_sandbox();
	confine(&o);
	ck_assert_int_eq(openat(o.dir_fd, "other", O_RDONLY | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(reopen(o.dir_fd, O_RDONLY), -EACCES);
	ck_assert_int_eq(mkdirat(o.dir_fd, "new", 0755), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(unlinkat(o.dir_fd, "other", 0), -1);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

/* What programs do with files, in a mount of each kind. */
static void use_files(const char *dir)
{
	char name[64];
	int fd;

	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(mkdir("a", 0755), 0);
	ck_assert_int_eq(mkdir("b", 0755), 0);
	put("a/file", "text");
	ck_assert_int_eq(rename("a/file", "b/file"), 0);
	ck_assert_int_eq(link("b/file", "a/link"), 0);
	ck_assert_int_eq(symlink("link", "a/sym"), 0);
	ck_assert_int_eq(truncate("a/sym", 1), 0);
	ck_assert_int_eq(mkfifo("a/fifo", 0600), 0);
	ck_assert_int_eq(rename("a", "b/a"), 0);
	fd = open("b", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (fd >= 0) {		/* overlay has it from Linux 6.3 only */
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		ck_assert_int_eq(reopen(fd, O_RDWR), 0);
		ck_assert_int_eq(linkat(AT_FDCWD, name, AT_FDCWD, "linked",
					AT_SYMLINK_FOLLOW), 0);
		ck_assert_int_eq(unlink("linked"), 0);
		close(fd);
	}
	ck_assert_int_eq(unlink("b/a/fifo"), 0);
	ck_assert_int_eq(unlink("b/a/sym"), 0);
	ck_assert_int_eq(unlink("b/a/link"), 0);
	ck_assert_int_eq(rmdir("b/a"), 0);
	ck_assert_int_eq(unlink("b/file"), 0);
	ck_assert_int_eq(rmdir("b"), 0);
	ck_assert_int_eq(chdir("/"), 0);
}

START_TEST(everything_inside_works)
{
	struct outside o;

	make_outside(&o);
	enter_sandbox();
	confine(&o);
	use_files("/home");
	use_files("/late");
	use_files("/overlay");
	put("/overlay/below", "copied up");
	ck_assert_int_eq(rename("/overlay/below", "/overlay/above"), 0);
}
END_TEST

START_TEST(mounts_attached_later_work)
{
	struct outside o;
	int status, go[2], done[2];
	char c = 0;

	make_outside(&o);
	enter_sandbox();
	ck_assert_int_eq(pipe(go) | pipe(done), 0);
	/* Unconfined, in the same mount namespace: as the helper will be. */
	if (!fork()) {
		if (read(go[0], &c, 1) != 1 ||
		    mount("t", "/late", "tmpfs", 0, NULL) < 0 ||
		    write(done[1], "x", 1) != 1)
			_exit(1);
		_exit(0);
	}
	confine(&o);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	ck_assert_int_eq(read(done[0], &c, 1), 1);
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	use_files("/late");
}
END_TEST

START_TEST(signals_end_at_the_border)
{
	struct outside o;
	int status;
	pid_t bystander;

	make_outside(&o);
	enter_sandbox();
	if (!(landlock_ability() & LANDLOCK_SIGNALS))
		return;
	ck_assert_int_eq(setpgid(0, 0), 0);
	bystander = fork();
	if (!bystander) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ck_assert_int_eq(kill(bystander, 0), 0);
	confine(&o);
	ck_assert_uint_ne(landlock_relax(), 0);
	ck_assert_int_eq(kill(bystander, SIGKILL), -1);
	ck_assert_int_eq(errno, EPERM);
	(void)signal(SIGTERM, SIG_IGN);
	ck_assert_int_eq(kill(0, SIGTERM), 0);	/* reaches itself alone */
	ck_assert_int_eq(waitpid(bystander, &status, WNOHANG), 0);
}
END_TEST

static int connect_abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1,
			 "holdall-landlock-test-%d", (int)getppid());
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1
				    + (size_t)n);
	int r;

	ck_assert_int_ge(s, 0);
	r = connect(s, (struct sockaddr *)&a, len) ? -errno : 0;
	if (r == -ECONNREFUSED) {	/* nobody there yet: become the server */
		close(s);
		s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(bind(s, (struct sockaddr *)&a, len), 0);
		ck_assert_int_eq(listen(s, 8), 0);
		return r;
	}
	close(s);
	return r;
}

START_TEST(abstract_sockets_end_at_the_border)
{
	struct outside o;

	make_outside(&o);
	enter_sandbox();
	if (!(landlock_ability() & LANDLOCK_SOCKETS))
		return;
	ck_assert_int_eq(connect_abstract(), -ECONNREFUSED);
	ck_assert_int_eq(connect_abstract(), 0);
	confine(&o);
	ck_assert_int_eq(connect_abstract(), -EPERM);
}
END_TEST

/* 0, or a negative errno with what is missing. */
static int try_namespaces(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(new_namespaces() ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status;
}

static int make_scratch(void)
{
	char path[PATH_MAX + 64];
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch, sizeof(scratch), "%s/landlock.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch))
		return -errno;
	snprintf(path, sizeof(path), "%s/home", scratch);
	return mkdir(path, 0755) ? -errno : 0;
}

static void remove_scratch(void)
{
	int dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlinkat(dir, files[i], 0);
	(void)unlinkat(dir, "home", AT_REMOVEDIR);
	(void)rmdir(scratch);
	close(dir);
}

/* The reason why nothing can be tried here, or NULL. */
static const char *skip_reason(void)
{
	if (!(landlock_ability() & LANDLOCK_FILES))
		return "the kernel has no Landlock";
	if (try_namespaces())
		return "no user namespaces for us here";
	return NULL;
}

int main(void)
{
	Suite *s = suite_create("landlock");
	TCase *t = tcase_create("confined");
	const char *reason = skip_reason();
	SRunner *r;
	int failed;

	if (reason) {
		printf("landlock_test: skipped: %s\n", reason);
		return 77;
	}
	if (make_scratch() < 0) {
		perror("landlock_test: cannot make a folder");
		return 1;
	}
	tcase_add_test(t, descriptors_keep_their_access);
	tcase_add_test(t, directory_descriptor_is_dead);
	tcase_add_test(t, everything_inside_works);
	tcase_add_test(t, mounts_attached_later_work);
	tcase_add_test(t, signals_end_at_the_border);
	tcase_add_test(t, abstract_sockets_end_at_the_border);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	remove_scratch();
	return failed ? 1 : 0;
}
