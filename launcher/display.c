/*
 * display.c - which display the app gets (see display.h)
 *
 * The number inside: libxcb tries the abstract socket of a display first, and
 * the one in the file system only if nobody listens there (ECONNREFUSED).  With
 * the host's network Landlock answers EPERM for a name that the host uses, and
 * libxcb gives up.  So there the number is one whose abstract name is free; with
 * a network of its own the app keeps the host's number.
 *
 * The connect(2) to the Wayland socket is the only way to tell a compositor from
 * the socket it left behind; x11-fallback depends on it.
 */
#include "launcher/display.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher/plan.h"
#include "launcher/plan_env.h"
#include "launcher/quoted.h"
#include "launcher/wayland.h"
#include "launcher/x11_wire.h"
#include "runtime/path.h"

#define COOKIE_FILE "/run/holdall/Xauthority"
#define WAYLAND_NAME "wayland-0"
#define FIRST_NUMBER 100u
#define NUMBER_TRIES 100u
/* How long an untrusted cookie outlives its last client. */
#define UNTRUSTED_SECONDS 20u

void plan_display_free(struct plan_display *d)
{
	free(d->wayland);
	*d = (struct plan_display){ 0 };
}

/* ---- X11 ---- */

static bool has_host_network(const struct plan *p)
{
	return !(p->namespaces & CLONE_NEWNET);
}

/* Nobody listens on the abstract name of this display. */
static bool is_free(unsigned number)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char name[X11_SOCKET_NAME_MAX];
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
				   SOCK_NONBLOCK, 0);
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1,
			 X11_SOCKETS "/%s", x11_socket_name(number, name));

	return fd >= 0 &&
	       connect(fd, (struct sockaddr *)&a,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   (size_t)n)) < 0 && errno == ECONNREFUSED;
}

static int choose_number(struct plan *p, struct err *err)
{
	struct plan_display *d = &p->display;

	d->number = d->name.number;
	if (!has_host_network(p) || d->name.host[0])
		return 0;
	for (unsigned n = FIRST_NUMBER; n < FIRST_NUMBER + NUMBER_TRIES; n++)
		if (is_free(n)) {
			d->number = n;
			return 0;
		}
	return err_set(err, EADDRINUSE, "no X11 display number from %u to %u "
		       "is free", FIRST_NUMBER,
		       FIRST_NUMBER + NUMBER_TRIES - 1);
}

static int check_socket(const struct x11_name *name, struct err *err)
{
	char path[sizeof(X11_SOCKETS) + X11_SOCKET_NAME_MAX];
	char space[X11_SOCKET_NAME_MAX];
	struct stat st;
	int num = 0;

	(void)snprintf(path, sizeof(path), X11_SOCKETS "/%s",
		       x11_socket_name(name->number, space));
	if (lstat(path, &st) < 0)
		num = errno;
	else if (!S_ISSOCK(st.st_mode))
		return err_set(err, ENOTSOCK, "%s is no socket", path);
	if (num == ENOENT && !is_free(name->number))
		return err_set(err, num, "the X11 display :%u has only an "
			       "abstract socket, which a sandbox cannot be "
			       "given; start the X server with -listen local "
			       "or a folder " X11_SOCKETS, name->number);
	if (num == ENOENT)
		return err_set(err, num, "there is no X11 display :%u (%s is "
			       "missing)", name->number, path);
	return num ? err_sys(err, num, "%s", path) : 0;
}

static int decide_x11(const struct plan_input *in, struct plan *p,
		      struct err *err)
{
	const char *display = getenv("DISPLAY");
	struct plan_display *d = &p->display;
	int r;

	if (!display || !*display)
		return err_set(err, ENOENT, "DISPLAY is not set");
	r = x11_name_parse(display, &d->name, err);
	if (r < 0)
		return r;
	if (d->name.host[0] && (!has_host_network(p) ||
				d->granted & DISPLAY_X11_ISOLATED))
		return err_set(err, ENETUNREACH, "DISPLAY is %s, a display "
			       "through the network, which only an app with "
			       "network=host and display=x11 can reach",
			       display);
	r = d->name.host[0] ? 0 : check_socket(&d->name, err);
	if (r == 0)
		r = choose_number(p, err);
	if (r == 0)
		r = x11_auth_read(in->probe->home, &d->name, &d->cookie, err);
	d->x11 = r == 0;
	return r;
}

/* ---- all together ---- */

static bool wants_x11(const struct plan_display *d)
{
	return d->granted & (DISPLAY_X11 | DISPLAY_X11_ISOLATED) ||
	       (d->granted & DISPLAY_X11_FALLBACK && !d->wayland);
}

static int add_note(struct plan *p, const struct err *why, struct err *err)
{
	CLEANUP_FREE char *text = NULL;

	if (asprintf(&text, "no windows: %s", why->text) < 0) {
		text = NULL;
		return err_nomem(err);
	}
	return strlist_add(&p->notes, text) < 0 ? err_nomem(err) : 0;
}

