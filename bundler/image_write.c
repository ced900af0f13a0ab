/*
 * image_write.c - data blocks, inodes and directories by libsquashfs
 *
 * Order of the image: superblock, options of the compressor, data blocks and
 * fragments in the tree's order or a launch profile's, inode table, directory
 * table, fragment table, id table, zeros to 4 KiB.
 *
 * A directory's listing needs the places of its entries' inodes, and a directory's
 * inode needs the place of its listing.  So the sorted tree is walked backwards,
 * which meets everything below a directory before the directory itself; for
 * each directory the inodes of all its entries are written side by side (that is
 * what a lookup reads), then its listing, and its own inode waits for its parent's
 * turn.  Inode numbers are given in the same order beforehand (image_nodes.c),
 * since a directory names its parent's.
 *
 * Memory: one inode per file plus at most BACKLOG blocks per thread in flight.
 */
#include "bundler/image_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sqfs/block.h>
#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/compressor.h>
#include <sqfs/dir_writer.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <zstd.h>

#include "bundler/image_file.h"
#include "bundler/image_nodes.h"
#include "bundler/profile.h"

#define BACKLOG_PER_JOB 10u
#define IMAGE_ALIGN 4096u

struct writer {
	struct tree *t;
	const struct image_options *o;
	const struct notes *notes;
	struct image_node *nodes;
	struct image_file file;
	sqfs_super_t super;
	sqfs_compressor_t *cmp, *uncmp;
	sqfs_block_writer_t *blocks;
	sqfs_frag_table_t *frags;
	sqfs_block_processor_t *data;
	sqfs_id_table_t *ids;
	sqfs_meta_writer_t *inodes, *listings;
	sqfs_dir_writer_t *dirs;
	struct image_stats stats;
};

static int failed(const struct writer *w, int code, const char *what,
		  struct err *err)
{
	if (code == SQFS_ERROR_ALLOC)
		return err_nomem(err);
	if (code == SQFS_ERROR_IO && w->file.error)
		return err_sys(err, w->file.error, "cannot write the image");
	return err_set(err, EIO, "cannot write the image: %s failed "
		       "(libsquashfs error %d)", what, code);
}

void image_codec_version(char *space, size_t size)
{
	(void)snprintf(space, size, "%s", ZSTD_versionString());
}

static int make_nodes(struct writer *w, struct err *err)
{
	int r = image_nodes_make(w->t, &w->nodes, &w->super.inode_count, err);

	for (size_t i = 0; r == 0 && i < w->t->n; i++) {
		const struct entry *e = w->t->v[i];

		w->stats.dirs += e->type == ENTRY_DIR;
		w->stats.links += e->type == ENTRY_LINK;
		w->stats.files += e->type == ENTRY_FILE;
		if (e->type == ENTRY_FILE)
			w->stats.input += e->content.size;
	}
	return r;
}

/* ---- objects of the library ---- */

static int make_compressors(struct writer *w, struct err *err)
{
	sqfs_compressor_config_t cfg;
	int r = sqfs_compressor_config_init(&cfg, SQFS_COMP_ZSTD,
					    IMAGE_BLOCK_SIZE, 0);

	if (r == 0) {
		cfg.level = w->o->level;
		r = sqfs_compressor_create(&cfg, &w->cmp);
	}
	if (r == 0) {
		cfg.flags |= SQFS_COMP_FLAG_UNCOMPRESS;
		r = sqfs_compressor_create(&cfg, &w->uncmp);
	}
	return r ? failed(w, r, "making the zstd compressor", err) : 0;
}

static int make_processor(struct writer *w, struct err *err)
{
	sqfs_block_processor_desc_t desc = {
		.size = sizeof(desc),
		.max_block_size = IMAGE_BLOCK_SIZE,
		.num_workers = w->o->jobs,
		.max_backlog = w->o->jobs * BACKLOG_PER_JOB,
		.cmp = w->cmp, .wr = w->blocks, .tbl = w->frags,
		.file = &w->file.base, .uncmp = w->uncmp,
	};
	int r = sqfs_block_processor_create_ex(&desc, &w->data);

	return r ? failed(w, r, "starting the compressing threads", err) : 0;
}

static int make_objects(struct writer *w, struct err *err)
{
	int r = make_compressors(w, err);

	if (r < 0)
		return r;
	w->blocks = sqfs_block_writer_create(&w->file.base, IMAGE_ALIGN, 0);
	w->frags = sqfs_frag_table_create(0);
	w->ids = sqfs_id_table_create(0);
	w->inodes = sqfs_meta_writer_create(&w->file.base, w->cmp, 0);
	w->listings = sqfs_meta_writer_create(&w->file.base, w->cmp,
					      SQFS_META_WRITER_KEEP_IN_MEMORY);
	if (!w->blocks || !w->frags || !w->ids || !w->inodes || !w->listings)
		return err_nomem(err);
	w->dirs = sqfs_dir_writer_create(w->listings, 0);
	if (!w->dirs)
		return err_nomem(err);
	return make_processor(w, err);
}

