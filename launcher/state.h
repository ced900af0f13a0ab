/*
 * state.h - what is kept of an app on the host
 *
 * $XDG_DATA_HOME/holdall/<app id>/<origin>/{origins,grants,machine-id,
 * homes/<name>/{lock,upper,work,var,mounts}}, every directory mode 0700.  The
 * origin of an unsigned bundle is local-<16 hex of its first seal>: the file
 * `origins` in the app's directory lists what our own pack wrote here: path, seal
 * and origin.  A repacked bundle at the same path continues its origin, and so
 * keeps home and grants; a bundle is recognised by its seal alone, so that it may be
 * moved, and so that a foreign file put at a known path gains nothing.  A bundle of
 * another origin with the same id gets its own, empty state.  The origin of a
 * signed bundle is key-<16 hex of its key's hash>, or that of the key before it
 * (trust.h); the app's file `keys` lists the keys.
 *
 * Everything is opened through path.h's door from the XDG base, which is
 * trusted and opened once.  Nothing here is made before it is needed:
 * state_open with make=false succeeds with dir_fd -1 when there is none yet.
 */
#ifndef HOLDALL_STATE_H
#define HOLDALL_STATE_H

#include <stdbool.h>

#include "launcher/cli.h"
#include "manifests/header.h"
#include "runtime/bundle.h"
#include "runtime/err.h"

struct state {
	char *id;
	char *origin;			/* "local-0123456789abcdef" */
	char *base;			/* $XDG_DATA_HOME/holdall, absolute */
	char *rel;			/* "<id>/<origin>" below base */
	int dir_fd;			/* <id>/<origin>, or -1 */
	/* Of state_open_bundle: */
	bool is_signed;
	bool other;			/* the app id is another key's */
};

#define STATE_INIT ((struct state){ .dir_fd = -1 })
void state_free(struct state *s);

int state_open(const char *id, const char *origin, bool make,
	       struct state *ret, struct err *err);

/* The directory of one app id, for its files `origins` and `keys`.  -ENOENT
 * without err filled only if !make. */
int state_open_app(const char *id, bool make, int *ret_fd, struct err *err);

/* The origins that are there for an app id, sorted; none is no error. */
int state_list_origins(const char *id, struct strlist *ret, struct err *err);

/* The origin of a bundle: see above and trust.h.  Fresh string.  -EBADMSG, -ENOKEY:
 * its signature is bad, or cannot be checked. */
int state_origin(const struct bundle *b, const struct header *h,
		 char **ret_origin, struct err *err);
/* The state of a bundle's app and origin; with `make` its key is remembered.
 * `ret_warning` (may be NULL): a fresh sentence when the app id is another
 * key's, or was nobody's until now, else untouched. */
int state_open_bundle(const struct bundle *b, const struct header *h,
		      bool make, struct state *ret, char **ret_warning,
		      struct err *err);
/* Records that our own pack wrote `seal_hash` of app `id` at `path`: a known
 * path keeps its origin, a new one gets local-<hash>. */
int state_record_pack(const char *id, const char *path,
		      const unsigned char *seal_hash, struct err *err);

/* Grants: permissions kept for (id, origin); missing file: empty. */
int state_read_grants(const struct state *s, struct perms *ret,
		      struct strlist *ret_unknown, struct err *err);
/* Held from reading to writing by whoever changes them; closing lets go. */
int state_lock_grants(const struct state *s, int *ret_fd, struct err *err);
int state_write_grants(struct state *s, const struct perms *grants,
		       struct err *err);

/* 32 hex digits, made once per (id, origin); "" home kinds get a random one. */
int state_machine_id(struct state *s, char ret[33], struct err *err);

/* A private home's directory, locked.  EBUSY with one clear line when another
 * instance runs on it. */
struct home {
	enum home_kind kind;
	char *rel;			/* "<id>/<origin>/homes/<name>" below base */
	int dir_fd;			/* homes/<name> */
	int lock_fd;			/* flock held, or -1 */
	bool shared;			/* with other instances on this home */
	bool joined;			/* while opening: others are there */
};
#define HOME_INIT ((struct home){ .dir_fd = -1, .lock_fd = -1 })
void home_free(struct home *h);

/* [A-Za-z0-9._-]{1,64}, no dot in front. */
bool home_name_is_valid(const char *name);

/* Where a private home's content lies on the host.  Fresh string, or NULL. */
char *home_path(const struct state *s, const char *name);

/* `share`: the home is bound directly, so several instances may use it at once, like
 * any programs of a user (a pipeline of one program with itself); it is the last of
 * them that sweeps.  An overlay's upper belongs to one instance alone.
 *
 * Makes the home where it is missing (upper, work), takes its lock, and removes
 * what a killed run left (home_sweep).  Homes that are not private have
 * neither directory nor lock. */
int home_open(struct state *s, enum home_kind kind, const char *name,
	      bool share, struct home *ret, struct err *err);

/* Mount points that a run makes inside the app's own (bound) home are listed in
 * homes/<name>/mounts before they are used and removed after: only if device
 * and inode are still those listed and the thing is empty.
 * home_sweep does that removal for whatever list lies there (the end of a run, or
 * the start after a kill). */
int home_make_mountpoint(struct home *h, const char *rel, bool directory,
			 struct err *err);
int home_sweep(struct home *h, struct err *err);

#endif
