/*
 * cli.c - the verbs, and which of them is meant
 *
 * Two ways in.  With a bundle at the program's own end the program is that
 * bundle: every argument is the app's, but for the exact first word
 * `--holdall`, behind which stand a verb and its options (the verb then works
 * on this very file), or `--`, which ends our words.  Without one it is the
 * command: `holdall VERB ...`.
 *
 * Parsing and help come from the tables here and in cli_options.c.  A verb's
 * error is printed here and nowhere else.
 */
#include "launcher/cli.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/cli_options.h"
#include "launcher/desktop_dialog.h"
#include "launcher/out.h"
#include "launcher/policy.h"
#include "launcher/trust.h"
#include "manifests/header.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2
#define STATUS_RUN_FAILED 125
#define MANY UINT_MAX
#define RUN_OPTIONS (OPT_PERMIT | OPT_DENY | OPT_HOME | OPT_ENV | OPT_COMMAND | \
		     OPT_EXPLAIN | OPT_VERBOSE | OPT_STATS)

static const struct verb verbs[] = {
	{ "run", "BUNDLE [--] [ARG...]",
	  "Start the app in its sandbox.",
	  RUN_OPTIONS, 0, 0, true, verb_run },
	{ "info", "BUNDLE",
	  "Say what a bundle is and what it asks for.",
	  OPT_JSON | OPT_SEAL | OPT_SIGNATURE | OPT_PACKAGES, 0, 0, false,
	  verb_info },
	{ "verify", "BUNDLE",
	  "Check every byte of a bundle.",
	  0, 0, 0, false, verb_verify },
	{ "ls", "BUNDLE [PATH...]",
	  "List files in the image.",
	  OPT_LONG | OPT_JSON, 0, MANY, false, verb_ls },
	{ "cat", "BUNDLE PATH...",
	  "Write files of the image to standard output.",
	  0, 1, MANY, false, verb_cat },
	{ "extract", "BUNDLE [PATH...]",
	  "Copy files of the image into a new folder.",
	  OPT_OUTPUT_DIR, 0, MANY, false, verb_extract },
	{ "mount", "BUNDLE DIR",
	  "Show the image as a folder until it is unmounted; returns at once, "
	  "but stays with --stats.",
	  OPT_STATS, 1, 1, false, verb_mount },
	{ "permissions", "APP [grant WORD=VALUE... | revoke WORD[=VALUE]... | "
	  "reset]",
	  "Show or change what an app may do.",
	  OPT_JSON, 0, MANY, false, verb_permissions },
	{ "trust", "[list [APP] | add KEY [APP] | remove KEY [APP]]",
	  "List, add or remove the keys of those who sign bundles.",
	  OPT_JSON, 0, 3, false, verb_trust, true },
	{ "profile", "BUNDLE [--] [ARG...]",
	  "Start the app and record what its start reads, for pack --profile.",
	  (RUN_OPTIONS & ~(unsigned)OPT_EXPLAIN) | OPT_OUTPUT_FILE |
		  OPT_SECONDS, 0, 0, true, verb_profile },
	{ "pack", "MANIFEST", "Make a bundle from a manifest.",
	  0, 0, MANY, false, NULL },
	{ "lint", "MANIFEST", "Check a manifest.",
	  0, 0, MANY, false, NULL },
	{ "init", "PACKAGE|PROGRAM", "Write a manifest to begin with.",
	  0, 0, MANY, false, NULL },
	{ "lock", "MANIFEST", "Renew the lock of a manifest's packages.",
	  0, 0, MANY, false, NULL },
	{ "keygen", "", "Make a pair of keys to sign bundles with.",
	  0, 0, MANY, false, NULL },
	{ "sign", "BUNDLE", "Put a signature on a bundle.",
	  0, 0, MANY, false, NULL },
	{ "restub", "BUNDLE", "Put this holdall's own stub on a bundle.",
	  0, 0, MANY, false, NULL },
};

/* ---- the value of all options ---- */

int options_init(struct options *o)
{
	*o = (struct options){ .self_fd = -1 };
	o->home_name = strdup("default");
	return o->home_name ? 0 : -ENOMEM;
}

void options_free(struct options *o)
{
	perms_free(&o->permit);
	strlist_free(&o->deny);
	strlist_free(&o->env);
	strlist_free(&o->args);
	strlist_free(&o->app_args);
	free(o->home_name);
	free(o->command);
	free(o->output);
	if (o->self_fd >= 0)
		(void)close(o->self_fd);
	*o = (struct options){ .self_fd = -1 };
}

/* ---- finding a verb ---- */

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int unknown_verb(const char *word, struct err *err)
{
	const char *names[ARRAY_SIZE(verbs)], *near;
	char quoted[256];

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	text_quoted(quoted, sizeof(quoted), word);
	near = text_nearest(word, names, ARRAY_SIZE(verbs));
	err_set(err, EINVAL, "unknown verb %s", quoted);
	if (strchr(word, '/') || access(word, F_OK) == 0)
		err_hint(err, "to start a bundle: holdall run %s", quoted);
	else if (near)
		err_hint(err, "did you mean %s?", near);
	else
		err_hint(err, "see holdall --help");
	return err_status(err, STATUS_USAGE);
}

