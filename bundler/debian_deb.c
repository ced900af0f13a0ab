/*
 * debian_deb.c - reading a .deb (see debian_deb.h)
 *
 * libarchive reads ar and, through a callback that reads the member's bytes,
 * the tar archive within.  Everything that is named in it is checked in
 * take_entry, once; the tree checks again where it takes the entry in.
 */
#include "bundler/debian_deb.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/fd.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define CHUNK 65536u

struct deb {
	const char *name;
	int dir_fd;
	const struct notes *notes;
	struct archive *outer, *inner;
	char member[CHUNK];		/* what the inner archive reads from */
	char data[CHUNK];
	struct buf index;
	struct tree seen;		/* names and numbers, for hard links */
	size_t n_entries, n_files;
	uint64_t bytes;
	uint64_t listed;		/* of what one tar archive names */
	bool has_control, has_data;
};

static int damaged(const struct deb *d, struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, EBADMSG, "%s is damaged: %s", d->name,
		       why ? why : "it cannot be read");
}

static int refused(const struct deb *d, const char *path, const char *why,
		   struct err *err)
{
	char quoted[200];

	return err_set(err, EPERM, "%s is refused: %s %s", d->name,
		       text_quoted(quoted, sizeof(quoted), path), why);
}

/* ---- files ---- */

static int copy_data(struct deb *d, const char *path, int fd, uint64_t size,
		     struct err *err)
{
	uint64_t left = size;
	la_ssize_t n;
	int r;

	while ((n = archive_read_data(d->inner, d->data, CHUNK)) > 0) {
		if ((uint64_t)n > left)
			return refused(d, path, "is longer than it says", err);
		r = fd_write_all(fd, d->data, (size_t)n);
		if (r < 0)
			return err_sys(err, -r, "cannot unpack %s into the "
				       "cache", d->name);
		left -= (uint64_t)n;
		if (notes_check(d->notes, err) < 0)
			return -err->num;
	}
	if (n < 0)
		return damaged(d, d->inner, err);
	return left ? refused(d, path, "is cut short", err) : 0;
}

static int write_file(struct deb *d, const char *path, uint64_t size,
		      struct err *err)
{
	char number[24];
	CLEANUP_FD int fd = -1;

	if (size > DEB_BYTES_MAX || (d->bytes += size) > DEB_BYTES_MAX)
		return refused(d, path, "makes it larger than 32 GiB", err);
	(void)snprintf(number, sizeof(number), "%zu", d->n_files);
	fd = openat(d->dir_fd, number, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(err, errno, "cannot unpack %s into the cache",
			       d->name);
	return copy_data(d, path, fd, size, err);
}

/* ---- names ---- */

/* "./usr/bin/" -> "usr/bin"; a fresh string. */
static int clean_name(const struct deb *d, const char *raw, char **ret,
		      struct err *err)
{
	CLEANUP_FREE char *s = NULL;
	size_t len;

	if (!raw)
		return refused(d, "a name", "cannot be read", err);
	if (raw[0] == '/')
		return refused(d, raw, "is an absolute name", err);
	while (raw[0] == '.' && raw[1] == '/')
		raw += 2 + strspn(raw + 2, "/");
	s = strdup(strcmp(raw, ".") ? raw : "");
	if (!s)
		return err_nomem(err);
	for (len = strlen(s); len && s[len - 1] == '/'; len--)
		s[len - 1] = '\0';
	if (*s && !path_is_clean(s, false))
		return refused(d, raw, "is not a clean name", err);
	if (len >= TREE_PATH_MAX)
		return refused(d, raw, "is too long", err);
	for (const char *p = s; *p; p += *p == '/') {
		len = strcspn(p, "/");
		if (len > TREE_NAME_MAX)
			return refused(d, raw, "has a name above 255 bytes",
				       err);
		p += len;
	}
	*ret = steal_ptr(&s);
	return 0;
}

/* Does a relative target, seen from its link, climb above the root? */
static bool climbs_out(const char *path, const char *target)
{
	size_t depth = 0;

	for (const char *p = path; (p = strchr(p, '/')); p++)
		depth++;
	if (*target == '/')
		depth = 0;
	for (const char *p = target; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !memcmp(p, "..", 2)) {
			if (!depth--)
				return true;
		} else if (len && !(len == 1 && *p == '.')) {
			depth++;
		}
		p += len + strspn(p + len, "/");
	}
	return false;
}

