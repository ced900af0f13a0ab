/*
 * tool_test.c - what a tool and the tree it runs over must not reach
 *
 * Each attack is a line of shell, run twice: as it is, where it must succeed (else
 * it proves nothing), and in the sandbox, where it must fail.  The tree is dash
 * and busybox.  As root and as an ordinary user the same.
 */
#include "launcher/tool.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static int tree_fd;
static struct err err;
static struct tool_result result;

/* Runs a shell command; its exit status. */
PRINTF_LIKE(1, 2) static int shell(const char *fmt, ...)
{
	char *cmd = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	ck_assert_int_ge(vasprintf(&cmd, fmt, ap), 0);
	va_end(ap);
	r = system(cmd);
	free(cmd);
	ck_assert_int_ne(r, -1);
	return WIFEXITED(r) ? WEXITSTATUS(r) : 128 + WTERMSIG(r);
}

static int open_dir(const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

#define ck_assert_ok(call) do { \
	int r_ = (call); \
	ck_assert_msg(r_ == 0, "%s: %d: %s", #call, r_, err.text); \
} while (0)

static void make_tree(void)
{
	ck_assert_int_eq(shell("set -e; cd %s; mkdir -p tree/usr/bin "
		"tree/etc out; ln -s usr/bin tree/bin; "
		"cp \"$(command -v busybox)\" tree/usr/bin/; "
		"cp /bin/dash tree/usr/bin/sh; for l in $(ldd /bin/dash | "
		"grep -o '/[^ ]*'); do mkdir -p tree${l%%/*}; "
		"cp $l tree$l; done; echo old >tree/etc/conf; "
		"echo kept >keep; ln keep tree/etc/linked; "
		"echo secret >secret", dir), 0);
}

static void setup(void)
{
	(void)strcpy(dir, "/tmp/holdall-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	make_tree();
	tree_fd = open_dir("tree");
	result = TOOL_RESULT_INIT;
}

static void teardown(void)
{
	tool_result_free(&result);
	(void)close(tree_fd);
	ck_assert_int_eq(shell("rm -rf %s", dir), 0);
}

/* `script` with its words in the environment: DIR is the test's folder. */
static struct tool_run run_of(const char *script)
{
	static const char *argv[4] = { "/bin/sh", "-c" };
	static const char *const envp[] = { "PATH=/usr/bin", NULL };

	argv[2] = script;
	return (struct tool_run){
		.lower_fds = &tree_fd, .n_lowers = 1, .argv = argv,
		.envp = envp, .name = "attack", .seconds = 30,
	};
}

static int inside_status(const char *script)
{
	struct tool_run run = run_of(script);

	tool_result_free(&result);
	ck_assert_ok(tool_run(&run, &result, &err));
	return result.status;
}

static int outside_status(const char *script)
{
	return shell("cd %s/out && %s", dir, script);
}

/* The claim of every attack. */
PRINTF_LIKE(1, 2) static void refused(const char *fmt, ...)
{
	char script[1024];
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_lt(vsnprintf(script, sizeof(script), fmt, ap),
			 sizeof(script));
	va_end(ap);
	ck_assert_msg(outside_status(script) == 0, "%s: fails anyway", script);
	ck_assert_msg(inside_status(script) != 0, "%s: works inside: %s",
		      script, result.out);
}

static bool upper_has(const char *rel, mode_t type)
{
	struct stat st;

	return fstatat(result.upper_fd, rel, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IFMT) == type;
}

/* ---- what it can do ---- */

START_TEST(works)
{
	ck_assert_int_eq(inside_status("echo out; echo err >&2; echo new "
		">/etc/new; echo x >>/etc/conf; busybox rm /etc/linked; "
		"echo t >/tmp/t; cat=$(busybox cat /etc/conf); "
		"[ \"$(busybox id -u)\" = 0 ] && [ \"$cat\" = 'old\nx' ] && "
		"[ -c /dev/null ] && exit 3"), 3 << 8);
	ck_assert_str_eq(result.out, "out\n");
	ck_assert_str_eq(result.errors, "err\n");
	ck_assert(upper_has("etc/new", S_IFREG));
	ck_assert(upper_has("etc/conf", S_IFREG));
	ck_assert(upper_has("etc/linked", S_IFCHR));
	/* The mount points are not in what it wrote, nor what lies in /tmp. */
	ck_assert_int_eq(shell("test \"$(ls -A /proc/%d/fd/%d)\" = etc",
				 getpid(), result.upper_fd), 0);
	ck_assert_int_eq(outside_status("[ \"$(cat ../tree/etc/conf)\" = old "
					"]"), 0);
}
END_TEST

START_TEST(several_trees_and_binds)
{
	struct tool_run run = run_of("busybox cat /etc/conf /stub/s/b; "
				     "echo x >/stub/s/b");
	struct tool_bind bind = { .target = "/stub/s" };
	int fds[2];

	ck_assert_int_eq(shell("cd %s; mkdir -p top/etc stub; echo top "
				 ">top/etc/conf; echo b >stub/b", dir), 0);
	fds[0] = open_dir("top");
	fds[1] = tree_fd;
	bind.fd = open_dir("stub");
	run.lower_fds = fds;
	run.n_lowers = 2;
	run.binds = &bind;
	run.n_binds = 1;
	ck_assert_ok(tool_run(&run, &result, &err));
	ck_assert_str_eq(result.out, "top\nb\n");
	ck_assert_int_ne(result.status, 0);
	(void)close(fds[0]);
	(void)close(bind.fd);
}
END_TEST

START_TEST(messages)
{
	static const char *const missing[] = { "/usr/bin/none", NULL };
	struct tool_run run = run_of("echo first >&2; echo the last >&2; "
				     "exit 4");

	ck_assert_int_eq(tool_run_ok(&run, &result, &err), -EIO);
	ck_assert_str_eq(err.text, "attack failed with status 4: the last");
	run = run_of("kill -SEGV $$");
	ck_assert_int_eq(tool_run_ok(&run, &result, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "ended by signal 11"));
	run.argv = missing;
	ck_assert_int_eq(tool_run(&run, &result, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "/usr/bin/none is not in the "
				     "tree"));
	ck_assert_int_eq(result.upper_fd, -1);
}
END_TEST

/* ---- out of the sandbox ---- */

START_TEST(network)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	pid_t server;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(s, 8), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &len), 0);
	server = fork();
	while (server == 0)
		(void)close(accept(s, NULL, NULL));
	refused("busybox nc -w 3 127.0.0.1 %d", ntohs(a.sin_port));
	refused("test $(busybox ip -o link | busybox wc -l) -gt 1");
	(void)close(s);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
}
END_TEST

