/*
 * init_verb.c - see init_verb.h
 */
#include "bundler/init_verb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundler/infer.h"
#include "manifests/table.h"
#include "runtime/fd.h"
#include "runtime/path.h"

void init_facts_free(struct init_facts *f)
{
	free(f->package);
	free(f->path);
	free(f->id);
	free(f->version);
	free(f->whole_version);
	strlist_free(&f->argv);
	free(f->choices);
	free(f->summary);
	free(f->homepage);
	desktop_entry_free(&f->entry);
	*f = (struct init_facts){ 0 };
}

/* ---- a program of this computer ---- */

/* Where programs are looked for; also inside (launcher/plan_env.c). */
static const char *const places[] = {
	"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin",
	"/sbin", "/usr/local/games", "/usr/games",
};

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* Fresh, or NULL: none of this name. */
static char *find_program(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *path = path_join(places[i], name);

		if (path && is_program(path))
			return path;
		free(path);
	}
	return NULL;
}

static bool is_in_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strlen(places[i]) == (size_t)(slash - path) &&
		    !strncmp(path, places[i], strlen(places[i])))
			return true;
	return false;
}

static int absolute(const char *path, char **ret, struct err *err)
{
	CLEANUP_FREE char *whole = NULL;
	char cwd[PATH_MAX];

	if (path[0] != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return err_sys(err, errno, "cannot tell the current "
				       "folder");
		whole = path_join(cwd, path);
	} else {
		whole = strdup(path);
	}
	*ret = whole ? path_normalise(whole) : NULL;
	return *ret ? 0 : err_nomem(err);
}

int init_program(const char *path, const struct notes *notes,
		 struct init_facts *f, struct err *err)
{
	const char *name;
	int r = absolute(path, &f->path, err);

	if (r < 0)
		return r;
	if (!is_program(f->path))
		return err_set(err, errno == ENOENT ? ENOENT : EACCES, "%s is "
			       "no program of this computer; name a file that "
			       "can be executed, or a Debian package", path);
	name = strrchr(f->path, '/') + 1;
	r = infer_host_version(f->path, notes, &f->whole_version, err);
	if (r < 0)
		return r;
	if (f->whole_version) {
		f->version = infer_upstream_version(f->whole_version);
		if (!f->version)
			return err_nomem(err);
	}
	if (strlist_add(&f->argv, is_in_path(f->path) ? name : f->path) < 0)
		return err_nomem(err);
	return init_guess_id(NULL, 0, NULL, NULL, name, &f->id, &f->id_from,
			     err);
}

/* ---- which of both ---- */

static bool is_package_word(const char *what)
{
	CLEANUP_FREE char *same = NULL;
	struct err ignored;

	return value_read(VALUE_PACKAGE, NULL, what, &same, &ignored) == 0;
}

static int find_facts(const char *what, const struct notes *notes,
		      struct init_facts *f, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	int r;

	if (strchr(what, '/'))
		return init_program(what, notes, f, err);
	if (!is_package_word(what))
		return err_set(err, EINVAL, "%s is neither a package's name "
			       "nor a program's path", what);
	r = init_package(what, notes, f, err);
	/* Without an archive, or without such a package: perhaps it is here. */
	if (r != -ENOENT && r != -EHOSTUNREACH)
		return r;
	path = find_program(what);
	if (!path)
		return r;
	notes_note(notes, "%s; taking %s of this computer", err->text, path);
	init_facts_free(f);
	f->what = what;
	return init_program(path, notes, f, err);
}

/* ---- the file ---- */

static int exists(const char *output, struct err *err)
{
	return err_set(err, EEXIST, "%s is there already and stays as it is; "
		       "name another file with -o", output);
}

/* Made only if it is not there, whatever happened meanwhile. */
static int write_new(const char *output, const struct buf *text,
		     struct err *err)
{
	CLEANUP_FD int fd = open(output, O_WRONLY | O_CREAT | O_EXCL |
				 O_CLOEXEC, 0666);
	int r;

	if (fd < 0 && errno == EEXIST)
		return exists(output, err);
	if (fd < 0)
		return err_sys(err, errno, "cannot make %s", output);
	r = fd_write_all(fd, text->data, text->len);
	if (r == 0)
		return 0;
	(void)unlink(output);
	return err_sys(err, -r, "cannot write %s", output);
}

int init_run(const char *what, const char *output, const struct notes *notes,
	     struct err *err)
{
	CLEANUP_INIT_FACTS struct init_facts f = { .what = what };
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stat st;
	int r;

	/* Before minutes are spent on it. */
	if (lstat(output, &st) == 0)
		return exists(output, err);
	r = find_facts(what, notes, &f, err);
	if (r == 0)
		r = init_text(&f, &text, err);
	if (r == 0)
		r = notes_check(notes, err);
	if (r == 0)
		r = write_new(output, &text, err);
	if (r == 0 && f.choices)
		notes_note(notes, "%s does not say which program it is; choose "
			   "one in %s", what, output);
	return r;
}
