/*
 * image_records.c - writing and checking records; see image_records.h
 *
 * #syscalls writev
 */
#include "runtime/image_records.h"

#include <errno.h>
#include <sys/uio.h>

#include "runtime/image_format.h"

#define ENTRY_FIXED 32u
#define REF_SIZE 8u
#define REF_END (UINT64_C(1) << 48)
#define FAULT_TEXT_MAX 1000u

/* ---- sending --------------------------------------------------------------- */

static void put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static int writev_all(int fd, struct iovec *iov, unsigned n)
{
	while (n) {
		ssize_t done = writev(fd, iov, (int)n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		for (; n && (size_t)done >= iov->iov_len; iov++, n--)
			done -= (ssize_t)iov->iov_len;
		if (n) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= (size_t)done;
		}
	}
	return 0;
}

/* iov[0] is left free for the head. */
static int send_record(int fd, uint32_t type, struct iovec *iov, unsigned n)
{
	uint8_t head[RECORD_HEAD];
	size_t len = 0;

	for (unsigned i = 1; i < n; i++)
		len += iov[i].iov_len;
	put32(head, type);
	put32(head + 4, (uint32_t)len);
	iov[0] = (struct iovec){ head, sizeof(head) };
	return writev_all(fd, iov, n);
}

int record_send_entry(int fd, const char *path, const char *target,
		      const struct stat *st, const uint64_t *ref)
{
	size_t path_len = strlen(path), target_len = strlen(target);
	uint8_t d[ENTRY_FIXED] = { 0 }, place[REF_SIZE];
	struct iovec iov[5] = {
		[1] = { d, sizeof(d) },
		[2] = { (void *)(uintptr_t)path, path_len },
		[3] = { (void *)(uintptr_t)target, target_len },
		[4] = { place, sizeof(place) },
	};

	put32(d, st->st_mode);
	put32(d + 4, (uint32_t)st->st_nlink);
	put32(d + 8, (uint32_t)st->st_ino);
	put32(d + 12, (uint32_t)st->st_mtim.tv_sec);
	put64(d + 16, (uint64_t)st->st_size);
	put16(d + 24, (uint16_t)path_len);
	put16(d + 26, (uint16_t)target_len);
	if (ref)
		put64(place, *ref);
	return send_record(fd, RECORD_ENTRY, iov, ref ? 5 : 4);
}

int record_send_data(int fd, const struct image_slices *slices)
{
	struct iovec iov[IMAGE_SLICES_MAX + 1];

	memcpy(iov + 1, slices->iov, slices->n * sizeof(*iov));
	return send_record(fd, RECORD_DATA, iov, slices->n + 1);
}

int record_send_hole(int fd, uint32_t len)
{
	uint8_t d[4];
	struct iovec iov[2] = { [1] = { d, sizeof(d) } };

	put32(d, len);
	return send_record(fd, RECORD_HOLE, iov, 2);
}

int record_send_alive(int fd)
{
	struct iovec iov[1];

	return send_record(fd, RECORD_ALIVE, iov, 1);
}

int record_send_end(int fd)
{
	struct iovec iov[1];

	return send_record(fd, RECORD_END, iov, 1);
}

int record_send_fault(int fd, const struct err *err)
{
	size_t len = strnlen(err->text, FAULT_TEXT_MAX);
	uint8_t d[4];
	struct iovec iov[3] = {
		[1] = { d, sizeof(d) },
		[2] = { (void *)(uintptr_t)err->text, len },
	};

	put32(d, (uint32_t)err->num);
	return send_record(fd, RECORD_FAULT, iov, 3);
}

/* ---- checking -------------------------------------------------------------- */

static int lie(const struct record_check *c, struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "%s: the image server sent nonsense (%s); "
		       "the image may be made to attack its reader", c->name,
		       what);
}

/* Components that a file can have, none of them "." or "..", and not too
 * many.  "" is the root. */
static bool path_is_clean(const char *path)
{
	unsigned depth = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > IMAGE_NAME_MAX || ++depth > IMAGE_DEPTH_MAX)
			return false;
		if (path[0] == '.' && (n == 1 || (n == 2 && path[1] == '.')))
			return false;
		path += n;
		if (*path && !*++path)
			return false;
	}
	return true;
}

/* Does `next` come where a walk may go from `path`? */
static bool follows(const struct record_check *c)
{
	const char *slash = strrchr(c->next, '/');
	const char *name = slash ? slash + 1 : c->next, *before;
	size_t parent = slash ? (size_t)(slash - c->next) : 0;
	size_t last = strlen(c->path), name_len = strlen(name), n;
	int order;

	if (!name_len || parent < c->top || parent > last ||
	    memcmp(c->next, c->path, parent))
		return false;
	if (parent == last)
		return S_ISDIR(c->st.st_mode);
	/* In a directory that is still open: behind what came there. */
	if (parent && c->path[parent] != '/')
		return false;
	before = c->path + parent + (parent != 0);
	n = strcspn(before, "/");
	order = memcmp(name, before, name_len < n ? name_len : n);
	return order > 0 || (order == 0 && name_len > n);
}