START_TEST(host_files)
{
	refused("busybox cat %s/secret", dir);
	refused("echo x >%s/out/written", dir);
	refused("busybox ls %s", dir);
	/* By a way round: a link of the tree, "..", a process's root. */
	ck_assert_int_eq(symlinkat(dir, tree_fd, "leads"), 0);
	ck_assert_int_ne(inside_status("busybox cat /leads/secret"), 0);
	ck_assert_int_ne(inside_status("busybox cat /../../../leads/secret"),
			 0);
	ck_assert_int_ne(inside_status("for r in /proc/*/root /proc/*/cwd; do "
		"busybox cat $r/leads/secret && exit 0; done; exit 1"), 0);
}
END_TEST

START_TEST(other_processes)
{
	char script[256];

	ck_assert_int_eq(setenv("ATTACK_MARK", "zu-sehen", 1), 0);
	refused("busybox grep -sq ATTACK_MARK=zu-sehen /proc/[0-9]*/environ");
	refused("test -d /proc/%d", getpid());
	refused("busybox kill -0 %d", getpid());
	/* Pid 1 is a copy of this process. */
	ck_assert_int_ne(inside_status("busybox cat /proc/1/environ"), 0);
	ck_assert_int_ne(inside_status("busybox dd if=/proc/1/mem bs=1 "
				       "count=1"), 0);
	(void)snprintf(script, sizeof(script), "! busybox grep -q %s "
		       "/proc/1/cmdline", "tool_test");
	ck_assert_int_eq(inside_status(script), 0);
}
END_TEST

START_TEST(signals)
{
	/* Everybody it can reach: not us, who have the same user, and not its
	 * pid 1, which ignores it. */
	ck_assert_int_eq(inside_status("kill -9 0"), SIGKILL);
	ck_assert_int_eq(inside_status("kill -9 1; kill -TERM 1; exit 7"),
			 7 << 8);
	ck_assert_int_eq(inside_status("kill -9 -1; exit 7"), 7 << 8);
}
END_TEST

