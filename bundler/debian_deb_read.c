/*
 * debian_deb_read.c - a .deb to records, in the jail (see debian_deb_records.h)
 *
 * libarchive reads ar and, through a callback that reads the member's bytes, the
 * tar archive within.  Here stands only what bounds the work: how much an archive may
 * hold.  Everything it names is checked by the packer.
 *
 * #syscalls read write lseek fstat newfstatat exit_group
 * libarchive and the C library, for memory and locks that nobody holds:
 * #syscalls brk mmap munmap mremap madvise futex
 * The C library's converter of names looks for its tables and does without them:
 * #refused open openat
 */
#include "bundler/debian_deb_records.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bundler/debian_deb.h"
#include "runtime/fd.h"
#include "runtime/text.h"

struct reader {
	int out_fd;
	uint64_t left;			/* bytes that may still be written */
	int broken;			/* negative errno of the pipe */
	size_t len;
	struct archive *outer, *inner;
	uint64_t listed;		/* of what one tar archive names */
	bool has_control, has_data;
	char out[DEB_CHUNK];
	char member[DEB_CHUNK];		/* what the inner archive reads from */
	char data[DEB_CHUNK];
};

/* ---- the pipe ---- */

static int flush(struct reader *r)
{
	if (!r->broken && r->len)
		r->broken = fd_write_all(r->out_fd, r->out, r->len);
	r->len = 0;
	return r->broken;
}

static int put(struct reader *r, const void *data, size_t len)
{
	const char *p = data;

	if (len > r->left && !r->broken)
		r->broken = -ENOSPC;
	while (len && !r->broken) {
		size_t n = sizeof(r->out) - r->len;

		n = n < len ? n : len;
		memcpy(r->out + r->len, p, n);
		r->len += n;
		r->left -= n;
		p += n;
		len -= n;
		if (r->len == sizeof(r->out))
			(void)flush(r);
	}
	return r->broken;
}

static int put_record(struct reader *r, struct deb_record rec,
		      const char *path, const char *target)
{
	rec.path_len = path ? (uint32_t)strlen(path) : 0;
	rec.target_len = target ? (uint32_t)strlen(target) : 0;
	(void)put(r, &rec, sizeof(rec));
	(void)put(r, path, rec.path_len);
	return put(r, target, rec.target_len);
}

/* ---- errors: texts that go on behind the package's name ---- */

static int damaged(struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, EBADMSG, "is damaged: %s",
		       why ? why : "it cannot be read");
}

static int refused(const char *path, const char *why, struct err *err)
{
	char quoted[200];

	return err_set(err, EPERM, "is refused: %s %s",
		       text_quoted(quoted, sizeof(quoted), path), why);
}

/* The pipe's fault: whoever listened knows. */
static int broken(const struct reader *r, struct err *err)
{
	return err_sys(err, -r->broken, "cannot be passed on");
}

/* ---- entries ---- */

static enum deb_kind kind_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return DEB_HARD_LINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return DEB_FILE;
	case AE_IFDIR:
		return DEB_DIR;
	case AE_IFLNK:
		return DEB_LINK;
	default:
		return DEB_OTHER;
	}
}

static int send_data(struct reader *r, struct err *err)
{
	la_ssize_t n;

	while ((n = archive_read_data(r->inner, r->data, DEB_CHUNK)) > 0) {
		const struct deb_record rec = { .kind = DEB_DATA,
						.size = (uint64_t)n };

		(void)put_record(r, rec, NULL, NULL);
		if (put(r, r->data, (size_t)n) < 0)
			return broken(r, err);
	}
	if (n < 0)
		return damaged(r->inner, err);
	if (put_record(r, (struct deb_record){ .kind = DEB_FILE_END }, NULL,
		       NULL) < 0)
		return broken(r, err);
	return 0;
}

static int send_entry(struct reader *r, struct archive_entry *e,
		      struct err *err)
{
	const char *path = archive_entry_pathname(e), *target = NULL;
	struct deb_record rec = {
		.kind = kind_of(e), .mode = archive_entry_perm(e),
		.mtime = archive_entry_mtime(e),
	};

	if (rec.kind == DEB_HARD_LINK)
		target = archive_entry_hardlink(e);
	else if (rec.kind == DEB_LINK)
		target = archive_entry_symlink(e);
	if (!path || strlen(path) > DEB_NAME_MAX)
		return refused("a name", "cannot be read", err);
	if (target && strlen(target) > DEB_NAME_MAX)
		return refused(path, "is a link without a target, or one that "
			       "is too long", err);
	if (rec.kind == DEB_FILE) {
		if (!archive_entry_size_is_set(e) || archive_entry_size(e) < 0)
			return refused(path, "has no size", err);
		/* A block of tar that says TiB; dpkg-deb makes none. */
		if (archive_entry_sparse_count(e) > 0)
			return refused(path, "has holes, as no package's files "
				       "have", err);
		rec.size = (uint64_t)archive_entry_size(e);
	}
	if (put_record(r, rec, path, target) < 0)
		return broken(r, err);
	return rec.kind == DEB_FILE ? send_data(r, err) : 0;
}

