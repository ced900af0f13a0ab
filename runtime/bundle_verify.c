/*
 * bundle_verify.c - checking every byte of a bundle, and reading one section
 *
 * One pass over the payload in chunks, through payload_view: so each leaf and,
 * with it, each node of the tree is compared with the hashes that lead to the
 * root.  The same pass feeds the hash of the section that a byte belongs to, or
 * asks that it is zero.  The padding behind the stub is looked at first.
 *
 * The hash of a section is one chain over all its bytes, at 0.9 GB/s where the
 * four-lane hash of the leaves makes 2.3 GB/s.  So a crew works: each member
 * verifies the next chunk in a window of its own, waits until the chunks before
 * have gone through the chain, and then feeds its own.  The chain is never idle
 * and the whole takes as long as one hash of the file does.  More than
 * CREW_MAX members would only wait.
 *
 * Faults come to light in the order of the bytes too: it is always the first one
 * that is told.
 *
 * The stub itself is nobody's promise and is not looked at.
 */
#include "runtime/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/hash.h"
#include "runtime/text.h"

#define SECTION_READ_MAX ((uint64_t)16 << 20)
#define CHUNK PAYLOAD_VIEW_MAX
#define CREW_MAX 4u
#define STACK_SIZE (128u << 10)

_Static_assert(CHUNK % LAYOUT_LEAF_SIZE == 0, "no leaf is hashed twice");

static int name_bundle(const struct bundle *b, struct err *err)
{
	char shown[256];

	return err_prefix(err, "%s", text_quoted(shown, sizeof(shown),
						 b->name));
}

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* At most LAYOUT_PAYLOAD_ALIGN - 1 bytes, by the trailer's check. */
static int check_padding(const struct bundle *b, struct err *err)
{
	size_t len = (size_t)(b->payload_start - b->stub_size);
	CLEANUP_FREE uint8_t *data = malloc(len + 1);
	int r;

	if (!data)
		return err_nomem(err);
	r = fd_pread_all(b->fd, data, len, b->stub_size);
	if (r < 0)
		r = err_sys(err, -r, "cannot read the bytes behind its stub");
	else if (!is_zero(data, len))
		r = err_set(err, EBADMSG,
			    "the %zu bytes between stub and payload are not"
			    " all zero; the file was changed",
			    len);
	return r < 0 ? name_bundle(b, err) : 0;
}

/* The walk's place among the sections. */
struct walk {
	const struct bundle *b;
	unsigned section;		/* the current or the next one */
	struct hash hash;		/* of the current one */
	uint64_t off;			/* of the bytes that come next */
};

static int end_section(struct walk *w, const struct section *s,
		       struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];

	hash_end(&w->hash, hash);
	w->section++;
	if (hash_equal(hash, s->hash))
		return 0;
	(void)err_set(err, EBADMSG,
		      "section %u (%s) does not match its hash in the seal;"
		      " it was not made by holdall",
		      w->section, section_type_name(s->type));
	return name_bundle(w->b, err);
}

static int check_gap(struct walk *w, const uint8_t *p, size_t len,
		     struct err *err)
{
	if (is_zero(p, len))
		return 0;
	(void)err_set(err, EBADMSG,
		      "bytes between sections, behind byte %" PRIu64
		      " of the payload, are not zero; it was not made by holdall",
		      w->off);
	return name_bundle(w->b, err);
}

/* Takes the next bytes that belong together; at least one. */
static int walk_some(struct walk *w, const uint8_t *p, size_t len,
		     size_t *ret_used, struct err *err)
{
	/* Sections end with the payload, so there is always one to come. */
	const struct section *s = &w->b->seal.sections[w->section];
	uint64_t border = w->off < s->offset ? s->offset :
					       s->offset + s->size;
	size_t n = border - w->off < len ? (size_t)(border - w->off) : len;
	int r = 0;

	if (w->off < s->offset) {
		r = check_gap(w, p, n, err);
	} else {
		if (w->off == s->offset)
			hash_start(&w->hash);
		hash_add(&w->hash, p, n);
		if (w->off + n == s->offset + s->size)
			r = end_section(w, s, err);
	}
	w->off += n;
	*ret_used = n;
	return r;
}

static int walk_bytes(struct walk *w, const uint8_t *p, size_t len,
		      struct err *err)
{
	while (len) {
		size_t used = 0;
		int r = walk_some(w, p, len, &used, err);

		if (r < 0)
			return r;
		p += used;
		len -= used;
	}
	return 0;
}

/* ---- the crew -------------------------------------------------------------- */

typedef void progress_fn(void *arg, uint64_t done, uint64_t all);

struct crew {
	struct walk walk;		/* of whoever's turn it is */
	uint64_t n_chunks;
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t moved;		/* turn or failed */
	uint64_t next;			/* chunk that nobody has taken */
	uint64_t turn;			/* chunk whose bytes the walk wants */
	bool failed;
	struct err err;
};

struct member {
	struct crew *crew;
	struct payload *payload;
	progress_fn *progress;		/* of the caller's own member, or NULL */
	void *arg;
	pthread_t thread;
};

