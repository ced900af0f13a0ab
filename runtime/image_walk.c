/*
 * image_walk.c - the sending side of the record stream, in the jail
 *
 * Resolves the path inside the image (links too, at most LINKS_MAX, never above
 * the root), then walks in pre-order with a stack of open directories, no
 * recursion.  A directory that contains itself, more than IMAGE_DEPTH_MAX
 * levels or RECORD_ENTRIES_MAX entries end the walk with a fault.
 *
 * Holes are sent as zeros, or as their length where the caller asked for that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/image_child.h"
#include "runtime/image_format.h"
#include "runtime/image_records.h"
#include "runtime/text.h"

#define LINKS_MAX 40u

/* One directory on the way to where we are. */
struct level {
	uint64_t ref;
	size_t path_len;		/* of the directory's own path */
	struct image_dir dir;		/* the walk's place in it */
};

struct walk {
	struct image *im;
	int out;
	int flags;
	uint32_t entries;
	uint64_t checked;		/* bytes of files; IMAGE_STREAM_CHECK */
	uint64_t unsaid;		/* of these since the last sign of life */
	uint32_t hole;			/* zeros read and not yet sent */
	unsigned depth;			/* levels[0..depth-1] are in use */
	char path[IMAGE_PATH_MAX + 1];
	char target[IMAGE_TARGET_MAX + 1];
	char todo[2 * (IMAGE_PATH_MAX + 1)];	/* rest of a path to resolve */
	char swap[2 * (IMAGE_PATH_MAX + 1)];
	struct image_slices slices;
	struct level levels[IMAGE_DEPTH_MAX];
};

/* Where the walk is, for people: "/usr/bin", quoted when it must be. */
static const char *shown_path(const struct walk *w, char *space, size_t size)
{
	char path[IMAGE_PATH_MAX + 2] = "/";

	memcpy(path + 1, w->path, strlen(w->path) + 1);
	return text_quoted(space, size, path);
}

static int fault(const struct walk *w, struct err *err, int num,
		 const char *what)
{
	char shown[300];

	return err_set(err, num, "%s: %s in the image: %s", image_name(w->im),
		       shown_path(w, shown, sizeof(shown)), what);
}

/* Puts the path in front of what the reader says about the object there. */
static int at_path(const struct walk *w, struct err *err)
{
	char shown[300];

	return err_prefix(err, "%s in the image",
			  shown_path(w, shown, sizeof(shown)));
}

/* ---- resolving ------------------------------------------------------------- */

static int append_name(struct walk *w, const char *name, size_t len,
		       struct err *err)
{
	size_t at = strlen(w->path);
	int n = snprintf(w->path + at, sizeof(w->path) - at, "%s%.*s",
			 at ? "/" : "", (int)len, name);

	if (n < 0 || (size_t)n >= sizeof(w->path) - at) {
		w->path[at] = '\0';
		return fault(w, err, ENAMETOOLONG, "a path below is too long");
	}
	return 0;
}

/* Puts a link's target in front of what is left to resolve. */
static int follow_link(struct walk *w, const struct image_inode *node,
		       const char *rest, unsigned *links, struct err *err)
{
	int r = image_readlink(w->im, node, w->target, err), n;

	if (r < 0)
		return r;
	if (++*links > LINKS_MAX)
		return fault(w, err, ELOOP, "too many symbolic links");
	n = snprintf(w->swap, sizeof(w->swap), "%s/%s", w->target, rest);
	if (n < 0 || (size_t)n >= sizeof(w->swap))
		return fault(w, err, ENAMETOOLONG, "a link is too long");
	memcpy(w->todo, w->swap, sizeof(w->todo));
	if (w->target[0] == '/') {
		w->depth = 1;
		w->path[0] = '\0';
	}
	return 0;
}

/* Up one directory; the root's parent is the root. */
static void go_up(struct walk *w)
{
	if (w->depth > 1)
		w->depth--;
	w->path[w->levels[w->depth - 1].path_len] = '\0';
}

static int go_down(struct walk *w, const struct image_inode *node,
		   const char *name, size_t len, struct err *err)
{
	int r = append_name(w, name, len, err);

	if (r < 0)
		return r;
	if (w->depth == IMAGE_DEPTH_MAX)
		return fault(w, err, ELOOP, "too deep");
	w->levels[w->depth].ref = node->ref;
	w->levels[w->depth++].path_len = strlen(w->path);
	return 0;
}

