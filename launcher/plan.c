/*
 * plan.c - making the plan: what the sandbox consists of
 *
 * Order of the rows, and why: the image first (its server answers while the rest
 * is mounted), then what needs nothing of the image (devices, generated files, proc,
 * tmpfs), then the home and the user's files, and the binds and overlays of image
 * contents last, because each of them waits for an answer of the server.  At the
 * very end the helpers are taken away and the root becomes read-only.
 *
 * PLAN_SETUP holds what only the set-up needs: the image's mount, the layers of
 * overlays.
 */
#include "launcher/plan.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/effects.h"
#include "launcher/fonts.h"
#include "launcher/gpu.h"
#include "launcher/plan_env.h"
#include "launcher/protected.h"
#include "runtime/path.h"

#define IMAGE PLAN_SETUP "/image"
#define ETC_LAYER PLAN_SETUP "/etc"

struct maker {
	const struct plan_input *in;
	struct plan *p;
	int failed;		/* sum of -ENOMEM */
	char runtime_dir[64];	/* /run/user/UID */
	bool full;
};

static bool has_image_etc(const struct maker *m)
{
	return m->full && m->in->header->image_etc;
}

/* ---- our own parts of the root ---- */

static void make_skeleton(struct maker *m)
{
	static const char *const folders[] = {
		"/proc", "/sys", "/dev", "/home", "/run/holdall/bin",
		"/run/lock", "/run/user",
	};
	struct plan *p = m->p;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		m->failed |= plan_dir(p, folders[i], 0755);
	m->failed |= plan_file(p, PLAN_SETUP "/empty", "");
	m->failed |= plan_open(p, "/tmp", 01777,
			       "temporary files, gone with the app");
	m->failed |= plan_open(p, m->runtime_dir, 0700,
			       "runtime directory, gone with the app");
}

static void make_dev(struct maker *m)
{
	/* random is a link: since Linux 5.18 the two differ only in that one
	 * waits for the first seed after boot.  tty is whatever terminal a process
	 * has, its own or the caller's: programs that make terminals need it. */
	static const char *const nodes[] = { "null", "zero", "full",
					     "urandom", "tty" };
	struct plan *p = m->p;
	/* Root could change the modes of the host's own nodes. */
	unsigned guard = p->uid == 0 ? ROW_RO : 0;
	char shm[80];

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		char target[32];

		(void)snprintf(target, sizeof(target), "/dev/%s", nodes[i]);
		m->failed |= plan_bind(p, target, BASE_HOST, "/dev", nodes[i],
				       ROW_DEV | ROW_MAKE_FILE | ROW_SKIP |
				       guard, NULL);
	}
	m->failed |= plan_link(p, "/dev/random", "urandom");
	m->failed |= plan_link(p, "/dev/fd", "/proc/self/fd");
	m->failed |= plan_link(p, "/dev/stdin", "/proc/self/fd/0");
	m->failed |= plan_link(p, "/dev/stdout", "/proc/self/fd/1");
	m->failed |= plan_link(p, "/dev/stderr", "/proc/self/fd/2");
	m->failed |= plan_link(p, "/dev/ptmx", "pts/ptmx");
	/* A folder of the runtime directory: a tmpfs of its own costs more than
	 * any other row. */
	(void)snprintf(shm, sizeof(shm), "%s/.shm", m->runtime_dir);
	m->failed |= plan_dir(p, shm, 01777);
	m->failed |= plan_link(p, "/dev/shm", shm);
	if (m->in->probe->tty)
		m->failed |= plan_bind(p, "/dev/console", BASE_HOST,
				       m->in->probe->tty, "",
				       ROW_DEV | ROW_MAKE_FILE | ROW_SKIP |
				       guard, "the terminal");
}

/* Root on the host is root to the kernel's own switches, with no capability asked:
 * /proc/sys/kernel/core_pattern alone runs a program outside.  For anybody else the
 * modes of these files are enough. */
