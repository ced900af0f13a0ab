/*
 * image_foreign.c - libsquashfs as the reader in the jail
 *
 * Role: unpacks gzip, lzma, xz and lz4 images while they are repacked.
 * Fds: the provisional bundle (the image lies in its payload) and the pipe.
 * Watched by: the importing bundler (image_import.c), which also ends it when it
 *	stays silent.
 * Ends: by its last record, a fault, or a closed pipe.
 *
 * What it may do is what our own reader may (image_jail.c): read, write, memory,
 * end.  The allocator is told to stay with brk, because it would grow large
 * pieces by mremap, which the filter does not know.  Memory that a hostile image
 * asks for ends at the jail's limit and is then an error.
 *
 * The library checks what it reads but limits little, so here is limited: depth
 * (a directory inside itself ends there), names, and by the receiver entries and
 * bytes.  LZO is not in the library.
 */
#include "bundler/image_foreign.h"

#include <errno.h>
#include <malloc.h>
#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir.h>
#include <sqfs/dir_reader.h>
#include <sqfs/error.h>
#include <sqfs/inode.h>
#include <sqfs/super.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/image_file.h"
#include "runtime/image_records.h"
#include "runtime/text.h"

/* A directory that is open, and where its path ends. */
struct level {
	sqfs_dir_reader_t *dir;
	size_t path_len;
};

struct foreign {
	const char *name;		/* of the image, for messages */
	int out;
	struct image_file file;
	sqfs_super_t super;
	sqfs_compressor_t *cmp;
	sqfs_data_reader_t *data;
	unsigned depth;			/* levels[0..depth-1] are open */
	char path[IMAGE_PATH_MAX + 1];
	uint8_t buf[IMAGE_READ_MAX];
	struct level levels[IMAGE_DEPTH_MAX];
};

static void free_inode(sqfs_inode_generic_t **inode)
{
	sqfs_free(*inode);
}

static void free_entry(sqfs_dir_entry_t **entry)
{
	sqfs_free(*entry);
}

#define CLEANUP_INODE CLEANUP(free_inode)
#define CLEANUP_ENTRY CLEANUP(free_entry)

static const char *what_failed(int code)
{
	switch (code) {
	case SQFS_ERROR_ALLOC:
		return "it asks for more memory than a reader gets";
	case SQFS_ERROR_COMPRESSOR:
		return "a block cannot be unpacked";
	case SQFS_ERROR_UNSUPPORTED:
		return "it uses something that cannot be read";
	case SQFS_ERROR_OUT_OF_BOUNDS:
		return "something in it lies outside";
	case SQFS_ERROR_NOT_DIR:
	case SQFS_ERROR_NOT_FILE:
		return "something in it is of another type than it says";
	default:
		return "its tables contradict each other";
	}
}

static int failed(const struct foreign *f, int code, struct err *err)
{
	char path[IMAGE_PATH_MAX + 2] = "/", shown[300];

	if (f->file.error)
		return err_sys(err, f->file.error, "%s: cannot read it",
			       f->name);
	memcpy(path + 1, f->path, strlen(f->path) + 1);
	return err_set(err, EIO, "%s: broken image at %s: %s (libsquashfs "
		       "error %d)", f->name,
		       text_quoted(shown, sizeof(shown), path),
		       what_failed(code), code);
}

/* ---- opening --------------------------------------------------------------- */

/* LZO's library has another licence, so libsquashfs leaves it to its tools. */
static int no_codec(const struct foreign *f, struct err *err)
{
	const char *name = sqfs_compressor_name_from_id(
		(SQFS_COMPRESSOR)f->super.compression_id);
	char shown[300];

	(void)text_quoted(shown, sizeof(shown), f->name);
	return err_set(err, ENOTSUP, "%s: packed with %s, which cannot be read "
		       "here; repack it: sqfs2tar %s | tar2sqfs -c zstd "
		       "%s.zstd", f->name,
		       name ? name : "a codec that does not exist", shown,
		       shown);
}

static int open_codec(struct foreign *f, struct err *err)
{
	sqfs_compressor_config_t cfg;
	int r = sqfs_compressor_config_init(&cfg,
		(SQFS_COMPRESSOR)f->super.compression_id,
		f->super.block_size, SQFS_COMP_FLAG_UNCOMPRESS);

	if (r == 0)
		r = sqfs_compressor_create(&cfg, &f->cmp);
	if (r == SQFS_ERROR_ALLOC)
		return err_nomem(err);
	return r ? no_codec(f, err) : 0;
}