START_TEST(kernel_switches)
{
	static const char *const files[] = {
		"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
		"/proc/sys/kernel/pid_max", "/proc/self/oom_score_adj",
		"/sys/power/state",
	};

	/* As root the first would change the host: only opened, as append. */
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char script[128];

		(void)snprintf(script, sizeof(script), ": >>%s", files[i]);
		ck_assert_msg(inside_status(script) != 0, "%s", script);
	}
	ck_assert_int_eq(outside_status(": >>/proc/self/oom_score_adj"), 0);
}
END_TEST

START_TEST(no_rights)
{
	refused("busybox chmod 4755 x 2>/dev/null || busybox touch x && "
		"busybox chmod 4755 x");
	ck_assert_int_ne(inside_status("busybox unshare -U busybox true"), 0);
	ck_assert_int_ne(inside_status("busybox mount -t tmpfs x /tmp"), 0);
	ck_assert_int_ne(inside_status("busybox mknod /x b 8 0"), 0);
	ck_assert_int_ne(inside_status("busybox chroot / busybox true"), 0);
	ck_assert_int_ne(inside_status("busybox hostname x"), 0);
	ck_assert_int_eq(inside_status(
		"s=/proc/self/status; busybox grep -q '^CapEff:.0*$' $s && "
		"busybox grep -q '^CapBnd:.0*$' $s && busybox grep -q "
		"'^CapPrm:.0*$' $s && busybox grep -q '^NoNewPrivs:.1' $s && "
		"busybox grep -q '^Seccomp:.2' $s"), 0);
}
END_TEST

START_TEST(descriptors)
{
	char path[96];
	int leak, r;

	(void)snprintf(path, sizeof(path), "%s/secret", dir);
	leak = open(path, O_RDWR);
	ck_assert_int_ge(leak, 0);
	ck_assert_int_eq(dup2(leak, 9), 9);
	refused("busybox cat <&9");
	/* 3 is the folder that ls reads. */
	ck_assert_int_eq(inside_status("busybox ls /proc/self/fd"), 0);
	ck_assert_str_eq(result.out, "0\n1\n2\n3\n");
	r = inside_status("busybox readlink /proc/self/fd/0; : </dev/tty");
	ck_assert_str_eq(result.out, "/dev/null\n");
	ck_assert_int_ne(r, 0);
	(void)close(leak);
	(void)close(9);
}
END_TEST

START_TEST(hard_links_of_the_tree)
{
	/* The lower's file is also the test's own: as in the package cache. */
	ck_assert_int_eq(outside_status("echo more >>../tree/etc/linked && "
		"grep -q more ../keep"), 0);
	ck_assert_int_eq(inside_status("echo evil >>/etc/linked; "
		"busybox ln /etc/linked /etc/two; echo evil >>/etc/two; "
		"busybox chmod 777 /etc/linked; busybox touch -d 2001-01-01 "
		"/etc/linked; busybox grep -q evil /etc/linked"), 0);
	ck_assert_int_eq(outside_status("! grep -q evil ../keep && "
		"test $(stat -c %h ../keep) = 2 && "
		"test $(stat -c %a ../keep) != 777 && "
		"test $(stat -c %Y ../keep) -gt 1100000000"), 0);
	/* A descriptor of the lower's file cannot be opened for writing. */
	ck_assert_int_eq(inside_status("exec 5</etc/linked; "
		"echo evil >>/proc/self/fd/5; exit 0"), 0);
	ck_assert_int_eq(outside_status("! grep -q evil ../keep"), 0);
}
END_TEST

/* Mount points that the tree has made into something else. */
START_TEST(trees_in_the_way)
{
	static const char *const places[] = { "dev", "proc", "tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct tool_run run = run_of("exit 0");

		ck_assert_int_eq(symlinkat(dir, tree_fd, places[i]), 0);
		ck_assert_int_lt(tool_run(&run, &result, &err), 0);
		ck_assert_ptr_nonnull(strstr(err.text, places[i]));
		ck_assert_int_eq(unlinkat(tree_fd, places[i], 0), 0);
	}
	ck_assert_int_eq(outside_status("test \"$(ls ..)\" = 'keep\nout\n"
					"secret\ntree'"), 0);
}
END_TEST

/* ---- too much of everything ---- */