static void cover_proc(struct maker *m)
{
	static const char *const parts[] = { "sys", "sysrq-trigger", "irq",
					     "bus" };

	static const char *const files[] = {
		"iomem", "ioports", "kallsyms", "kcore", "keys", "kpagecgroup",
		"kpagecount", "kpageflags", "mtrr", "slabinfo", "timer_list",
		"vmallocinfo",
	};
	char target[32];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		(void)snprintf(target, sizeof(target), "/proc/%s", parts[i]);
		m->failed |= plan_bind(m->p, target, BASE_ROOT, NULL,
				       target + 1, ROW_RO | ROW_SKIP, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		(void)snprintf(target, sizeof(target), "/proc/%s", files[i]);
		m->failed |= plan_bind(m->p, target, BASE_ROOT, NULL,
				       &PLAN_SETUP "/empty"[1],
				       ROW_RO | ROW_SKIP, NULL);
	}
}

static void make_kernel(struct maker *m)
{
	struct row *r = plan_row(m->p, ROW_PROC, "/proc", ROW_NOEXEC,
				 "processes of the sandbox only");

	m->failed |= r ? 0 : -ENOMEM;
	if (m->p->uid == 0)
		cover_proc(m);
	r = plan_row(m->p, ROW_DEVPTS, "/dev/pts", ROW_MAKE_DIR | ROW_DEV |
		     ROW_NOEXEC, "terminals of the sandbox only");
	if (r)
		r->text = strdup("newinstance,ptmxmode=0666,mode=620");
	m->failed |= r && r->text ? 0 : -ENOMEM;
}

/* ---- /etc ---- */

static void etc_file(struct maker *m, const char *name, const char *text)
{
	CLEANUP_FREE char *target =
		path_join(has_image_etc(m) ? ETC_LAYER : "/etc", name);

	m->failed |= target ? plan_file(m->p, target, text) : -ENOMEM;
}

static void etc_bytes(struct maker *m, const char *name, const char *data,
		      size_t len)
{
	CLEANUP_FREE char *target =
		path_join(has_image_etc(m) ? ETC_LAYER : "/etc", name);

	m->failed |= target ? plan_bytes(m->p, target, data, len) : -ENOMEM;
}

static void etc_link(struct maker *m, const char *name, const char *to)
{
	CLEANUP_FREE char *target =
		path_join(has_image_etc(m) ? ETC_LAYER : "/etc", name);

	m->failed |= target ? plan_link(m->p, target, to) : -ENOMEM;
}

/* One line per account: the user under the own name, and nobody, to whom
 * everything that is not mapped belongs. */
static void etc_accounts(struct maker *m)
{
	const struct probe *h = m->in->probe;
	CLEANUP_BUF struct buf passwd = BUF_INIT;
	CLEANUP_BUF struct buf group = BUF_INIT;

	buf_addf(&passwd, "%s:x:%u:%u:%s:%s:/bin/sh\n", h->user, h->uid,
		 h->gid, h->user, h->home);
	if (h->uid)
		buf_adds(&passwd, "root:x:0:0:root:/root:/bin/sh\n");
	buf_adds(&passwd, "nobody:x:65534:65534:nobody:/nonexistent:"
		 "/usr/sbin/nologin\n");
	buf_addf(&group, "%s:x:%u:\n", h->user, h->gid);
	if (h->gid)
		buf_adds(&group, "root:x:0:\n");
	buf_adds(&group, "nogroup:x:65534:\n");
	etc_file(m, "passwd", buf_text(&passwd));
	etc_file(m, "group", buf_text(&group));
	m->failed |= passwd.failed || group.failed ? -ENOMEM : 0;
}

/* What follows the host is a link into /run/host/live. */
static void etc_live(struct maker *m, const char *name, const char *host,
		     bool wanted)
{
	char live[64];

	if (!wanted)
		return;
	(void)snprintf(live, sizeof(live), "/run/host/live/%s", name);
	etc_link(m, name, live);
	m->failed |= plan_bind(m->p, live, BASE_HOST, host, "",
			       ROW_RO | ROW_MAKE_FILE | ROW_SKIP |
			       ROW_NOEXEC, NULL);
}

