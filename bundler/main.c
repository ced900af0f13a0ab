/*
 * main.c - holdall-bundler: the packager's verbs
 *
 * `holdall` executes this program for them, so argv[0] is whatever it was there
 * and argv[1] the verb.  One table holds verbs and options; parsing and --help
 * come from it.  The one place of the bundler that prints and exits.
 *
 * Signals: INT, TERM and HUP are blocked while a verb works and asked for between
 * two pieces of work, so that everything is undone on the way up; then they are
 * let through and we die of them.  PIPE and XFSZ become errors of write.
 *
 * Status: 0, 1 failed or not valid, 2 usage.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "bundler/init_verb.h"
#include "bundler/key_files.h"
#include "bundler/lint.h"
#include "bundler/lock_verb.h"
#include "bundler/pack.h"
#include "bundler/sign.h"
#include "bundler/stub.h"
#include "runtime/fd.h"
#include "runtime/text.h"

struct options {
	const char *output;
	const char *key, *next, *signature;
	const char *profile;
	const char *image;
	bool no_password;
	bool fast;
	bool full;
	bool locked;
	bool help;
	const char *operand;
};

struct option {
	const char *name;		/* "--fast"; "-o" is "--output" too */
	const char *value;		/* "FILE", or NULL: a switch */
	const char *help;
	size_t field;			/* in struct options */
};

#define OPTIONS_MAX 6

struct verb {
	const char *name, *usage, *summary;
	const char *operand;		/* when none is given */
	int (*run)(const struct options *o, struct buf *report,
		   struct err *err);
	struct option options[OPTIONS_MAX];
};

static int verb_pack(const struct options *o, struct buf *report,
		     struct err *err);
static int verb_lint(const struct options *o, struct buf *report,
		     struct err *err);
static int verb_init(const struct options *o, struct buf *report,
		     struct err *err);
static int verb_keygen(const struct options *o, struct buf *report,
		       struct err *err);
static int verb_sign(const struct options *o, struct buf *report,
		     struct err *err);
static int verb_restub(const struct options *o, struct buf *report,
		       struct err *err);
static int verb_lock(const struct options *o, struct buf *report,
		     struct err *err);

static const struct verb verbs[] = {
	{ "pack", "[OPTION...] [MANIFEST]",
	  "Makes a bundle from a manifest (default: holdall.yaml).",
	  "holdall.yaml", verb_pack,
	  { { "-o", "FILE", "the bundle's file; default: the command's name "
	      "with .holdall, here", offsetof(struct options, output) },
	    { "--fast", NULL, "pack quickly into a larger file",
	      offsetof(struct options, fast) },
	    { "--sign", "KEY", "sign it with this secret key",
	      offsetof(struct options, key) },
	    { "--locked", NULL, "fail when holdall.lock does not hold all "
	      "packages", offsetof(struct options, locked) },
	    { "--profile", "FILE", "lay out and start by what holdall profile "
	      "recorded", offsetof(struct options, profile) },
	    { "--image", "FILE", "take this squashfs image instead of sources",
	      offsetof(struct options, image) } } },
	{ "lint", "[OPTION...] [MANIFEST]",
	  "Checks a manifest (default: holdall.yaml) and packs nothing.",
	  "holdall.yaml", verb_lint,
	  { { "--full", NULL, "gather the sources as pack does, and look "
	      "for what is missing in them", offsetof(struct options, full) } } },
	{ "init", "[OPTION...] PACKAGE|PROGRAM",
	  "Writes a manifest for a Debian package or a program of this "
	  "computer.",
	  NULL, verb_init,
	  { { "-o", "FILE", "default: holdall.yaml; never one that is there",
	      offsetof(struct options, output) } } },
	{ "lock", "[OPTION...] [MANIFEST]",
	  "Takes the archive's present packages into holdall.lock and shows "
	  "what changed.", "holdall.yaml", verb_lock, { { 0 } } },
	{ "keygen", "[OPTION...]",
	  "Makes a pair of keys: NAME.key, which is secret, and NAME.pub.  "
	  "minisign reads both.",
	  NULL, verb_keygen,
	  { { "-o", "NAME", "default: holdall",
	      offsetof(struct options, output) },
	    { "--no-password", NULL, "do not encrypt the secret key",
	      offsetof(struct options, no_password) } } },
	{ "sign", "--key KEY [OPTION...] BUNDLE",
	  "Puts a signature over the seal on a bundle.",
	  NULL, verb_sign,
	  { { "--key", "KEY", "the secret key; with --signature, the public "
	      "one", offsetof(struct options, key) },
	    { "--next", "KEY", "say that this public key will sign later "
	      "versions", offsetof(struct options, next) },
	    { "--signature", "FILE", "put in what minisign made of the seal "
	      "(holdall info --seal)", offsetof(struct options, signature) } } },
	{ "restub", "[OPTION...] BUNDLE",
	  "Puts this holdall's own stub on a bundle; seal and signatures stay.",
	  NULL, verb_restub, { { 0 } } },
};