START_TEST(disk)
{
	struct tool_run run = run_of("busybox dd if=/dev/zero of=/big bs=1M "
				     "count=12 && busybox dd if=/dev/zero "
				     "of=/tmp/big bs=1M count=12");

	ck_assert_int_eq(outside_status("busybox dd if=/dev/zero of=big bs=1M "
					"count=24 2>/dev/null && rm big"), 0);
	run.upper_bytes = 16 << 20;
	ck_assert_ok(tool_run(&run, &result, &err));
	ck_assert_int_ne(result.status, 0);
	tool_result_free(&result);
	/* Files without bytes cost memory too. */
	run = run_of("i=0; while [ $i -lt 40000 ]; do : >/tmp/$i || exit 5; "
		     "i=$((i+1)); done");
	run.upper_bytes = 1 << 20;
	ck_assert_ok(tool_run(&run, &result, &err));
	ck_assert_int_ne(result.status, 0);
}
END_TEST

START_TEST(memory)
{
	struct tool_run run = run_of("busybox dd if=/dev/zero of=/dev/null "
				     "bs=600M count=1");

	ck_assert_int_eq(outside_status(run.argv[2]), 0);
	run.memory_bytes = 512 << 20;
	ck_assert_ok(tool_run(&run, &result, &err));
	ck_assert_int_ne(result.status, 0);
}
END_TEST

/* Where memory is short for all, the kernel takes the tool. */
START_TEST(memory_of_all)
{
	ck_assert_int_eq(inside_status("cd /proc/self && read n <oom_score_adj "
				       "&& echo $n"), 0);
	ck_assert_str_eq(result.out, "1000\n");
}
END_TEST

START_TEST(output)
{
	struct tool_run run = run_of("busybox yes abcdefg | busybox head -c "
				     "20000000; echo end >&2");

	run.output_max = 1000;
	ck_assert_ok(tool_run_ok(&run, &result, &err));
	ck_assert_uint_eq(result.out_len, 1000);
	ck_assert_uint_eq(strlen(result.out), 1000);
	ck_assert_str_eq(result.errors, "end\n");
}
END_TEST

START_TEST(fork_bomb)
{
	static const char many[] =
		"i=0; p=; while [ $i -lt 200 ]; do busybox sleep 300 & "
		"p=\"$p $!\" i=$((i+1)); done; kill $p";
	struct tool_run run = run_of(many);
	int r;

	ck_assert_int_eq(shell("%s", many), 0);
	run.processes = 64;
	r = tool_run(&run, &result, &err);
	ck_assert(r == -EAGAIN || (r == 0 && result.status != 0));
	tool_result_free(&result);
	run = run_of("f() { f | f & f; }; f");
	run.processes = 64;
	run.seconds = 5;
	ck_assert(tool_run(&run, &result, &err) < 0 || result.status != 0);
}
END_TEST

START_TEST(endless)
{
	struct tool_run run = run_of("while :; do busybox sleep 1; done");

	run.seconds = 1;
	ck_assert_int_eq(tool_run(&run, &result, &err), -ETIMEDOUT);
	ck_assert_str_eq(err.text, "attack: still running after 1 seconds; it "
			 "was ended");
	run = run_of("trap '' TERM INT HUP; kill -STOP $$");
	run.seconds = 1;
	ck_assert_int_eq(tool_run(&run, &result, &err), -ETIMEDOUT);
}
END_TEST

static bool always(void *arg UNUSED)
{
	return true;
}

START_TEST(stopped)
{
	struct tool_run run = run_of("busybox sleep 1000");

	run.stop = always;
	ck_assert_int_eq(tool_run(&run, &result, &err), -EINTR);
}
END_TEST

/* In the environment of every shell here; see suite(). */
#define FREEZER "$FREEZER"

static bool freeze_children(void *arg)
{
	int *frozen = arg;

	/* Not the shell itself.  What is in the sandbox is born in the
	 * cgroup of its parent, or is not born at all: frozen either way. */
	*frozen = shell("for p in $(cat /proc/%d/task/%d/children); do "
			"[ $p = $$ ] || echo $p >" FREEZER "/cgroup.procs; "
			"done; echo FROZEN >"
			FREEZER "/freezer.state; until grep -q FROZEN "
			FREEZER "/freezer.state; do :; done", getpid(),
			getpid()) == 0;
	return true;
}

/* What is frozen does not end by SIGKILL; we do not wait for it.  (In the cgroups
 * of version 2 it ends: then `stopped` is all there is to test.) */
