/*
 * bundle.c - opening a bundle: trailer, seal, and what a fault is called
 *
 * This lies on the way to the app's first instruction.  One pread takes the last
 * TAIL bytes of the file, which nearly always hold trailer, signatures and seal;
 * only a larger seal costs a second one.  Then three hashes over a few KiB, and
 * the parse.  The payload is not touched (payload.c).
 *
 * Only when there is no trailer is the file's beginning looked at, to say what
 * it is instead.
 */
#include "runtime/bundle.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/text.h"
#include "runtime/trailer.h"

#define TAIL 8192u

void bundle_free(struct bundle *b)
{
	int saved = errno;

	if (b->fd >= 0)
		(void)close(b->fd);
	free(b->name);
	seal_free(&b->seal);
	*b = BUNDLE_INIT;
	errno = saved;
}

/* ---- naming a file that is no bundle ---- */

static bool has_note(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + sizeof(layout_note) <= len; i += 4)
		if (memcmp(data + i, &layout_note, sizeof(layout_note)) == 0)
			return true;
	return false;
}

/* Does the file end where the ELF's section headers end, as linkers and strip
 * leave a program?  Then nothing was ever put behind it. */
static bool is_bare_elf(const uint8_t *data, size_t len, uint64_t file_size)
{
	Elf64_Ehdr ehdr;

	if (len < sizeof(ehdr))
		return false;
	memcpy(&ehdr, data, sizeof(ehdr));
	return ehdr.e_shoff <= file_size &&
	       file_size - ehdr.e_shoff ==
			(uint64_t)ehdr.e_shnum * ehdr.e_shentsize;
}

static int not_a_bundle(int fd, uint64_t file_size, struct err *err)
{
	uint8_t head[LAYOUT_NOTE_WITHIN];
	size_t len = file_size < sizeof(head) ? (size_t)file_size : sizeof(head);
	int r = fd_pread_all(fd, head, len, 0);

	if (r < 0)
		return err_sys(err, -r, "cannot read it");
	if (!has_note(head, len))
		return err_set(err, ENOEXEC,
			       "not a bundle (no trailer at its end);"
			       " bundles are made with 'holdall pack'");
	if (is_bare_elf(head, len, file_size))
		return err_set(err, ENOEXEC,
			       "this is the holdall program itself,"
			       " without a bundle in it; name a bundle");
	return err_set(err, ENODATA,
		       "cut off: it begins like a bundle, but its end is not there (%" PRIu64
		       " bytes are); copy or download it again", file_size);
}

/* ---- opening ---- */

/* The bytes from `start` to the end of the file, as far as they are read. */
struct tail {
	uint64_t start;
	size_t len;
	uint8_t small[TAIL];
	uint8_t *large;			/* owned; replaces small */
};

static void tail_free(struct tail *t)
{
	free(t->large);
}

static const uint8_t *tail_at(const struct tail *t, uint64_t off)
{
	return (t->large ? t->large : t->small) + (off - t->start);
}

static int read_tail(int fd, uint64_t file_size, struct tail *t,
		     struct err *err)
{
	int r;

	t->len = file_size < TAIL ? (size_t)file_size : TAIL;
	t->start = file_size - t->len;
	r = fd_pread_all(fd, t->small, t->len, t->start);
	return r < 0 ? err_sys(err, -r, "cannot read its end") : 0;
}

/* Makes the tail reach back to the seal; trailer_parse has bounded its size. */
static int extend_tail(int fd, uint64_t file_size, uint64_t seal_start,
		       struct tail *t, struct err *err)
{
	size_t len = (size_t)(file_size - seal_start);
	int r;

	if (seal_start >= t->start)
		return 0;
	t->large = malloc(len);
	if (!t->large)
		return err_nomem(err);
	t->start = seal_start;
	t->len = len;
	r = fd_pread_all(fd, t->large, len, seal_start);
	return r < 0 ? err_sys(err, -r, "cannot read its seal") : 0;
}

static int check_hash(const uint8_t *data, uint64_t size,
		      const uint8_t *expected, const char *what,
		      struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];

	hash_bytes(data, (size_t)size, hash);
	if (hash_equal(hash, expected))
		return 0;
	return err_set(err, EBADMSG,
		       "%s damaged or changed; copy or download it again",
		       what);
}

static int read_seal(const struct tail *tail, const struct trailer *t,
		     struct seal *ret, struct err *err)
{
	CLEANUP_SEAL struct seal seal = { 0 };
	const uint8_t *text = tail_at(tail, t->seal_start);
	int r = check_hash(text, t->seal_size, t->seal_hash, "its seal is",
			   err);

