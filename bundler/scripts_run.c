/*
 * scripts_run.c - runs each script alone, and takes its record in
 *
 * What is read of a sandbox's written tree, through the door of path.h: the
 * record, and the files below /etc that the record says ucf made.  Everything
 * that is wrong with either is the script's loss and nobody else's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bundler/lock.h"
#include "bundler/scripts_parse.h"
#include "bundler/scripts_parts.h"
#include "bundler/stage.h"
#include "launcher/tool.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define SCRIPT_SECONDS 20u
#define SCRIPT_UPPER_BYTES ((uint64_t)256 << 20)
#define SCRIPT_PROCESSES 128u
#define LOWERS_MAX 4u

/* Of the times that scripts ask for: none is kept. */
#define STUB_TIME STAGE_TIME

struct running {
	const struct scripts_job *job;
	const struct stage *stubs;
	struct script_record *rec;
	size_t bytes;			/* of the copies so far */
};

/* ---- what it wrote ---- */

/* A regular file of at most `max` bytes beneath the written tree.  1: read, 0: not
 * there, -EFBIG, or something else in its place. */
static int read_upper(int upper_fd, const char *rel, size_t max, char **ret,
		      size_t *ret_len, unsigned *ret_mode)
{
	CLEANUP_FD int fd = path_try_beneath(upper_fd, rel, O_RDONLY |
					     O_NOFOLLOW | O_NONBLOCK |
					     O_NOCTTY, 0);
	struct stat st;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = fd_slurp(fd, max, ret, ret_len);
	if (r < 0)
		return r;
	if (ret_mode)
		*ret_mode = st.st_mode & 0777;
	return 1;
}

static int take_copy(struct running *x, const struct script *s,
		     struct script_copy *c, int upper_fd)
{
	size_t left = SCRIPT_FILES_MAX - x->bytes;
	size_t max = left < SCRIPT_FILE_MAX ? left : SCRIPT_FILE_MAX;
	int r = read_upper(upper_fd, c->dest + 1, max, &c->data, &c->len,
			   &c->mode);

	if (r > 0) {
		/* Setuid bits cannot be set inside; what others must not read
		 * the app must. */
		c->mode = c->mode & 0111 ? 0755 : 0644;
		x->bytes += c->len;
	}
	if (r < 0)
		notes_note(x->job->notes, "%s %s: its script made %s with "
			   "ucf, but not as a file that can be taken (%s); "
			   "it is left out", s->package, s->version, c->dest,
			   strerror(-r));
	return 0;
}

static int take_record(struct running *x, const struct script *s,
		       size_t number, int upper_fd, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t before = x->rec->n_copies;
	size_t len = 0;
	struct err why;
	int r = read_upper(upper_fd, SCRIPTS_RECORD, SCRIPT_RECORD_MAX, &data,
			   &len, NULL);

	if (r == 0)
		return 0;
	if (r < 0)
		(void)err_set(&why, -r, "its record %s", r == -EFBIG ?
			      "is too long" : "cannot be read");
	else
		r = scripts_parse(data, len, number, x->rec, &why);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0) {
		notes_note(x->job->notes, "%s %s: %s; no link or file that its "
			   "script asks for is made", s->package, s->version,
			   why.text);
		return 0;
	}
	if (x->rec->n_choices > SCRIPT_CHOICES_MAX)
		return err_set(err, E2BIG, "the scripts of all packages ask "
			       "for too many alternatives");
	for (size_t i = before; i < x->rec->n_copies && r >= 0; i++)
		r = take_copy(x, s, &x->rec->copies[i], upper_fd);
	return r < 0 ? r : 0;
}

/* ---- running ---- */

static void say_status(const struct running *x, const struct script *s,
		       const struct tool_result *t)
{
	char line[160] = "";
	size_t end = t->errors_len;
	size_t start;

	while (end > 0 && t->errors[end - 1] == '\n')
		end--;
	for (start = end; start > 0 && t->errors[start - 1] != '\n'; start--)
		;
	(void)snprintf(line, sizeof(line), "%.*s",
		       (int)(end - start < sizeof(line) ? end - start :
			     sizeof(line) - 1), t->errors + start);
	err_printable(line);
	notes_note(x->job->notes, "%s %s: its script ended early (%s %d%s%s); "
		   "links and files that it asks for later are missing",
		   s->package, s->version,
		   WIFSIGNALED(t->status) ? "signal" : "status",
		   WIFSIGNALED(t->status) ? WTERMSIG(t->status) :
					    WEXITSTATUS(t->status),
		   *line ? ": " : "", line);
}

