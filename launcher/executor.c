/*
 * executor.c - the new root, row by row
 *
 * The new root is an empty tmpfs mounted over "/" itself: no directory of the
 * host is needed as a mount point (a host may have nothing but /dev and /proc),
 * and absolute host paths go on resolving in the old root, because a lookup
 * starts at the process's root and does not look at what is mounted on it.
 * "/.." does follow mounts, and so gives the descriptor of the new root.
 *
 * Every target is then opened beneath that descriptor.  Image contents are only
 * ever bind sources.  The image row comes first, so that the server answers its
 * first requests while the rest is being mounted.
 */
#include "launcher/executor.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "launcher/executor_parts.h"
#include "launcher/mounts.h"
#include "launcher/probe.h"
#include "runtime/fd.h"
#include "runtime/image.h"
#include "runtime/path.h"

/* ---- id maps ---- */

static int write_text(const char *path, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd_write_all(fd, text, strlen(text));
}

static int write_map(const char *path, unsigned inside, unsigned outside)
{
	char map[64];

	(void)snprintf(map, sizeof(map), "%u %u 1", inside, outside);
	return write_text(path, map);
}

int executor_write_maps(uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid)
{
	int r = write_text("/proc/self/setgroups", "deny");

	/* Linux < 3.19 has no setgroups file and needs none. */
	if (r < 0 && r != -ENOENT)
		return r;
	r = write_map("/proc/self/uid_map", uid, outer_uid);
	return r < 0 ? r : write_map("/proc/self/gid_map", gid, outer_gid);
}

int executor_identity(const struct plan *p, struct err *err)
{
	int r = executor_write_maps(p->as_root ? 0 : p->uid, p->uid,
				    p->as_root ? 0 : p->gid, p->gid);

	return r < 0 ? probe_explain_refusal(REFUSED_MAPS, -r, err) : 0;
}

/* ---- targets ---- */

/* Where a thing is to be made: a folder and a name in it.  For rows that lie in
 * our own tmpfs that is the root and the whole path; anywhere else the folder is
 * opened through the door.  */
struct place {
	int dir;		/* borrowed when it is the root's */
	const char *name;
	int owned;		/* descriptor to close, or -1 */
};

static void place_close(struct place *p)
{
	if (p->owned >= 0)
		(void)close(p->owned);
}

#define CLEANUP_PLACE CLEANUP(place_close)

/* The folder that `target` stands in, made where it is missing (our own tmpfs
 * has 0755 everywhere that no row says otherwise). */
static int find_place(struct executor *x, const struct row *row,
		      struct place *ret, struct err *err)
{
	const char *slash = strrchr(row->target, '/');
	CLEANUP_FREE char *dir = NULL;
	int fd;

	*ret = (struct place){ x->root_fd, executor_rel(row->target), -1 };
	if (row->flags & ROW_OWN || slash == row->target)
		return 0;
	dir = strndup(row->target + 1, (size_t)(slash - row->target - 1));
	if (!dir)
		return err_nomem(err);
	fd = path_try_beneath(x->root_fd, dir, O_PATH | O_DIRECTORY, 0);
	if (fd < 0) {
		int r = path_mkdir_beneath(x->root_fd, dir, 0755, &fd, err);

		if (r < 0)
			return r;
	}
	*ret = (struct place){ fd, slash + 1, fd };
	return 0;
}

/* A row of ours may stand in a folder that no row made: then the folders are
 * made, and the row is tried again. */
static int make_parents(struct executor *x, const struct row *row,
			struct err *err)
{
	const char *slash = strrchr(row->target, '/');
	CLEANUP_FREE char *dir = strndup(row->target + 1,
					 (size_t)(slash - row->target - 1));

	if (!dir)
		return err_nomem(err);
	return path_mkdir_beneath(x->root_fd, dir, 0755, NULL, err);
}

enum what { WHAT_DIR, WHAT_FILE, WHAT_LINK };

static int try_make(const struct place *at, enum what what, unsigned mode,
		    const char *text)
{
	int r;

	if (what == WHAT_DIR)
		r = mkdirat(at->dir, at->name, mode);
	else if (what == WHAT_FILE)
		r = mknodat(at->dir, at->name, S_IFREG | mode, 0);
	else
		r = symlinkat(text, at->dir, at->name);
	return r < 0 && errno != EEXIST ? -errno : 0;
}