/* ---- archives ---- */

static la_ssize_t read_member(struct archive *a, void *arg, const void **ret)
{
	struct reader *r = arg;
	la_ssize_t n = archive_read_data(r->outer, r->member, DEB_CHUNK);

	if (n < 0)
		archive_set_error(a, EIO, "the archive around it is cut "
				  "short");
	*ret = r->member;
	return n;
}

static void inner_free(struct archive **a)
{
	if (*a)
		(void)archive_read_free(*a);
}

static int tar_open(struct reader *r, struct err *err)
{
	struct archive *a = archive_read_new();

	r->inner = a;
	if (!a)
		return err_nomem(err);
	(void)archive_read_support_filter_gzip(a);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_filter_zstd(a);
	(void)archive_read_support_filter_bzip2(a);
	(void)archive_read_support_filter_lzma(a);
	(void)archive_read_support_format_tar(a);
	if (archive_read_open(a, r, NULL, read_member, NULL) != ARCHIVE_OK)
		return damaged(a, err);
	return 0;
}

/* A few KiB may unpack to GiB, and what nobody takes is unpacked too, to get at what
 * stands behind it. */
static int check_size(struct reader *r, struct archive_entry *e, uint64_t max,
		      struct err *err)
{
	const char *name = archive_entry_pathname(e);
	la_int64_t size = archive_entry_size(e);

	if (size > 0)
		r->listed += (uint64_t)size;
	if (size < 0 || (uint64_t)size > max || r->listed > max)
		return refused(name ? name : "?", "makes one of its archives "
			       "larger than any package's", err);
	return 0;
}

static int read_tar(struct reader *r, bool data, uint64_t max,
		    struct err *err)
{
	const struct deb_record start = { .kind = DEB_ARCHIVE, .mode = data };
	CLEANUP(inner_free) struct archive *owned = NULL;
	struct archive_entry *e;
	int q = tar_open(r, err), step;

	owned = r->inner;
	r->listed = 0;
	if (q < 0)
		return q;
	if (put_record(r, start, NULL, NULL) < 0)
		return broken(r, err);
	while ((step = archive_read_next_header(r->inner, &e)) == ARCHIVE_OK ||
	       step == ARCHIVE_WARN) {
		q = check_size(r, e, max, err);
		if (q == 0)
			q = send_entry(r, e, err);
		if (q < 0)
			return q;
	}
	return step == ARCHIVE_EOF ? 0 : damaged(r->inner, err);
}

static int read_format(struct reader *r, struct err *err)
{
	la_ssize_t n = archive_read_data(r->outer, r->data, DEB_CHUNK);

	if (n < 2 || memcmp(r->data, "2.", 2))
		return err_set(err, EBADMSG, "is not a Debian package of "
			       "format 2");
	return 0;
}

static int read_one(struct reader *r, const char *name, struct err *err)
{
	if (!strcmp(name, "debian-binary"))
		return read_format(r, err);
	if (!strncmp(name, "control.tar", 11) && !r->has_control) {
		r->has_control = true;
		return read_tar(r, false, DEB_CONTROLS_MAX, err);
	}
	if (!strncmp(name, "data.tar", 8) && !r->has_data) {
		r->has_data = true;
		return read_tar(r, true, DEB_BYTES_MAX, err);
	}
	if (name[0] == '_')
		return 0;
	return refused(name, "is a member that no package has", err);
}

static int read_ar(struct reader *r, int fd, struct err *err)
{
	struct archive_entry *e;
	int step, q;

	r->outer = archive_read_new();
	if (!r->outer)
		return err_nomem(err);
	(void)archive_read_support_format_ar(r->outer);
	if (archive_read_open_fd(r->outer, fd, DEB_CHUNK) != ARCHIVE_OK)
		return damaged(r->outer, err);
	/* At most a few members: any that is not known ends it. */
	while ((step = archive_read_next_header(r->outer, &e)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(e);

		q = read_one(r, name ? name : "?", err);
		if (q < 0)
			return q;
	}
	return step == ARCHIVE_EOF ? 0 : damaged(r->outer, err);
}

int deb_read(int deb_fd, int out_fd, uint64_t max)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct deb_record last = { .kind = DEB_END };
	struct err err = { 0 };
	int q;

	if (!r)
		return -ENOMEM;
	r->out_fd = out_fd;
	r->left = max;
	if (read_ar(r, deb_fd, &err) < 0)
		last = (struct deb_record){ .kind = DEB_FAILED,
					    .mode = (uint32_t)err.num };
	(void)put_record(r, last, last.kind == DEB_FAILED ? err.text : NULL,
			 NULL);
	q = flush(r);
	if (r->outer)
		(void)archive_read_free(r->outer);
	free(r);
	return q;
}