/* ---- telling ---- */

/* What is told while a verb works; lives on the stack of telling_notes' caller. */
struct telling {
	bool terminal;			/* stderr: draw a bar */
	bool bar;			/* one is on the screen */
	struct timespec last;
};

static void clear_bar(struct telling *t)
{
	if (t->bar)
		(void)fputs("\r\033[K", stderr);
	t->bar = false;
}

static void tell_step(void *arg, const char *text)
{
	clear_bar(arg);
	(void)fprintf(stderr, "%s\n", text);
}

static void tell_note(void *arg, const char *text)
{
	clear_bar(arg);
	(void)fprintf(stderr, "note: %s\n", text);
}

static void tell_progress(void *arg, uint64_t done, uint64_t all)
{
	static const char full[] = "########################################";
	struct telling *t = arg;
	struct timespec now;
	unsigned part;

	if (!t->terminal || !all)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == t->last.tv_sec &&
	    now.tv_nsec - t->last.tv_nsec < 100000000 && done < all)
		return;
	t->last = now;
	if (done == all) {
		clear_bar(t);
		return;
	}
	part = (unsigned)(done * 40 / all);
	(void)fprintf(stderr, "\r[%.*s%*s] %2u %%", (int)part, full,
		      40 - (int)part, "", (unsigned)(done * 100 / all));
	t->bar = true;
}

static bool told_to_stop(void *arg)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t pending;

	(void)arg;
	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigismember(&pending, signals[i]) == 1)
			return true;
	return false;
}

static struct notes telling_notes(struct telling *t)
{
	t->terminal = isatty(STDERR_FILENO) == 1;
	return (struct notes){ .arg = t, .step = tell_step,
			       .progress = tell_progress, .note = tell_note,
			       .stop = told_to_stop };
}

/* ---- verbs ---- */

/* HOLDALL_JOBS: for tests, and for people who need the machine meanwhile. */
static unsigned wanted_jobs(void)
{
	const char *s = getenv("HOLDALL_JOBS");
	uint64_t n;

	if (!s || text_read_u64(s, strlen(s), &n) < 0)
		return 0;
	return n > IMAGE_JOBS_MAX ? IMAGE_JOBS_MAX : (unsigned)n;
}

static void print_result(const struct pack_result *r,
			 const struct timespec *start)
{
	char size[32], name[512];
	struct timespec now;
	double seconds;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)(now.tv_sec - start->tv_sec) +
		  (double)(now.tv_nsec - start->tv_nsec) / 1e9;
	(void)printf("%s: %s, %llu files, %.1f s\n",
		     text_quoted(name, sizeof(name), r->output),
		     text_size(size, sizeof(size), r->file_size),
		     (unsigned long long)(r->image.files + r->image.links),
		     seconds);
}

