/*
 * image_import.c - see image_import.h
 *
 * Limits on what a hostile image can make of us: its file at most 1 TiB (a
 * payload's limit), UNPACKED_MAX bytes unpacked (zeros are not written, so a
 * bomb of holes costs time only), disk_room.h's rule, the tree's entries, and
 * the stream's own limit on silence.
 */
#include "bundler/image_import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/image_foreign.h"
#include "launcher/disk_room.h"
#include "runtime/bundle_write.h"
#include "runtime/fd.h"
#include "runtime/image_format.h"
#include "runtime/text.h"

#define COPY_SIZE ((size_t)1 << 20)
#define UNPACKED_MAX (UINT64_C(64) << 30)
/* Hard links of the image: any device number that no file has. */
#define IMAGE_DEV UINT64_MAX

void image_import_free(struct image_import *im)
{
	bundle_free(&im->bundle);
	output_free(&im->spool);
	output_free(&im->copy);
}

/* ---- the copy -------------------------------------------------------------- */

/* The magic alone tells people early; everything else is the jail's affair. */
static int open_file(const char *path, int *ret_fd, uint64_t *ret_size,
		     struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				 O_NOCTTY);
	uint8_t magic[4];
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "cannot open the image %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at the image %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EINVAL, "the image %s is a folder; name it "
			       "as a source of the manifest (- dir: %s), "
			       "without --image", path, path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "the image %s is not a regular file",
			       path);
	if (st.st_size < (off_t)SQUASHFS_SUPER_SIZE ||
	    fd_pread_all(fd, magic, sizeof(magic), 0) < 0 ||
	    le32(magic) != SQUASHFS_MAGIC)
		return err_set(err, EINVAL, "%s is not a squashfs image; make "
			       "one with mksquashfs or tar2sqfs, or name the "
			       "folder as a source of the manifest", path);
	if ((uint64_t)st.st_size > LAYOUT_PAYLOAD_MAX / 2)
		return err_set(err, EFBIG, "the image %s is larger than a "
			       "bundle can be", path);
	*ret_fd = steal_fd(&fd);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

/* `notes` may be NULL: then nobody can stop it. */
static int copy_bytes(int from, uint64_t from_off, int to, uint64_t to_off,
		      uint64_t size, const char *path,
		      const struct notes *notes, struct err *err)
{
	CLEANUP_FREE uint8_t *buf = malloc(COPY_SIZE);
	int r = buf ? 0 : err_nomem(err);

	for (uint64_t off = 0; r == 0 && off < size; off += COPY_SIZE) {
		size_t n = size - off < COPY_SIZE ? (size_t)(size - off) :
						    COPY_SIZE;

		r = fd_pread_all(from, buf, n, from_off + off);
		if (r < 0)
			return err_sys(err, -r, "cannot read the image %s",
				       path);
		r = fd_pwrite_all(to, buf, n, to_off + off);
		if (r < 0)
			return err_sys(err, -r, "cannot copy the image %s",
				       path);
		if (notes)
			r = notes_check(notes, err);
	}
	return r;
}

/* A bundle around it that only the jailed process will ever read: the stub and
 * the header are there because a bundle has them. */
static int write_copy(struct image_import *im, int from, const char *path,
		      int stub_fd, const struct notes *notes, struct err *err)
{
	static const char header[] = "id=org.example.Import\n";
	struct codec codec = {
		.library = (char *)"unknown", .version = (char *)"unknown",
		.block_size = 1u << SQUASHFS_BLOCK_LOG_MAX,
	};
	struct bundle_writer *w = NULL;
	int r = bundle_writer_new(im->copy.fd, stub_fd, &w, err);

	if (r == 0)
		r = copy_bytes(from, 0, im->copy.fd,
			       bundle_writer_payload_start(w), im->size, path,
			       notes, err);
	if (r == 0)
		r = bundle_writer_image_done(w, im->size, err);
	if (r == 0)
		r = bundle_writer_finish(w, header, strlen(header), &codec,
					 err);
	bundle_writer_free(w);
	return r;
}

