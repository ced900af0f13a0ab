/*
 * verb_run.c - run: from a bundle to the app's exit status
 *
 * The order is chosen for the time to the app's first instruction, on two
 * processors: as soon as the header is read, a helper makes the namespaces that need
 * no plan and the image server is forked, and prepares while the plan is made; then
 * pid 1 of the sandbox is cloned, and mounts.
 * What the server reads by then is read in its jail and used by nobody: a bundle
 * that is refused afterwards is never mounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "launcher/cli.h"
#include "launcher/decide.h"
#include "launcher/files.h"
#include "launcher/namespaces.h"
#include "launcher/plan.h"
#include "launcher/policy.h"
#include "launcher/probe.h"
#include "launcher/record.h"
#include "launcher/shell_word.h"
#include "launcher/state.h"
#include "launcher/supervisor.h"
#include "launcher/verb_run.h"
#include "launcher/written.h"
#include "runtime/bundle.h"
#include "runtime/fd.h"
#include "runtime/image.h"
#include "runtime/memory.h"
#include "runtime/path.h"

/* What judging, deciding and planning use of the stack. */
#define STACK_AHEAD (64u << 10)

/* Everything that a run owns, freed together. */
struct run {
	struct options *o;
	struct bundle bundle;
	struct header header;
	struct probe probe;
	struct state state;
	struct home home;
	struct decision decision;
	struct plan plan;
	struct record rec;
	struct plan_input in;
	struct namespaces ns;
	struct display_link display;
	struct written written;
	char machine_id[33];
	char *bundle_path;
	mode_t umask;
};

static void run_free(struct run *run)
{
	supervisor_undo(&run->rec);
	written_free(&run->written);
	namespaces_free(&run->ns);
	display_link_free(&run->display);
	plan_free(&run->plan);
	decision_free(&run->decision);
	home_free(&run->home);
	state_free(&run->state);
	probe_free(&run->probe);
	header_free(&run->header);
	bundle_free(&run->bundle);
	free(run->bundle_path);
}

static void say(const char *text)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_addf(&line, "holdall: %s\n", text);
	if (line.failed)
		return;
	err_printable(line.data);
	/* One note is one line, whatever name is in it. */
	for (size_t i = 0; i + 1 < line.len; i++)
		if (line.data[i] == '\n')
			line.data[i] = '?';
	(void)fd_write_all(STDERR_FILENO, line.data, line.len);
}

static int check_arch(const struct header *h, struct err *err)
{
	struct utsname host;

	if (!h->arch || uname(&host) < 0 || !strcmp(h->arch, host.machine))
		return 0;
	return err_set(err, ENOEXEC, "%s is built for %s, this computer is "
		       "%s; get the bundle for %s", h->id, h->arch,
		       host.machine, host.machine);
}

/* The name under which a bundle was started may choose among its commands: a link
 * `jq-tool` to the bundle, where `commands` has `jq-tool`. */
static int choose_command(struct run *run, struct err *err)
{
	const struct header *h = &run->header;
	const char *asked = run->o->command;
	const char *name = run->o->invoked_as;

	if (asked) {
		run->in.command = header_command(h, asked);
		if (run->in.command)
			return 0;
		(void)err_set(err, ENOENT, "%s has no command %s", h->id,
			      asked);
		for (size_t i = 1; i < h->n_commands; i++)
			(void)err_hint(err, "%s%s", i == 1 ? "it has: " : "",
				       h->commands[i].name);
		return err_status(err, 127);
	}
	if (run->o->self && name) {
		const char *slash = strrchr(name, '/');

		run->in.command = header_command(h, slash ? slash + 1 : name);
		if (run->in.command)
			return 0;
	}
	run->in.command = header_command(h, NULL);
	if (!run->in.command)
		return err_set(err, ENOENT, "%s names no command", h->id);
	return 0;
}

/* The absolute path of the bundle's file, to guard it inside grants. */
static char *bundle_path(const struct bundle *b)
{
	char link[64], path[PATH_MAX];
	struct stat opened, there;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", b->fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || path[0] != '/')
		return NULL;
	path[n] = '\0';
	/* Deleted or replaced meanwhile: there is nothing to guard. */
	if (fstat(b->fd, &opened) < 0 || stat(path, &there) < 0 ||
	    opened.st_dev != there.st_dev || opened.st_ino != there.st_ino)
		return NULL;
	return strdup(path);
}