/* ---- help ---- */

static int help_all(bool self, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (self)
		buf_adds(&b, "Usage: BUNDLE [ARG...]                         "
			 "start the app, sandboxed\n"
			 "       BUNDLE --holdall VERB [OPTION...]      "
			 "a verb on this very file\n"
			 "       BUNDLE --holdall -- [ARG...]           "
			 "start the app, whatever ARG is\n");
	else
		buf_adds(&b, "Usage: holdall VERB [OPTION...] ...\n"
			 "One file holds a whole app; holdall packs such files "
			 "and runs them sandboxed.\n");
	buf_adds(&b, "\nVerbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!self || verbs[i].run)
			buf_addf(&b, "  %-12s %s\n", verbs[i].name,
				 verbs[i].summary);
	buf_adds(&b, "\nEach verb explains its options: holdall VERB --help\n"
		 "Version: holdall --version\n");
	return out_buf(&b, err);
}

static int help_verb(const struct verb *v, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_addf(&b, "Usage: holdall %s [OPTION...] %s\n%s\n\nOptions:\n",
		 v->name, v->operands, v->summary);
	cli_options_help(v, &b);
	if (v->run_like)
		buf_adds(&b, "\nWhat stands behind BUNDLE is the app's own.  "
			 "Status: 125 holdall failed, 126 the\nprogram cannot "
			 "be executed, 127 it is not there, else the app's.\n");
	return out_buf(&b, err);
}

static int print_version(struct err *err)
{
	static const char text[] = "holdall " HOLDALL_VERSION "\n";

	return out_write(text, sizeof(text) - 1, err);
}

/* ---- the packager's program ---- */

/* Executes `rel` seen from the folder of our own executable; returns only if
 * that cannot be done: -ENOENT when it is not there. */
static int exec_beside(const char *rel, char **argv, struct err *err)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	CLEANUP_FREE char *file = NULL;
	char *slash;

	if (n <= 0)
		return err_sys(err, n < 0 ? errno : ENOENT,
			       "cannot read /proc/self/exe");
	own[n] = '\0';
	slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	file = path_join(own, rel);
	if (!file)
		return err_nomem(err);
	(void)execv(file, argv);
	return err_sys(err, errno, "cannot execute %s", file);
}

static int run_packager_verb(int argc, char **argv, struct err *err)
{
	static const char *const places[] = {
		"holdall-bundler", "../libexec/holdall/holdall-bundler",
	};
	CLEANUP_FREE char **args = calloc((size_t)argc + 2, sizeof(*args));
	char name[] = "holdall-bundler";
	int r;

	if (!args)
		return err_nomem(err);
	args[0] = name;
	memcpy(args + 1, argv, (size_t)argc * sizeof(*args));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		r = exec_beside(places[i], args, err);
		if (r != -ENOENT)
			return r;
	}
	return err_set(err, ENOENT, "%s is a verb of packagers, and "
		       "holdall-bundler is neither beside this program nor in "
		       "../libexec/holdall; install holdall whole", argv[0]);
}

/* ---- from arguments to a verb ---- */

/* Sets the status of a failure, unless the verb wished for another. */
static int failed(const struct verb *v, struct err *err)
{
	return err->status ? -err->num :
		err_status(err, v->run_like ? STATUS_RUN_FAILED :
					      STATUS_FAILED);
}

static int run_verb_parsed(const struct verb *v, struct options *o,
			   struct err *err)
{
	int r = v->run(o, err);

	return r < 0 ? failed(v, err) : r;
}

/* argv[0] is the verb's name. */
static int run_verb(const struct verb *v, int argc, char **argv,
		    struct options *o, struct err *err)
{
	int r;

	if (!v->run) {
		r = o->self ?
			err_set(err, EINVAL, "%s is a verb of packagers; use "
				"the installed holdall", v->name) :
			run_packager_verb(argc, argv, err);
		return failed(v, err);
	}
	r = cli_options_parse(v, argc - 1, argv + 1, o, err);
	if (r < 0)
		return err_status(err, v->run_like ? STATUS_RUN_FAILED :
						     STATUS_USAGE);
	if (o->help)
		return help_verb(v, err);
	if (v->run_like && !o->self && !o->args.n) {
		err_set(err, EINVAL, "%s: which bundle? usage: holdall %s "
			"[OPTION...] %s", v->name, v->name, v->operands);
		return err_status(err, STATUS_RUN_FAILED);
	}
	return run_verb_parsed(v, o, err);
}