/* The next chunk; false: there is none, or no use. */
static bool take_chunk(struct crew *c, uint64_t *ret)
{
	bool more;

	(void)pthread_mutex_lock(&c->lock);
	more = !c->failed && c->next < c->n_chunks;
	if (more)
		*ret = c->next++;
	(void)pthread_mutex_unlock(&c->lock);
	return more;
}

/* False: an earlier chunk is bad. */
static bool wait_for_turn(struct crew *c, uint64_t chunk)
{
	bool mine;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->failed && c->turn != chunk)
		(void)pthread_cond_wait(&c->moved, &c->lock);
	mine = !c->failed;
	(void)pthread_mutex_unlock(&c->lock);
	return mine;
}

static void end_turn(struct crew *c, int r, const struct err *err)
{
	(void)pthread_mutex_lock(&c->lock);
	c->turn++;
	if (r < 0) {
		c->failed = true;
		c->err = *err;
	}
	(void)pthread_cond_broadcast(&c->moved);
	(void)pthread_mutex_unlock(&c->lock);
}

static void *work(void *arg)
{
	struct member *m = arg;
	struct crew *c = m->crew;
	uint64_t all = c->walk.b->payload_size, chunk;

	while (take_chunk(c, &chunk)) {
		uint64_t off = chunk * CHUNK;
		size_t n = all - off < CHUNK ? (size_t)(all - off) : CHUNK;
		const uint8_t *data = NULL;
		struct err err = { 0 };
		int r = payload_view(m->payload, n, off, &data, &err);

		if (!wait_for_turn(c, chunk))
			break;
		if (r == 0)
			r = walk_bytes(&c->walk, data, n, &err);
		if (r == 0 && m->progress && off + n < all)
			m->progress(m->arg, off + n, all);
		end_turn(c, r, &err);
	}
	return NULL;
}

/* As many as there are processors for us, chunks, and uses. */
static unsigned crew_size(uint64_t n_chunks)
{
	cpu_set_t cpus;
	unsigned n = 1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = (unsigned)CPU_COUNT(&cpus);
	if (n > CREW_MAX)
		n = CREW_MAX;
	return n < 1 || n_chunks < 2 ? 1 : n;
}

/* A member that cannot be had (memory, a limit on tasks) is done without. */
static unsigned hire(struct member *m, unsigned n)
{
	pthread_attr_t attr;
	unsigned hired = 1;

	if (n < 2 || pthread_attr_init(&attr) != 0)
		return hired;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	while (hired < n) {
		struct err ignored;

		if (payload_new(m->crew->walk.b, &m[hired].payload,
				&ignored) < 0)
			break;
		m[hired].crew = m->crew;
		if (pthread_create(&m[hired].thread, &attr, work,
				   &m[hired]) != 0) {
			payload_free(m[hired].payload);
			break;
		}
		hired++;
	}
	(void)pthread_attr_destroy(&attr);
	return hired;
}

static int walk_payload(const struct bundle *b, progress_fn *progress,
			void *arg, struct err *err)
{
	struct crew c = {
		.walk.b = b,
		.n_chunks = b->payload_size / CHUNK +
			    (b->payload_size % CHUNK != 0),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
	};
	struct member m[CREW_MAX] = {
		{ .crew = &c, .progress = progress, .arg = arg },
	};
	unsigned n;
	int r = payload_new(b, &m[0].payload, err);

	if (r < 0)
		return r;
	n = hire(m, crew_size(c.n_chunks));
	(void)work(&m[0]);
	payload_free(m[0].payload);
	for (unsigned i = 1; i < n; i++) {
		(void)pthread_join(m[i].thread, NULL);
		payload_free(m[i].payload);
	}
	if (c.failed) {
		*err = c.err;
		return -err->num;
	}
	/* The last chunk may be another member's. */
	if (progress)
		progress(arg, b->payload_size, b->payload_size);
	return 0;
}

int bundle_verify(const struct bundle *b, progress_fn *progress, void *arg,
		  struct err *err)
{
	int r = check_padding(b, err);

	return r < 0 ? r : walk_payload(b, progress, arg, err);
}

/* ---- one section ----------------------------------------------------------- */

static int read_section(const struct bundle *b, const struct section *s,
			char *data, struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];
	struct payload *p = NULL;
	int r = payload_new(b, &p, err);

	if (r < 0)
		return r;
	r = payload_read(p, data, (size_t)s->size, s->offset, err);
	payload_free(p);
	if (r < 0)
		return r;
	hash_bytes(data, (size_t)s->size, hash);
	if (hash_equal(hash, s->hash))
		return 0;
	(void)err_set(err, EBADMSG,
		      "section %s does not match its hash in the seal",
		      section_type_name(s->type));
	return name_bundle(b, err);
}

int bundle_read_section(const struct bundle *b, const struct section *s,
			char **ret, size_t *ret_len, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	int r;

	if (s->size > SECTION_READ_MAX) {
		(void)err_set(err, EFBIG,
			      "section %s of %" PRIu64
			      " bytes is too large to be read whole",
			      section_type_name(s->type), s->size);
		return name_bundle(b, err);
	}
	data = malloc((size_t)s->size + 1);
	if (!data)
		return err_nomem(err);
	r = read_section(b, s, data, err);
	if (r < 0)
		return r;
	data[s->size] = '\0';
	*ret = steal_ptr(&data);
	*ret_len = (size_t)s->size;
	return 0;
}
