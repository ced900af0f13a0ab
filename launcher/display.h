/*
 * display.h - windows: which display the app gets, and how it looks inside
 *
 * Decided before the rows are made (display_decide), because the environment
 * depends on it; the rows follow (display_rows).  At the start itself
 * display_open speaks to the X server, and display_check hears its answer, while
 * the sandbox is being built.
 *
 * X11: one socket is bound, and a cookie file with one entry is generated.
 * Wayland: one socket is bound.  Nothing else of the session gets in.
 */
#ifndef HOLDALL_DISPLAY_H
#define HOLDALL_DISPLAY_H

#include <stdbool.h>

#include "launcher/wayland_context.h"
#include "launcher/x11_auth.h"
#include "launcher/x11_name.h"
#include "runtime/err.h"

struct plan;
struct plan_input;

enum display_bits {
	DISPLAY_WAYLAND = 1,
	DISPLAY_X11 = 2,
	DISPLAY_X11_FALLBACK = 4,
	DISPLAY_X11_ISOLATED = 8,
};

struct plan_display {
	unsigned granted;		/* enum display_bits */
	char *wayland;			/* the host's socket, or NULL */
	bool x11;
	struct x11_name name;		/* the host's display */
	unsigned number;		/* inside */
	struct x11_cookie cookie;	/* the caller's own */
	/* manager 0: the compositor's own socket is bound.  The descriptors are
	 * the display_link's. */
	struct wayland_context context;
};

void plan_display_free(struct plan_display *d);
#define DISPLAY_WINDOWS(d) ((d)->wayland || (d)->x11)

/* Finds the displays that are granted and there.  None for an app with windows
 * is an error that says what is missing; for any other app it is no more than a
 * note, and that only if a variable names one. */
int display_decide(const struct plan_input *in, struct plan *p,
		   struct err *err);

/* Adds the rows: sockets, the cookie file. */
int display_rows(const struct plan_input *in, struct plan *p,
		 const char *runtime_dir);

/* Adds the variables to p->envp. */
int display_env(const struct plan_input *in, struct plan *p);

/* Between plan and start. */
struct display_link {
	int fd;			/* a connection to the X server, or -1 */
	bool waiting;		/* its answer has not been read */
	struct wayland_context context;
};
#define DISPLAY_LINK_INIT \
	((struct display_link){ .fd = -1, .context = WAYLAND_CONTEXT_INIT })
void display_link_free(struct display_link *l);

/* Opens the connection to the X server; for an app to be kept apart it also gets
 * the cookie and puts it into the plan's row.  The connection then stays open for
 * as long as the cookie shall be good: the server forgets it some time after the
 * last client that used it.
 *
 * Has a compositor make a socket of less trust, if it can; the plan's row then
 * makes that one.  The compositor listens on it until the link is freed. */
int display_open(struct plan *p, const char *app_id, struct display_link *l,
		 struct err *err);

/* The server's answer: an error if it refuses our cookie.  No answer in time is
 * none. */
int display_check(struct display_link *l, struct err *err);

#endif