static int open_home(struct run *run, struct err *err)
{
	CLEANUP_FREE char *warning = NULL;
	enum home_kind kind = run->o->home_given ? run->o->home : HOME_PRIVATE;
	bool make = kind == HOME_PRIVATE && !run->o->explain;
	int r;

	if (kind == HOME_HOST_READ)
		return err_set(err, ENOSYS, "--home host-read is not there in "
			       "this version; use private, ephemeral or none");
	/* Before anything of the image is read: is it whose it says? */
	r = state_open_bundle(&run->bundle, &run->header, make, &run->state,
			      &warning, err);
	if (r == 0 && warning)
		say(warning);
	if (r == 0 && !run->o->explain)
		r = home_open(&run->state, kind, run->o->home_name,
			      !run->header.graphical &&
			      !run->header.home_skeleton, &run->home, err);
	else if (r == 0)
		run->home.kind = kind;
	if (r == 0 && run->o->explain && kind == HOME_PRIVATE &&
	    asprintf(&run->home.rel, "%s/homes/%s", run->state.rel,
		     run->o->home_name ? run->o->home_name : "default") < 0) {
		run->home.rel = NULL;
		return err_nomem(err);
	}
	if (r == 0 && make && state_machine_id(&run->state, run->machine_id,
					       err) == 0)
		run->in.machine_id = run->machine_id;
	return r;
}

static int fork_server(struct run *run, struct err *err)
{
	struct image_owner owner = { geteuid(), getegid() };
	int r = image_server_prepare(&run->rec.server, err);

	run->rec.server.trace = run->o->trace;
	run->rec.server.stats = run->o->stats;
	run->rec.server.place = run->ns.place;
	return r < 0 ? r : image_server_fork(&run->bundle, owner, -1,
					     &run->rec.server, err);
}

static int make_plan(struct run *run, struct err *err)
{
	bool may_ask = !run->o->explain;
	int r = probe_host(&run->probe, err);

	if (r == 0)
		r = decide(&run->header, &run->state, run->o, run->bundle.name,
			   may_ask, &run->decision, err);
	if (r == 0)
		r = choose_command(run, err);
	if (r < 0)
		return r;
	run->bundle_path = bundle_path(&run->bundle);
	run->in.header = &run->header;
	run->in.decision = &run->decision;
	run->in.options = run->o;
	run->in.probe = &run->probe;
	run->in.state = &run->state;
	run->in.home = &run->home;
	run->in.bundle_path = run->bundle_path;
	run->in.umask = run->umask;
	return plan_make(&run->in, &run->plan, err);
}

static int explain(struct run *run, int fd, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	int r;

	plan_explain(&run->plan, &run->in, &out);
	r = buf_check(&out, err);
	if (r == 0)
		r = fd_write_all(fd, out.data, out.len);
	return r < 0 && !err->num ? err_sys(err, -r, "cannot write") : r;
}

/* In the user's own folders, so with the user's own umask. */
static int create_folder(const struct run *run, const char *base_path,
			 const char *rel, struct err *err)
{
	CLEANUP_FD int base = -1;
	int r = path_open_trusted(base_path, O_PATH | O_DIRECTORY, &base, err);

	if (r < 0)
		return r;
	(void)umask(run->umask);
	r = path_mkdir_beneath(base, rel, 0777, NULL, err);
	(void)umask(077);
	return r;
}

/* What the plan wants on the host's disk before the start: folders of `create`
 * grants, mount points in the app's own home. */
