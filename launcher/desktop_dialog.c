/*
 * desktop_dialog.c - programs of the host that show a text (see desktop_dialog.h)
 *
 * They are looked for in fixed folders and started with the caller's environment.
 * The text is the bundle author's in part: it goes in as one argument, never as
 * markup, and never where an option could stand.
 *
 * An error is shown by a process of its own session, so that we can end: whoever
 * waits for us (a file manager) gets our exit status at once.  It ends with the
 * dialog, at the latest after SHOW_SECONDS.
 */
#include "launcher/desktop_dialog.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "launcher/desktop_window.h"
#include "launcher/host.h"
#include "launcher/wayland.h"
#include "launcher/x11_wire.h"
#include "runtime/buf.h"
#include "runtime/child.h"
#include "runtime/fd.h"

#define TITLE "holdall"
#define SHOW_SECONDS 3600u
#define ARGS_MAX 16
#define DENY "Do not allow"
#define ALLOW "Allow"

/* NULL stands for the text; two NULLs are the end. */
struct tool {
	const char *name;
	const char *show[ARGS_MAX];
	size_t n_show;
	const char *ask[ARGS_MAX];
	size_t n_ask;		/* 0: cannot ask */
	int yes_status;		/* exit status of a yes */
	const char *yes_output;	/* and what it prints then, or NULL */
	bool rich;		/* takes a text with tags for markup */
};

#define TEXT_HERE NULL

static const struct tool tools[] = {
	{ .name = "zenity",
	  .show = { "--error", "--no-markup", "--title=" TITLE, "--width=480",
		    "--text", TEXT_HERE }, .n_show = 6,
	  .ask = { "--question", "--no-markup", "--default-cancel",
		   "--title=" TITLE, "--width=480", "--ok-label=" ALLOW,
		   "--cancel-label=" DENY, "--text", TEXT_HERE }, .n_ask = 9,
	  .yes_status = 0 },
	/* Its yes-no dialogs take Enter for yes: a list with no on top. */
	{ .name = "kdialog",
	  .show = { "--title", TITLE, "--error", TEXT_HERE }, .n_show = 4,
	  .ask = { "--title", TITLE, "--menu", TEXT_HERE, "deny", DENY,
		   "allow", ALLOW }, .n_ask = 8,
	  .yes_status = 0, .yes_output = "allow\n", .rich = true },
	{ .name = "xmessage",
	  .show = { "-center", "-title", TITLE, TEXT_HERE }, .n_show = 4,
	  .ask = { "-center", "-title", TITLE, "-buttons",
		   DENY ":41," ALLOW ":42", "-default", DENY, TEXT_HERE },
	  .n_ask = 8, .yes_status = 42 },
	{ .name = "notify-send",
	  .show = { "--urgency=critical", "--", TITLE, TEXT_HERE },
	  .n_show = 4, .rich = true },
};

static const char *const folders[] = {
	"/usr/local/bin", "/usr/bin", "/bin", "/run/current-system/sw/bin",
};

/* ---- is there anybody ---- */

static bool has_terminal(void)
{
	CLEANUP_FD int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd >= 0;
}

/* A pipe has a reader who knows what to do with an error. */
static bool stderr_is_read(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode);
}

static bool x11_answers(struct x11_conn *ret)
{
	const char *display = getenv("DISPLAY");
	CLEANUP_FREE char *home = NULL;
	struct x11_cookie cookie = { 0 };
	struct x11_name name;
	struct err err;

	return display && *display &&
	       x11_name_parse(display, &name, &err) == 0 &&
	       host_home(&home, &err) == 0 &&
	       x11_auth_read(home, &name, &cookie, &err) == 0 &&
	       x11_open(&name, &cookie, ret, &err) == 0;
}

static bool display_answers(void)
{
	CLEANUP_X11 struct x11_conn c = X11_CONN_INIT;
	CLEANUP_FREE char *wayland = NULL;
	struct err err;

	return wayland_find(&wayland, &err) == 0 || x11_answers(&c);
}

bool desktop_is_only_way(void)
{
	return !has_terminal() && !stderr_is_read() && display_answers();
}

/* ---- running a tool ---- */

