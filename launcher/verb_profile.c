/*
 * verb_profile.c - profile: runs the app and writes down what its start reads
 *
 * The app runs as with `run`, and is ended by whoever uses it (or by a signal: the
 * profile is written all the same).  The image server notes its requests meanwhile;
 * when the app has ended, the start is cut out of them and written as paths
 * (profile_record.c).  The verb's status is the app's.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/cli.h"
#include "launcher/profile_record.h"
#include "launcher/quoted.h"
#include "launcher/supervisor.h"
#include "launcher/verb_run.h"
#include "runtime/fd.h"
#include "runtime/text.h"

#define SUFFIX ".holdall"
#define OUR_SUFFIX ".profile"

struct profiling {
	struct options *o;
	struct bundle bundle;		/* opened apart: the run has its own */
	struct image_trace *trace;
	struct profile profile;
	char *output;
	mode_t umask;
};

static void profiling_free(struct profiling *p)
{
	p->o->trace = NULL;
	profile_free(&p->profile);
	image_trace_free(p->trace);
	bundle_free(&p->bundle);
	free(p->output);
}

static int open_bundle(struct profiling *p, struct err *err)
{
	int fd;

	if (!p->o->self)
		return bundle_open(p->o->args.v[0], &p->bundle, err);
	fd = fcntl(p->o->self_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	return bundle_open_fd(fd, p->o->invoked_as, &p->bundle, err);
}

/* editor.holdall -> editor.profile, in the working directory. */
static int name_output(struct profiling *p, struct err *err)
{
	const char *name = p->o->self ? p->o->invoked_as : p->o->args.v[0];
	const char *slash = strrchr(name, '/');
	size_t n;

	name = slash ? slash + 1 : name;
	n = strlen(name);
	if (n > strlen(SUFFIX) &&
	    !strcmp(name + n - strlen(SUFFIX), SUFFIX))
		n -= strlen(SUFFIX);
	if (p->o->output)
		p->output = strdup(p->o->output);
	else if (asprintf(&p->output, "%.*s" OUR_SUFFIX, (int)n, name) < 0)
		p->output = NULL;
	return p->output ? 0 : err_nomem(err);
}

/* The profile is written as a new file in its folder. */
static int check_folder(const struct profiling *p, struct err *err)
{
	CLEANUP_FREE char *folder = strdup(p->output);
	struct quoted q;
	char *slash;

	if (!folder)
		return err_nomem(err);
	slash = strrchr(folder, '/');
	/* "x" lies in ".", "/x" in "/". */
	if (slash)
		slash[slash == folder] = '\0';
	if (access(slash ? folder : ".", W_OK | X_OK) < 0)
		return err_sys(err, errno, "cannot write %s; nothing was "
			       "started", quote(&q, p->output));
	return 0;
}

/* Before the run, not after it: a file that is no profile is somebody's work. */
static int check_output(const struct profiling *p, struct err *err)
{
	CLEANUP_FD int fd = open(p->output, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char head[sizeof(PROFILE_FIRST_LINE) - 1];
	struct stat st;
	struct quoted q;

	if (fd < 0 && errno == ENOENT)
		return check_folder(p, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s",
			       quote(&q, p->output));
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return check_folder(p, err);
	if (S_ISREG(st.st_mode) &&
	    fd_pread_all(fd, head, sizeof(head), 0) == 0 &&
	    !memcmp(head, PROFILE_FIRST_LINE, 15))
		return check_folder(p, err);
	return err_set(err, EEXIST, "%s exists and is not a launch profile; "
		       "remove it, or name another file with -o",
		       quote(&q, p->output));
}

/* A file beside it takes its place when it is whole. */
static int write_output(const struct profiling *p, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *temp = NULL;
	CLEANUP_FD int fd = -1;
	struct quoted q;
	int r;

	profile_format(&p->profile, &text);
	if (buf_check(&text, err) < 0)
		return -err->num;
	if (asprintf(&temp, "%s.XXXXXX", p->output) < 0) {
		temp = NULL;
		return err_nomem(err);
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot write %s",
			       quote(&q, p->output));
	r = fd_write_all(fd, text.data, text.len);
	if (r == 0 && (fchmod(fd, 0666 & ~p->umask) < 0 ||
		       rename(temp, p->output) < 0))
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlink(temp);
	return err_sys(err, -r, "cannot write %s", quote(&q, p->output));
}

static void say_result(const struct profiling *p,
		       const struct supervisor_end *end)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	uint64_t blocks = 0;
	struct quoted q;

	for (size_t i = 0; i < p->profile.n; i++)
		if (p->profile.v[i].kind == TRACE_READ)
			blocks += p->profile.v[i].last -
				  p->profile.v[i].first + 1;
	buf_addf(&line, "holdall: %s: %zu lines, %llu blocks of files",
		 quote(&q, p->output), p->profile.n,
		 (unsigned long long)blocks);
	if (!end->signal && end->exit_status)
		buf_addf(&line, "; the app ended with status %d: if it did not "
			 "start, this is no start to pack by", end->exit_status);
	buf_addc(&line, '\n');
	if (!line.failed)
		(void)fd_write_all(STDERR_FILENO, line.data, line.len);
}

static int keep_record(struct profiling *p, const struct supervisor_end *end,
		       struct err *err)
{
	int r = profile_record(p->trace, &p->bundle, p->o->seconds ?
			       p->o->seconds : PROFILE_SECONDS, &p->profile,
			       err);

	if (r < 0)
		return err_prefix(err, "the app has run, but there is no "
				  "profile");
	if (!p->profile.n)
		return err_set(err, ENODATA, "%s: nothing was read from the "
			       "image, so there is no profile",
			       p->bundle.name);
	r = write_output(p, err);
	if (r == 0)
		say_result(p, end);
	return r;
}

int verb_profile(struct options *o, struct err *err)
{
	CLEANUP(profiling_free) struct profiling p = {
		.o = o, .bundle = BUNDLE_INIT,
	};
	struct supervisor_end end = { 0 };
	int r = open_bundle(&p, err);

	p.umask = umask(0);
	(void)umask(p.umask);
	if (r == 0)
		r = name_output(&p, err);
	if (r == 0)
		r = check_output(&p, err);
	if (r == 0)
		r = image_trace_new(&p.trace, err);
	if (r < 0)
		return r;
	o->trace = p.trace;
	r = run_once(o, &end, err);
	(void)umask(p.umask);
	if (r == 0)
		r = keep_record(&p, &end, err);
	if (r < 0)
		return r;
	supervisor_die(&end);
	return end.exit_status;
}
