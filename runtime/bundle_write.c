/*
 * bundle_write.c - putting a bundle together (see bundle_write.h)
 *
 * The parts are written front to back.  finish makes one pass over the payload
 * as it lies in the file, which feeds section hashes and tree at the same time,
 * then writes seal and trailer.  Gaps and padding are holes of the file: the
 * file is cut to the stub's size first, so that what is skipped reads as zero
 * whatever was there before.
 *
 * The writer keeps no more than a leaf and one node per level in memory.
 */
#include "runtime/bundle_write.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/hashtree.h"
#include "runtime/trailer.h"

struct bundle_writer {
	int fd;				/* the caller's */
	uint64_t stub_size;
	uint64_t payload_start;
	uint64_t end;			/* of the payload so far, in it */
	struct section sections[LAYOUT_SECTIONS_MAX];
	unsigned n_sections;
};

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static int stub_size(int stub_fd, uint64_t *ret, struct err *err)
{
	struct stat st;

	if (fstat(stub_fd, &st) < 0)
		return err_sys(err, errno, "cannot look at the stub");
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > LAYOUT_STUB_MAX)
		return err_set(err, EINVAL,
			       "the stub is not a regular file of 1 byte to %" PRIu64
			       " MiB; name holdall-stub", LAYOUT_STUB_MAX >> 20);
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int copy_stub(struct bundle_writer *w, int stub_fd, struct err *err)
{
	CLEANUP_FREE char *data = malloc(LAYOUT_PAYLOAD_ALIGN);
	uint64_t off = 0;

	if (!data)
		return err_nomem(err);
	while (off < w->stub_size) {
		uint64_t left = w->stub_size - off;
		size_t n = left < LAYOUT_PAYLOAD_ALIGN ? (size_t)left :
							 LAYOUT_PAYLOAD_ALIGN;
		int r = fd_pread_all(stub_fd, data, n, off);

		if (r < 0)
			return err_sys(err, -r, "cannot read the stub");
		r = fd_pwrite_all(w->fd, data, n, off);
		if (r < 0)
			return err_sys(err, -r, "cannot write the bundle");
		off += n;
	}
	return 0;
}

int bundle_writer_new(int fd, int stub_fd, struct bundle_writer **ret,
		      struct err *err)
{
	CLEANUP_FREE struct bundle_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_nomem(err);
	w->fd = fd;
	r = stub_size(stub_fd, &w->stub_size, err);
	if (r < 0)
		return r;
	w->payload_start = round_up(w->stub_size, LAYOUT_PAYLOAD_ALIGN);
	if (ftruncate(fd, 0) < 0 ||
	    ftruncate(fd, (off_t)w->payload_start) < 0)
		return err_sys(err, errno, "cannot write the bundle");
	r = copy_stub(w, stub_fd, err);
	if (r < 0)
		return r;
	*ret = steal_ptr(&w);
	return 0;
}

void bundle_writer_free(struct bundle_writer *w)
{
	free(w);
}

uint64_t bundle_writer_payload_start(const struct bundle_writer *w)
{
	return w->payload_start;
}

/* Notes a section at the next place. */
static int add_section(struct bundle_writer *w, uint32_t type, bool critical,
		       uint64_t size, struct err *err)
{
	uint64_t offset = round_up(w->end, LAYOUT_SECTION_ALIGN);

	if (w->n_sections == LAYOUT_SECTIONS_MAX)
		return err_set(err, E2BIG, "more than %u sections",
			       LAYOUT_SECTIONS_MAX);
	if (!size || size > LAYOUT_PAYLOAD_MAX - offset)
		return err_set(err, EINVAL,
			       "section %s of %" PRIu64
			       " bytes is empty or too large for a bundle",
			       section_type_name(type), size);
	w->sections[w->n_sections++] = (struct section){
		.type = type, .critical = critical,
		.offset = offset, .size = size,
	};
	w->end = offset + size;
	return 0;
}

/* The image's writer may have left bytes behind its end. */
static int cut_at(struct bundle_writer *w, uint64_t end, struct err *err)
{
	if (ftruncate(w->fd, (off_t)(w->payload_start + end)) == 0)
		return 0;
	return err_sys(err, errno, "cannot write the bundle");
}

int bundle_writer_image_done(struct bundle_writer *w, uint64_t size,
			     struct err *err)
{
	struct stat st;
	int r;

	if (w->n_sections)
		return err_set(err, EINVAL,
			       "the image has to be the first section");
	if (fstat(w->fd, &st) < 0)
		return err_sys(err, errno, "cannot look at the bundle");
	if ((uint64_t)st.st_size < w->payload_start ||
	    (uint64_t)st.st_size - w->payload_start < size)
		return err_set(err, EINVAL,
			       "the image is shorter than %" PRIu64 " bytes",
			       size);
	r = add_section(w, SECTION_IMAGE, true, size, err);
	return r < 0 ? r : cut_at(w, w->end, err);
}