	if (r == 0)
		r = check_hash(tail_at(tail, t->signatures_start),
			       t->signatures_size, t->signatures_hash,
			       "its signatures are", err);
	if (r < 0)
		return r;
	r = seal_parse((const char *)text, (size_t)t->seal_size, &seal, err);
	if (r < 0)
		return err_prefix(err, "its seal is not valid");
	if (seal.payload_size != t->payload_size)
		return err_set(err, EBADMSG,
			       "its trailer speaks of a payload of %" PRIu64
			       " bytes, its seal of %" PRIu64
			       "; it was not made by holdall",
			       t->payload_size, seal.payload_size);
	*ret = seal;
	seal = (struct seal){ 0 };
	return 0;
}

static void set_places(struct bundle *b, const struct trailer *t)
{
	b->stub_size = t->stub_size;
	b->payload_start = t->payload_start;
	b->payload_size = t->payload_size;
	b->tree_start = t->tree_start;
	b->tree_size = t->tree_size;
	b->seal_start = t->seal_start;
	b->seal_size = t->seal_size;
	b->signatures_start = t->signatures_start;
	b->signatures_size = t->signatures_size;
	memcpy(b->seal_hash, t->seal_hash, LAYOUT_HASH_SIZE);
	memcpy(b->signatures_hash, t->signatures_hash, LAYOUT_HASH_SIZE);
}

static int read_bundle(struct bundle *b, struct err *err)
{
	CLEANUP(tail_free) struct tail tail = { .large = NULL };
	struct trailer t;
	int r = read_tail(b->fd, b->file_size, &tail, err);

	if (r < 0)
		return r;
	if (tail.len < LAYOUT_TRAILER_SIZE ||
	    !trailer_has_magic(tail_at(&tail, b->file_size -
				       LAYOUT_TRAILER_SIZE)))
		return not_a_bundle(b->fd, b->file_size, err);
	r = trailer_parse(tail_at(&tail, b->file_size - LAYOUT_TRAILER_SIZE),
			  b->file_size, &t, err);
	if (r == 0)
		r = extend_tail(b->fd, b->file_size, t.seal_start, &tail, err);
	if (r == 0)
		r = read_seal(&tail, &t, &b->seal, err);
	if (r == 0)
		set_places(b, &t);
	return r;
}

static int check_file(int fd, uint64_t *ret_size, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at it");
	if (S_ISDIR(st.st_mode))
		return err_set(err, ENOEXEC,
			       "this is a folder, not a bundle");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ENOEXEC,
			       "not a regular file, so not a bundle");
	if (st.st_size == 0)
		return err_set(err, ENOEXEC,
			       "the file is empty, not a bundle; copy or download it again");
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int bundle_open_fd(int fd, const char *name, struct bundle *ret,
		   struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	char shown[256];
	int r;

	b.fd = fd;
	b.name = strdup(name);
	if (!b.name)
		return err_nomem(err);
	r = check_file(fd, &b.file_size, err);
	if (r == 0)
		r = read_bundle(&b, err);
	if (r < 0)
		return err_prefix(err, "%s", text_quoted(shown, sizeof(shown),
							 name));
	*ret = b;
	b = BUNDLE_INIT;
	return 0;
}

int bundle_open(const char *path, struct bundle *ret, struct err *err)
{
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char shown[256];

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s",
			       text_quoted(shown, sizeof(shown), path));
	return bundle_open_fd(fd, path, ret, err);
}

int bundle_probe(int fd)
{
	uint8_t data[LAYOUT_TRAILER_SIZE];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < LAYOUT_TRAILER_SIZE)
		return 0;
	r = fd_pread_all(fd, data, sizeof(data),
			 (uint64_t)st.st_size - sizeof(data));
	return r < 0 ? r : trailer_has_magic(data);
}

int bundle_read_seal(const struct bundle *b, char **ret, size_t *ret_len,
		     struct err *err)
{
	CLEANUP_FREE char *text = malloc((size_t)b->seal_size + 1);
	char shown[256];
	int r;

	if (!text)
		return err_nomem(err);
	r = fd_pread_all(b->fd, text, (size_t)b->seal_size, b->seal_start);
	if (r < 0)
		r = err_sys(err, -r, "cannot read its seal");
	else	/* it may have changed since bundle_open */
		r = check_hash((const uint8_t *)text, b->seal_size,
			       b->seal_hash, "its seal is", err);
	if (r < 0)
		return err_prefix(err, "%s", text_quoted(shown, sizeof(shown),
							 b->name));
	text[b->seal_size] = '\0';
	*ret = steal_ptr(&text);
	*ret_len = (size_t)b->seal_size;
	return 0;
}