static int verb_pack(const struct options *o, struct buf *report,
		     struct err *err)
{
	CLEANUP_PACK_RESULT struct pack_result result = { 0 };
	CLEANUP_FREE char *rules_path = NULL;
	CLEANUP_FD int stub_fd = -1;
	CLEANUP_FD int rules_fd = -1;
	CLEANUP_SECRET struct minisign_secret secret;
	struct telling telling = { 0 };
	struct notes notes = telling_notes(&telling);
	struct pack_options p = {
		.manifest = o->operand, .output = o->output, .fast = o->fast,
		.profile = o->profile,
		.import = o->image,
		.locked = o->locked,
		.jobs = wanted_jobs(), .epoch = getenv("SOURCE_DATE_EPOCH"),
	};
	struct timespec start;
	int r;

	/* A passphrase is asked for before the work, not after it. */
	r = o->key ? key_file_secret(o->key, &notes, &secret, err) : 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	if (r == 0)
		r = stub_open(&stub_fd, err);
	if (r == 0)
		r = share_open("files.rules", &rules_fd, &rules_path, err);
	if (r < 0)
		return r;
	p.secret = o->key ? &secret : NULL;
	p.stub_fd = stub_fd;
	p.rules_fd = rules_fd;
	p.rules_path = rules_path;
	r = pack_run(&p, &notes, &result, report, err);
	clear_bar(&telling);
	if (r == 0)
		print_result(&result, &start);
	return r;
}

/* All of pack but the writing. */
static int lint_full(const struct options *o, const struct notes *notes,
		     struct buf *report, struct err *err)
{
	CLEANUP_PACK_RESULT struct pack_result result = { 0 };
	CLEANUP_FREE char *rules_path = NULL;
	CLEANUP_FD int rules_fd = -1;
	struct pack_options p = {
		.manifest = o->operand, .only_check = true, .stub_fd = -1,
		.epoch = getenv("SOURCE_DATE_EPOCH"),
	};
	int r = share_open("files.rules", &rules_fd, &rules_path, err);

	if (r < 0)
		return r;
	p.rules_fd = rules_fd;
	p.rules_path = rules_path;
	return pack_run(&p, notes, &result, report, err);
}

static int verb_lint(const struct options *o, struct buf *report,
		     struct err *err)
{
	struct telling telling = { 0 };
	struct notes notes = telling_notes(&telling);
	char name[512];
	int r = lint_run(o->operand, &notes, report, err);

	if (r == 0 && o->full)
		r = lint_full(o, &notes, report, err);
	clear_bar(&telling);
	if (r == 0)
		(void)printf("%s: good\n", text_quoted(name, sizeof(name),
						       o->operand));
	return r;
}

static int verb_lock(const struct options *o, struct buf *report,
		     struct err *err)
{
	CLEANUP_BUF struct buf changes = BUF_INIT;
	struct telling telling = { 0 };
	struct notes notes = telling_notes(&telling);
	int r = lock_run(o->operand, &notes, report, &changes, err);

	clear_bar(&telling);
	if (r == 0)
		(void)fputs(changes.len ? buf_text(&changes) :
			    "nothing has changed\n", stdout);
	return r;
}

static int verb_init(const struct options *o, struct buf *report UNUSED,
		     struct err *err)
{
	const char *output = o->output ? o->output : "holdall.yaml";
	struct telling telling = { 0 };
	struct notes notes = telling_notes(&telling);
	char name[512];
	int r;

	if (!o->operand) {
		(void)err_set(err, EINVAL, "init: for which package or "
			      "program? see holdall init --help");
		return err_status(err, 2);
	}
	r = init_run(o->operand, output, &notes, err);
	clear_bar(&telling);
	if (r == 0)
		(void)printf("%s is written; look at it, then: holdall "
			     "pack%s%s\n",
			     text_quoted(name, sizeof(name), output),
			     o->output ? " " : "", o->output ? name : "");
	return r;
}

static void print_key(const char *what, const struct minisign_key *key)
{
	char finger[MINISIGN_FINGERPRINT + 1];

	minisign_key_fingerprint(key, finger);
	(void)printf("%s key-%s\n", what, finger);
}

static int verb_keygen(const struct options *o, struct buf *report UNUSED,
		       struct err *err)
{
	struct telling telling = { 0 };
	struct notes notes = telling_notes(&telling);
	const char *name = o->output ? o->output : "holdall";
	char quoted[512], text[MINISIGN_KEY_TEXT + 1];
	struct minisign_key key;
	int r;