static bool find_tool(const struct tool *t, char *path, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, size, "%s/%s", folders[i], t->name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* What looks like a tag becomes something that only looks like it. */
static void add_plain(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			buf_adds(out, "\xe2\x80\xb9");
		else if (*text == '>')
			buf_adds(out, "\xe2\x80\xba");
		else
			buf_addc(out, *text);
	}
}

static void exec_tool(const struct tool *t, const char *path, bool ask,
		      const char *text, int out, pid_t parent)
	__attribute__((noreturn));
static void exec_tool(const struct tool *t, const char *path, bool ask,
		      const char *text, int out, pid_t parent)
{
	CLEANUP_BUF struct buf plain = BUF_INIT;
	const char *const *args = ask ? t->ask : t->show;
	size_t n = ask ? t->n_ask : t->n_show;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char *argv[ARGS_MAX + 2] = { (char *)t->name };

	/* Never an option, whatever a bundle or its file is called. */
	if (text[0] == '-')
		buf_adds(&plain, TITLE ": ");
	if (t->rich)
		add_plain(&plain, text);
	else
		buf_adds(&plain, text);
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = args[i] ? (char *)args[i] :
					(char *)buf_text(&plain);
	for (int fd = 0; fd <= 2; fd++)
		(void)dup2(fd == 1 && out >= 0 ? out : null, fd);
	(void)fd_close_from(3, NULL, 0);
	child_reset_signals();
	if (!ask)
		(void)alarm(SHOW_SECONDS);
	/* A question that nobody waits for any more goes with the one who asked. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(127);
	execv(path, argv);
	_exit(127);
}

/* Its status, or -1: it could not be started, or was killed. */
static int run_tool(const struct tool *t, const char *path, bool ask,
		    const char *text, char *output, size_t size)
{
	size_t got = 0;
	int out[2], status;
	pid_t pid, parent = getpid();

	if (pipe2(out, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		exec_tool(t, path, ask, text, out[1], parent);
	(void)close(out[1]);
	while (pid > 0 && got + 1 < size) {
		ssize_t n = fd_read(out[0], output + got, size - 1 - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	output[got] = '\0';
	(void)close(out[0]);
	if (pid < 0 || child_wait(pid, &status) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 127)
		return -1;
	return WEXITSTATUS(status);
}

/* ---- errors ---- */

static void show_all(const char *text) __attribute__((noreturn));
static void show_all(const char *text)
{
	CLEANUP_X11 struct x11_conn c = X11_CONN_INIT;
	char path[256], output[64];

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (find_tool(&tools[i], path, sizeof(path)) &&
		    run_tool(&tools[i], path, false, text, output,
			     sizeof(output)) >= 0)
			_exit(0);
	if (x11_answers(&c))
		desktop_window(&c, TITLE, text, SHOW_SECONDS);
	_exit(0);
}

void desktop_show_error(const char *text)
{
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (pid > 0) {
		(void)child_wait(pid, NULL);
		return;
	}
	/* A session of its own: the caller's end is not the dialog's. */
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	child_reset_signals();
	(void)chdir("/");
	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	(void)fd_ensure_std();
	(void)fd_close_from(3, NULL, 0);
	(void)alarm(SHOW_SECONDS);
	show_all(text);
}

/* ---- questions ---- */

static const struct tool *asking_tool(char *path, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (tools[i].n_ask && find_tool(&tools[i], path, size))
			return &tools[i];
	return NULL;
}

bool desktop_can_ask(void)
{
	char path[256];

	return asking_tool(path, sizeof(path)) && desktop_is_only_way();
}

int desktop_ask(const char *text, bool *ret_yes, struct err *err)
{
	char path[256], output[64];
	const struct tool *t = asking_tool(path, sizeof(path));
	int status;

	if (!t)
		return err_set(err, ENOENT, "cannot ask on the desktop: "
			       "neither zenity, kdialog nor xmessage is "
			       "installed");
	status = run_tool(t, path, true, text, output, sizeof(output));
	if (status < 0)
		return err_set(err, ECHILD, "cannot ask on the desktop: %s "
			       "did not end well", path);
	*ret_yes = status == t->yes_status &&
		   (!t->yes_output || !strcmp(output, t->yes_output));
	return 0;
}
