/*
 * debian_deb.c - unpacking a .deb (see debian_deb.h)
 *
 * What stands in it arrives as records from a reader in a jail
 * (debian_deb_records.h) and is checked here, once; the tree checks again where it
 * takes the entry in.
 */
#include "bundler/debian_deb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bundler/debian_deb_records.h"
#include "launcher/disk_room.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/path.h"
#include "runtime/text.h"

/* So long after a Ctrl-C a reader that says nothing is given up. */
#define ASK_EVERY_MS 200


struct deb {
	const char *name;
	int dir_fd;
	const struct notes *notes;
	int in_fd;
	size_t pos, len;		/* of what was read from there */
	char in[DEB_CHUNK];
	char path[DEB_NAME_MAX + 1];
	char target[DEB_NAME_MAX + 1];
	struct buf index;
	struct tree seen;		/* names and numbers, for hard links */
	size_t n_entries, n_files;
	uint64_t bytes;
	struct disk_room room;
	bool has_control, has_data;
	bool in_data;			/* which archive the entries are of */
};

static int refused(const struct deb *d, const char *path, const char *why,
		   struct err *err)
{
	char quoted[200];

	return err_set(err, EPERM, "%s is refused: %s %s", d->name,
		       text_quoted(quoted, sizeof(quoted), path), why);
}

static int odd_reader(const struct deb *d, struct err *err)
{
	return err_set(err, EPERM, "%s is refused: its reader was taken over "
		       "by what stands in it", d->name);
}

/* ---- what the reader says ---- */

/* Waits so that a Ctrl-C is heard while the reader works. */
static int fill(struct deb *d, struct err *err)
{
	struct pollfd p = { .fd = d->in_fd, .events = POLLIN };
	ssize_t n;
	int r;

	do {
		r = notes_check(d->notes, err);
		if (r < 0)
			return r;
		r = poll(&p, 1, ASK_EVERY_MS);
	} while (r == 0 || (r < 0 && errno == EINTR));
	n = r < 0 ? -errno : fd_read(d->in_fd, d->in, sizeof(d->in));
	if (n < 0)
		return err_sys(err, (int)-n, "cannot read %s", d->name);
	if (n == 0)
		return err_set(err, ENODATA, "%s cannot be unpacked: its "
			       "reader has ended", d->name);
	d->pos = 0;
	d->len = (size_t)n;
	return 0;
}

static int take_bytes(struct deb *d, void *to, size_t len, struct err *err)
{
	while (len) {
		size_t n = d->len - d->pos;
		int r = n ? 0 : fill(d, err);

		if (r < 0)
			return r;
		n = n < len ? n : len;
		memcpy(to, d->in + d->pos, n);
		d->pos += n;
		to = (char *)to + n;
		len -= n;
	}
	return 0;
}

static int take_string(struct deb *d, char *to, size_t len, struct err *err)
{
	int r;

	if (len > DEB_NAME_MAX)
		return odd_reader(d, err);
	r = take_bytes(d, to, len, err);
	to[len] = '\0';
	if (r == 0 && strlen(to) != len)
		r = odd_reader(d, err);
	return r;
}

/* The reader's own words, which may be anybody's. */
static int failed(struct deb *d, const struct deb_record *rec, struct err *err)
{
	const int num = rec->mode == EPERM || rec->mode == ENOMEM ?
			(int)rec->mode : EBADMSG;

	err_printable(d->path);
	return err_set(err, num, "%s %s", d->name, d->path);
}

static int next_record(struct deb *d, struct deb_record *ret, struct err *err)
{
	int r = take_bytes(d, ret, sizeof(*ret), err);

	if (r == 0)
		r = take_string(d, d->path, ret->path_len, err);
	if (r == 0)
		r = take_string(d, d->target, ret->target_len, err);
	if (r == 0 && ret->kind == DEB_FAILED)
		r = failed(d, ret, err);
	return r;
}

/* ---- files ---- */