static int make(struct executor *x, const struct row *row, enum what what,
		unsigned mode, struct err *err)
{
	CLEANUP_PLACE struct place at = { .owned = -1 };
	int r = find_place(x, row, &at, err);

	if (r < 0)
		return r;
	r = try_make(&at, what, mode, row->text);
	if (r == -ENOENT && row->flags & ROW_OWN) {
		r = make_parents(x, row, err);
		if (r < 0)
			return r;
		r = try_make(&at, what, mode, row->text);
	}
	if (r < 0)
		return err_sys(err, -r, "cannot make %s", row->target);
	return 0;
}

/* The umask of the set-up is 022: what is to be writable for all says so again. */
static int make_dir(struct executor *x, const struct row *row,
		    struct err *err)
{
	CLEANUP_PLACE struct place at = { .owned = -1 };
	int r = make(x, row, WHAT_DIR, row->mode, err);

	if (r < 0 || !(row->mode & 022))
		return r;
	r = find_place(x, row, &at, err);
	if (r == 0 && fchmodat(at.dir, at.name, row->mode, 0) < 0)
		return err_sys(err, errno, "cannot open up %s", row->target);
	return r;
}

static int try_create(const struct place *at, const struct row *row)
{
	CLEANUP_FD int fd = openat(at->dir, at->name, O_WRONLY | O_CREAT |
				   O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	return fd_write_all(fd, row->text, row->text_len);
}

static int make_file(struct executor *x, const struct row *row,
		     struct err *err)
{
	CLEANUP_PLACE struct place at = { .owned = -1 };
	int r;

	if (!row->text_len)
		return make(x, row, WHAT_FILE, 0644, err);
	r = find_place(x, row, &at, err);
	if (r < 0)
		return r;
	r = try_create(&at, row);
	if (r == -ENOENT && row->flags & ROW_OWN) {
		r = make_parents(x, row, err);
		if (r < 0)
			return r;
		r = try_create(&at, row);
	}
	return r < 0 ? err_sys(err, -r, "cannot write %s", row->target) : 0;
}

static int target_error(const struct row *row, int num, struct err *err)
{
	if (num == ELOOP)
		return err_set(err, ELOOP, "cannot mount on %s: a symbolic "
			       "link is in the way inside the app's home",
			       row->target);
	return err_sys(err, num, "cannot mount on %s", row->target);
}

static int make_target(struct executor *x, const struct row *row,
		       struct err *err)
{
	if (row->flags & ROW_MAKE_DIR)
		return make(x, row, WHAT_DIR, row->mode, err);
	if (row->flags & ROW_MAKE_FILE)
		return make(x, row, WHAT_FILE, 0644, err);
	return 0;
}

int executor_open_target(struct executor *x, const struct row *row,
			 int *ret_fd, struct err *err)
{
	int r = make_target(x, row, err);
	int fd;

	if (r < 0)
		return r;
	fd = path_try_beneath(x->root_fd, executor_rel(row->target), O_PATH, 0);
	if (fd < 0)
		return target_error(row, -fd, err);
	*ret_fd = fd;
	return 0;
}

/* ---- sources ---- */

static int open_host_base(struct executor *x, const char *path)
{
	if (x->base_path && !strcmp(x->base_path, path))
		return 0;
	if (x->base_fd >= 0)
		(void)close(x->base_fd);
	free(x->base_path);
	x->base_path = NULL;
	x->base_fd = openat(x->cwd_fd, path, O_PATH | O_CLOEXEC);
	if (x->base_fd < 0)
		return -errno;
	x->base_path = strdup(path);
	return x->base_path ? 0 : -ENOMEM;
}

/* What was opened in another mount namespace cannot be mounted in this one: the
 * folder is opened again by the name that the kernel gives, and compared. */
static int open_again(int fd)
{
	CLEANUP_FD int again = -1;
	char link[32], name[4096];
	struct stat a, b;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name));
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(name))
		return -ENAMETOOLONG;
	name[n] = '\0';
	again = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (again < 0 || fstat(again, &a) < 0 || fstat(fd, &b) < 0)
		return -errno;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return -ESTALE;
	return steal_fd(&again);
}