	if (o->operand) {
		(void)err_set(err, EINVAL, "keygen: '%s' is too much; the "
			      "name of the key is said with -o", o->operand);
		return err_status(err, 2);
	}
	r = keygen_run(name, o->no_password, &notes, &key, err);
	if (r < 0)
		return r;
	text_quoted(quoted, sizeof(quoted), name);
	minisign_key_format(&key, text);
	(void)printf("secret key, keep it: %s.key\n"
		     "public key, give it away: %s.pub, %s\n", quoted, quoted,
		     text);
	print_key("its bundles have the origin", &key);
	return 0;
}

static int need_bundle(const struct options *o, const char *verb,
		       struct err *err)
{
	if (o->operand)
		return 0;
	(void)err_set(err, EINVAL, "%s: which bundle? see holdall %s --help",
		      verb, verb);
	return err_status(err, 2);
}

static int verb_sign(const struct options *o, struct buf *report UNUSED,
		     struct err *err)
{
	struct telling telling = { 0 };
	struct notes notes = telling_notes(&telling);
	struct sign_options s = {
		.bundle = o->operand, .key = o->key, .next = o->next,
		.signature = o->signature,
	};
	struct minisign_key key;
	char name[512];
	int r = need_bundle(o, "sign", err);

	if (r == 0)
		r = sign_run(&s, &notes, &key, err);
	if (r < 0)
		return r;
	(void)printf("%s: ", text_quoted(name, sizeof(name), o->operand));
	print_key("signed by", &key);
	return 0;
}

static int verb_restub(const struct options *o, struct buf *report UNUSED,
		       struct err *err)
{
	CLEANUP_FD int stub_fd = -1;
	char name[512];
	int r = need_bundle(o, "restub", err);

	if (r == 0)
		r = stub_open(&stub_fd, err);
	if (r == 0)
		r = restub_run(o->operand, stub_fd, err);
	if (r == 0)
		(void)printf("%s: has this holdall's stub now\n",
			     text_quoted(name, sizeof(name), o->operand));
	return r;
}

/* ---- words ---- */

static int usage(struct err *err)
{
	err->status = 2;
	return -err->num;
}

static const struct verb *find_verb(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(verbs)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	near = text_nearest(name, names, ARRAY_SIZE(names));
	(void)err_set(err, EINVAL, "no packager's verb %s; %s%s", name,
		      near ? "did you mean " : "see holdall --help",
		      near ? near : "");
	(void)usage(err);
	return NULL;
}

/* Is `word` this option?  *ret_value: what is written in it (`--key=K`, `-oF`), or
 * NULL. */
static bool is_option(const struct option *o, const char *word,
		      const char **ret_value)
{
	bool output = !strcmp(o->name, "-o");
	const char *name = output && word[1] == '-' ? "--output" : o->name;
	size_t n = strlen(name);

	if (strncmp(word, name, n) != 0)
		return false;
	*ret_value = NULL;
	if (!word[n])
		return true;
	if (word[1] == '-' && word[n] != '=')
		return false;
	*ret_value = word + n + (word[1] == '-');
	return true;
}

static const struct option *find_option(const struct verb *v, const char *word,
					const char **ret_value,
					struct err *err)
{
	const char *names[OPTIONS_MAX], *near;
	char quoted[128], bare[64];
	size_t n = 0;

	for (size_t i = 0; i < OPTIONS_MAX && v->options[i].name; i++) {
		if (is_option(&v->options[i], word, ret_value))
			return &v->options[i];
		names[n++] = v->options[i].name;
	}
	text_quoted(quoted, sizeof(quoted), word);
	(void)snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="),
		       word);
	near = text_nearest(bare, names, n);
	if (near)
		(void)err_set(err, EINVAL, "%s has no option %s; did you mean "
			      "%s?", v->name, quoted, near);
	else
		(void)err_set(err, EINVAL, "%s has no option %s; see holdall "
			      "%s --help", v->name, quoted, v->name);
	(void)usage(err);
	return NULL;
}