static void free_writer(struct writer *w)
{
	/* The processor first: its threads use the others. */
	sqfs_destroy(w->data);
	sqfs_destroy(w->dirs);
	sqfs_destroy(w->listings);
	sqfs_destroy(w->inodes);
	sqfs_destroy(w->ids);
	sqfs_destroy(w->frags);
	sqfs_destroy(w->blocks);
	sqfs_destroy(w->uncmp);
	sqfs_destroy(w->cmp);
	image_nodes_free(w->nodes, w->t->n);
}

/* ---- data ---- */

/* Tails of large files stay with them: a read at the end of a large file then costs
 * one block, not two.  So do programs and libraries: they are read at every start,
 * and a fragment block would have 128 KiB of other files' tails verified and
 * decoded for a few KiB (0.2 ms; the image grows by about a thousandth). */
static bool keeps_its_tail(const struct entry *e)
{
	const char *name = strrchr(e->path, '/');

	return e->content.size > IMAGE_BLOCK_SIZE || e->mode & 0111 ||
	       strstr(name ? name : e->path, ".so");
}

static int write_file(struct writer *w, size_t i, void *buf, uint64_t *done,
		      struct err *err)
{
	const struct entry *e = w->t->v[i];
	uint32_t flags = keeps_its_tail(e) ? SQFS_BLK_DONT_FRAGMENT : 0;
	CLEANUP_FD int fd = -1;
	int r = entry_open(e, &fd, err);

	if (r < 0)
		return r;
	r = sqfs_block_processor_begin_file(w->data, &w->nodes[i].inode, NULL,
					    flags);
	for (uint64_t off = 0; r == 0 && off < e->content.size;) {
		uint64_t left = e->content.size - off;
		size_t len = left < IMAGE_BLOCK_SIZE ? (size_t)left :
			     IMAGE_BLOCK_SIZE;

		if (notes_check(w->notes, err) < 0 ||
		    entry_read(e, fd, buf, len, off, err) < 0)
			return -err->num;
		r = sqfs_block_processor_append(w->data, buf, len);
		off += len;
		*done += len;
		notes_progress(w->notes, *done, w->stats.input);
	}
	if (r == 0)
		r = sqfs_block_processor_end_file(w->data);
	return r ? failed(w, r, "compressing a file", err) : 0;
}