static bool any_named(void)
{
	const char *x11 = getenv("DISPLAY");
	const char *wayland = getenv("WAYLAND_DISPLAY");

	return (x11 && *x11) || (wayland && *wayland);
}

/* Neither is there.  `why` is the reason of the last that was tried. */
static int no_display(const struct plan_input *in, struct plan *p,
		      const struct err *why, struct err *err)
{
	if (!in->header->graphical || in->options->explain)
		return any_named() || in->options->explain ?
			add_note(p, why, err) : 0;
	(void)err_set(err, why->num, "%s needs a display: %s", in->header->id,
		      why->text);
	(void)err_hint(err, "start it in a desktop session, or without "
		       "windows: --deny display");
	return err_status(err, 125);
}

int display_decide(const struct plan_input *in, struct plan *p,
		   struct err *err)
{
	struct plan_display *d = &p->display;
	struct err why = { 0 };
	int r = 0;

	if (!d->granted)
		return 0;
	if (d->granted & DISPLAY_WAYLAND) {
		r = wayland_find(&d->wayland, &why);
		if (r == -ENOMEM)
			return err_nomem(err);
	}
	if (wants_x11(d)) {
		struct err x11 = { 0 };

		r = decide_x11(in, p, &x11);
		if (r == -ENOMEM)
			return err_nomem(err);
		/* A variable that is set says more than one that is not. */
		if (r < 0 && (!why.num || x11.num != ENOENT ||
			      !getenv("WAYLAND_DISPLAY")))
			why = x11;
	}
	if (DISPLAY_WINDOWS(d))
		return 0;
	if (!any_named())
		(void)err_set(&why, ENOENT, "neither WAYLAND_DISPLAY nor "
			      "DISPLAY is set");
	return no_display(in, p, &why, err);
}

/* ---- rows ---- */

static int x11_rows(struct plan *p)
{
	const struct plan_display *d = &p->display;
	const bool apart = d->granted & DISPLAY_X11_ISOLATED;
	CLEANUP_BUF struct buf file = BUF_INIT;
	char host[X11_SOCKET_NAME_MAX], inside[X11_SOCKET_NAME_MAX];
	char target[sizeof(X11_SOCKETS) + X11_SOCKET_NAME_MAX];
	int failed = 0;

	if (!d->name.host[0]) {
		(void)snprintf(target, sizeof(target), X11_SOCKETS "/%s",
			       x11_socket_name(d->number, inside));
		failed |= plan_dir(p, X11_SOCKETS, 01777);
		failed |= plan_bind(p, target, BASE_HOST, X11_SOCKETS,
				    x11_socket_name(d->name.number, host),
				    ROW_RO | ROW_MAKE_FILE,
				    apart ? "the X11 display, kept apart from "
				    "other windows" :
				    "the X11 display: what is typed into other "
				    "X11 windows, and what they show, can be "
				    "seen through it");
	}
	if (!d->cookie.len && !apart)
		return failed;
	/* For an app kept apart the cookie is made at the start. */
	if (!apart)
		x11_auth_write(&file, d->number, &d->cookie);
	if (file.failed)
		return -ENOMEM;
	return failed | plan_bytes(p, COOKIE_FILE, buf_text(&file), file.len);
}

int display_rows(const struct plan_input *in, struct plan *p,
		 const char *runtime_dir)
{
	const struct plan_display *d = &p->display;
	CLEANUP_FREE char *target = path_join(runtime_dir, WAYLAND_NAME);
	int failed = target ? 0 : -ENOMEM;

	(void)in;
	if (target && d->wayland)
		failed |= plan_bind(p, target, BASE_HOST, d->wayland, "",
				    ROW_RO | ROW_MAKE_FILE,
				    "the Wayland display");
	return d->x11 ? failed | x11_rows(p) : failed;
}

/* ---- environment ---- */

static int x11_env(struct plan *p)
{
	const struct plan_display *d = &p->display;
	char text[X11_HOST_MAX + 32];
	int r;

	(void)snprintf(text, sizeof(text), "%s:%u.%u", d->name.host, d->number,
		       d->name.screen);
	/* The short form is what programs compare with. */
	if (!d->name.screen)
		text[strlen(text) - 2] = '\0';
	r = plan_setenv(p, "DISPLAY", text);
	if (d->cookie.len || d->granted & DISPLAY_X11_ISOLATED)
		r |= plan_setenv(p, "XAUTHORITY", COOKIE_FILE);
	return r;
}

int display_env(const struct plan_input *in, struct plan *p)
{
	const struct plan_display *d = &p->display;
	int r = 0;

	(void)in;
	if (d->wayland)
		r |= plan_setenv(p, "WAYLAND_DISPLAY", WAYLAND_NAME);
	if (d->x11)
		r |= x11_env(p);
	if (DISPLAY_WINDOWS(d))
		r |= plan_setenv(p, "XDG_SESSION_TYPE",
				 d->wayland ? "wayland" : "x11");
	return r;
}

/* ---- the start ---- */

