/*
 * plan_fixture.h - plans of made-up bundles, for the unit tests of the makers
 *
 * Everything is on the stack of the fixture; the host's own folders are not looked
 * at: home and working directory lie in a temporary directory of the test.
 */
#ifndef HOLDALL_PLAN_FIXTURE_H
#define HOLDALL_PLAN_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/plan.h"
#include "runtime/fd.h"
#include "runtime/path.h"

struct fixture {
	char dir[64];
	char home_path[96], cwd_path[128];
	struct header header;
	struct decision decision;
	struct options options;
	struct probe probe;
	struct state state;
	struct home home;
	struct header_command command;
	struct plan_input in;
	struct plan plan;
	struct err err;
};

static struct header_top fixture_top[] = {
	{ "usr", NULL }, { "bin", "usr/bin" }, { "proc", NULL },
};

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/holdall-plan-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	(void)snprintf(f->home_path, sizeof(f->home_path), "%s/home", f->dir);
	(void)snprintf(f->cwd_path, sizeof(f->cwd_path), "%s/home/proj",
		       f->dir);
	ck_assert_int_eq(mkdir(f->home_path, 0700), 0);
	ck_assert_int_eq(mkdir(f->cwd_path, 0700), 0);
	f->header.id = (char *)"org.example.Test";
	f->header.name = (char *)"Test";
	f->header.version = (char *)"1";
	f->header.kind = KIND_FULL;
	f->header.top = fixture_top;
	f->header.n_top = ARRAY_SIZE(fixture_top);
	f->probe.uid = 1000;
	f->probe.gid = 1000;
	f->probe.user = (char *)"tester";
	f->probe.home = f->home_path;
	f->probe.cwd = f->probe.cwd_real = f->cwd_path;
	ck_assert_int_eq(chdir(f->cwd_path), 0);
	f->state.base = (char *)"/base";
	f->state.rel = (char *)"org.example.Test/local-0";
	f->home.kind = HOME_PRIVATE;
	f->home.rel = (char *)"org.example.Test/local-0/homes/default";
	f->home.dir_fd = f->home.lock_fd = -1;
	ck_assert_int_eq(strlist_add(&f->command.argv, "test"), 0);
	f->in = (struct plan_input){
		.header = &f->header, .decision = &f->decision,
		.options = &f->options, .probe = &f->probe,
		.state = &f->state, .home = &f->home,
		.command = &f->command,
	};
}

static inline void fixture_grant(struct fixture *f, const char *text)
{
	struct permission p;

	ck_assert_int_eq(perm_parse(text, &p, &f->err), 0);
	ck_assert_int_eq(perms_add(&f->decision.granted, &p, &f->err), 0);
	perm_free(&p);
}

static inline void fixture_arg(struct fixture *f, const char *arg)
{
	ck_assert_int_eq(strlist_add(&f->options.app_args, arg), 0);
}

/* A file below the fixture's directory. */
static inline void fixture_file(struct fixture *f, const char *rel)
{
	CLEANUP_FREE char *path = path_join(f->dir, rel);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static inline int fixture_make(struct fixture *f)
{
	return plan_make(&f->in, &f->plan, &f->err);
}

static inline const struct row *fixture_row(const struct fixture *f,
					    enum row_kind kind,
					    const char *target)
{
	for (size_t i = 0; i < f->plan.n_rows; i++)
		if (f->plan.rows[i].kind == kind &&
		    !strcmp(f->plan.rows[i].target, target))
			return &f->plan.rows[i];
	return NULL;
}

static inline void fixture_free(struct fixture *f)
{
	char command[128];

	ck_assert_int_eq(chdir("/"), 0);
	plan_free(&f->plan);
	perms_free(&f->decision.granted);
	strlist_free(&f->options.app_args);
	strlist_free(&f->command.argv);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	ck_assert_int_eq(system(command), 0);
}

#endif