int bundle_writer_section(struct bundle_writer *w, uint32_t type,
			  bool critical, const void *data, size_t len,
			  struct err *err)
{
	int r;

	if (!w->n_sections)
		return err_set(err, EINVAL,
			       "the image has to be the first section");
	r = add_section(w, type, critical, len, err);
	if (r < 0)
		return r;
	r = fd_pwrite_all(w->fd, data, len,
			  w->payload_start +
			  w->sections[w->n_sections - 1].offset);
	return r < 0 ? err_sys(err, -r, "cannot write the bundle") : 0;
}

/* ---- the pass over the payload ---- */

struct pass {
	struct bundle_writer *w;
	struct hashtree_maker *tree;
	unsigned section;
	struct hash hash;
};

/* Sections begin at a leaf's start, so a leaf belongs to one section at most,
 * and what follows the section in it is gap. */
static void hash_leaf(struct pass *p, const uint8_t *data, size_t len,
		      uint64_t off)
{
	struct section *s = &p->w->sections[p->section];
	uint64_t left = s->offset + s->size - off;

	if (off == s->offset)
		hash_start(&p->hash);
	if (left > len) {
		hash_add(&p->hash, data, len);
		return;
	}
	hash_add(&p->hash, data, (size_t)left);
	hash_end(&p->hash, s->hash);
	p->section++;
}

_Static_assert(LAYOUT_SECTION_ALIGN % LAYOUT_LEAF_SIZE == 0, "hash_leaf");

static int pass_over(struct pass *p, struct err *err)
{
	CLEANUP_FREE uint8_t *leaf = malloc(LAYOUT_LEAF_SIZE);
	struct bundle_writer *w = p->w;
	uint64_t off = 0;

	if (!leaf)
		return err_nomem(err);
	while (off < w->end) {
		uint64_t left = w->end - off;
		size_t n = left < LAYOUT_LEAF_SIZE ? (size_t)left :
						     LAYOUT_LEAF_SIZE;
		int r = fd_pread_all(w->fd, leaf, n, w->payload_start + off);

		if (r < 0)
			return err_sys(err, -r,
				       "cannot read the bundle again");
		hash_leaf(p, leaf, n, off);
		r = hashtree_maker_leaf(p->tree, leaf, n, err);
		if (r < 0)
			return r;
		off += n;
	}
	return 0;
}

static int make_tree(struct bundle_writer *w,
		     uint8_t ret_root[LAYOUT_HASH_SIZE], struct err *err)
{
	struct pass p = { .w = w };
	int r = hashtree_maker_new(w->fd, w->payload_start + w->end, w->end,
				   &p.tree, err);

	if (r < 0)
		return r;
	hash_prepare();
	r = pass_over(&p, err);
	if (r == 0)
		r = hashtree_maker_finish(p.tree, ret_root, err);
	hashtree_maker_free(p.tree);
	return r;
}

/* The seal as text.  Everything in `seal` is borrowed. */
static int format_seal(struct bundle_writer *w, const char *header,
		       size_t header_len, const struct codec *codec,
		       struct buf *ret, struct err *err)
{
	struct seal seal = {
		.header = (char *)header, .header_len = header_len,
		.n_sections = w->n_sections, .payload_size = w->end,
		.codec = *codec,
	};
	int r = make_tree(w, seal.root, err);

	if (r < 0)
		return r;
	memcpy(seal.sections, w->sections, sizeof(seal.sections));
	return seal_format(&seal, ret, err);
}

static int write_end(struct bundle_writer *w, const struct buf *seal,
		     struct err *err)
{
	uint8_t data[LAYOUT_TRAILER_SIZE];
	struct trailer t = {
		.stub_size = w->stub_size, .payload_size = w->end,
		.seal_size = seal->len,
	};
	int r = trailer_plan(&t, err);

	if (r < 0)
		return r;
	hash_bytes(seal->data, seal->len, t.seal_hash);
	hash_bytes(NULL, 0, t.signatures_hash);
	trailer_format(&t, data);
	r = fd_pwrite_all(w->fd, seal->data, seal->len, t.seal_start);
	if (r == 0)
		r = fd_pwrite_all(w->fd, data, sizeof(data),
				  t.signatures_start + t.signatures_size);
	return r < 0 ? err_sys(err, -r, "cannot write the bundle") : 0;
}

int bundle_writer_finish(struct bundle_writer *w, const char *header,
			 size_t header_len, const struct codec *codec,
			 struct err *err)
{
	CLEANUP_BUF struct buf seal = BUF_INIT;
	int r;

	if (!w->n_sections)
		return err_set(err, EINVAL, "a bundle needs an image");
	r = format_seal(w, header, header_len, codec, &seal, err);
	if (r < 0)
		return r;
	return write_end(w, &seal, err);
}