static int run_tool(const struct running *x, const struct script *s,
		    size_t number, struct tool_result *ret, struct err *err)
{
	const struct scripts_job *job = x->job;
	char program[64], arch[64], dpkg_arch[64], package[320], epoch[48];
	int lowers[LOWERS_MAX + 1];
	const char *const argv[] = { program, "configure", "", NULL };
	const char *const envp[] = {
		"PATH=/" SCRIPTS_DIR "/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8", "HOME=/tmp", "TZ=UTC", "DPKG_ROOT=",
		"DPKG_MAINTSCRIPT_NAME=postinst",
		"DEBIAN_FRONTEND=noninteractive", arch, dpkg_arch,
		package, epoch, NULL,
	};
	struct tool_run run = {
		.lower_fds = lowers, .n_lowers = job->n_lowers + 1,
		.argv = argv, .envp = envp, .name = "its script",
		.seconds = job->seconds ? job->seconds : SCRIPT_SECONDS,
		.upper_bytes = SCRIPT_UPPER_BYTES,
		.processes = SCRIPT_PROCESSES,
		.stop = job->notes ? job->notes->stop : NULL,
		.stop_arg = job->notes ? job->notes->arg : NULL,
	};

	lowers[0] = x->stubs->fd;
	for (size_t i = 0; i < job->n_lowers; i++)
		lowers[i + 1] = job->lower_fds[i];
	(void)snprintf(program, sizeof(program), "/" SCRIPTS_DIR "/script-%zu",
		       number);
	(void)snprintf(arch, sizeof(arch), "HOLDALL_ARCH=%s",
		       lock_architecture());
	(void)snprintf(dpkg_arch, sizeof(dpkg_arch),
		       "DPKG_MAINTSCRIPT_ARCH=%s", lock_architecture());
	(void)snprintf(package, sizeof(package), "DPKG_MAINTSCRIPT_PACKAGE=%s",
		       s->package);
	(void)snprintf(epoch, sizeof(epoch), "SOURCE_DATE_EPOCH=%d",
		       STUB_TIME);
	return tool_run(&run, ret, err);
}

static int run_script(struct running *x, const struct script *s,
		      size_t number, struct err *err)
{
	CLEANUP_TOOL_RESULT struct tool_result t = TOOL_RESULT_INIT;
	struct err why;
	int r = notes_check(x->job->notes, err);

	if (r < 0)
		return r;
	r = run_tool(x, s, number, &t, &why);
	if (r == -EINTR || r == -ENOMEM) {
		*err = why;
		return r;
	}
	if (r < 0) {
		notes_note(x->job->notes, "%s %s: %s; no link or file that it "
			   "asks for is made", s->package, s->version,
			   why.text);
		return 0;
	}
	if (t.status)
		say_status(x, s, &t);
	return take_record(x, s, number, t.upper_fd, err);
}

static int name_scripts(const struct script_list *l, struct strlist *ret,
			struct err *err)
{
	for (size_t i = 0; i < l->n; i++)
		if (strlist_add(ret, l->v[i].package) < 0 ||
		    strlist_add(ret, l->v[i].version) < 0)
			return err_nomem(err);
	return 0;
}

static void say_refused(const struct running *x, const struct script *s,
			size_t before)
{
	char space[300];

	if (x->rec->refused > before && x->rec->refused_word)
		notes_note(x->job->notes, "%s %s: its script asks for %zu "
			   "things that no script may ask for, the first for "
			   "%s; left out", s->package, s->version,
			   x->rec->refused - before,
			   text_quoted(space, sizeof(space),
				       x->rec->refused_word));
	free(steal_ptr(&x->rec->refused_word));
}

int scripts_record(const struct scripts_job *job, const struct script_list *l,
		   struct script_record *ret, struct err *err)
{
	CLEANUP_SCRIPT_RECORD struct script_record rec = { 0 };
	CLEANUP_STAGE struct stage *stubs = NULL;
	CLEANUP_TREE struct tree t = TREE_INIT;
	struct running x = { .job = job, .rec = &rec };
	int r = job->n_lowers > LOWERS_MAX ?
		err_set(err, EINVAL, "too many trees for scripts") : 0;

	if (r == 0 && l->n)
		r = tool_possible(err);
	if (r == 0)
		r = name_scripts(l, &rec.scripts, err);
	if (r == 0 && l->n)
		r = scripts_stubs(l, &t, err);
	if (r == 0 && l->n)
		r = stage_open(job->cache_fd, STUB_TIME, &stubs, err);
	if (r == 0 && l->n)
		r = stage_lay(stubs, &t, job->notes, err);
	x.stubs = stubs;
	for (size_t i = 0; i < l->n && r == 0; i++) {
		size_t before = rec.refused;

		notes_progress(job->notes, i, l->n);
		r = run_script(&x, &l->v[i], i, err);
		if (r == 0)
			say_refused(&x, &l->v[i], before);
	}
	if (r < 0)
		return r;
	*ret = rec;
	rec = (struct script_record){ 0 };
	return 0;
}