static int open_image(struct foreign *f, struct err *err)
{
	int r = sqfs_super_read(&f->super, &f->file.base);

	if (r)
		return err_set(err, ENOTSUP, "%s: not a squashfs 4.0 image that "
			       "can be read: %s", f->name, what_failed(r));
	if (f->super.bytes_used > f->file.size)
		return err_set(err, EIO, "%s: broken image: it claims more "
			       "bytes than there are", f->name);
	r = open_codec(f, err);
	if (r < 0)
		return r;
	f->data = sqfs_data_reader_create(&f->file.base, f->super.block_size,
					  f->cmp, 0);
	if (!f->data)
		return err_nomem(err);
	r = sqfs_data_reader_load_fragment_table(f->data, &f->super);
	return r ? failed(f, r, err) : 0;
}

/* ---- sending --------------------------------------------------------------- */

static int sent(int r, struct err *err)
{
	return r < 0 ? err_sys(err, -r, "cannot send") : 0;
}

static int send_data(struct foreign *f, const sqfs_inode_generic_t *inode,
		     uint64_t size, struct err *err)
{
	uint64_t off = 0;

	while (off < size) {
		uint32_t want = size - off < sizeof(f->buf) ?
			(uint32_t)(size - off) : (uint32_t)sizeof(f->buf);
		sqfs_s32 n = sqfs_data_reader_read(f->data, inode, off, f->buf,
						   want);
		struct image_slices s = { .n = 1 };
		int r;

		if (n <= 0)
			return failed(f, n ? n : SQFS_ERROR_OUT_OF_BOUNDS, err);
		s.iov[0].iov_base = f->buf;
		s.len = s.iov[0].iov_len = (size_t)n;
		r = sent(record_send_data(f->out, &s), err);
		if (r < 0)
			return r;
		off += (uint64_t)n;
	}
	return 0;
}

/* The target stands behind the inode; where it ends is checked here. */
static int link_target(struct foreign *f, const sqfs_inode_generic_t *inode,
		       char ret[IMAGE_TARGET_MAX + 1], struct err *err)
{
	uint32_t len = inode->base.type == SQFS_INODE_EXT_SLINK ?
			       inode->data.slink_ext.target_size :
			       inode->data.slink.target_size;

	if (!len || len > IMAGE_TARGET_MAX ||
	    len > inode->payload_bytes_available)
		return failed(f, SQFS_ERROR_CORRUPTED, err);
	memcpy(ret, inode->extra, len);
	ret[len] = '\0';
	if (strlen(ret) != len)
		return failed(f, SQFS_ERROR_CORRUPTED, err);
	return 0;
}

static uint32_t link_count(const sqfs_inode_generic_t *inode)
{
	return inode->base.type == SQFS_INODE_EXT_FILE ?
		       inode->data.file_ext.nlink : 1;
}

static int send_node(struct foreign *f, const sqfs_inode_generic_t *inode,
		     struct err *err)
{
	char target[IMAGE_TARGET_MAX + 1] = "";
	struct stat st = {
		.st_mode = inode->base.mode & ~06000u,
		.st_ino = inode->base.inode_number,
		.st_nlink = link_count(inode),
		.st_mtim.tv_sec = inode->base.mod_time,
	};
	sqfs_u64 size = 0;
	int r = 0;

	if (S_ISLNK(st.st_mode)) {
		if (inode->base.type != SQFS_INODE_SLINK &&
		    inode->base.type != SQFS_INODE_EXT_SLINK)
			return failed(f, SQFS_ERROR_CORRUPTED, err);
		r = link_target(f, inode, target, err);
		size = strlen(target);
	} else if (S_ISREG(st.st_mode)) {
		r = sqfs_inode_get_file_size(inode, &size);
		r = r ? failed(f, r, err) : 0;
	}
	if (r < 0)
		return r;
	st.st_size = (off_t)size;
	r = sent(record_send_entry(f->out, f->path, target, &st, NULL), err);
	if (r == 0 && S_ISREG(st.st_mode))
		r = send_data(f, inode, size, err);
	return r;
}