static int prepare_host(struct run *run, struct err *err)
{
	const struct plan *p = &run->plan;

	for (size_t i = 0; i + 1 < p->create.n; i += 2) {
		int r = create_folder(run, p->create.v[i], p->create.v[i + 1],
				      err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->mountpoints.n; i++) {
		const char *entry = p->mountpoints.v[i];
		int r = home_make_mountpoint(&run->home, entry + 1,
					     entry[0] == 'd', err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int run_app(struct run *run, struct supervisor_end *end,
		   struct err *err)
{
	struct err ignored;
	int r;

	/* Words for a person: the app starts whoever reads them. */
	if (run->o->verbose)
		(void)explain(run, STDERR_FILENO, &ignored);
	for (size_t i = 0; i < run->decision.notes.n; i++)
		say(run->decision.notes.v[i]);
	for (size_t i = 0; i < run->plan.notes.n; i++)
		say(run->plan.notes.v[i]);
	written_note(&run->in, &run->plan, &run->written);
	r = prepare_host(run, err);
	if (r == 0)
		r = display_open(&run->plan, run->header.id, &run->display,
				 err);
	/* From here on signals are for the app; a question on the terminal,
	 * before, is ended by Ctrl-C like any other. */
	supervisor_block_signals();
	if (r == 0)
		r = supervisor_start(&run->plan, &run->ns, &run->rec, err);
	/* The X server had time for its answer while we were busy. */
	if (r == 0)
		r = display_check(&run->display, err);
	if (r == 0)
		r = supervisor_watch(&run->plan, &run->rec, end, err);
	return r;
}

static int run_bundle(struct run *run, struct supervisor_end *end,
		      struct err *err)
{
	struct err late;
	int early, r;

	/* First, for it takes longest; what became of it is said when the bundle
	 * turned out to be one. */
	early = run->o->explain ? 0 : namespaces_start(&run->ns,
						       EARLY_NAMESPACES, &late);
	r = cli_open_bundle(run->o, &run->bundle, err);
	if (r == 0)
		r = header_parse(run->bundle.seal.header,
				 run->bundle.seal.header_len, &run->header,
				 err);
	if (r == 0)
		r = check_arch(&run->header, err);
	if (r == 0)
		r = policy_check(&run->bundle, run->header.id, err);
	if (r == 0 && early < 0) {
		*err = late;
		return early;
	}
	if (r == 0 && !run->o->explain)
		r = fork_server(run, err);
	memory_touch_stack(STACK_AHEAD);
	if (r == 0)
		r = open_home(run, err);
	if (r < 0)
		return r;
	run->rec.home = run->home.dir_fd >= 0 ? &run->home : NULL;
	r = make_plan(run, err);
	if (r < 0)
		return r;
	return run->o->explain ? explain(run, STDOUT_FILENO, err) :
				 run_app(run, end, err);
}

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789._-/"

/* The name of a file that is not there, in the working directory: what a program
 * that fails probably wanted to write. */
static bool names_new_file(const struct run *run)
{
	const struct strlist *args = &run->o->app_args;

	for (size_t i = 0; i < args->n; i++) {
		const char *a = args->v[i];

		/* A plain file name: no URL, no program text. */
		if (a[0] && a[0] != '-' && a[0] != '/' && strchr(a, '.') &&
		    !a[strspn(a, NAME_BYTES)] && access(a, F_OK) < 0)
			return true;
	}
	return false;
}

/* A program that could not write beside its input fails without knowing why.  Only
 * said where an argument looks like the file meant: a program that uses its exit
 * status is left alone. */
static void hint_at_cwd(const struct run *run,
			const struct supervisor_end *end)
{
	const char *bundle = run->bundle.name ? run->bundle.name : "BUNDLE";
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err why;

	/* 126 and 127 are of a start that failed, not of a file. */
	if (!run->plan.cwd_closed || !end->exit_status || end->signal ||
	    end->exit_status == 126 || end->exit_status == 127 ||
	    !names_new_file(run))
		return;
	buf_adds(&text, "if the app wanted to write in this folder: ");
	if (file_grants_check(&run->probe, "cwd:rw", &why) < 0) {
		buf_adds(&text, why.text);
	} else if (run->o->self) {
		buf_adds(&text, "on a terminal, ");
		shell_word(&text, bundle);
		buf_adds(&text, " --holdall run --permit files=cwd:rw -- ARG...");
	} else {
		buf_adds(&text, "holdall run --permit files=cwd:rw ");
		shell_word(&text, bundle);
	}
	if (!text.failed)
		say(text.data);
}

/* Output that a person would look for in vain. */
static void say_written(struct run *run, const struct supervisor_end *end)
{
	CLEANUP_STRLIST struct strlist lines = { 0 };

	if (end->signal)
		return;
	written_look(&run->in, &run->written, end->exit_status == 0, &lines);
	for (size_t i = 0; i < lines.n; i++)
		say(lines.v[i]);
}

int run_once(struct options *o, struct supervisor_end *ret, struct err *err)
{
	struct run run = {
		.o = o, .bundle = BUNDLE_INIT, .state = STATE_INIT,
		.home = HOME_INIT, .rec = RECORD_INIT, .ns = NAMESPACES_INIT,
		.display = DISPLAY_LINK_INIT,
	};
	int r;

	/* What is made on the host is the user's alone, and must not become
	 * closed to us by a caller's odd umask; the app gets that one back. */
	run.umask = umask(077);
	/* A file size limit then is an error with a message, not a death. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* A caller that ignores SIGCHLD would have the kernel reap for us. */
	(void)signal(SIGCHLD, SIG_DFL);
	r = run_bundle(&run, ret, err);
	if (r == 0) {
		hint_at_cwd(&run, ret);
		say_written(&run, ret);
	}
	run_free(&run);
	return r;
}

int verb_run(struct options *o, struct err *err)
{
	struct supervisor_end end = { 0 };
	int r = run_once(o, &end, err);

	if (r < 0)
		return r;
	supervisor_die(&end);
	return end.exit_status;
}
