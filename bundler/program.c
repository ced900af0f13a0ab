/*
 * program.c - see program.h
 */
#include "bundler/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bundler/elf_file.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define NAMES_MAX 65536u

/* launcher/plan_env.c sets the same; our shims' folder holds no commands. */
static const char *const search_path[] = {
	"app/bin", "usr/local/bin", "usr/bin", "bin", "usr/local/sbin",
	"usr/sbin", "sbin", "usr/local/games", "usr/games",
};

const struct entry *program_find(const struct tree *t, const char *name)
{
	if (strchr(name, '/'))
		return tree_resolve(t, name);
	for (size_t i = 0; i < ARRAY_SIZE(search_path); i++) {
		CLEANUP_FREE char *path = path_join(search_path[i], name);
		const struct entry *e = path ? tree_resolve(t, path) : NULL;

		if (e && e->type == ENTRY_FILE)
			return e;
	}
	return NULL;
}

bool program_in_path(const struct tree *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(search_path); i++) {
		const struct entry *dir = tree_resolve(t, search_path[i]);

		if (dir && dir->type == ENTRY_DIR &&
		    strlen(dir->path) == len && !strncmp(dir->path, path, len))
			return true;
	}
	return false;
}

static const char *nearest(const struct tree *t, const char *name)
{
	CLEANUP_FREE const char **names = calloc(t->n, sizeof(char *));
	bool by_path = strchr(name, '/') != NULL;
	size_t n = 0;

	if (!names)
		return NULL;
	for (size_t i = 0; i < t->n && n < NAMES_MAX; i++) {
		const struct entry *e = t->v[i];
		const char *slash = strrchr(e->path, '/');

		if (e->type == ENTRY_DIR ||
		    (!by_path && !program_in_path(t, e->path)))
			continue;
		names[n++] = by_path ? e->path : slash ? slash + 1 : e->path;
	}
	return text_nearest(by_path ? name + 1 : name, names, n);
}

static int not_found(const struct tree *t, const char *name, struct err *err)
{
	const char *near = nearest(t, name);
	const char *where = strchr(name, '/') ? "" : " in its PATH";

	if (near)
		return err_set(err, ENOENT, "the image has no command %s%s; "
			       "did you mean %s%s?", name, where,
			       strchr(name, '/') ? "/" : "", near);
	return err_set(err, ENOENT, "the image has no command %s%s; name a "
		       "source that brings it", name, where);
}

/* A loader or interpreter: in the image, or of the host where that is allowed. */
static int check_interpreter(const struct tree *t, const char *name,
			     const char *interp, bool thin, struct err *err)
{
	const struct entry *e = tree_resolve(t, interp);

	if (interp[0] != '/' || (e && e->type == ENTRY_FILE) ||
	    (thin && !path_below(interp, "/app")))
		return 0;
	return err_set(err, ENOENT, "the command %s needs %s, which the image "
		       "does not have; name a source that brings it", name,
		       interp);
}

static int check_script(const struct tree *t, const struct entry *e,
			const char *name, bool thin, struct err *err)
{
	char line[257], *save, *interp;
	size_t len;
	int r = entry_read_head(e, line, sizeof(line) - 1, &len, err);

	if (r < 0)
		return r;
	line[len] = '\0';
	if (strncmp(line, "#!", 2))
		return err_set(err, ENOEXEC, "the command %s is neither an ELF "
			       "program nor a script with #!", name);
	line[2 + strcspn(line + 2, "\n")] = '\0';
	interp = strtok_r(line + 2, " \t\r", &save);
	return interp ? check_interpreter(t, name, interp, thin, err) : 0;
}

static int check_file(const struct tree *t, const struct entry *e,
		      const char *name, bool thin, struct err *err)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	CLEANUP_FD int fd = -1;
	int r = entry_open(e, &fd, err);

	if (r == 0)
		r = elf_file_read(fd, e->path, &elf, err);
	if (r < 0)
		return r;
	if (r == 0)
		return check_script(t, e, name, thin, err);
	if (elf.machine != elf_machine_here() || elf.class != elf_class_here())
		return err_set(err, ENOEXEC, "the command %s is made for %s, "
			       "and this bundle is for %s", name,
			       elf_machine_name(elf.machine, elf.class),
			       elf_machine_name(elf_machine_here(),
						elf_class_here()));
	return elf.interp ? check_interpreter(t, name, elf.interp, thin,
					      err) : 0;
}

int program_check(const struct tree *t, const char *name, bool thin,
		  struct err *err)
{
	const struct entry *e = program_find(t, name);

	if (!e && thin && !path_below(name, "/app"))
		return 0;
	if (!e)
		return not_found(t, name, err);
	if (e->type != ENTRY_FILE)
		return err_set(err, EISDIR, "the command %s is a folder", name);
	if (!(e->mode & 0111))
		return err_set(err, EACCES, "the command %s is not executable "
			       "(/%s has mode %04o); chmod +x it", name,
			       e->path, e->mode);
	return check_file(t, e, name, thin, err);
}
