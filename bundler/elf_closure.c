/*
 * elf_closure.c - which file a needed name means, as glibc's loader decides it
 *
 * For a name without '/':  RPATH of the object and of who loads it, up to the
 * program, unless the object has a RUNPATH; RUNPATH of the object; ld.so.cache
 * (on a host without one: the folders of ld.so.conf); the loader's own folders,
 * unless the object forbids them.  Files of another architecture are passed over,
 * as the loader does.  LD_LIBRARY_PATH is not looked at: it would make the
 * bundle depend on the packager's shell.
 *
 * The loader also takes a library that is loaded already under the same name;
 * across all programs of a bundle that would be one process's luck, so each
 * object is looked up by itself and at worst a file more comes along.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/files_job.h"
#include "bundler/host.h"
#include "runtime/path.h"

#define CHAIN_MAX 256u			/* loaders of loaders looked at */

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? strdup("/") :
	       strndup(path, (size_t)(slash - path));
}

int closure_object(struct files_job *j, const char *path,
		   struct elf_file *elf, size_t parent, bool soft,
		   struct err *err)
{
	struct object o = { .parent = parent, .soft = soft };

	if (j->n_objects == j->objects_cap) {
		size_t cap = j->objects_cap ? j->objects_cap * 2 : 64;
		struct object *v = realloc(j->objects, cap * sizeof(*v));

		if (!v)
			return err_nomem(err);
		j->objects = v;
		j->objects_cap = cap;
	}
	o.path = strdup(path);
	o.origin = folder_of(path);
	if (!o.path || !o.origin) {
		free(o.path);
		free(o.origin);
		return err_nomem(err);
	}
	o.elf = *elf;
	*elf = (struct elf_file){ 0 };
	j->objects[j->n_objects++] = o;
	return 0;
}

/* Is there a library of our architecture? */
static bool is_library(const struct files_job *j, const char *path)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	char place[WALK_PATH_MAX];
	CLEANUP_FD int fd = -1;
	struct err err = { 0 };
	struct stat st;

	if (host_resolve(j->root_fd, path, place, &st, NULL) < 0 ||
	    !S_ISREG(st.st_mode) ||
	    host_open(j->root_fd, place, &fd, &err) < 0)
		return false;
	return elf_file_read(fd, path, &elf, &err) == 1 &&
	       elf.machine == elf_machine_here() &&
	       elf.class == elf_class_here();
}

static char *try_folder(const struct files_job *j, const char *folder,
			const char *name)
{
	char *path = path_join(folder, name);

	if (path && is_library(j, path))
		return path;
	free(path);
	return NULL;
}

/* A list as of RPATH: folders with ':' between, tokens in them. */
static char *try_rpath(const struct files_job *j, const char *rpath,
		       const char *origin, const char *name)
{
	while (rpath && *rpath) {
		size_t len = strcspn(rpath, ":");
		CLEANUP_FREE char *folder = ld_paths_expand(&j->paths, rpath,
							    len, origin);
		char *found = folder ? try_folder(j, folder, name) : NULL;

		if (found)
			return found;
		rpath += len + (rpath[len] == ':');
	}
	return NULL;
}

static char *try_list(const struct files_job *j, const struct strlist *folders,
		      const char *name)
{
	char *found = NULL;

	for (size_t i = 0; i < folders->n && !found; i++)
		found = try_folder(j, folders->v[i], name);
	return found;
}

static char *try_rpath_chain(const struct files_job *j,
			     const struct object *o, const char *name)
{
	char *found = NULL;

	for (unsigned i = 0; i < CHAIN_MAX && !found; i++) {
		if (!o->elf.runpath)
			found = try_rpath(j, o->elf.rpath, o->origin, name);
		if (o->parent == NO_OBJECT)
			break;
		o = &j->objects[o->parent];
	}
	return found;
}

static char *try_system(const struct files_job *j, const char *name,
			bool nodeflib)
{
	const char *cached = ld_cache_find(&j->paths.cache, name);
	char *found = NULL;

	if (cached && is_library(j, cached))
		return strdup(cached);
	if (!j->paths.has_cache)
		found = try_list(j, &j->paths.conf, name);
	if (!found && !nodeflib)
		found = try_list(j, &j->paths.defaults, name);
	return found;
}

char *closure_find(const struct files_job *j, const struct object *o,
		   const char *name)
{
	char *found = NULL;

	if (strchr(name, '/'))
		return name[0] == '/' && is_library(j, name) ?
		       strdup(name) : NULL;
	if (o && !o->elf.runpath)
		found = try_rpath_chain(j, o, name);
	if (o && !found)
		found = try_rpath(j, o->elf.runpath, o->origin, name);
	if (!found)
		found = try_system(j, name, o && o->elf.nodeflib);
	return found;
}

/* The program at the upper end of a chain of libraries. */
static const char *program_of(const struct files_job *j,
			      const struct object *o)
{
	for (unsigned i = 0; i < CHAIN_MAX && o->parent != NO_OBJECT; i++)
		o = &j->objects[o->parent];
	return o->path;
}

static int missing(struct files_job *j, const struct object *o,
		   const char *name, struct err *err)
{
	const char *program = program_of(j, o);
	int r;

	if (!o->soft && program != o->path)
		return err_set(err, ENOENT, "%s needs %s (for %s), which this "
			       "host does not have; install it", o->path, name,
			       program);
	if (!o->soft)
		return err_set(err, ENOENT, "%s needs %s, which this host does "
			       "not have; install it", o->path, name);
	r = pathset_add(&j->missing, name, err);
	if (r > 0)
		notes_note(j->notes, "%s needs %s, which this host does not "
			   "have: it will not work inside", o->path, name);
	return r < 0 ? r : 0;
}

static int run_object(struct files_job *j, size_t i, struct err *err)
{
	/* Taking a file may move the array: the object is fetched anew. */
	for (size_t k = 0; k < j->objects[i].elf.needed.n; k++) {
		const struct object *o = &j->objects[i];
		const char *name = o->elf.needed.v[k];
		CLEANUP_FREE char *path = closure_find(j, o, name);
		int r;

		if (path)
			r = files_take(j, path, i, o->soft, false, err);
		else
			r = missing(j, o, name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_interp(struct files_job *j, size_t i, struct err *err)
{
	const struct object *o = &j->objects[i];
	char place[WALK_PATH_MAX];
	struct stat st;

	/* Some libraries have an interpreter of their own, libc among them. */
	if (!o->elf.interp)
		return 0;
	if (o->elf.interp[0] != '/' ||
	    host_resolve(j->root_fd, o->elf.interp, place, &st, NULL) < 0)
		return missing(j, o, o->elf.interp, err);
	return files_take(j, o->elf.interp, i, o->soft, false, err);
}

int closure_run(struct files_job *j, struct err *err)
{
	while (j->objects_done < j->n_objects) {
		size_t i = j->objects_done++;
		int r = run_interp(j, i, err);

		if (r == 0)
			r = run_object(j, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}
