/*
 * source_files.c - takes paths of the host into the tree (see files_job.h)
 */
#include "bundler/source_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/files_job.h"
#include "bundler/glob.h"
#include "bundler/host.h"
#include "bundler/source_dir.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define SHEBANG_MAX 256u		/* as the kernel's BINPRM_BUF_SIZE */

static const char *const program_folders[] = {
	"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin",
	"/sbin",
};

void files_job_free(struct files_job *j)
{
	for (size_t i = 0; i < j->n_wanted; i++) {
		free(j->wanted[i].path);
		free(j->wanted[i].star);
	}
	for (size_t i = 0; i < j->n_objects; i++) {
		free(j->objects[i].path);
		free(j->objects[i].origin);
		elf_file_free(&j->objects[i].elf);
	}
	free(j->wanted);
	free(j->objects);
	ld_paths_free(&j->paths);
	pathset_free(&j->taken);
	pathset_free(&j->missing);
}

int files_want(struct files_job *j, const char *path, bool member,
	       bool optional, const struct rule *rule, const char *star,
	       struct err *err)
{
	struct wanted w = { .member = member, .optional = optional,
			    .rule = rule };

	if (j->n_wanted == j->wanted_cap) {
		size_t cap = j->wanted_cap ? j->wanted_cap * 2 : 64;
		struct wanted *v = realloc(j->wanted, cap * sizeof(*v));

		if (!v)
			return err_nomem(err);
		j->wanted = v;
		j->wanted_cap = cap;
	}
	w.path = strdup(path);
	w.star = star ? strdup(star) : NULL;
	if (!w.path || (star && !w.star)) {
		free(w.path);
		free(w.star);
		return err_nomem(err);
	}
	j->wanted[j->n_wanted++] = w;
	return 0;
}

/* ---- one place ---- */

/* The entry at a place, whatever it is; -ENOTSUP for devices and the like. */
static int take_place(struct files_job *j, const char *place, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r = path_open_beneath(j->root_fd, place, O_PATH | O_NOFOLLOW, 0,
				  &fd, err);

	if (r < 0)
		return r;
	return source_entry(j->t, j->root_fd, fd, place, place, j->origin,
			    NULL, err);
}