static void make_etc(struct maker *m)
{
	bool net = !(m->p->namespaces & CLONE_NEWNET);
	CLEANUP_FREE char *id = NULL;

	m->failed |= plan_dir(m->p, "/etc", 0755);
	if (has_image_etc(m))
		m->failed |= plan_dir(m->p, ETC_LAYER, 0755);
	etc_accounts(m);
	if (m->in->machine_id) {
		if (asprintf(&id, "%s\n", m->in->machine_id) < 0) {
			id = NULL;
			m->failed |= -ENOMEM;
			return;
		}
		etc_file(m, "machine-id", id);
	}
	etc_link(m, "mtab", "/proc/self/mounts");
	if (m->in->probe->localtime)
		etc_bytes(m, "localtime", m->in->probe->localtime,
			  m->in->probe->localtime_len);
	etc_live(m, "resolv.conf", "/etc/resolv.conf", net);
	if (net)
		etc_live(m, "hosts", "/etc/hosts", true);
	else
		etc_file(m, "hosts", "127.0.0.1 localhost holdall\n"
			 "::1 localhost holdall\n");
}

/* ---- what the bundle brings ---- */

static void mount_image(struct maker *m)
{
	struct row *r = plan_row(m->p, ROW_IMAGE, IMAGE, ROW_MAKE_DIR,
				 "the image, served through FUSE");

	m->failed |= r ? 0 : -ENOMEM;
}

static bool is_ours(const char *name)
{
	static const char *const ours[] = {
		"proc", "sys", "dev", "tmp", "run", "home", "mnt", "media",
		"srv", "root", "etc", "var",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!strcmp(name, ours[i]))
			return true;
	return false;
}

static void bind_tops(struct maker *m)
{
	const struct header *h = m->in->header;

	for (size_t i = 0; i < h->n_top; i++) {
		const struct header_top *t = &h->top[i];
		CLEANUP_FREE char *target = path_join("/", t->name);

		if (!target) {
			m->failed |= -ENOMEM;
			return;
		}
		if (is_ours(t->name) || (!m->full && strcmp(t->name, "app")))
			continue;
		if (t->target)
			m->failed |= plan_link(m->p, target, t->target);
		else
			m->failed |= plan_bind(m->p, target, BASE_IMAGE, NULL,
					       t->name, ROW_RO | ROW_MAKE_DIR,
					       "from the bundle");
	}
}

static void overlay(struct maker *m, const char *target, const char *lower1,
		    const char *lower2, const char *upper, const char *work,
		    const char *why)
{
	struct row *r = plan_row(m->p, ROW_OVERLAY, target, ROW_MAKE_DIR, why);
	int failed = r ? 0 : -ENOMEM;

	if (r && lower1)
		failed |= strlist_add(&r->layers, lower1);
	if (r && lower2)
		failed |= strlist_add(&r->layers, lower2);
	if (r && upper) {
		r->upper = strdup(upper);
		r->work = strdup(work);
		failed |= r->upper && r->work ? 0 : -ENOMEM;
	}
	m->failed |= failed;
}

/* /var belongs to root on any system, so an app expects to write only /var/tmp.
 * What the image brings there is shown under a layer in memory. */
static void make_var(struct maker *m)
{
	static const char *const folders[] = { "/cache", "/lib", "/log" };
	bool image_var = m->full && m->in->header->image_var;
	const char *base = image_var ? PLAN_SETUP "/var/up" : "/var";
	char path[64];

	if (image_var)
		m->failed |= plan_tmpfs(m->p, PLAN_SETUP "/var", "mode=0755", 0,
					NULL);
	/* Each folder by a row: finding out that it is missing costs more. */
	m->failed |= plan_dir(m->p, base, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", base, folders[i]);
		m->failed |= plan_dir(m->p, path, 0755);
	}
	(void)snprintf(path, sizeof(path), "%s/tmp", base);
	m->failed |= plan_link(m->p, path, "/tmp");
	(void)snprintf(path, sizeof(path), "%s/run", base);
	m->failed |= plan_link(m->p, path, "/run");
	(void)snprintf(path, sizeof(path), "%s/lock", base);
	m->failed |= plan_link(m->p, path, "/run/lock");
	if (!image_var)
		return;
	m->failed |= plan_dir(m->p, PLAN_SETUP "/var/work", 0755);
	overlay(m, "/var", IMAGE "/var", NULL, PLAN_SETUP "/var/up",
		PLAN_SETUP "/var/work",
		"the bundle's /var, changes kept in memory");
}

/* A thin bundle stands on the host's /usr, and of its /etc only on what programs
 * need to start and to show text. */