static int find_name(struct walk *w, const char *name, size_t len,
		     struct image_inode *ret, struct err *err)
{
	struct image_inode dir;
	struct image_dirent de;
	int r = image_inode_get(w->im, w->levels[w->depth - 1].ref, &dir, err);

	if (!r && dir.type != TYPE_DIR)
		return fault(w, err, ENOTDIR, "not a directory");
	if (!r)
		r = image_lookup(w->im, &dir, name, len, &de, err);
	if (r == -ENOENT && append_name(w, name, len, err) == 0)
		return fault(w, err, ENOENT, "no such file");
	return r < 0 ? r : image_dirent_inode(w->im, &de, ret, err);
}

/* One component of todo.  1: there may be more, 0: none was left. */
static int resolve_one(struct walk *w, unsigned *links, struct err *err)
{
	const char *name = w->todo + strspn(w->todo, "/");
	size_t len = strcspn(name, "/");
	const char *rest = name + len;
	struct image_inode node;
	char space[IMAGE_NAME_MAX + 1];
	int r;

	if (!len)
		return 0;
	if (len > IMAGE_NAME_MAX)
		return fault(w, err, ENAMETOOLONG, "a name below is too long");
	memcpy(space, name, len);
	space[len] = '\0';
	if (!strcmp(space, "..")) {
		go_up(w);
	} else if (strcmp(space, ".") != 0) {
		r = find_name(w, space, len, &node, err);
		if (r < 0)
			return r;
		if (node.type == TYPE_LINK &&
		    (*rest || (w->flags & IMAGE_STREAM_FOLLOW))) {
			r = follow_link(w, &node, rest, links, err);
			return r < 0 ? r : 1;
		}
		r = go_down(w, &node, space, len, err);
		if (r < 0)
			return r;
	}
	memmove(w->todo, rest, strlen(rest) + 1);
	return 1;
}

/* Bounded: each step takes a component away, or is one of LINKS_MAX links. */
static int resolve(struct walk *w, const char *path, struct err *err)
{
	unsigned links = 0;
	int r;

	w->path[0] = '\0';
	w->levels[0] = (struct level){ .ref = image_root(w->im) };
	w->depth = 1;
	if (strlen(path) > IMAGE_PATH_MAX)
		return fault(w, err, ENAMETOOLONG, "the path is too long");
	memcpy(w->todo, path, strlen(path) + 1);
	do {
		r = resolve_one(w, &links, err);
	} while (r > 0);
	return r;
}

/* ---- sending --------------------------------------------------------------- */

/* Only to see whether they can be unpacked: nobody receives them, so nobody but
 * us counts them. */
static int check_data(struct walk *w, const struct image_inode *node,
		      struct err *err)
{
	uint64_t off = 0;

	if (node->size > RECORD_BYTES_MAX - w->checked)
		return fault(w, err, EFBIG, "the files are larger than 1 TiB "
			     "together");
	w->checked += node->size;
	while (off < node->size) {
		if (image_file_read(w->im, node, off, IMAGE_READ_MAX,
				    &w->slices, err) < 0)
			return at_path(w, err);
		off += w->slices.len;
		w->unsaid += w->slices.len;
		if (w->unsaid < RECORD_ALIVE_EVERY)
			continue;
		w->unsaid = 0;
		if (record_send_alive(w->out) < 0)
			return err_set(err, EPIPE, "cannot send");
	}
	return 0;
}

static int send_hole(struct walk *w)
{
	uint32_t n = w->hole;

	w->hole = 0;
	return n ? record_send_hole(w->out, n) : 0;
}

/* Holes of several reads become one record. */
static int send_slices(struct walk *w)
{
	struct image_slices part;
	int r = 0;

	if (!(w->flags & IMAGE_STREAM_HOLES))
		return record_send_data(w->out, &w->slices);
	for (unsigned i = 0; r == 0 && i < w->slices.n;) {
		part.n = 0;
		while (i < w->slices.n &&
		       !image_slice_is_hole(w->im, &w->slices.iov[i]))
			part.iov[part.n++] = w->slices.iov[i++];
		if (part.n) {
			r = send_hole(w);
			if (r == 0)
				r = record_send_data(w->out, &part);
			continue;
		}
		if (w->hole > RECORD_HOLE_MAX - IMAGE_READ_MAX)
			r = send_hole(w);
		w->hole += (uint32_t)w->slices.iov[i++].iov_len;
	}
	return r;
}