static int take_links(struct files_job *j, const struct strlist *links,
		      struct err *err)
{
	for (size_t i = 0; i < links->n; i++) {
		int r = take_place(j, links->v[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- scripts ---- */

/* The program that `env` of a `#!` line starts: its first real argument. */
static char *env_program(const struct files_job *j, char *args)
{
	char place[WALK_PATH_MAX], *save, *word;
	struct stat st;

	for (word = strtok_r(args, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save))
		if (word[0] != '-' && !strchr(word, '='))
			break;
	if (!word || word[0] == '/')
		return word ? strdup(word) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(program_folders); i++) {
		char *path = path_join(program_folders[i], word);

		if (path && host_resolve(j->root_fd, path, place, &st,
					 NULL) == 0)
			return path;
		free(path);
	}
	return strdup(word);
}

static int want_interpreter(struct files_job *j, const char *path, char *line,
			    struct err *err)
{
	CLEANUP_FREE char *program = NULL;
	char *save, *interp = strtok_r(line, " \t", &save);
	char place[WALK_PATH_MAX];
	const char *base;
	struct stat st;
	int r;

	if (!interp)
		return 0;
	base = strrchr(interp, '/');
	if (base && !strcmp(base, "/env")) {
		r = files_want(j, interp, false, false, NULL, NULL, err);
		if (r < 0)
			return r;
		program = env_program(j, save);
		if (!program)
			return 0;
		interp = program;
	}
	if (interp[0] != '/' ||
	    host_resolve(j->root_fd, interp, place, &st, NULL) < 0)
		return err_set(err, ENOENT, "%s is a script for %s, which this "
			       "host does not have; install it", path, interp);
	return files_want(j, interp, false, false, NULL, NULL, err);
}

static int look_for_script(struct files_job *j, const char *path, int fd,
			   struct err *err)
{
	char line[SHEBANG_MAX + 1];
	ssize_t n = fd_read(fd, line, SHEBANG_MAX);

	if (n < 0)
		return err_sys(err, (int)-n, "cannot read %s", path);
	line[n] = '\0';
	if (strncmp(line, "#!", 2))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	return want_interpreter(j, path, line + 2, err);
}

/* ---- rules ---- */

static int run_rule_line(struct files_job *j, const struct rule *rule,
			 const struct rule_line *line, const char *star,
			 struct err *err)
{
	CLEANUP_STRLIST struct strlist paths = { 0 };
	CLEANUP_FREE char *text = rule_text(line, star);
	CLEANUP_FREE char *lib = NULL;
	int r = 0;

	if (!text)
		return err_nomem(err);
	if (line->action == RULE_LIB) {
		lib = closure_find(j, NULL, text);
		return lib ? files_want(j, lib, false, true, NULL, NULL,
					err) : 0;
	}
	if (line->action == RULE_SKIP)
		return 0;
	/* Not there, not readable: then it does not come along. */
	if (host_glob(j->root_fd, text, &paths) == -ENOMEM)
		return err_nomem(err);
	for (size_t i = 0; i < paths.n && r == 0; i++)
		r = files_want(j, paths.v[i], true, true, rule, star, err);
	return r;
}

static int run_rules(struct files_job *j, const char *place, struct err *err)
{
	CLEANUP_FREE char *path = path_join("/", place);

	if (!path)
		return err_nomem(err);
	for (size_t i = 0; i < j->rules->n; i++) {
		const struct rule *rule = &j->rules->v[i];
		CLEANUP_FREE char *star = NULL;

		if (!rule_match(rule, path, &star))
			continue;
		if (!star)
			return err_nomem(err);
		for (size_t k = 0; k < rule->n_lines; k++) {
			int r = run_rule_line(j, rule, &rule->lines[k], star,
					      err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static bool is_skipped(const struct wanted *w, const char *place)
{
	for (size_t i = 0; w->rule && i < w->rule->n_lines; i++) {
		const struct rule_line *l = &w->rule->lines[i];
		CLEANUP_FREE char *glob = NULL;

		if (l->action != RULE_SKIP)
			continue;
		glob = rule_text(l, w->star);
		if (glob && glob_covers(glob, place))
			return true;
	}
	return false;
}

/* ---- files ---- */

static int wrong_machine(const char *path, const struct elf_file *elf,
			 struct err *err)
{
	return err_set(err, ENOEXEC, "%s is made for %s, and this host packs "
		       "for %s", path,
		       elf_machine_name(elf->machine, elf->class),
		       elf_machine_name(elf_machine_here(),
					elf_class_here()));
}

/* What stands in the file decides what else is needed. */
static int look_inside(struct files_job *j, const char *path, const char *place,
		       size_t parent, bool soft, bool member, struct err *err)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	CLEANUP_FREE char *real = path_join("/", place);
	CLEANUP_FD int fd = -1;
	int r = real ? host_open(j->root_fd, place, &fd, err) :
		err_nomem(err);

	if (r < 0)
		return err->num == EACCES ?
			err_sys(err, EACCES, "cannot read %s", real) : r;
	r = elf_file_read(fd, path, &elf, err);
	/* A member may be anything: test data, firmware, a broken sample. */
	if (r < 0)
		return member ? 0 : r;
	if (r == 0)
		return member ? 0 : look_for_script(j, path, fd, err);
	if (elf.machine != elf_machine_here() ||
	    elf.class != elf_class_here())
		return member ? 0 : wrong_machine(path, &elf, err);
	/* $ORIGIN of a program is where it really is, of a library where it
	 * was found. */
	return closure_object(j, parent == NO_OBJECT ? real : path, &elf,
			      parent, soft, err);
}

static bool is_readable(const struct files_job *j, const char *place)
{
	CLEANUP_FD int fd = path_try_beneath(j->root_fd, place, O_RDONLY |
					     O_NOFOLLOW | O_NONBLOCK |
					     O_NOCTTY, 0);

	return fd >= 0;
}

int files_take(struct files_job *j, const char *path, size_t parent,
	       bool soft, bool member, struct err *err)
{
	CLEANUP_STRLIST struct strlist links = { 0 };
	CLEANUP_FREE char *name = strdup(path);	/* may lie in our arrays */
	char place[WALK_PATH_MAX];
	struct stat st;
	int r;

	if (!name)
		return err_nomem(err);
	r = host_resolve(j->root_fd, name, place, &st, &links);
	if (r < 0)
		return err_sys(err, -r, "cannot find %s", name);
	if (member && !is_readable(j, place)) {
		notes_note(j->notes, "left out %s: not readable", name);
		return 0;
	}
	r = take_links(j, &links, err);
	if (r == 0)
		r = pathset_add(&j->taken, place, err);
	if (r <= 0)
		return r;
	r = take_place(j, place, err);
	if (r == -ENOTSUP)
		return err_set(err, EINVAL, "%s is neither file nor folder",
			       name);
	if (r == 0)
		r = look_inside(j, name, place, parent, soft, member, err);
	return r < 0 ? r : run_rules(j, place, err);
}

/* ---- folders ---- */

static int want_members(struct files_job *j, size_t i, const char *place,
			struct err *err)
{
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *d;
	int fd, r;

	r = path_open_beneath(j->root_fd, place, O_RDONLY | O_DIRECTORY, 0,
			      &fd, err);
	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return err_nomem(err);
	}
	while (errno = 0, (d = readdir(dir))) {
		/* The array may move with each path that is wanted. */
		const struct wanted *w = &j->wanted[i];
		CLEANUP_FREE char *path = NULL;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (asprintf(&path, "/%s/%s", place, d->d_name) < 0)
			return err_nomem(err);
		r = files_want(j, path, true, true, w->rule, w->star, err);
		if (r < 0)
			return r;
	}
	return errno ? err_sys(err, errno, "cannot read /%s", place) : 0;
}

static int take_folder(struct files_job *j, size_t i, const char *place,
		       struct err *err)
{
	int r = pathset_add(&j->taken, place, err);

	if (r <= 0)
		return r;
	if (j->wanted[i].member && !is_readable(j, place)) {
		notes_note(j->notes, "left out /%s: not readable", place);
		return 0;
	}
	r = *place ? take_place(j, place, err) : 0;
	return r < 0 ? r : want_members(j, i, place, err);
}

/* A member that is a link: it comes as it is, with a file it leads to; a folder
 * elsewhere was not asked for. */
static int take_member_link(struct files_job *j, const char *path,
			    struct err *err)
{
	char place[WALK_PATH_MAX];
	struct stat st;
	int r = take_place(j, path + 1, err);

	if (r < 0)
		return r;
	if (host_resolve(j->root_fd, path, place, &st, NULL) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return files_take(j, path, NO_OBJECT, true, true, err);
}

static int take_wanted(struct files_job *j, size_t i, struct err *err)
{
	const struct wanted *w = &j->wanted[i];
	CLEANUP_FREE char *path = strdup(w->path);
	bool member = w->member;
	char place[WALK_PATH_MAX];
	struct stat st;
	int r;

	if (!path)
		return err_nomem(err);
	if (is_skipped(w, path + 1))
		return 0;
	if (member) {
		CLEANUP_FD int fd = path_try_beneath(j->root_fd, path + 1,
						     O_PATH | O_NOFOLLOW, 0);

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode))
			return take_member_link(j, path, err);
	}
	r = host_resolve(j->root_fd, path, place, &st, NULL);
	if (r < 0 && w->optional)
		return 0;
	if (r < 0)
		return err_sys(err, -r, "cannot find %s on this host", path);
	if (S_ISDIR(st.st_mode)) {
		CLEANUP_STRLIST struct strlist links = { 0 };

		r = host_resolve(j->root_fd, path, place, &st, &links);
		if (r == 0)
			r = take_links(j, &links, err);
		return r < 0 ? r : take_folder(j, i, place, err);
	}
	if (!S_ISREG(st.st_mode) && member)
		return 0;
	return files_take(j, path, NO_OBJECT, member, member, err);
}

static int run_all(struct files_job *j, struct err *err)
{
	int r = 0;

	while (r == 0 && (j->wanted_done < j->n_wanted ||
			  j->objects_done < j->n_objects)) {
		r = notes_check(j->notes, err);
		if (r == 0 && j->wanted_done < j->n_wanted)
			r = take_wanted(j, j->wanted_done++, err);
		else if (r == 0)
			r = closure_run(j, err);
	}
	return r;
}

/* ---- the loader's folders ---- */

/* Folders of the host's ld.so.conf of which something came along go into the
 * image's, in the host's order: there the libraries were found. */
static int add_conf(struct files_job *j, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const struct strlist *conf = &j->paths.conf;

	for (size_t i = 0; i < conf->n; i++)
		if (!strlist_has(&j->paths.defaults, conf->v[i]) &&
		    tree_resolve(j->t, conf->v[i]))
			buf_addf(&text, "%s\n", conf->v[i]);
	if (buf_check(&text, err) < 0)
		return -err->num;
	if (!text.len)
		return 0;
	return tree_add_text(j->t, "etc/ld.so.conf.d/files.conf", text.data,
			     text.len, j->origin, err);
}

int source_files(struct tree *t, int root_fd, const struct strlist *items,
		 const struct rules *rules, const struct origin *origin,
		 const struct notes *notes, struct err *err)
{
	struct files_job j = { .t = t, .rules = rules, .origin = origin,
			       .notes = notes };
	int r = 0;

	j.root_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	if (j.root_fd < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	r = tree_base(t, j.root_fd, err);
	if (r == 0)
		r = ld_paths_load(j.root_fd, &j.paths, err);
	for (size_t i = 0; i < items->n && r == 0; i++)
		r = files_want(&j, items->v[i], false, false, NULL, NULL, err);
	if (r == 0)
		r = run_all(&j, err);
	if (r == 0)
		r = add_conf(&j, err);
	files_job_free(&j);
	return r;
}
