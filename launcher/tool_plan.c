/*
 * tool_plan.c - the rows of a tool run (see tool.h)
 *
 * In the tmpfs of the executor:
 *
 *	/lower/N	the trees, read-only
 *	/base		empty folders for the mount points, so that a tree need not
 *			have them and the upper is not dirtied by making them
 *	/write		a tmpfs of bounded size: upper, work, tmp
 *	/proc		for pid 1, which counts processes
 *	/new		the overlay of these; it becomes the root, and then nothing
 *			of the rest has a name inside any more
 *
 * A tree is hostile: where it has a link or a file in the place of a mount point
 * the run fails, for every target is opened through the door of path.h.
 */
#include "launcher/tool_parts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "runtime/path.h"

#define NEW_ROOT "/new"

/* One inode costs the kernel about 1 KiB that the size does not count. */
#define BYTES_PER_INODE 4096u
#define INODES_MIN 16384u

static int add_name(struct plan *p, const char *dir, const char *target,
		    int (*add)(struct plan *, const char *, unsigned),
		    unsigned mode)
{
	CLEANUP_FREE char *path = path_join(dir, target + 1);

	return path ? add(p, path, mode) : -ENOMEM;
}

static int add_base(struct plan *p, const struct tool_run *run)
{
	static const char *const names[] = { "/dev", "/proc", "/tmp" };
	int r = plan_dir(p, "/base", 0755);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		r |= add_name(p, "/base", names[i], plan_dir, 0755);
	for (size_t i = 0; i < run->n_binds; i++)
		r |= add_name(p, "/base", run->binds[i].target, plan_dir,
			      0755);
	return r;
}

static int add_fd(struct plan *p, int fd, const char *target, unsigned flags,
		  const char *why)
{
	int r = plan_bind(p, target, BASE_FD, NULL, "", flags | ROW_RO, why);

	if (r == 0)
		p->rows[p->n_rows - 1].fd = fd;
	return r;
}

static int add_lowers(struct plan *p, const struct tool_run *run)
{
	int r = 0;

	for (size_t i = 0; i < run->n_lowers; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "/lower/%zu", i);
		r |= add_fd(p, run->lower_fds[i], name, ROW_MAKE_DIR,
			    "the unpacked tree");
	}
	return r;
}

static int add_write(struct plan *p, const struct tool_run *run)
{
	char options[96];
	int r;

	(void)snprintf(options, sizeof(options),
		       "mode=0755,size=%llu,nr_inodes=%llu",
		       (unsigned long long)run->upper_bytes,
		       (unsigned long long)(run->upper_bytes /
					    BYTES_PER_INODE + INODES_MIN));
	r = plan_tmpfs(p, "/write", options, 0, "all that it writes");
	r |= plan_dir(p, "/write/upper", 0755);
	r |= plan_dir(p, "/write/work", 0755);
	r |= plan_dir(p, "/write/tmp", 01777);
	return r;
}

static int add_overlay(struct plan *p, size_t n_lowers)
{
	struct row *row = plan_row(p, ROW_OVERLAY, NEW_ROOT, ROW_MAKE_DIR |
				   ROW_STRICT, "the tree, with a throw-away "
				   "layer to write in");
	int r = row ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	row->upper = strdup("/write/upper");
	row->work = strdup("/write/work");
	for (size_t i = 0; i < n_lowers; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "/lower/%zu", i);
		r |= strlist_add(&row->layers, name);
	}
	r |= strlist_add(&row->layers, "/base");
	return row->upper && row->work ? r : -ENOMEM;
}

/* Read-only: root on the host is root to the files below /proc/sys even without
 * a capability.  pid 1, which is a copy of the packer, is not even seen. */
static int add_proc(struct plan *p)
{
	struct row *row = plan_row(p, ROW_PROC, NEW_ROOT "/proc", ROW_RO |
				   ROW_NOEXEC, "its own processes only");

	if (!row)
		return -ENOMEM;
	row->text = strdup("hidepid=2,subset=pid");
	if (!row->text || plan_dir(p, "/proc", 0755) < 0)
		return -ENOMEM;
	/* For pid 1, to count what runs. */
	return plan_row(p, ROW_PROC, "/proc", ROW_RO | ROW_NOEXEC, NULL) ?
	       0 : -ENOMEM;
}

static int add_dev(struct plan *p)
{
	static const char *const nodes[] = { "null", "zero", "full", "random",
					     "urandom" };
	int r = plan_tmpfs(p, NEW_ROOT "/dev", "mode=0755,size=64k", 0, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		char target[32];

		(void)snprintf(target, sizeof(target), NEW_ROOT "/dev/%s",
			       nodes[i]);
		r |= plan_bind(p, target, BASE_HOST, "/dev", nodes[i],
			       ROW_DEV | ROW_MAKE_FILE, NULL);
	}
	r |= plan_link(p, NEW_ROOT "/dev/fd", "/proc/self/fd");
	r |= plan_link(p, NEW_ROOT "/dev/stdin", "/proc/self/fd/0");
	r |= plan_link(p, NEW_ROOT "/dev/stdout", "/proc/self/fd/1");
	r |= plan_link(p, NEW_ROOT "/dev/stderr", "/proc/self/fd/2");
	return plan_row(p, ROW_READONLY, NEW_ROOT "/dev", 0, NULL) ? r :
								     -ENOMEM;
}

static int add_binds(struct plan *p, const struct tool_run *run)
{
	int r = 0;

	for (size_t i = 0; i < run->n_binds; i++) {
		CLEANUP_FREE char *target =
			path_join(NEW_ROOT, run->binds[i].target + 1);

		r |= target ? add_fd(p, run->binds[i].fd, target, 0,
				     "laid over the tree") : -ENOMEM;
	}
	return r;
}

static int add_words(struct plan *p, const struct tool_run *run)
{
	int r = 0;

	for (size_t i = 0; run->argv && run->argv[i]; i++)
		r |= strlist_add(&p->argv, run->argv[i]);
	for (size_t i = 0; run->envp && run->envp[i]; i++)
		r |= strlist_add(&p->envp, run->envp[i]);
	p->hostname = strdup("localhost");
	p->root = strdup(NEW_ROOT);
	r |= strlist_add(&p->hand_out, "/write/upper");
	r |= strlist_add(&p->hand_out, "/proc");
	return p->hostname && p->root ? r : -ENOMEM;
}

int tool_plan(const struct tool_run *run, uid_t uid, gid_t gid,
	      struct plan *ret, struct err *err)
{
	CLEANUP_PLAN struct plan p = PLAN_INIT;
	int r;

	p.uid = uid;
	p.gid = gid;
	p.as_root = true;
	p.umask = 022;
	p.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
		       CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		       CLONE_NEWCGROUP;
	r = add_words(&p, run);
	r |= add_base(&p, run);
	r |= add_lowers(&p, run);
	r |= add_write(&p, run);
	r |= add_overlay(&p, run->n_lowers);
	r |= add_proc(&p);
	r |= add_dev(&p);
	r |= plan_bind(&p, NEW_ROOT "/tmp", BASE_ROOT, NULL, "write/tmp", 0,
		       NULL);
	r |= add_binds(&p, run);
	if (r < 0)
		return err_nomem(err);
	*ret = p;
	p = PLAN_INIT;
	return 0;
}