static int write_data(struct writer *w, struct err *err)
{
	CLEANUP_FREE void *buf = malloc(IMAGE_BLOCK_SIZE);
	CLEANUP_FREE size_t *order = NULL;
	uint64_t done = 0;
	size_t n;
	int r;

	if (!buf)
		return err_nomem(err);
	r = launch_profile_order(w->o->profile, w->t, w->nodes, &order, &n,
				 err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_file(w, order[i], buf, &done, err);
	if (r < 0)
		return r;
	r = sqfs_block_processor_finish(w->data);
	notes_progress(w->notes, w->stats.input, w->stats.input);
	return r ? failed(w, r, "writing data blocks", err) : 0;
}

/* ---- inodes and listings ---- */

static unsigned full_mode(const struct entry *e)
{
	static const unsigned types[] = {
		[ENTRY_DIR] = S_IFDIR, [ENTRY_FILE] = S_IFREG,
		[ENTRY_LINK] = S_IFLNK,
	};

	return types[e->type] | (e->type == ENTRY_LINK ? 0777 : e->mode);
}

static sqfs_inode_generic_t *link_inode(const struct entry *e, uint32_t nlink)
{
	size_t len = strlen(e->target);
	sqfs_inode_generic_t *inode = calloc(1, sizeof(*inode) + len + 1);

	if (!inode)
		return NULL;
	inode->base.type = SQFS_INODE_SLINK;
	inode->data.slink.nlink = nlink;
	inode->data.slink.target_size = (uint32_t)len;
	inode->payload_bytes_available = (uint32_t)len;
	inode->payload_bytes_used = (uint32_t)len;
	memcpy(inode->extra, e->target, len);
	return inode;
}

static int write_inode(struct writer *w, size_t i, struct err *err)
{
	const struct entry *e = w->t->v[i];
	struct image_node *node = &w->nodes[i];
	uint64_t block;
	uint32_t offset;
	int r = 0;

	if (e->type == ENTRY_LINK)
		node->inode = link_inode(e, node->nlink);
	if (!node->inode)
		return err_nomem(err);
	if (e->type == ENTRY_FILE && node->nlink > 1) {
		r = sqfs_inode_make_extended(node->inode);
		node->inode->data.file_ext.nlink = node->nlink;
	}
	node->inode->base.mode = (sqfs_u16)full_mode(e);
	node->inode->base.mod_time = w->o->time;
	node->inode->base.inode_number = node->number;
	if (r == 0)
		r = sqfs_id_table_id_to_index(w->ids, 0,
					      &node->inode->base.uid_idx);
	node->inode->base.gid_idx = node->inode->base.uid_idx;
	sqfs_meta_writer_get_position(w->inodes, &block, &offset);
	node->ref = block << 16 | offset;
	if (r == 0)
		r = sqfs_meta_writer_write_inode(w->inodes, node->inode);
	node->written = true;
	return r ? failed(w, r, "writing an inode", err) : 0;
}

static int write_listing(struct writer *w, size_t d, struct err *err)
{
	struct image_node *dir = &w->nodes[d];
	/* The root's parent is by convention a number that nobody has. */
	uint32_t parent = d ? w->nodes[dir->parent].number :
			  w->super.inode_count + 1;
	int r = sqfs_dir_writer_begin(w->dirs, 0);

	for (size_t i = dir->first; r == 0 && i; i = w->nodes[i].next) {
		const struct entry *e = w->t->v[i];
		const struct image_node *p = &w->nodes[w->nodes[i].primary];
		const char *slash = strrchr(e->path, '/');

		r = sqfs_dir_writer_add_entry(w->dirs,
					      slash ? slash + 1 : e->path,
					      p->number, p->ref,
					      (sqfs_u16)full_mode(e));
	}
	if (r == 0)
		r = sqfs_dir_writer_end(w->dirs);
	if (r)
		return failed(w, r, "writing a folder", err);
	dir->inode = sqfs_dir_writer_create_inode(w->dirs, 0, 0xffffffff,
						  parent);
	if (!dir->inode)
		return err_nomem(err);
	/* The library counts every entry as a link; only folders are. */
	if (dir->inode->base.type == SQFS_INODE_EXT_DIR)
		dir->inode->data.dir_ext.nlink = dir->nlink;
	else
		dir->inode->data.dir.nlink = dir->nlink;
	return 0;
}

static int write_directory(struct writer *w, size_t d, struct err *err)
{
	int r;

	for (size_t i = w->nodes[d].first; i; i = w->nodes[i].next) {
		size_t p = w->nodes[i].primary;

		if (w->nodes[p].written)
			continue;
		r = write_inode(w, p, err);
		if (r < 0)
			return r;
	}
	return write_listing(w, d, err);
}

static int write_tables(struct writer *w, struct err *err)
{
	int r = 0;

	w->super.inode_table_start = w->file.size;
	for (size_t d = w->t->n; d-- > 0;) {
		if (w->t->v[d]->type != ENTRY_DIR)
			continue;
		if (write_directory(w, d, err) < 0)
			return -err->num;
	}
	if (write_inode(w, 0, err) < 0)
		return -err->num;
	w->super.root_inode_ref = w->nodes[0].ref;
	r = sqfs_meta_writer_flush(w->inodes);
	if (r == 0)
		r = sqfs_meta_writer_flush(w->listings);
	w->super.directory_table_start = w->file.size;
	if (r == 0)
		r = sqfs_meta_write_write_to_file(w->listings);
	if (r == 0)
		r = sqfs_frag_table_write(w->frags, &w->file.base, &w->super,
					  w->cmp);
	/* The library says so; write_file decides otherwise for large ones. */
	w->super.flags &= (sqfs_u16)~SQFS_FLAG_ALWAYS_FRAGMENTS;
	if (r == 0)
		r = sqfs_id_table_write(w->ids, &w->file.base, &w->super,
					w->cmp);
	return r ? failed(w, r, "writing the tables", err) : 0;
}

/* ---- the whole ---- */

static int write_start(struct writer *w, struct err *err)
{
	int r = sqfs_super_init(&w->super, IMAGE_BLOCK_SIZE, w->o->time,
				SQFS_COMP_ZSTD);

	if (r == 0)
		r = sqfs_super_write(&w->super, &w->file.base);
	if (r == 0)
		r = w->cmp->write_options(w->cmp, &w->file.base);
	if (r < 0)
		return failed(w, r, "writing the superblock", err);
	if (r > 0)
		w->super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
	return 0;
}

static int write_end(struct writer *w, struct err *err)
{
	uint64_t end;
	int r;

	w->super.bytes_used = w->file.size;
	end = (w->file.size + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
	r = sqfs_super_write(&w->super, &w->file.base);
	if (r == 0)
		r = w->file.base.truncate(&w->file.base, end);
	w->stats.size = end;
	return r ? failed(w, r, "writing the superblock", err) : 0;
}

static int write_all(struct writer *w, struct err *err)
{
	int r = make_objects(w, err);

	if (r == 0)
		r = write_start(w, err);
	if (r == 0)
		r = make_nodes(w, err);
	if (r == 0)
		r = write_data(w, err);
	if (r == 0)
		r = write_tables(w, err);
	if (r == 0)
		r = write_end(w, err);
	if (r == 0 && w->o->profile)
		r = launch_profile_section(w->o->profile, w->t, w->nodes,
					   w->o->section, err);
	return r;
}

int image_write(struct tree *t, int fd, uint64_t start,
		const struct image_options *o, const struct notes *notes,
		struct image_stats *ret, struct err *err)
{
	struct writer w = { .t = t, .o = o, .notes = notes };
	int r = tree_sort(t, err);

	if (r < 0)
		return r;
	image_file_init(&w.file, fd, start);
	r = write_all(&w, err);
	free_writer(&w);
	if (r == 0)
		*ret = w.stats;
	return r;
}