static int make_copy(struct image_import *im, const char *path,
		     const char *beside, int stub_fd,
		     const struct notes *notes, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r = open_file(path, &fd, &im->size, err), copy;

	if (r == 0)
		r = output_open(beside, false, &im->copy, err);
	if (r == 0)
		r = write_copy(im, fd, path, stub_fd, notes, err);
	if (r < 0)
		return r;
	copy = fcntl(im->copy.fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	/* Its messages name the image. */
	return bundle_open_fd(copy, path, &im->bundle, err);
}

/* ---- receiving ------------------------------------------------------------- */

struct receiver {
	struct image_import *im;
	struct tree *t;
	const struct origin *origin;
	const struct notes *notes;
	const char *path;		/* of the image, for messages */
	uint64_t spooled;		/* bytes of the spool */
	uint64_t left_out;		/* devices, sockets, FIFOs */
	struct disk_room room;
};

static bool is_zero(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

static int take_data(struct receiver *rc, const struct image_record *rec,
		     struct err *err)
{
	bool zero = rec->type == IMAGE_HOLE || is_zero(rec->data, rec->len);
	int r = zero ? 0 : disk_room_bytes(&rc->room, rc->im->spool.fd,
					   rec->len, err);

	if (r < 0)
		return r;
	if (!zero)
		r = fd_pwrite_all(rc->im->spool.fd, rec->data, rec->len,
				  rc->spooled);
	if (r < 0)
		return err_sys(err, -r, "cannot unpack the image %s beside the "
			       "output", rc->path);
	rc->spooled += rec->len;
	return 0;
}

static int take_root(struct receiver *rc, const struct image_record *rec,
		     struct err *err)
{
	struct entry *root = tree_find(rc->t, "");

	if (!S_ISDIR(rec->st.st_mode))
		return err_set(err, EIO, "%s: broken image: its root is no "
			       "directory", rc->path);
	root->mode = rec->st.st_mode & 0777;
	root->origin = rc->origin;
	root->ref = rec->ref;
	return 0;
}

static int take_entry(struct receiver *rc, const struct image_record *rec,
		      struct err *err)
{
	struct entry e = {
		.path = rec->path, .mode = rec->st.st_mode & 0777,
		.mtime = rec->st.st_mtim.tv_sec, .target = rec->target,
		.content = { .base_fd = -1 }, .origin = rc->origin,
		.ref = rec->ref,
	};

	if (!*rec->path)
		return take_root(rc, rec, err);
	rc->im->entries++;
	if (S_ISDIR(rec->st.st_mode)) {
		e.type = ENTRY_DIR;
	} else if (S_ISLNK(rec->st.st_mode)) {
		e.type = ENTRY_LINK;
	} else if (S_ISREG(rec->st.st_mode)) {
		e.type = ENTRY_FILE;
		e.content = (struct content){
			.kind = CONTENT_PART, .base_fd = rc->im->spool.fd,
			.dir_fd = rc->im->spool.dir_fd,
			.part_off = rc->spooled,
			.size = (uint64_t)rec->st.st_size,
		};
		if (e.content.size > UNPACKED_MAX - rc->im->unpacked)
			return err_set(err, EFBIG, "%s: unpacks to more than "
				       "%" PRIu64 " GiB", rc->path,
				       UNPACKED_MAX >> 30);
		rc->im->unpacked += e.content.size;
		if (rec->st.st_nlink > 1) {
			e.dev = IMAGE_DEV;
			e.ino = rec->st.st_ino;
		}
	} else {
		rc->left_out++;
		return 0;
	}
	return tree_add(rc->t, &e, NULL, err);
}

/* Shall we go on? */
static int check_stop(void *arg, struct err *err)
{
	const struct receiver *rc = arg;

	return notes_check(rc->notes, err);
}

static int receive(struct receiver *rc, struct image_stream *s,
		   struct err *err)
{
	struct image_record rec;
	int r;

	do {
		r = check_stop(rc, err);
		if (r == 0)
			r = image_stream_next(s, &rec, err);
		if (r <= 0)
			break;
		r = rec.type == IMAGE_ENTRY ? take_entry(rc, &rec, err) :
					      take_data(rc, &rec, err);
	} while (r == 0);
	/* Holes at its end. */
	if (r == 0 && ftruncate(rc->im->spool.fd, (off_t)rc->spooled) < 0)
		r = err_sys(err, errno, "cannot unpack the image %s beside the "
			    "output", rc->path);
	return r;
}

/* -ENOTSUP, before the first entry: the other reader's turn. */
static int receive_from(struct receiver *rc, image_run *run, int flags,
			struct err *err)
{
	struct image_stream *s = NULL;
	int r = image_stream_open_by(run, &rc->im->bundle, "", flags |
				     IMAGE_STREAM_DATA | IMAGE_STREAM_RECURSE |
				     IMAGE_STREAM_HOLES, &s, err);

	if (r < 0)
		return r;
	image_stream_stop(s, check_stop, rc);
	r = receive(rc, s, err);
	image_stream_close(s);
	return r;
}

static int receive_all(struct receiver *rc, struct err *err)
{
	int r = receive_from(rc, image_walk_run, IMAGE_STREAM_REFS, err);

	rc->im->as_is = r == 0;
	if (r != -ENOTSUP || rc->im->entries)
		return r;
	notes_step(rc->notes, "unpacking %s, to pack it again with zstd",
		   rc->path);
	return receive_from(rc, image_foreign_run, 0, err);
}

int image_import_read(const char *path, const char *beside, int stub_fd,
		      const struct notes *notes, struct tree *t,
		      struct image_import *ret, struct err *err)
{
	struct receiver rc = {
		.im = ret, .t = t, .notes = notes, .path = path,
		.origin = tree_origin(t, ORIGIN_IMAGE, 0, path, NULL),
	};
	int r = rc.origin ? 0 : err_nomem(err);

	notes_step(notes, "reading %s", path);
	if (r == 0)
		r = make_copy(ret, path, beside, stub_fd, notes, err);
	if (r == 0)
		r = output_open(beside, false, &ret->spool, err);
	if (r == 0)
		r = receive_all(&rc, err);
	if (r < 0)
		return r;
	if (rc.left_out)
		notes_note(notes, "%s: %" PRIu64 " devices, sockets and FIFOs "
			   "%s", path, rc.left_out, ret->as_is ?
			   "are in it, and of no use in a sandbox" :
			   "are left out");
	return 0;
}

/* ---- taking it as it is ---------------------------------------------------- */

int image_import_copy(const struct image_import *im, int fd, uint64_t start,
		      struct err *err)
{
	return copy_bytes(im->copy.fd, im->bundle.payload_start, fd, start,
			  im->size, im->bundle.name, NULL, err);
}

/* The reader in the jail has found it good; the seal's own check follows. */
int image_import_block_size(const struct image_import *im, uint32_t *ret,
			    struct err *err)
{
	uint8_t raw[4];
	int r = fd_pread_all(im->copy.fd, raw, sizeof(raw),
			     im->bundle.payload_start + SUPER_BLOCK_SIZE);

	if (r < 0)
		return err_sys(err, -r, "cannot read the image %s",
			       im->bundle.name);
	*ret = le32(raw);
	return 0;
}