static int copy_chunk(struct deb *d, int fd, uint64_t size, struct err *err)
{
	while (size) {
		size_t n = d->len - d->pos;
		int r = n ? 0 : fill(d, err);

		if (r < 0)
			return r;
		n = n < size ? n : (size_t)size;
		r = fd < 0 ? 0 : disk_room_bytes(&d->room, fd, n, err);
		if (r < 0)
			return err_prefix(err, "cannot unpack %s into the "
					  "cache", d->name);
		r = fd < 0 ? 0 : fd_write_all(fd, d->in + d->pos, n);
		if (r < 0)
			return err_sys(err, -r, "cannot unpack %s into the "
				       "cache", d->name);
		d->pos += n;
		size -= n;
	}
	return notes_check(d->notes, err);
}

/* The data of one file, `size` bytes, to fd or nowhere (-1). */
static int copy_data(struct deb *d, const char *path, int fd, uint64_t size,
		     struct err *err)
{
	CLEANUP_FREE char *kept = strdup(path);
	struct deb_record rec;
	uint64_t left = size;
	int r;

	if (!kept)
		return err_nomem(err);
	for (;;) {
		r = next_record(d, &rec, err);
		if (r < 0)
			return r;
		if (rec.kind == DEB_FILE_END)
			break;
		if (rec.kind != DEB_DATA || rec.size > DEB_CHUNK)
			return odd_reader(d, err);
		if (rec.size > left)
			return refused(d, kept, "is longer than it says", err);
		left -= rec.size;
		r = copy_chunk(d, fd, rec.size, err);
		if (r < 0)
			return r;
	}
	return left ? refused(d, kept, "is cut short", err) : 0;
}