START_TEST(stopped_while_frozen)
{
	struct tool_run run = run_of("busybox sleep 1000");
	int frozen = 0;

	ck_assert_int_eq(shell("mkdir " FREEZER), 0);
	run.stop = freeze_children;
	run.stop_arg = &frozen;
	ck_assert_int_eq(tool_run(&run, &result, &err), -EINTR);
	ck_assert_int_eq(frozen, 1);
	/* It was really stuck, and goes as soon as it can. */
	ck_assert_int_eq(shell("grep -q . " FREEZER "/cgroup.procs && "
			       "echo THAWED >" FREEZER "/freezer.state"), 0);
	ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
	ck_assert_int_eq(shell("until rmdir " FREEZER " 2>/dev/null; do "
			       "sleep 0.1; done"), 0);
}
END_TEST

/* ---- what stays behind ---- */

/* Ends when no process with `mark` in its command line is left. */
static bool all_gone(const char *mark)
{
	for (int i = 0; i < 2400; i++) {
		if (shell("! grep -sqa %s /proc/[0-9]*/cmdline", mark) == 0)
			return true;
		(void)poll(NULL, 0, 50);
	}
	return false;
}

/* A number of seconds that nobody else on this machine sleeps, and a pattern for it
 * that does not find itself. */
static void make_mark(char seconds[32], char pattern[32])
{
	(void)snprintf(seconds, 32, "1000.0%d", getpid());
	(void)snprintf(pattern, 32, "1000[.]0%d", getpid());
}

START_TEST(daemons)
{
	char seconds[32], pattern[32], script[128];

	make_mark(seconds, pattern);
	(void)snprintf(script, sizeof(script), "busybox setsid busybox sleep "
		       "%s >/dev/null 2>&1 & exit 0", seconds);
	ck_assert_int_eq(inside_status(script), 0);
	ck_assert(all_gone(pattern));
}
END_TEST

START_TEST(killed_packer)
{
	char seconds[32], pattern[32], script[128];
	struct tool_run run;
	pid_t pid;

	make_mark(seconds, pattern);
	(void)snprintf(script, sizeof(script), "echo x >/etc/here; busybox "
		       "sleep %s", seconds);
	run = run_of(script);
	pid = fork();
	if (pid == 0) {
		(void)tool_run(&run, &result, &err);
		_exit(1);
	}
	while (shell("grep -sqa %s /proc/[0-9]*/cmdline", pattern) != 0)
		(void)poll(NULL, 0, 25);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(all_gone(pattern));
	ck_assert_int_eq(outside_status("test ! -e ../tree/etc/here && "
		"! grep -q \" $(cd ..; pwd)\" /proc/self/mountinfo"), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tool");
	TCase *c = tcase_create("tool");
	char freezer[64];

	/* A folder of our own: others may be testing too. */
	(void)snprintf(freezer, sizeof(freezer),
		       "/sys/fs/cgroup/freezer/holdall-test-%d", getpid());
	(void)setenv("FREEZER", freezer, 1);
	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	if (tool_possible(&err) < 0) {
		(void)printf("skip: tools are not run: %s\n", err.text);
		return s;
	}
	tcase_add_test(c, works);
	tcase_add_test(c, several_trees_and_binds);
	tcase_add_test(c, messages);
	tcase_add_test(c, network);
	tcase_add_test(c, host_files);
	tcase_add_test(c, other_processes);
	tcase_add_test(c, signals);
	tcase_add_test(c, kernel_switches);
	tcase_add_test(c, no_rights);
	tcase_add_test(c, descriptors);
	tcase_add_test(c, hard_links_of_the_tree);
	tcase_add_test(c, trees_in_the_way);
	tcase_add_test(c, disk);
	tcase_add_test(c, memory);
	tcase_add_test(c, memory_of_all);
	tcase_add_test(c, output);
	tcase_add_test(c, fork_bomb);
	tcase_add_test(c, endless);
	tcase_add_test(c, stopped);
	if (system("mkdir " FREEZER " 2>/dev/null && rmdir " FREEZER) == 0)
		tcase_add_test(c, stopped_while_frozen);
	else
		puts("stopped_while_frozen: left out, it wants root and a "
		     "freezer of cgroups version 1");
	tcase_add_test(c, daemons);
	tcase_add_test(c, killed_packer);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