/* ---- entries ---- */

static void add_name(struct buf *b, const char *s)
{
	buf_addc(b, ' ');
	text_escape(b, s, strlen(s));
}

/* Also finds a second entry of one name; the number is kept in `ino`. */
static int remember(struct deb *d, const char *path, enum entry_type type,
		    const char *target, size_t number, struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = type,
			      .mode = 0755, .target = (char *)target,
			      .content.base_fd = -1, .ino = number };
	const struct entry *old = tree_find(&d->seen, path);

	/* Folders may be named again, and are made when only implied. */
	if (old && (type != ENTRY_DIR || old->type != ENTRY_DIR))
		return refused(d, path, "stands in it twice", err);
	if (tree_add(&d->seen, &spec, NULL, err) < 0)
		return err_prefix(err, "%s is refused", d->name);
	return 0;
}

static int take_link(struct deb *d, const char *path, struct archive_entry *e,
		     struct err *err)
{
	const char *target = archive_entry_symlink(e);

	if (!target || !*target || strlen(target) >= TREE_PATH_MAX)
		return refused(d, path, "is a link without a target, or one "
			       "that is too long", err);
	if (climbs_out(path, target))
		return refused(d, path, "is a link that leads out of the tree",
			       err);
	buf_addf(&d->index, "l %lld", (long long)archive_entry_mtime(e));
	add_name(&d->index, path);
	add_name(&d->index, target);
	buf_addc(&d->index, '\n');
	return remember(d, path, ENTRY_LINK, target, 0, err);
}

static int take_hard_link(struct deb *d, const char *path, const char *to,
			  struct err *err)
{
	CLEANUP_FREE char *target = NULL;
	const struct entry *file;
	int r = clean_name(d, to, &target, err);

	if (r < 0)
		return r;
	file = tree_find(&d->seen, target);
	if (!file || file->type != ENTRY_FILE)
		return refused(d, path, "is a hard link to something that is "
			       "not an earlier file of the package", err);
	buf_addf(&d->index, "h %llu", (unsigned long long)file->ino);
	add_name(&d->index, path);
	buf_addc(&d->index, '\n');
	return remember(d, path, ENTRY_FILE, NULL, (size_t)file->ino, err);
}

static int take_file(struct deb *d, const char *path, struct archive_entry *e,
		     struct err *err)
{
	la_int64_t size = archive_entry_size(e);
	int r;

	if (!archive_entry_size_is_set(e) || size < 0)
		return refused(d, path, "has no size", err);
	r = remember(d, path, ENTRY_FILE, NULL, d->n_files, err);
	if (r == 0)
		r = write_file(d, path, (uint64_t)size, err);
	if (r < 0)
		return r;
	buf_addf(&d->index, "f %o %lld %lld %zu",
		 (unsigned)archive_entry_perm(e) & 0777,
		 (long long)archive_entry_mtime(e), (long long)size,
		 d->n_files++);
	add_name(&d->index, path);
	buf_addc(&d->index, '\n');
	return 0;
}

static int take_dir(struct deb *d, const char *path, struct archive_entry *e,
		    struct err *err)
{
	buf_addf(&d->index, "d %o %lld",
		 (unsigned)archive_entry_perm(e) & 0777,
		 (long long)archive_entry_mtime(e));
	add_name(&d->index, path);
	buf_addc(&d->index, '\n');
	return remember(d, path, ENTRY_DIR, NULL, 0, err);
}

