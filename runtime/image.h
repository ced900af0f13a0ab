/*
 * image.h - the jailed process that reads an image, and its two fronts
 *
 * No process but the one made here ever parses a squashfs.  The caller forks
 * it with image_server_start; it prepares (opens the verified payload, checks
 * the superblock), then locks itself up (no capabilities, dumpable 0, rlimits, a
 * seccomp filter of about a dozen calls with KILL_PROCESS) and serves
 *
 *  - FUSE: requests of one mount.  The /dev/fuse descriptor is opened by whoever
 *    mounts, inside the user namespace of the mount, and sent over the start
 *    socket; the server ends when the connection is gone (ENODEV), or by end of
 *    file on the start socket before a descriptor arrived;
 *  - stream: one pass of records over a pipe for ls, cat, extract, verify.
 *
 * The server inherits the bundle's descriptor, reads the image section of the
 * payload only, and tells faults (a changed byte, a broken image) as one line on
 * its report pipe, which the supervisor prints.
 */
#ifndef HOLDALL_IMAGE_H
#define HOLDALL_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "runtime/bundle.h"
#include "runtime/err.h"
#include "runtime/placement.h"

struct image_server {
	pid_t pid;
	int pidfd;		/* -1 below Linux 5.3 */
	int start_sock;		/* our end: send /dev/fuse over it; FUSE front */
	int report;		/* lines of text, end of file when it is gone */
	int child_report;	/* the server's end, until it is forked */
	int child_sock;		/* the server's end; ours too, if it may push:
				 * image_server_rescue takes the spare from it */
	/* Set before the fork: notes what is asked (image_trace.h); not owned. */
	struct image_trace *trace;
	/* Set before the fork: */
	bool stats;		/* says at the end what it did, as report lines */
	bool no_push;		/* nobody will call image_server_rescue */
	struct placement place;	/* begins away from there, if anywhere */
};
#define IMAGE_SERVER_INIT \
	((struct image_server){ .pid = -1, .pidfd = -1, .start_sock = -1, \
				.report = -1, .child_sock = -1, \
				.child_report = -1 })

/* How files are shown: everything belongs to this user. */
struct image_owner {
	uid_t uid;
	gid_t gid;
};

/* In two steps, for whoever has to know the channels before the process. */
int image_server_prepare(struct image_server *ret, struct err *err);
int image_server_fork(const struct bundle *b, struct image_owner owner,
		      int keep_fd, struct image_server *s, struct err *err);

/* A server that began away may run wherever we may. */
void image_server_settle(const struct image_server *s);

/* When the report pipe has come to its end, and before the process is waited for:
 * a server killed while it pushed may wait in the kernel for a page that nobody
 * delivers any more.  Refuses what is asked of the mount until the process is
 * gone (at most some seconds; mostly it is gone already). */
void image_server_rescue(struct image_server *s);

/* Both at once; such a server never pushes and needs no rescue.  `keep_fd` (>= 0) is held open in the server until it ends: the
 * lock of the home whose overlay pins this image.  The child calls no code of
 * the caller. */
int image_server_start(const struct bundle *b, struct image_owner owner,
		       int keep_fd, struct image_server *ret,
		       struct err *err);

/* Before that: one more descriptor (up to two) for the server to hold until it ends,
 * as `keep_fd` above, by a launcher that learns of it after the fork. */
int image_server_keep(int start_sock, int fd, struct err *err);

/* Hands the mount's /dev/fuse descriptor over; the server starts to answer.
 * Called by whoever mounted, with the (inherited) start socket. */
int image_server_serve(int start_sock, int fuse_fd, struct err *err);

/* Mount options text for mount(2) type "fuse": "fd=N,rootmode=40000,...". */
void image_mount_options(char *space, size_t size, int fuse_fd,
			 struct image_owner owner);

/* ---- stream front ---- */

enum image_record_type {
	IMAGE_ENTRY,		/* one file system entry */
	IMAGE_DATA,		/* bytes of the last entry, a regular file */
	IMAGE_HOLE,		/* `len` zeros of it; with IMAGE_STREAM_HOLES */
	IMAGE_END,		/* the walk is complete: without it, it is not */
	IMAGE_NOTHING,		/* never seen by callers */
};

struct image_record {
	enum image_record_type type;
	char *path;		/* ENTRY: relative, clean, "" for the root */
	char *target;		/* ENTRY: of a symbolic link, else NULL */
	struct stat st;		/* ENTRY: mode, size, mtime, nlink, ino, rdev */
	uint64_t ref;		/* ENTRY, if asked for: of its inode, as directories
				 * hold it; below 2^48, and nothing more is known */
	const void *data;	/* DATA: valid until the next call */
	size_t len;
};

struct image_stream;

enum image_stream_flags {
	IMAGE_STREAM_DATA = 1,	/* send the bytes of regular files too */
	IMAGE_STREAM_RECURSE = 2, /* below a directory, everything; else only
				   * its direct entries */
	IMAGE_STREAM_FOLLOW = 4, /* follow `path` itself through links inside */
	IMAGE_STREAM_CHECK = 8,	/* unpack the bytes of regular files, send none */
	IMAGE_STREAM_HOLES = 16, /* holes as IMAGE_HOLE, else as zeros */
	IMAGE_STREAM_REFS = 32,	/* send where each inode stands too */
};

/* Starts a server that walks `path` of the image ("" for all) in the order of
 * the directories.  A missing path is -ENOENT from the first next(). */
int image_stream_open(const struct bundle *b, const char *path, int flags,
		      struct image_stream **ret, struct err *err);
/* Asked several times a second while the server is silent: a negative errno, with
 * `err`, ends the wait and the stream.  For callers that hold signals back. */
typedef int image_stop(void *arg, struct err *err);
void image_stream_stop(struct image_stream *s, image_stop *stop, void *arg);
/* 1: a record (path and target owned by the stream until the next call), 0: after
 * IMAGE_END, negative: fault.  Whatever comes over the pipe is hostile input:
 * lengths, types, paths (no "..", no empty component, depth, total counts) are
 * checked here.  -ETIMEDOUT: no whole record for two minutes. */
int image_stream_next(struct image_stream *s, struct image_record *ret,
		      struct err *err);
void image_stream_close(struct image_stream *s);

#endif