static int open_source(struct executor *x, const struct row *row)
{
	int base;
	int r;

	switch (row->base) {
	case BASE_HOST:
		r = open_host_base(x, row->base_path);
		if (r < 0)
			return r;
		base = x->base_fd;
		break;
	case BASE_IMAGE:
		base = x->image_fd;
		break;
	case BASE_FD:
		return open_again(row->fd);
	default:
		base = x->root_fd;
	}
	if (!row->source || !row->source[0])
		return fcntl(base, F_DUPFD_CLOEXEC, 3);
	return path_try_beneath(base, row->source, O_PATH, 0);
}

static const char *source_name(const struct row *row, char *space,
			       size_t size)
{
	(void)snprintf(space, size, "%s%s%s",
		       row->base == BASE_HOST ? row->base_path :
		       row->base == BASE_IMAGE ? "the image's " :
		       row->base == BASE_FD ? "the tree for " : "",
		       row->source && row->source[0] ? "/" : "",
		       row->source ? row->source : "");
	return space;
}

/* ---- the kinds of rows ---- */

unsigned executor_attrs(const struct row *row)
{
	/* A single device node: nothing to restrict, and a call saved. */
	if (row->flags & ROW_DEV)
		return row->flags & ROW_RO ? ATTR_RO : 0;
	return ATTR_NOSUID | ATTR_NODEV |
	       (row->flags & ROW_RO ? ATTR_RO : 0) |
	       (row->flags & ROW_NOEXEC ? ATTR_NOEXEC : 0);
}

/* A node of the host's /dev on a file of ours: both names are our own words. */
static int do_node(struct executor *x, const struct row *row, struct err *err)
{
	char source[64];
	int r = make_target(x, row, err);

	if (r < 0)
		return r;
	(void)snprintf(source, sizeof(source), "%s/%s", row->base_path,
		       row->source);
	r = mount_node(source, executor_rel(row->target));
	if (r < 0 && r != -ENOENT)
		return err_sys(err, -r, "cannot bind %s", source);
	return 0;
}

static bool is_plain_node(const struct row *row)
{
	return row->flags & ROW_OWN && row->flags & ROW_DEV &&
	       row->flags & ROW_SKIP && !executor_attrs(row) &&
	       row->base == BASE_HOST && !strcmp(row->base_path, "/dev");
}

static int do_bind(struct executor *x, const struct row *row, struct err *err)
{
	CLEANUP_FD int source = is_plain_node(row) ? -1 : open_source(x, row);
	char name[512];
	int r;

	if (is_plain_node(row))
		return do_node(x, row, err);
	if (source < 0) {
		if (row->flags & (ROW_SKIP | ROW_SAY))
			return 0;
		return err_sys(err, -source, "cannot open %s",
			       source_name(row, name, sizeof(name)));
	}
	r = make_target(x, row, err);
	if (r < 0)
		return r;
	r = mount_bind(source, x->root_fd, executor_rel(row->target), executor_attrs(row));
	if (r == -ENOENT && row->flags & ROW_SKIP)
		return 0;
	if (r == -ELOOP)
		return target_error(row, ELOOP, err);
	if (r < 0)
		return err_sys(err, -r, "cannot bind %s on %s",
			       source_name(row, name, sizeof(name)),
			       row->target);
	return 0;
}

static int do_new(struct executor *x, const struct row *row,
		  const char *type, unsigned long flags, struct err *err)
{
	CLEANUP_FD int target = -1;
	int r = executor_open_target(x, row, &target, err);

	if (r < 0)
		return r;
	flags |= row->flags & ROW_NOEXEC ? MS_NOEXEC : 0;
	flags |= row->flags & ROW_DEV ? 0 : MS_NODEV;
	flags |= row->flags & ROW_RO ? MS_RDONLY : 0;
	r = mount_new(type, type, target, flags, row->text);
	if (r < 0 && row->flags & ROW_SKIP)
		return 0;
	if (r < 0 && row->kind == ROW_PROC)
		return probe_explain_refusal(REFUSED_PROC, -r, err);
	if (r < 0)
		return err_sys(err, -r, "cannot mount a %s on %s", type,
			       row->target);
	return 0;
}

/* Options that this kernel does not know (subset=pid came with Linux 5.8) are done
 * without; an option of a row is never the only thing that keeps the promise. */
