/*
 * image_tour.h - for fuzz targets: any bytes as an image, all of it looked at
 *
 * Walks all, reads all, looks everything up.  The source is memory instead of the
 * verified payload.  Limits keep one input short.  Beyond not crashing it demands:
 * names are clean, what a listing shows can be looked up (unless an index says no),
 * a place given by a listing leads to the next entry, and slices lie inside the
 * reader's memory and add up to what was asked for.
 */
#ifndef HOLDALL_IMAGE_TOUR_H
#define HOLDALL_IMAGE_TOUR_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/image_state.h"

#define STEPS_MAX 600u			/* entries looked at */
#define BYTES_MAX (1u << 20)		/* of files read */
#define DIRS_MAX 64u

struct memory {
	const uint8_t *data;
	size_t size;
};

struct tour {
	struct image *im;
	unsigned steps;
	size_t bytes;
	unsigned n_dirs;
	uint64_t dirs[DIRS_MAX];
};

static inline int read_memory(void *arg, void *buf, size_t len, uint64_t off,
		       struct err *err)
{
	const struct memory *m = arg;

	/* The reader must never ask for what is not there. */
	if (off > m->size || len > m->size - off)
		abort();
	memcpy(buf, m->data + off, len);
	return err ? 0 : -1;
}

static inline void check(bool good)
{
	if (!good)
		abort();
}

static inline void read_file(struct tour *t, const struct image_inode *node)
{
	static struct image_slices s;
	static volatile uint8_t sum;
	uint64_t off = 0;
	struct err err;

	while (off < node->size && t->bytes < BYTES_MAX) {
		const uint8_t *map = t->im->map;
		size_t len = 0;

		if (image_file_read(t->im, node, off, IMAGE_READ_MAX, &s,
				    &err) < 0)
			return;
		for (unsigned i = 0; i < s.n; i++) {
			const uint8_t *p = s.iov[i].iov_base;

			check(p >= map && s.iov[i].iov_len > 0 &&
			      s.iov[i].iov_len <=
			      t->im->map_len - (size_t)(p - map));
			sum ^= p[0] ^ p[s.iov[i].iov_len - 1];	/* touch */
			len += s.iov[i].iov_len;
		}
		check(len == s.len && len > 0);
		check(len == IMAGE_READ_MAX || off + len == node->size);
		off += len;
		t->bytes += len;
	}
	(void)sum;
	/* From the end, so that block lists are searched anew. */
	if (node->size)
		(void)image_file_read(t->im, node, node->size - 1, 100, &s,
				      &err);
}

static inline void visit(struct tour *t, const struct image_inode *dir,
			 const struct image_dirent *de, bool closely)
{
	char target[IMAGE_TARGET_MAX + 1];
	struct image_dirent again;
	struct image_inode node;
	struct stat st;
	struct err err;

	check(de->len > 0 && strlen(de->name) == de->len);
	check(!strchr(de->name, '/') && strcmp(de->name, "..") &&
	      strcmp(de->name, "."));
	/* An index that lies may hide a name, but not change it. */
	if (!closely)
		;
	else if (!image_lookup(t->im, dir, de->name, de->len, &again, &err))
		check(!strcmp(again.name, de->name));
	else
		check(dir->n_index > 0);
	if (image_dirent_inode(t->im, de, &node, &err) < 0)
		return;
	image_inode_stat(t->im, &node, &st);
	check(!(st.st_mode & 06000));
	if (node.type == TYPE_FILE)
		read_file(t, &node);
	else if (node.type == TYPE_LINK &&
		 !image_readlink(t->im, &node, target, &err))
		check(strlen(target) == node.size);
	else if (node.type == TYPE_DIR && t->n_dirs < DIRS_MAX)
		t->dirs[t->n_dirs++] = node.ref;
}

static inline void list(struct tour *t, uint64_t ref)
{
	struct image_dirent de, other;
	struct image_dir dir, resumed;
	struct image_inode node;
	uint64_t place = 0;
	struct err err;

	if (image_inode_get(t->im, ref, &node, &err) < 0 ||
	    image_dir_open(t->im, &node, &dir, &err) < 0)
		return;
	for (unsigned n = 0; t->steps++ < STEPS_MAX &&
	     image_dir_next(t->im, &dir, &de, &err) > 0; n++) {
		/* Looking up and resuming read the listing anew: of a large
		 * one only some entries, or it is all the time. */
		bool closely = n < 8 || n % 61 == 0;

		if (closely) {
			check(!image_dir_open(t->im, &node, &resumed, &err));
			check(!image_dir_seek(t->im, &resumed, place, &err));
			check(image_dir_next(t->im, &resumed, &other, &err) ==
			      1);
			check(!strcmp(de.name, other.name) &&
			      de.next == other.next);
		}
		place = de.next;
		visit(t, &node, &de, closely);
	}
}

/* The whole of it over these bytes. */
static inline int image_tour(const uint8_t *data, size_t size)
{
	struct memory m = { data, size };
	struct image_source src = { .read = read_memory, .arg = &m,
				    .size = size, .name = "fuzz" };
	struct tour t = { 0 };
	struct err err;

	if (image_new(&src, &t.im, &err) < 0)
		return 0;
	t.dirs[t.n_dirs++] = image_root(t.im);
	for (unsigned i = 0; i < t.n_dirs; i++)
		list(&t, t.dirs[i]);
	/* And again, when all that was kept is gone: the first file may well have
	 * reference 0, as what was forgotten has. */
	image_idle(t.im);
	t.steps = t.bytes = 0;
	list(&t, image_root(t.im));
	/* Node ids can be any number that a listing showed, or the kernel
	 * remembers: also one that was made up. */
	for (unsigned i = 0; i + 6 <= size && i < 60; i += 6) {
		struct image_inode node;
		uint64_t ref = 0;

		memcpy(&ref, data + i, 6);
		(void)image_inode_get(t.im, ref, &node, &err);
	}
	image_free(t.im);
	return 0;
}

#endif