static void make_thin(struct maker *m)
{
	static const char *const merged[] = { "bin", "sbin", "lib", "lib32",
					      "lib64", "libx32" };
	static const char *const etc[] = { "ld.so.cache", "alternatives",
					   "fonts", "ssl/certs", "pki",
					   "ca-certificates" };
	char target[64];

	m->failed |= plan_bind(m->p, "/usr", BASE_HOST, "/usr", "",
			       ROW_RO | ROW_MAKE_DIR, "the host's /usr");
	for (size_t i = 0; i < ARRAY_SIZE(merged); i++) {
		char link[64];
		ssize_t n;

		(void)snprintf(target, sizeof(target), "/%s", merged[i]);
		n = readlink(target, link, sizeof(link) - 1);
		if (n > 0) {
			link[n] = '\0';
			m->failed |= plan_link(m->p, target, link);
		} else if (errno == EINVAL) {
			m->failed |= plan_bind(m->p, target, BASE_HOST, target,
					       "", ROW_RO | ROW_MAKE_DIR,
					       "the host's");
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(etc); i++) {
		char host[64];
		struct stat st;

		(void)snprintf(host, sizeof(host), "/etc/%s", etc[i]);
		if (stat(host, &st) < 0)
			continue;
		m->failed |= plan_bind(m->p, host, BASE_HOST, host, "",
				       ROW_RO | ROW_NOEXEC |
				       (S_ISDIR(st.st_mode) ? ROW_MAKE_DIR :
							      ROW_MAKE_FILE),
				       "the host's");
	}
}

/* ---- home ---- */

static bool wants_overlay(const struct maker *m)
{
	const struct header *h = m->in->header;
	enum home_kind kind = m->in->home->kind;

	return (kind == HOME_PRIVATE || kind == HOME_EPHEMERAL) && m->full &&
	       (h->graphical || h->home_skeleton);
}

/* The generated layer: folders named in English until the host's own names are
 * followed, so that an app finds where to save. */
static void home_layer(struct maker *m)
{
	static const char dirs[] =
		"XDG_DESKTOP_DIR=\"$HOME\"\nXDG_DOWNLOAD_DIR=\"$HOME\"\n"
		"XDG_DOCUMENTS_DIR=\"$HOME\"\nXDG_MUSIC_DIR=\"$HOME\"\n"
		"XDG_PICTURES_DIR=\"$HOME\"\nXDG_VIDEOS_DIR=\"$HOME\"\n";

	m->failed |= plan_file(m->p,
			       PLAN_SETUP "/home-layer/.config/user-dirs.dirs",
			       dirs);
}

static void overlay_home(struct maker *m)
{
	const struct header *h = m->in->header;
	const struct home *home = m->in->home;
	CLEANUP_FREE char *skeleton = NULL;
	struct row *r;
	int failed = 0;

	if (home->kind == HOME_PRIVATE) {
		m->failed |= plan_bind(m->p, PLAN_SETUP "/home", BASE_HOST,
				       m->in->state->base, home->rel,
				       ROW_MAKE_DIR, NULL);
	} else {
		m->failed |= plan_tmpfs(m->p, PLAN_SETUP "/home", "mode=0700", 0,
					NULL);
		m->failed |= plan_dir(m->p, PLAN_SETUP "/home/upper", 0700);
		m->failed |= plan_dir(m->p, PLAN_SETUP "/home/work", 0700);
	}
	if (h->graphical)
		home_layer(m);
	skeleton = path_join(IMAGE, h->home_skeleton ? h->home_skeleton + 1 :
						       "etc/skel");
	r = plan_row(m->p, ROW_OVERLAY, m->in->probe->home, ROW_MAKE_DIR,
		     home->kind == HOME_PRIVATE ?
		     "the app's own home over what the bundle brings" :
		     "an empty home over what the bundle brings, gone with "
		     "the app");
	if (!r || !skeleton) {
		m->failed |= -ENOMEM;
		return;
	}
	failed |= strlist_add(&r->layers, PLAN_SETUP "/points");
	failed |= strlist_add(&r->layers, PLAN_SETUP "/home-layer");
	failed |= strlist_add(&r->layers, skeleton);
	if (h->graphical && h->home_skeleton)
		failed |= strlist_add(&r->layers, IMAGE "/etc/skel");
	/* Always a layer of the image, be it empty: the overlay pins the image,
	 * so the server, which holds the home's lock, ends last. */
	failed |= strlist_add(&r->layers, IMAGE "/mnt");
	r->upper = strdup(PLAN_SETUP "/home/upper");
	r->work = strdup(PLAN_SETUP "/home/work");
	m->failed |= failed | (r->upper && r->work ? 0 : -ENOMEM);
}

/* Closed with the root, but below /tmp, which is open, by itself. */
static void no_home(struct maker *m, const char *target)
{
	static const char why[] = "no home: empty and closed";
	struct row *r;

	if (path_below(target, "/tmp")) {
		m->failed |= plan_tmpfs(m->p, target, "mode=0500,size=64k", 0,
					why);
		return;
	}
	r = plan_row(m->p, ROW_DIR, target, 0, why);
	if (r)
		r->mode = 0500;
	m->failed |= r ? 0 : -ENOMEM;
}

static void plain_home(struct maker *m)
{
	const struct home *home = m->in->home;
	const char *target = m->in->probe->home;
	CLEANUP_FREE char *upper = NULL;

	switch (home->kind) {
	case HOME_PRIVATE:
		upper = path_join(home->rel, "upper");
		m->failed |= !upper ? -ENOMEM :
			plan_bind(m->p, target, BASE_HOST, m->in->state->base,
				  upper, ROW_MAKE_DIR,
				  "the app's own home, kept");
		break;
	case HOME_EPHEMERAL:
		m->failed |= plan_open(m->p, target, 0700,
				       "an empty home, gone with the app");
		break;
	default:
		no_home(m, target);
	}
}

/* ---- the whole ---- */

static int command_line(struct maker *m, struct err *err)
{
	const struct strlist *args = &m->in->options->app_args;
	const struct strlist *command = &m->in->command->argv;

	for (size_t i = 0; i < command->n; i++)
		if (strlist_add(&m->p->argv, command->v[i]) < 0)
			return err_nomem(err);
	for (size_t i = 0; i < args->n; i++)
		if (strlist_add(&m->p->argv, args->v[i]) < 0)
			return err_nomem(err);
	return 0;
}

static int apply_effects(struct maker *m, struct err *err)
{
	const struct perms *granted = &m->in->decision->granted;

	for (size_t i = 0; i < granted->n; i++) {
		int r = effect_apply(&granted->v[i], m->p, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static void last_rows(struct maker *m)
{
	struct plan *p = m->p;

	if (m->in->home->kind == HOME_NONE &&
	    path_below(m->in->probe->home, "/tmp") &&
	    !plan_row(p, ROW_READONLY, m->in->probe->home, 0, NULL))
		m->failed |= -ENOMEM;
	if (m->p->overlay_home &&
	    !plan_row(p, ROW_DETACH, PLAN_SETUP "/home", 0, NULL))
		m->failed |= -ENOMEM;
	if (m->full && m->in->header->image_var &&
	    !plan_row(p, ROW_DETACH, PLAN_SETUP "/var", 0, NULL))
		m->failed |= -ENOMEM;
	/* The image itself stays where it was mounted, among the set-up's things:
	 * it shows nothing new, and an unmount waits for all processors. */
	if (!plan_row(p, ROW_READONLY, "/", 0, NULL))
		m->failed |= -ENOMEM;
}

static int work_dir(struct maker *m, struct err *err)
{
	const struct plan_input *in = m->in;
	const char *dir = in->header->workdir;

	if (!dir)
		dir = in->probe->cwd ? in->probe->cwd : in->probe->home;
	m->p->workdir = strdup(dir);
	return m->p->workdir ? 0 : err_nomem(err);
}

/* Folder of the search path, or the program itself, if the image may have it: what
 * lies in our own folders needs no warming. */
static void warm_program(struct maker *m, const char *path)
{
	const struct header *h = m->in->header;
	CLEANUP_FREE char *top = strndup(path + 1, strcspn(path + 1, "/"));

	for (size_t i = 0; top && i < h->n_top; i++)
		if (!strcmp(h->top[i].name, top) && !is_ours(top))
			m->failed |= strlist_add(&m->p->warm, path + 1);
	m->failed |= top ? 0 : -ENOMEM;
}

static void warm_image(struct maker *m)
{
	const struct header *h = m->in->header;
	const char *name = m->p->argv.v[0];

	for (size_t i = 0; i < h->n_top; i++)
		if (!h->top[i].target && !is_ours(h->top[i].name))
			m->failed |= strlist_add(&m->p->warm,
						 h->top[i].name);
	if (has_image_etc(m))
		m->failed |= strlist_add(&m->p->warm, "etc");
	if (name[0] == '/') {
		warm_program(m, name);
		return;
	}
	for (size_t i = 0; i < m->p->path.n; i++) {
		CLEANUP_FREE char *path = path_join(m->p->path.v[i], name);

		if (path)
			warm_program(m, path);
	}
}

static int make_rows(struct maker *m, struct err *err)
{
	bool home_in_var = path_below(m->in->probe->home, "/var") != NULL;
	int r;

	m->failed |= plan_dir(m->p, "/run", 0755);
	m->failed |= plan_dir(m->p, "/run/holdall", 0755);
	m->failed |= plan_dir(m->p, PLAN_SETUP, 0755);
	mount_image(m);
	make_skeleton(m);
	make_dev(m);
	make_kernel(m);
	make_etc(m);
	m->failed |= display_rows(m->in, m->p, m->runtime_dir);
	m->failed |= fonts_rows(m->in, m->p, has_image_etc(m) ? ETC_LAYER :
				"/etc");
	m->failed |= gpu_rows(m->p, "/dev", "/sys");
	/* A home in /var/home must come to lie on top of it. */
	if (home_in_var)
		make_var(m);
	if (m->p->overlay_home) {
		m->failed |= plan_dir(m->p, PLAN_SETUP "/points", 0755);
		overlay_home(m);
	} else {
		plain_home(m);
	}
	r = plan_files(m->in, m->p, err);
	if (r < 0)
		return r;
	if (!m->full)
		make_thin(m);
	if (!home_in_var)
		make_var(m);
	bind_tops(m);
	if (has_image_etc(m))
		overlay(m, "/etc", ETC_LAYER, IMAGE "/etc", NULL, NULL,
			"the bundle's /etc under what we generate");
	last_rows(m);
	warm_image(m);
	/* Where nothing but ours can lie, one lookup is enough. */
	for (size_t i = 0; i < m->p->n_rows; i++)
		if (protected_is_reserved(m->p->rows[i].target,
					  m->in->probe->home))
			m->p->rows[i].flags |= ROW_OWN;
	return 0;
}

/* A limit that is required and not held is an error, never left out in silence. */
static int check_limits(const struct header *h, struct err *err)
{
	for (size_t i = 0; i < h->n_limits; i++)
		if (h->limits[i].require)
			return err_set(err, ENOTSUP, "%s requires the limit "
				       "%s=%s, which this version cannot hold; "
				       "a newer holdall is needed", h->id,
				       h->limits[i].word, h->limits[i].value);
	return 0;
}

int plan_make(const struct plan_input *in, struct plan *ret, struct err *err)
{
	CLEANUP_PLAN struct plan p = PLAN_INIT;
	struct maker m = { .in = in, .p = &p,
			   .full = in->header->kind == KIND_FULL };
	int r;

	p.uid = in->probe->uid;
	p.gid = in->probe->gid;
	p.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
		       CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
		       CLONE_NEWCGROUP;
	p.hostname = strdup("holdall");
	p.umask = in->umask;
	p.overlay_home = wants_overlay(&m);
	(void)snprintf(m.runtime_dir, sizeof(m.runtime_dir), "/run/user/%u",
		       p.uid);
	r = check_limits(in->header, err);
	if (r == 0)
		r = apply_effects(&m, err);
	if (r == 0)
		r = command_line(&m, err);
	if (r == 0)
		r = display_decide(in, &p, err);
	if (r == 0)
		r = plan_env(in, &p, m.runtime_dir, err);
	if (r == 0)
		r = work_dir(&m, err);
	if (r == 0)
		r = make_rows(&m, err);
	if (r < 0)
		return r;
	if (m.failed || !p.hostname)
		return err_nomem(err);
	*ret = p;
	p = PLAN_INIT;
	return 0;
}
