/*
 * stage.h - the tree laid out as a real folder, for tools that want one
 *
 * Cache makers and scripts run with a folder as their `/` (launcher/tool.h).  The
 * tree is a plain value, so it is laid out for them, once per packing and only
 * if a step needs it:
 *
 *	CACHE/stage/ID/root/...
 *
 * Files of Debian packages are hard links to the package cache, others are
 * cloned where the file system can, else copied; nothing in it is ever written
 * by a tool, whose writes go to an overlay above it.  Directories have the
 * image's time, since caches record it; so have copied files.  Linked files share
 * an inode with the cache and all have STAGE_TIME: a tool that writes down the
 * times of files, not of folders, would need copies.
 *
 * The folder goes with stage_free.  ID is locked (flock) by the run that owns
 * it: what a killed run left is removed by the next stage_sweep.
 */
#ifndef HOLDALL_STAGE_H
#define HOLDALL_STAGE_H

#include "bundler/notes.h"
#include "bundler/tree.h"

#define STAGE_TIME 315619200		/* of linked files: pack.h's PACK_TIME */

struct stage {
	int all_fd;			/* CACHE/stage */
	int lock_fd;			/* ID, locked */
	int fd;				/* ID/root: the tree */
	char id[20];
	int64_t time;
	/* The folder that was written to last. */
	int dir_fd;
	char dir[TREE_PATH_MAX];
	bool dir_known;
	uint64_t linked, copied;	/* files, for tests and -v */
};

/* Makes an empty stage in the folder `cache_fd`, and sweeps.  Free it with
 * stage_free. */
int stage_open(int cache_fd, int64_t time, struct stage **ret,
	       struct err *err);
/* Lays out the whole (sorted) tree.  -EINTR when notes say so. */
int stage_lay(struct stage *s, const struct tree *t, const struct notes *notes,
	      struct err *err);
/* One more entry, or a new one in the place of another, with the folders it lies
 * in.  What step after step adds to the tree is put here too. */
int stage_put(struct stage *s, const struct entry *e, struct err *err);
/* Removes it from the disk.  NULL is nothing. */
void stage_free(struct stage *s);

/* Removes what runs that are no more have left in `cache_fd`. */
void stage_sweep(int cache_fd);

static inline void stage_cleanup(struct stage **s)
{
	stage_free(*s);
}
#define CLEANUP_STAGE CLEANUP(stage_cleanup)

#endif