static int take_entry(struct deb *d, struct archive_entry *e, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	const char *hard = archive_entry_hardlink(e);
	int r = clean_name(d, archive_entry_pathname(e), &path, err);

	if (r < 0)
		return r;
	if (!*path)
		return archive_entry_filetype(e) == AE_IFDIR && !hard ? 0 :
		       refused(d, "the root", "is not a folder", err);
	if (++d->n_entries > DEB_ENTRIES_MAX)
		return refused(d, path, "is one entry too many", err);
	if (hard)
		return take_hard_link(d, path, hard, err);
	switch (archive_entry_filetype(e)) {
	case AE_IFDIR:
		return take_dir(d, path, e, err);
	case AE_IFREG:
		return take_file(d, path, e, err);
	case AE_IFLNK:
		return take_link(d, path, e, err);
	default:
		return refused(d, path, "is a device, FIFO or socket", err);
	}
}

/* The few control files that later steps read. */
static int take_control(struct deb *d, struct archive_entry *e,
			struct err *err)
{
	static const char *const wanted[] = { "control", "postinst",
					      "triggers" };
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FD int fd = -1;
	char name[32];
	size_t i = 0;
	int r = clean_name(d, archive_entry_pathname(e), &path, err);

	if (r < 0)
		return r;
	while (i < ARRAY_SIZE(wanted) && strcmp(wanted[i], path))
		i++;
	if (i == ARRAY_SIZE(wanted) || archive_entry_hardlink(e) ||
	    archive_entry_filetype(e) != AE_IFREG)
		return 0;
	if (archive_entry_size(e) < 0 ||
	    archive_entry_size(e) > (la_int64_t)DEB_CONTROL_MAX)
		return refused(d, path, "is larger than 1 MiB", err);
	(void)snprintf(name, sizeof(name), "c-%s", wanted[i]);
	fd = openat(d->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(err, errno, "cannot unpack %s into the cache",
			       d->name);
	d->has_control |= i == 0;
	return copy_data(d, path, fd, (uint64_t)archive_entry_size(e), err);
}

/* ---- archives ---- */

/* A few KiB may unpack to GiB that libarchive skips by itself: here is where it can
 * be told to stop. */
static la_ssize_t read_member(struct archive *a, void *arg, const void **ret)
{
	struct deb *d = arg;
	struct err stopped;
	la_ssize_t n = archive_read_data(d->outer, d->member, CHUNK);

	if (notes_check(d->notes, &stopped) < 0)
		n = -1;
	if (n < 0)
		archive_set_error(a, EIO, "the archive around it is cut "
				  "short");
	*ret = d->member;
	return n;
}

static void inner_free(struct archive **a)
{
	if (*a)
		(void)archive_read_free(*a);
}

static int tar_open(struct deb *d, struct err *err)
{
	struct archive *a = archive_read_new();

	d->inner = a;
	if (!a)
		return err_nomem(err);
	(void)archive_read_support_filter_gzip(a);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_filter_zstd(a);
	(void)archive_read_support_filter_bzip2(a);
	(void)archive_read_support_filter_lzma(a);
	(void)archive_read_support_format_tar(a);
	if (archive_read_open(a, d, NULL, read_member, NULL) != ARCHIVE_OK)
		return damaged(d, a, err);
	return 0;
}

/* What is not taken is unpacked too, to get at what stands behind it. */
static int check_size(struct deb *d, struct archive_entry *e, uint64_t max,
		      struct err *err)
{
	const char *name = archive_entry_pathname(e);
	la_int64_t size = archive_entry_size(e);

	if (size > 0)
		d->listed += (uint64_t)size;
	if (size < 0 || (uint64_t)size > max || d->listed > max)
		return refused(d, name ? name : "?", "makes one of its archives "
			       "larger than any package's", err);
	return 0;
}

static int read_tar(struct deb *d, uint64_t max,
		    int (*take)(struct deb *d, struct archive_entry *e,
				struct err *err), struct err *err)
{
	CLEANUP(inner_free) struct archive *owned = NULL;
	struct archive_entry *e;
	int r = tar_open(d, err), step;