/* -EPIPE travels up without a message: nobody is there to read it. */
static int send_data(struct walk *w, const struct image_inode *node,
		     struct err *err)
{
	uint64_t off = 0;
	int r = 0;

	w->hole = 0;
	while (r == 0 && off < node->size) {
		if (image_file_read(w->im, node, off, IMAGE_READ_MAX,
				    &w->slices, err) < 0)
			return at_path(w, err);
		off += w->slices.len;
		r = send_slices(w);
	}
	if (r == 0)
		r = send_hole(w);
	return r < 0 ? err_sys(err, -r, "cannot send") : 0;
}

static int send_node(struct walk *w, const struct image_inode *node,
		     struct err *err)
{
	struct stat st;
	int r = 0;

	if (w->entries++ == RECORD_ENTRIES_MAX)
		return fault(w, err, EIO, "more than 2^24 entries");
	w->target[0] = '\0';
	if (node->type == TYPE_LINK)
		r = image_readlink(w->im, node, w->target, err);
	if (r < 0)
		return at_path(w, err);
	image_inode_stat(w->im, node, &st);
	r = record_send_entry(w->out, w->path, w->target, &st,
			      w->flags & IMAGE_STREAM_REFS ? &node->ref : NULL);
	if (r < 0)
		return err_sys(err, -r, "cannot send");
	if (node->type == TYPE_FILE && (w->flags & IMAGE_STREAM_DATA))
		return send_data(w, node, err);
	if (node->type == TYPE_FILE && (w->flags & IMAGE_STREAM_CHECK))
		return check_data(w, node, err);
	return 0;
}

/* Opens a directory as the next level; w->path is its path. */
static int enter(struct walk *w, const struct image_inode *node,
		 struct err *err)
{
	struct level *l;

	for (unsigned i = 0; i < w->depth; i++)
		if (w->levels[i].ref == node->ref)
			return fault(w, err, ELOOP, "broken image: a directory "
				     "contains itself");
	if (w->depth == IMAGE_DEPTH_MAX)
		return fault(w, err, ELOOP, "directories are nested too deep");
	l = &w->levels[w->depth];
	l->ref = node->ref;
	l->path_len = strlen(w->path);
	if (image_dir_open(w->im, node, &l->dir, err) < 0)
		return at_path(w, err);
	w->depth++;
	return 0;
}

/* The next entry of the innermost directory; leaves it at its end. */
static int step(struct walk *w, struct err *err)
{
	struct level *l = &w->levels[w->depth - 1];
	struct image_inode node;
	struct image_dirent de;
	int r;

	w->path[l->path_len] = '\0';
	r = image_dir_next(w->im, &l->dir, &de, err);
	if (r == 0) {
		w->depth--;
		return 0;
	}
	if (r > 0)
		r = image_dirent_inode(w->im, &de, &node, err);
	if (r < 0)
		return at_path(w, err);
	r = append_name(w, de.name, de.len, err);
	if (!r)
		r = send_node(w, &node, err);
	if (!r && node.type == TYPE_DIR && (w->flags & IMAGE_STREAM_RECURSE))
		r = enter(w, &node, err);
	return r;
}

static int walk(struct walk *w, const char *path, struct err *err)
{
	struct image_inode node;
	int r = resolve(w, path, err);

	if (!r)
		r = image_inode_get(w->im, w->levels[w->depth - 1].ref, &node,
				    err);
	if (!r)
		r = send_node(w, &node, err);
	if (r < 0 || node.type != TYPE_DIR)
		return r;
	w->depth = 0;
	r = enter(w, &node, err);
	while (!r && w->depth)
		r = step(w, err);
	return r;
}

int image_walk_run(struct image_child *c, struct image *im, struct err *err)
{
	struct walk *w = NULL;
	int r = -err->num;

	if (im) {
		w = malloc(sizeof(*w));
		r = w ? 0 : err_nomem(err);
	}
	if (!r) {
		w->im = im;
		w->out = c->channel;
		w->flags = c->flags;
		w->entries = 0;
		w->checked = w->unsaid = 0;
		r = walk(w, c->path, err);
	}
	if (r < 0)
		(void)record_send_fault(c->channel, err);
	else
		r = record_send_end(c->channel);
	return r < 0;
}