static int check_mode(const struct record_check *c, uint32_t mode,
		      size_t target_len, uint64_t size, struct err *err)
{
	bool link = S_ISLNK(mode);

	if (!S_ISDIR(mode) && !S_ISREG(mode) && !link && !S_ISBLK(mode) &&
	    !S_ISCHR(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return lie(c, err, "a type that no file has");
	if (mode & ~(uint32_t)(S_IFMT | 01777))
		return lie(c, err, "a mode that no file has here");
	if (link ? !target_len || size != target_len : target_len != 0)
		return lie(c, err, "a bad link");
	if (size > INT64_MAX || (!link && !S_ISREG(mode) && size))
		return lie(c, err, "a size that no file has");
	return 0;
}

/* The two strings, copied and checked; the body holds both to its end. */
static int check_strings(struct record_check *c, const uint8_t *p,
			 size_t path_len, size_t target_len, struct err *err)
{
	memcpy(c->next, p, path_len);
	c->next[path_len] = '\0';
	memcpy(c->target, p + path_len, target_len);
	c->target[target_len] = '\0';
	if (strlen(c->next) != path_len || strlen(c->target) != target_len)
		return lie(c, err, "a name with a NUL in it");
	if (!path_is_clean(c->next))
		return lie(c, err, "a path that is not clean");
	if (c->any && !follows(c))
		return lie(c, err, "an entry out of order");
	return 0;
}

static int check_entry(struct record_check *c, const uint8_t *body, size_t len,
		       struct image_record *ret, struct err *err)
{
	size_t path_len, target_len;
	size_t ref_len = c->flags & IMAGE_STREAM_REFS ? REF_SIZE : 0;
	uint64_t size, ref;
	uint32_t mode;
	int r;

	if (len < ENTRY_FIXED)
		return lie(c, err, "an entry cut short");
	mode = le32(body);
	size = le64(body + 16);
	path_len = le16(body + 24);
	target_len = le16(body + 26);
	if (path_len > IMAGE_PATH_MAX || target_len > IMAGE_TARGET_MAX ||
	    len != ENTRY_FIXED + path_len + target_len + ref_len ||
	    le32(body + 28))
		return lie(c, err, "an entry with bad lengths");
	ref = ref_len ? le64(body + len - REF_SIZE) : 0;
	if (ref >= REF_END)
		return lie(c, err, "an inode where none can stand");
	if (c->left)
		return lie(c, err, "a file cut short");
	if (c->entries++ == RECORD_ENTRIES_MAX)
		return lie(c, err, "more than 2^24 entries");
	r = check_mode(c, mode, target_len, size, err);
	if (!r)
		r = check_strings(c, body + ENTRY_FIXED, path_len, target_len,
				  err);
	if (r < 0)
		return r;
	if (!c->any)
		c->top = path_len;
	c->any = true;
	memcpy(c->path, c->next, path_len + 1);
	c->st = (struct stat){
		.st_mode = mode, .st_nlink = le32(body + 4),
		.st_ino = le32(body + 8), .st_mtim.tv_sec = le32(body + 12),
		.st_size = (off_t)size, .st_blksize = 4096,
		.st_blocks = (blkcnt_t)(size / 512 + (size % 512 != 0)),
	};
	c->left = S_ISREG(mode) && (c->flags & IMAGE_STREAM_DATA) ? size : 0;
	if (c->left > RECORD_BYTES_MAX - c->total)
		return err_set(err, EFBIG, "%s: the image unpacks to more than "
			       "1 TiB", c->name);
	c->total += c->left;
	*ret = (struct image_record){
		.type = IMAGE_ENTRY, .path = c->path, .st = c->st, .ref = ref,
		.target = S_ISLNK(mode) ? c->target : NULL,
	};
	return 1;
}

static int check_hole(struct record_check *c, const uint8_t *body, size_t len,
		      struct image_record *ret, struct err *err)
{
	uint32_t n = len == 4 ? le32(body) : 0;

	if (!(c->flags & IMAGE_STREAM_HOLES) || !n || n > RECORD_HOLE_MAX)
		return lie(c, err, "a hole that nobody asked for");
	if (n > c->left)
		return lie(c, err, "more bytes than the file has");
	c->left -= n;
	*ret = (struct image_record){ .type = IMAGE_HOLE, .len = n };
	return 1;
}

static int check_alive(struct record_check *c, size_t len,
		       struct image_record *ret, struct err *err)
{
	if (!(c->flags & IMAGE_STREAM_CHECK) || len ||
	    c->alive++ == RECORD_ALIVE_MAX)
		return lie(c, err, "that it is alive");
	*ret = (struct image_record){ .type = IMAGE_NOTHING };
	return 1;
}

/* One line, whatever the sender writes: it must not look like one of ours. */
static int check_fault(const struct record_check *c, const uint8_t *body,
		       size_t len, struct err *err)
{
	uint32_t num;
	char *p;

	if (len < 4 || len > 4 + FAULT_TEXT_MAX)
		return lie(c, err, "a fault without a text");
	num = le32(body);
	if (num < 1 || num > 4095)
		num = EIO;
	(void)err_set(err, (int)num, "%.*s", (int)(len - 4), body + 4);
	for (p = err->text; (p = strchr(p, '\n')); )
		*p = '?';
	return -err->num;
}

int record_check(struct record_check *c, uint32_t type, const uint8_t *body,
		 size_t len, struct image_record *ret, struct err *err)
{
	if (c->done)
		return lie(c, err, "a record behind the last");
	switch (type) {
	case RECORD_ENTRY:
		return check_entry(c, body, len, ret, err);
	case RECORD_DATA:
		if (!len || len > c->left)
			return lie(c, err, "more bytes than the file has");
		c->left -= len;
		*ret = (struct image_record){ .type = IMAGE_DATA, .data = body,
					      .len = len };
		return 1;
	case RECORD_HOLE:
		return check_hole(c, body, len, ret, err);
	case RECORD_ALIVE:
		return check_alive(c, len, ret, err);
	case RECORD_END:
		if (len || c->left || !c->any)
			return lie(c, err, "an early end");
		c->done = true;
		*ret = (struct image_record){ .type = IMAGE_END };
		return 0;
	case RECORD_FAULT:
		return check_fault(c, body, len, err);
	default:
		return lie(c, err, "an unknown record");
	}
}