static int write_file(struct deb *d, const char *name, const char *path,
		      uint64_t size, struct err *err)
{
	CLEANUP_FD int fd = openat(d->dir_fd, name, O_WRONLY | O_CREAT |
				   O_EXCL | O_CLOEXEC, 0600);

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

static int take_link(struct deb *d, const char *path,
		     const struct deb_record *e, struct err *err)
{
	if (!*d->target || strlen(d->target) >= TREE_PATH_MAX)
		return refused(d, path, "is a link without a target, or one "
			       "that is too long", err);
	if (climbs_out(path, d->target))
		return refused(d, path, "is a link that leads out of the tree",
			       err);
	buf_addf(&d->index, "l %lld", (long long)e->mtime);
	add_name(&d->index, path);
	add_name(&d->index, d->target);
	buf_addc(&d->index, '\n');
	return remember(d, path, ENTRY_LINK, d->target, 0, err);
}

static int take_hard_link(struct deb *d, const char *path, struct err *err)
{
	CLEANUP_FREE char *target = NULL;
	const struct entry *file;
	int r = clean_name(d, d->target, &target, err);

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

static int take_file(struct deb *d, const char *path,
		     const struct deb_record *e, struct err *err)
{
	char number[24];
	int r;

	if (e->size > DEB_BYTES_MAX || (d->bytes += e->size) > DEB_BYTES_MAX)
		return refused(d, path, "makes it larger than 32 GiB", err);
	(void)snprintf(number, sizeof(number), "%zu", d->n_files);
	r = remember(d, path, ENTRY_FILE, NULL, d->n_files, err);
	if (r == 0)
		r = write_file(d, number, path, e->size, err);
	if (r < 0)
		return r;
	buf_addf(&d->index, "f %o %lld %lld %zu", (unsigned)e->mode & 0777,
		 (long long)e->mtime, (long long)e->size, d->n_files++);
	add_name(&d->index, path);
	buf_addc(&d->index, '\n');
	return 0;
}

static int take_dir(struct deb *d, const char *path,
		    const struct deb_record *e, struct err *err)
{
	buf_addf(&d->index, "d %o %lld", (unsigned)e->mode & 0777,
		 (long long)e->mtime);
	add_name(&d->index, path);
	buf_addc(&d->index, '\n');
	return remember(d, path, ENTRY_DIR, NULL, 0, err);
}

static int take_entry(struct deb *d, const struct deb_record *e,
		      struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	int r = clean_name(d, d->path, &path, err);

	if (r < 0)
		return r;
	if (!*path)
		return e->kind == DEB_DIR ? 0 :
		       refused(d, "the root", "is not a folder", err);
	if (++d->n_entries > DEB_ENTRIES_MAX)
		return refused(d, path, "is one entry too many", err);
	switch (e->kind) {
	case DEB_HARD_LINK:
		return take_hard_link(d, path, err);
	case DEB_DIR:
		return take_dir(d, path, e, err);
	case DEB_FILE:
		return take_file(d, path, e, err);
	case DEB_LINK:
		return take_link(d, path, e, err);
	default:
		return refused(d, path, "is a device, FIFO or socket", err);
	}
}

/* The few control files that later steps read; the others' data is passed over. */
static int take_control(struct deb *d, const struct deb_record *e,
			struct err *err)
{
	static const char *const wanted[] = { "control", "postinst",
					      "triggers" };
	CLEANUP_FREE char *path = NULL;
	char name[32];
	size_t i = 0;
	int r = clean_name(d, d->path, &path, err);

	if (r < 0 || e->kind != DEB_FILE)
		return r;
	while (i < ARRAY_SIZE(wanted) && strcmp(wanted[i], path))
		i++;
	if (i == ARRAY_SIZE(wanted))
		return copy_data(d, path, -1, e->size, err);
	if (e->size > DEB_CONTROL_MAX)
		return refused(d, path, "is larger than 1 MiB", err);
	(void)snprintf(name, sizeof(name), "c-%s", wanted[i]);
	d->has_control |= i == 0;
	return write_file(d, name, path, e->size, err);
}

/* ---- the whole ---- */

static int take_record(struct deb *d, const struct deb_record *e,
		       struct err *err)
{
	switch (e->kind) {
	case DEB_ARCHIVE:
		d->in_data = e->mode;
		d->has_data |= d->in_data;
		return 0;
	case DEB_FILE:
	case DEB_DIR:
	case DEB_LINK:
	case DEB_HARD_LINK:
	case DEB_OTHER:
		return d->in_data ? take_entry(d, e, err) :
		       take_control(d, e, err);
	default:
		return odd_reader(d, err);
	}
}

static int take_all(struct deb *d, struct err *err)
{
	struct deb_record rec;
	int r = next_record(d, &rec, err);

	while (r == 0 && rec.kind != DEB_END) {
		r = take_record(d, &rec, err);
		if (r == 0)
			r = notes_check(d->notes, err);
		if (r == 0)
			r = next_record(d, &rec, err);
	}
	if (r < 0)
		return r;
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
	buf_free(&d->index);
	tree_free(&d->seen);
	free(d);
}

int deb_take(int in_fd, const char *name, int dir_fd,
	     const struct notes *notes, struct err *err)
{
	CLEANUP(deb_free) struct deb *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_nomem(err);
	d->name = name;
	d->dir_fd = dir_fd;
	d->notes = notes;
	d->in_fd = in_fd;
	d->index.max = DEB_INDEX_MAX;
	r = tree_new(&d->seen, err);
	if (r == 0)
		r = take_all(d, err);
	return r < 0 ? r : write_index(d, err);
}

/* Why the records ended early, when the reader's own end tells it. */
static int explain_end(const char *name, int status, struct err *err)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return err_set(err, EPERM, "%s is refused: its reader did what "
			       "no reader does, and was killed", name);
	if (WIFSIGNALED(status))
		return err_set(err, EBADMSG, "%s cannot be unpacked: its "
			       "reader was ended by signal %d", name,
			       WTERMSIG(status));
	return -err->num;
}

int deb_unpack(int deb_fd, const char *name, int dir_fd,
	       const struct notes *notes, struct err *err)
{
	CLEANUP_FD int in_fd = -1;
	int r, status = 0;
	pid_t pid;

	if (lseek(deb_fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "cannot read %s", name);
	r = deb_reader_start(deb_fd, &pid, &in_fd, err);
	if (r < 0)
		return r;
	r = deb_take(in_fd, name, dir_fd, notes, err);
	/* Done, or given up; one that has ended keeps its own status. */
	if (r != -ENODATA)
		(void)kill(pid, SIGKILL);
	(void)child_wait(pid, &status);
	return r == -ENODATA ? explain_end(name, status, err) : r;
}