static int do_proc(struct executor *x, const struct row *row, struct err *err)
{
	struct row plain = *row;
	int r = do_new(x, row, "proc", MS_NOEXEC, err);

	if (r != -EINVAL || !row->text)
		return r;
	plain.text = NULL;
	return do_new(x, &plain, "proc", MS_NOEXEC, err);
}

static int do_open(struct executor *x, const struct row *row, struct err *err)
{
	const char *name = executor_rel(row->target);
	int r = make_dir(x, row, err);

	if (r < 0)
		return r;
	r = mount_node(name, name);
	if (r < 0)
		return err_sys(err, -r, "cannot open up %s", row->target);
	return 0;
}

static int do_image(struct executor *x, const struct row *row,
		    struct err *err)
{
	struct image_owner owner = { x->plan->uid, x->plan->gid };
	CLEANUP_FD int target = -1;
	CLEANUP_FD int fuse = -1;
	char options[256];
	int r = executor_open_target(x, row, &target, err);

	if (r < 0)
		return r;
	/* Opened here, inside the user namespace: mount(2) refuses one that was
	 * opened in another (EINVAL). */
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		return probe_explain_refusal(REFUSED_FUSE, errno, err);
	image_mount_options(options, sizeof(options), fuse, owner);
	r = mount_new("fuse.holdall", "holdall", target,
		      MS_NODEV | MS_RDONLY, options);
	if (r < 0)
		return probe_explain_refusal(REFUSED_MOUNT, -r, err);
	/* The overlay of the home pins the image, so the server ends after it: it
	 * holds the home's lock until then. */
	r = x->plan->overlay_home && x->lock >= 0 ?
	    image_server_keep(x->start_sock, x->lock, err) : 0;
	if (r == 0)
		r = image_server_serve(x->start_sock, fuse, err);
	if (r < 0)
		return r;
	x->image_fd = path_try_beneath(x->root_fd, executor_rel(row->target),
				       O_PATH | O_DIRECTORY, 0);
	if (x->image_fd < 0)
		return err_sys(err, -x->image_fd, "cannot open the image");
	return side_work_start(x->side, x->image_fd, &x->plan->warm, err);
}

static int do_restrict(struct executor *x, const struct row *row,
		       struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(x->root_fd, executor_rel(row->target),
					     O_PATH, 0);
	int r = fd < 0 ? fd : mount_restrict(fd, ATTR_RO | executor_attrs(row));

	if (r < 0)
		return err_sys(err, -r, "cannot make %s read-only",
			       row->target);
	return 0;
}

static int do_detach(struct executor *x, const struct row *row,
		     struct err *err)
{
	CLEANUP_FD int fd = path_try_beneath(x->root_fd, executor_rel(row->target),
					     O_PATH, 0);
	int r = fd < 0 ? fd : mount_detach(fd);

	if (r < 0)
		return err_sys(err, -r, "cannot unmount %s", row->target);
	return 0;
}

static int do_row(struct executor *x, const struct row *row, struct err *err)
{
	switch (row->kind) {
	case ROW_DIR:
		return make_dir(x, row, err);
	case ROW_LINK:
		return make(x, row, WHAT_LINK, 0, err);
	case ROW_FILE:
		return make_file(x, row, err);
	case ROW_TMPFS:
		return do_new(x, row, "tmpfs", 0, err);
	case ROW_OPEN:
		return do_open(x, row, err);
	case ROW_IMAGE:
		return do_image(x, row, err);
	case ROW_BIND:
		return do_bind(x, row, err);
	case ROW_OVERLAY:
		return executor_overlay(x, row, err);
	case ROW_WAYLAND:
		return executor_wayland(x, row, err);
	case ROW_PROC:
		return do_proc(x, row, err);
	case ROW_DEVPTS:
		return do_new(x, row, "devpts", MS_NOEXEC, err);
	case ROW_READONLY:
		return do_restrict(x, row, err);
	case ROW_DETACH:
		return do_detach(x, row, err);
	}
	return err_set(err, EINVAL, "unknown row in the plan");
}

/* ---- the whole ---- */

static int open_new_root(struct executor *x, struct err *err)
{
	/* Unmounts on the host still reach us, ours never reach the host. */
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return probe_explain_refusal(REFUSED_MOUNT, errno, err);
	if (mount("holdall", "/", "tmpfs", MS_NOSUID | MS_NODEV,
		  "mode=0755") < 0)
		return probe_explain_refusal(REFUSED_MOUNT, errno, err);
	x->root_fd = open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* What is ours alone is named from there; "." of a row is where the
	 * caller was. */
	x->cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->root_fd < 0 || fchdir(x->root_fd) < 0)
		return err_sys(err, errno, "cannot open the new root");
	return 0;
}