/* ---- walking --------------------------------------------------------------- */

static int enter(struct foreign *f, const sqfs_inode_generic_t *inode,
		 struct err *err)
{
	struct level *l = &f->levels[f->depth];
	int r;

	if (f->depth == IMAGE_DEPTH_MAX)
		return err_set(err, ELOOP, "%s: directories are nested deeper "
			       "than %u, or one contains itself", f->name,
			       IMAGE_DEPTH_MAX);
	l->path_len = strlen(f->path);
	l->dir = sqfs_dir_reader_create(&f->super, f->cmp, &f->file.base, 0);
	if (!l->dir)
		return err_nomem(err);
	f->depth++;
	r = sqfs_dir_reader_open_dir(l->dir, inode, 0);
	return r ? failed(f, r, err) : 0;
}

static void leave(struct foreign *f)
{
	sqfs_destroy(f->levels[--f->depth].dir);
}

static int append_name(struct foreign *f, const sqfs_dir_entry_t *e,
		       struct err *err)
{
	size_t len = (size_t)e->size + 1, at = strlen(f->path);
	const char *name = (const char *)e->name;

	if (len > IMAGE_NAME_MAX || memchr(name, '/', len) ||
	    memchr(name, '\0', len))
		return failed(f, SQFS_ERROR_CORRUPTED, err);
	if (at + 1 + len > IMAGE_PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%s: a path in it is longer "
			       "than %u bytes", f->name, IMAGE_PATH_MAX);
	(void)snprintf(f->path + at, sizeof(f->path) - at, "%s%.*s",
		       at ? "/" : "", (int)len, name);
	return 0;
}

/* The next entry of the innermost directory; leaves it at its end. */
static int step(struct foreign *f, struct err *err)
{
	struct level *l = &f->levels[f->depth - 1];
	CLEANUP_INODE sqfs_inode_generic_t *inode = NULL;
	CLEANUP_ENTRY sqfs_dir_entry_t *entry = NULL;
	int r;

	f->path[l->path_len] = '\0';
	r = sqfs_dir_reader_read(l->dir, &entry);
	if (r > 0) {
		leave(f);
		return 0;
	}
	if (r < 0)
		return failed(f, r, err);
	r = append_name(f, entry, err);
	if (r < 0)
		return r;
	r = sqfs_dir_reader_get_inode(l->dir, &inode);
	if (r)
		return failed(f, r, err);
	r = send_node(f, inode, err);
	if (r == 0 && S_ISDIR(inode->base.mode))
		r = enter(f, inode, err);
	return r;
}

static int walk(struct foreign *f, struct err *err)
{
	CLEANUP_INODE sqfs_inode_generic_t *root = NULL;
	sqfs_dir_reader_t *first = sqfs_dir_reader_create(
		&f->super, f->cmp, &f->file.base, 0);
	int r;

	if (!first)
		return err_nomem(err);
	r = sqfs_dir_reader_get_root_inode(first, &root);
	sqfs_destroy(first);
	if (r)
		return failed(f, r, err);
	if (!S_ISDIR(root->base.mode))
		return failed(f, SQFS_ERROR_NOT_DIR, err);
	r = send_node(f, root, err);
	if (r == 0)
		r = enter(f, root, err);
	while (r == 0 && f->depth)
		r = step(f, err);
	return r;
}

int image_foreign_run(struct image_child *c, struct image *im UNUSED,
		      struct err *err)
{
	const struct section *s = seal_section(&c->bundle->seal,
					       SECTION_IMAGE);
	struct foreign *f;
	int r;

	(void)mallopt(M_MMAP_MAX, 0);
	f = calloc(1, sizeof(*f));
	r = f && s ? 0 : err_nomem(err);
	if (r == 0) {
		f->name = c->bundle->name;
		f->out = c->channel;
		image_file_init(&f->file, c->bundle->fd,
				c->bundle->payload_start);
		f->file.size = s->size;
		r = open_image(f, err);
	}
	if (r == 0)
		r = walk(f, err);
	/* The process ends here: nothing has to be freed. */
	if (r < 0)
		(void)record_send_fault(c->channel, err);
	else
		r = record_send_end(c->channel);
	return r < 0;
}