	owned = d->inner;
	d->listed = 0;
	if (r < 0)
		return r;
	while ((step = archive_read_next_header(d->inner, &e)) == ARCHIVE_OK ||
	       step == ARCHIVE_WARN) {
		r = check_size(d, e, max, err);
		if (r == 0)
			r = take(d, e, err);
		if (r == 0)
			r = notes_check(d->notes, err);
		if (r < 0)
			return r;
	}
	r = notes_check(d->notes, err);
	if (r < 0)
		return r;
	return step == ARCHIVE_EOF ? 0 : damaged(d, d->inner, err);
}

static int read_format(struct deb *d, struct err *err)
{
	la_ssize_t n = archive_read_data(d->outer, d->data, CHUNK);

	if (n < 2 || memcmp(d->data, "2.", 2))
		return err_set(err, EBADMSG, "%s is not a Debian package of "
			       "format 2", d->name);
	return 0;
}

static int take_member(struct deb *d, const char *name, struct err *err)
{
	if (!strcmp(name, "debian-binary"))
		return read_format(d, err);
	if (!strncmp(name, "control.tar", 11) && !d->has_control)
		return read_tar(d, DEB_CONTROLS_MAX, take_control, err);
	if (!strncmp(name, "data.tar", 8) && !d->has_data) {
		d->has_data = true;
		return read_tar(d, DEB_BYTES_MAX, take_entry, err);
	}
	if (name[0] == '_')
		return 0;
	return refused(d, name, "is a member that no package has", err);
}

static int read_ar(struct deb *d, int fd, struct err *err)
{
	struct archive_entry *e;
	int step, r;

	(void)archive_read_support_format_ar(d->outer);
	if (archive_read_open_fd(d->outer, fd, CHUNK) != ARCHIVE_OK)
		return damaged(d, d->outer, err);
	/* At most a few members: any that is not known ends it. */
	while ((step = archive_read_next_header(d->outer, &e)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(e);

		r = take_member(d, name ? name : "?", err);
		if (r < 0)
			return r;
	}
	if (step != ARCHIVE_EOF)
		return damaged(d, d->outer, err);
	if (!d->has_control || !d->has_data)
		return err_set(err, EBADMSG, "%s is damaged: it has no %s",
			       d->name, d->has_data ? "control file" : "data");
	return 0;
}

static int write_index(struct deb *d, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	buf_addf(&d->index, "end %zu\n", d->n_entries);
	r = buf_check(&d->index, err);
	if (r < 0)
		return r;
	fd = openat(d->dir_fd, "index", O_WRONLY | O_CREAT | O_EXCL |
		    O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, d->index.data, d->index.len);
	return r < 0 ? err_sys(err, -r, "cannot unpack %s into the cache",
			       d->name) : 0;
}

static void deb_free(struct deb **p)
{
	struct deb *d = *p;

	if (!d)
		return;
	if (d->outer)
		(void)archive_read_free(d->outer);
	buf_free(&d->index);
	tree_free(&d->seen);
	free(d);
}

int deb_unpack(int deb_fd, const char *name, int dir_fd,
	       const struct notes *notes, struct err *err)
{
	CLEANUP(deb_free) struct deb *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_nomem(err);
	d->name = name;
	d->dir_fd = dir_fd;
	d->notes = notes;
	d->index.max = DEB_INDEX_MAX;
	d->outer = archive_read_new();
	if (!d->outer)
		return err_nomem(err);
	if (lseek(deb_fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "cannot read %s", name);
	r = tree_new(&d->seen, err);
	if (r == 0)
		r = read_ar(d, deb_fd, err);
	return r < 0 ? r : write_index(d, err);
}
