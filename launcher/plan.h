/*
 * plan.h - what will be done for one run, as a plain value
 *
 * Made without side effects from header, decision, options and a probe of the
 * host (plan_make), printed by --explain (plan_explain), compared by tests, and
 * applied by one executor (executor.h).  There is no policy in the executor and
 * no system call that changes anything in the making.
 *
 * Rows are applied in order.  A target is an absolute, clean path inside the
 * sandbox.  A source is a base and a path relative to it: bases that the user is
 * trusted for are opened normally once, what lies below them only through the
 * door of runtime/path.h.
 */
#ifndef HOLDALL_PLAN_H
#define HOLDALL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "launcher/cli.h"
#include "launcher/decide.h"
#include "launcher/display.h"
#include "launcher/probe.h"
#include "launcher/state.h"
#include "manifests/header.h"
#include "runtime/buf.h"
#include "runtime/err.h"
#include "runtime/text.h"

/* The folder of the sandbox's root that holds what only the set-up needs: the
 * image's mount, layers of overlays.  The app can read it, so it holds nothing that
 * the app does not see elsewhere. */
#define PLAN_SETUP "/run/holdall/setup"

enum row_kind {
	ROW_DIR,	/* a directory in our own tmpfs */
	ROW_LINK,	/* a symbolic link in our own tmpfs, to `text` */
	ROW_FILE,	/* a generated file in our own tmpfs, content `text` */
	ROW_TMPFS,	/* an empty tmpfs, options `text` */
	ROW_OPEN,	/* a folder of our own tmpfs that stays writable when the
			 * root is closed: bound on itself, a fifth of a tmpfs */
	ROW_IMAGE,	/* the image, served through FUSE */
	ROW_BIND,	/* base:source, or the file or directory itself */
	ROW_OVERLAY,	/* see `layers`; falls back to a bind of the upper */
	ROW_WAYLAND,	/* a socket that the compositor answers as a sandbox's */
	ROW_PROC,
	ROW_DEVPTS,
	ROW_READONLY,	/* the mount at target becomes read-only */
	ROW_DETACH,	/* unmounts target (helpers of the set-up) */
};

enum plan_base {
	BASE_NONE,
	BASE_HOST,	/* `base_path`: absolute, trusted, opened normally */
	BASE_IMAGE,	/* the image's root */
	BASE_ROOT,	/* the sandbox's own root */
	BASE_FD,	/* `fd`: a folder that the caller has open */
};

enum row_flags {
	ROW_RO = 1,		/* read-only, with everything below it */
	ROW_DEV = 2,		/* device nodes work (a single node of /dev) */
	ROW_MAKE_DIR = 4,	/* the mount point is made, a directory */
	ROW_MAKE_FILE = 8,	/* the mount point is made, an empty file */
	ROW_SKIP = 16,		/* source missing: leave the row out */
	ROW_SAY = 32,		/* source missing: leave out, and say so */
	ROW_NOEXEC = 64,
	ROW_OWN = 128,		/* target lies in our own tmpfs, where nothing from
				 * outside is mounted yet: one lookup will do */
	ROW_STRICT = 256,	/* OVERLAY: nothing else may take its place */
};

struct row {
	enum row_kind kind;
	unsigned flags;		/* enum row_flags */
	unsigned mode;		/* of what is made */
	char *target;
	enum plan_base base;
	char *base_path;	/* BASE_HOST */
	int fd;			/* BASE_FD */
	char *source;		/* relative to the base; "" for the base */
	char *text;		/* link target, content, mount options */
	size_t text_len;	/* of content */
	struct strlist layers;	/* OVERLAY: lowers, topmost first, as paths in
				 * the sandbox's root */
	char *upper, *work;	/* OVERLAY: paths in the sandbox's root, or NULL */
	char *why;		/* for --explain and messages */
};

struct plan {
	struct row *rows;
	size_t n_rows;
	unsigned long namespaces;	/* CLONE_NEW* of the sandbox */
	bool loopback;			/* bring the interface lo up */
	char *hostname;
	struct strlist argv;		/* the app's */
	struct strlist envp;		/* "KEY=value" */
	char *workdir;			/* inside */
	struct strlist path;		/* folders to look argv[0] up in */
	struct strlist warm;		/* paths beneath the image's root that the
					 * start will ask for, the program last */
	unsigned null_fds;		/* bits 0-2: replaced by /dev/null */
	int *keep_fds;			/* passed beside 0-2 */
	int *setup_fds;			/* for the set-up alone, not owned */
	size_t n_setup_fds;
	size_t n_keep_fds;
	unsigned relax;			/* enum filter_relax */
	struct plan_display display;	/* windows: what is granted and there */
	bool gpu;			/* the graphics card */
	bool overlay_home;		/* the image server holds the home's lock */
	uid_t uid;
	gid_t gid;
	bool as_root;			/* uid and gid are 0 inside (tool plan) */
	char *root;			/* a mount of the rows that becomes the root;
					 * NULL: the tmpfs they are made in */
	struct strlist hand_out;	/* folders whose descriptors the caller of the
					 * executor gets, before they lose their names */
	mode_t umask;			/* the caller's, for the app */
	bool cwd_closed;		/* the working directory is ours and read-only */
	struct strlist mountpoints;	/* made in the bound home: "d" or "f" + rel */
	struct strlist create;	/* folders made on the host before the start: pairs
				 * of base (trusted) and path beneath it */
	struct strlist notes;		/* for stderr, one line each */
};

#define PLAN_INIT ((struct plan){ 0 })
void plan_free(struct plan *p);
#define CLEANUP_PLAN CLEANUP(plan_free)

/* Everything that goes into a plan. */
struct plan_input {
	const struct header *header;
	const struct decision *decision;
	const struct options *options;
	const struct probe *probe;
	const struct state *state;
	const struct home *home;
	const char *machine_id;
	const char *bundle_path;	/* absolute, or NULL */
	mode_t umask;			/* the caller's */
	const struct header_command *command;
};

int plan_make(const struct plan_input *in, struct plan *ret,
	      struct err *err);

/* Plain words, one line per thing. */
void plan_explain(const struct plan *p, const struct plan_input *in,
		  struct buf *out);

/* ---- for the makers: adding rows (rows.c) ---- */

/* A new zeroed row at the end, or NULL (out of memory: plan->failed is asked by
 * plan_make at the end through `err`). */
struct row *plan_row(struct plan *p, enum row_kind kind, const char *target,
		     unsigned flags, const char *why);
int plan_dir(struct plan *p, const char *target, unsigned mode);
int plan_link(struct plan *p, const char *target, const char *to);
int plan_file(struct plan *p, const char *target, const char *text);
int plan_open(struct plan *p, const char *target, unsigned mode,
	      const char *why);
int plan_bytes(struct plan *p, const char *target, const char *data,
	       size_t len);
int plan_tmpfs(struct plan *p, const char *target, const char *options,
	       unsigned flags, const char *why);
int plan_setup_fd(struct plan *p, int fd);
int plan_bind(struct plan *p, const char *target, enum plan_base base,
	      const char *base_path, const char *source, unsigned flags,
	      const char *why);

/* files.c: named files, the working directory and `files` grants. */
int plan_files(const struct plan_input *in, struct plan *p, struct err *err);

#endif