/* Nothing may lie over or under the new root: "/.." would lead there. */
static int check_root(struct err *err)
{
	struct stat root, above;

	if (stat("/", &root) < 0 || stat("/..", &above) < 0)
		return err_sys(err, errno, "cannot look at the new root");
	if (root.st_dev != above.st_dev || root.st_ino != above.st_ino)
		return err_set(err, EBUSY, "cannot drop the old root: it is "
			       "still there");
	return 0;
}

static int enter_new_root(struct executor *x, struct err *err)
{
	CLEANUP_FD int root = -1;

	if (x->plan->root) {
		root = path_try_beneath(x->root_fd, executor_rel(x->plan->root),
					O_PATH | O_DIRECTORY, 0);
		if (root < 0)
			return err_sys(err, -root, "cannot open the new root");
	}
	if (fchdir(root >= 0 ? root : x->root_fd) < 0)
		return err_sys(err, errno, "cannot enter the new root");
	/* Both on the same place: the old root then lies on top of the new one,
	 * where "." is, and is unmounted from there (pivot_root(2) NOTES). */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, errno, "cannot change the root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "cannot drop the old root");
	/* The tmpfs that the rows were made in lay on the old root, so that was
	 * unmounted first. */
	if (root >= 0 && umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "cannot drop the old root");
	if (chdir("/") < 0)
		return err_sys(err, errno, "cannot enter the new root");
	return check_root(err);
}

static int hand_out(struct executor *x, struct err *err)
{
	const struct strlist *list = &x->plan->hand_out;

	for (size_t i = 0; i < list->n; i++) {
		int fd = path_try_beneath(x->root_fd, executor_rel(list->v[i]),
					  O_RDONLY | O_DIRECTORY, 0);

		if (fd < 0)
			return err_sys(err, -fd, "cannot open %s", list->v[i]);
		x->ret_fds[i] = fd;
	}
	return 0;
}

static void executor_close(struct executor *x)
{
	if (x->root_fd >= 0)
		(void)close(x->root_fd);
	if (x->image_fd >= 0)
		(void)close(x->image_fd);
	if (x->cwd_fd >= 0)
		(void)close(x->cwd_fd);
	if (x->base_fd >= 0)
		(void)close(x->base_fd);
	free(x->base_path);
}

static int apply(struct executor *x, struct err *err)
{
	const struct plan *p = x->plan;
	int r = open_new_root(x, err);

	for (size_t i = 0; r == 0 && i < p->n_rows; i++)
		r = do_row(x, &p->rows[i], err);
	if (r == 0)
		r = hand_out(x, err);
	return r < 0 ? r : enter_new_root(x, err);
}

int executor_mounts(const struct plan *p, int start_sock, int lock,
		    struct side_work *side, struct err *err)
{
	CLEANUP(executor_close) struct executor x = {
		.plan = p, .root_fd = -1, .image_fd = -1, .base_fd = -1,
		.cwd_fd = -1,
		.start_sock = start_sock, .lock = lock, .side = side,
	};

	return apply(&x, err);
}

int executor_tree(const struct plan *p, int *ret_fds, struct err *err)
{
	CLEANUP(executor_close) struct executor x = {
		.plan = p, .root_fd = -1, .image_fd = -1, .base_fd = -1,
		.cwd_fd = -1,
		.start_sock = -1, .lock = -1, .ret_fds = ret_fds,
	};

	return apply(&x, err);
}

static int loopback_up(struct err *err)
{
	CLEANUP_FD int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo",
			     .ifr_flags = IFF_UP | IFF_RUNNING };

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &req) < 0)
		return err_sys(err, errno,
			       "cannot bring up the loopback interface");
	return 0;
}

int executor_names(const struct plan *p, struct err *err)
{
	if (p->hostname && p->namespaces & CLONE_NEWUTS &&
	    sethostname(p->hostname, strlen(p->hostname)) < 0)
		return err_sys(err, errno, "cannot set the host name");
	return p->loopback ? loopback_up(err) : 0;
}