/* The words of the command: argv[0] is the first behind `holdall`. */
static int dispatch(int argc, char **argv, struct options *o, struct err *err)
{
	const struct verb *v;
	const char *word = argc > 0 ? argv[0] : NULL;
	int r = 0;

	if (!word) {
		err_set(err, EINVAL, "what shall be done? see %s --help",
			o->self ? "BUNDLE --holdall" : "holdall");
		return err_status(err, STATUS_USAGE);
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") ||
	    !strcmp(word, "help"))
		r = help_all(o->self, err);
	else if (!strcmp(word, "--version"))
		r = print_version(err);
	else if ((v = find_verb(word)))
		return run_verb(v, argc, argv, o, err);
	else
		return unknown_verb(word, err);
	return r < 0 ? err_status(err, STATUS_FAILED) : 0;
}

/* We are a bundle: argv[0] is the first word behind the program's name. */
static int dispatch_self(int argc, char **argv, struct options *o,
			 struct err *err)
{
	const struct verb *run = find_verb("run");
	int skip = 0;

	o->self = true;
	if (argc > 0 && !strcmp(argv[0], "--holdall")) {
		if (argc < 2 || strcmp(argv[1], "--") != 0)
			return dispatch(argc - 1, argv + 1, o, err);
		skip = 2;
	}
	for (int i = skip; i < argc; i++)
		if (strlist_add(&o->app_args, argv[i]) < 0) {
			err_nomem(err);
			return failed(run, err);
		}
	return run_verb_parsed(run, o, err);
}

/* Our own file, and whether it is a bundle. */
/* Is there something behind the program itself?  The section headers are the last
 * part of an ELF file as it was linked and stripped. */
static bool has_rest(int fd)
{
	Elf64_Ehdr h;
	struct stat st;

	if (fstat(fd, &st) < 0 || fd_pread_all(fd, &h, sizeof(h), 0) < 0 ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || !h.e_shoff)
		return false;
	return (uint64_t)st.st_size > h.e_shoff +
		(uint64_t)h.e_shentsize * h.e_shnum;
}

static int open_self(struct options *o, bool *ret_bundle, struct err *err)
{
	int r;

	o->self_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (o->self_fd < 0 && errno == EACCES)
		return err_set(err, EACCES, "you may execute this file but "
			       "not read it, and it must read itself; as its "
			       "owner: chmod a+r FILE");
	if (o->self_fd < 0)
		return err_sys(err, errno, "cannot open /proc/self/exe (is "
			       "/proc mounted?)");
	r = bundle_probe(o->self_fd);
	if (r < 0)
		return err_sys(err, -r, "cannot read /proc/self/exe");
	if (r == 0 && has_rest(o->self_fd))
		return err_set(err, ENODATA, "this bundle is cut off: its end "
			       "is missing; get the file again");
	*ret_bundle = r > 0;
	return 0;
}

static int cli_dispatch(int argc, char **argv, struct err *err)
{
	CLEANUP_OPTIONS struct options o;
	bool bundle = false;

	if (options_init(&o) < 0) {
		err_nomem(err);
		return err_status(err, STATUS_RUN_FAILED);
	}
	if (open_self(&o, &bundle, err) < 0)
		return err_status(err, STATUS_RUN_FAILED);
	/* execve allows both; what it was called by is then unknown. */
	if (argc < 1 || !argv[0][0]) {
		err_set(err, EINVAL, "started without a name (argv[0] is empty "
			"or missing); start it by its path");
		return err_status(err, STATUS_RUN_FAILED);
	}
	o.invoked_as = argv[0];
	return bundle ? dispatch_self(argc - 1, argv + 1, &o, err) :
			dispatch(argc - 1, argv + 1, &o, err);
}

int cli_main(int argc, char **argv)
{
	struct err err = { 0 };
	int r = cli_dispatch(argc, argv, &err);

	if (r >= 0)
		return r;
	(void)fprintf(stderr, "holdall: %s\n", err.text);
	/* A double click has no terminal to read that on. */
	if (err.status >= STATUS_RUN_FAILED && desktop_is_only_way())
		desktop_show_error(err.text);
	return err.status ? err.status : STATUS_FAILED;
}

int cli_open_bundle(struct options *o, struct bundle *ret, struct err *err)
{
	CLEANUP_FREE char *path = NULL;

	if (o->self)
		return bundle_open_fd(steal_fd(&o->self_fd), o->invoked_as,
				      ret, err);
	if (!o->args.n)
		return err_set(err, EINVAL, "which bundle?");
	path = o->args.v[0];
	/* The NULL behind the last one moves too. */
	memmove(o->args.v, o->args.v + 1, o->args.n * sizeof(*o->args.v));
	o->args.n--;
	return bundle_open(path, ret, err);
}

int cli_open_checked(struct options *o, struct bundle *ret, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_TRUST struct trust t = { 0 };
	int r = cli_open_bundle(o, &b, err);

	if (r < 0)
		return r;
	r = header_parse(b.seal.header, b.seal.header_len, &h, err);
	if (r < 0)
		return err_prefix(err, "%s", b.name);
	r = policy_check(&b, h.id, err);
	if (r == 0)
		r = trust_of(&b, h.id, TRUST_START, &t, err);
	if (r == 0)
		r = trust_require(&t, h.id, b.name, err);
	if (r < 0)
		return r;
	*ret = b;
	b = BUNDLE_INIT;
	return 0;
}