void display_link_free(struct display_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	wayland_context_free(&l->context);
	*l = DISPLAY_LINK_INIT;
}

static void drop_x11(struct display_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	l->waiting = false;
}

static int explain_connect(const struct x11_name *name, int num,
			   struct err *err)
{
	if (num == ECONNREFUSED)
		return err_set(err, num, "the X11 display :%u is dead: nobody "
			       "listens on its socket", name->number);
	return err_sys(err, num, "cannot connect to the X11 display :%u",
		       name->number);
}

/* Whoever gets in without a cookie is trusted, so a cookie of less trust would
 * mean nothing: the app need only leave it out. */
static int refuse_open_door(const struct plan_display *d, struct err *err)
{
	CLEANUP_X11 struct x11_conn c = X11_CONN_INIT;
	const struct x11_cookie none = { 0 };
	struct err refused = { 0 };

	if (x11_open(&d->name, &none, &c, &refused) < 0) {
		if (refused.num == EACCES)
			return 0;
		*err = refused;
		return err_prefix(err, "display=x11-isolated");
	}
	return err_set(err, EACCES, "display=x11-isolated: the X11 display "
		       ":%u lets every program of this user in without a "
		       "cookie, so the app cannot be kept apart; close it "
		       "(xhost -; xhost -si:localuser:$USER), or use "
		       "display=x11", d->name.number);
}

static int isolate(struct plan *p, struct display_link *l, struct err *err)
{
	struct plan_display *d = &p->display;
	CLEANUP_X11 struct x11_conn own = X11_CONN_INIT;
	CLEANUP_X11 struct x11_conn held = X11_CONN_INIT;
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct x11_cookie cookie;
	int r = refuse_open_door(d, err);

	if (r < 0)
		return r;
	r = x11_open(&d->name, &d->cookie, &own, err);
	if (r == 0)
		r = x11_untrusted_cookie(&own, UNTRUSTED_SECONDS, &cookie,
					 err);
	if (r == 0)
		r = x11_open(&d->name, &cookie, &held, err);
	if (r < 0)
		return err_prefix(err, "display=x11-isolated");
	x11_auth_write(&file, d->number, &cookie);
	r = buf_check(&file, err);
	for (size_t i = 0; r == 0 && i < p->n_rows; i++) {
		struct row *row = &p->rows[i];

		if (row->kind != ROW_FILE || strcmp(row->target, COOKIE_FILE))
			continue;
		free(row->text);
		row->text_len = file.len;
		row->text = buf_steal(&file);
		l->fd = steal_fd(&held.fd);
		return 0;
	}
	return r < 0 ? r : err_set(err, EINVAL, "the plan has no cookie file");
}

/* The row that binds the compositor's own socket becomes one that makes a new
 * one. */
static int confine_wayland(struct plan *p, const char *app_id,
			   struct display_link *l, struct err *err)
{
	struct plan_display *d = &p->display;
	int r = wayland_context_find(d->wayland, app_id, &l->context, err);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < p->n_rows; i++) {
		struct row *row = &p->rows[i];

		if (row->kind != ROW_BIND || !row->base_path ||
		    strcmp(row->base_path, d->wayland) != 0)
			continue;
		row->kind = ROW_WAYLAND;
		d->context = l->context;
		if (plan_setup_fd(p, l->context.connection) < 0 ||
		    plan_setup_fd(p, l->context.ended) < 0)
			return err_nomem(err);
		return 0;
	}
	return err_set(err, EINVAL, "the plan has no Wayland socket");
}

static int open_x11(struct plan *p, struct display_link *l, struct err *err)
{
	const struct plan_display *d = &p->display;
	int r;

	if (d->granted & DISPLAY_X11_ISOLATED)
		return isolate(p, l, err);
	/* With Wayland beside it a dead X server is no reason to stop. */
	r = x11_connect(&d->name, &l->fd);
	if (r < 0)
		return d->wayland ? 0 : explain_connect(&d->name, -r, err);
	l->waiting = !d->wayland && x11_send_setup(l->fd, &d->cookie) == 0;
	if (!l->waiting)
		drop_x11(l);
	return 0;
}

int display_open(struct plan *p, const char *app_id, struct display_link *l,
		 struct err *err)
{
	const struct plan_display *d = &p->display;
	int r = d->wayland ? confine_wayland(p, app_id, l, err) : 0;

	if (r < 0)
		return err_status(err, 125);
	return d->x11 && !d->name.host[0] ? open_x11(p, l, err) : 0;
}

int display_check(struct display_link *l, struct err *err)
{
	struct x11_conn c = X11_CONN_INIT;
	struct err answer = { 0 };
	int r;

	if (!l->waiting)
		return 0;
	c.fd = l->fd;
	r = x11_read_setup(&c, X11_WAIT_MS, &answer);
	drop_x11(l);
	if (r == 0 || answer.num != EACCES)
		return 0;
	*err = answer;
	return err_hint(err, "the cookie in $XAUTHORITY (or ~/.Xauthority) is "
			"not this display's; xauth list shows them");
}