static int take_option(const struct verb *v, char **argv, int argc, int *i,
		       struct options *o, struct err *err)
{
	const char *value = NULL;
	const struct option *option = find_option(v, argv[*i], &value, err);
	char *field;

	if (!option)
		return -err->num;
	field = (char *)o + option->field;
	if (!option->value && value) {
		(void)err_set(err, EINVAL, "%s: %s takes no value", v->name,
			      option->name);
		return usage(err);
	}
	if (!option->value) {
		*(bool *)field = true;
		return 0;
	}
	if (!value && *i + 1 < argc)
		value = argv[++*i];
	if (!value || !value[0]) {
		(void)err_set(err, EINVAL, "%s needs a value: %s %s",
			      option->name, option->name, option->value);
		return usage(err);
	}
	*(const char **)field = value;
	return 0;
}

static int parse(const struct verb *v, int argc, char **argv,
		 struct options *o, struct err *err)
{
	bool only_operands = false;

	for (int i = 2; i < argc; i++) {
		const char *a = argv[i];
		int r = 0;

		if (!only_operands && !strcmp(a, "--"))
			only_operands = true;
		else if (!only_operands && (!strcmp(a, "--help") ||
					    !strcmp(a, "-h")))
			o->help = true;
		else if (!only_operands && a[0] == '-' && a[1])
			r = take_option(v, argv, argc, &i, o, err);
		else if (o->operand || !a[0])
			r = err_set(err, EINVAL, "'%s' is too much; "
				    "usage: holdall %s %s", a, v->name,
				    v->usage),
			(void)usage(err);
		else
			o->operand = a;
		if (r < 0)
			return r;
	}
	if (!o->operand)
		o->operand = v->operand;
	return 0;
}

/* In the form of the launcher's help: the manual is made of both. */
static void print_help(const struct verb *v)
{
	(void)printf("Usage: holdall %s %s\n%s\n\nOptions:\n", v->name,
		     v->usage, v->summary);
	for (size_t i = 0; i < OPTIONS_MAX && v->options[i].name; i++) {
		const struct option *o = &v->options[i];
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s%s",
			       !strcmp(o->name, "-o") ? "-o, --output" : "    ",
			       !strcmp(o->name, "-o") ? "" : o->name,
			       o->value ? " " : "", o->value ? o->value : "");
		(void)printf("  %-30s %s\n", left, o->help);
	}
	(void)printf("  %-30s %s\n", "-h, --help", "this text");
}

static void print_verbs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		(void)printf("holdall %s %s\n    %s\n", verbs[i].name,
			     verbs[i].usage, verbs[i].summary);
}

/* ---- main ---- */

static void block_signals(sigset_t *ret_old)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, ret_old);
}

static int run_verb(const struct verb *v, const struct options *o,
		    struct err *err)
{
	CLEANUP_BUF struct buf report = BUF_INIT;
	sigset_t old;
	int r;

	block_signals(&old);
	r = v->run(o, &report, err);
	if (report.len)
		(void)fwrite(report.data, 1, report.len, stderr);
	if (r == -EINTR) {
		(void)fputs("holdall: interrupted; nothing was written\n",
			    stderr);
		/* Whoever waits for us learns that it was the signal. */
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
	}
	return r;
}

static int bundler_main(int argc, char **argv, struct err *err)
{
	struct options o = { 0 };
	const struct verb *v;
	int r;

	if (argc < 2) {
		(void)err_set(err, EINVAL, "a verb is missing; see holdall "
			      "--help");
		return usage(err);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_verbs();
		return 0;
	}
	v = find_verb(argv[1], err);
	r = v ? parse(v, argc, argv, &o, err) : -err->num;
	if (r < 0)
		return r;
	if (o.help) {
		print_help(v);
		return 0;
	}
	return run_verb(v, &o, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int r = fd_ensure_std();

	if (r < 0)
		return 1;
	r = bundler_main(argc, argv, &err);
	if (r == 0 && fflush(stdout) != 0)
		r = err_sys(&err, errno, "cannot write to standard output");
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "holdall: %s\n", err.text);
	return err.status ? err.status : 1;
}
