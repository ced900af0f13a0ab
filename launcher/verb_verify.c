/*
 * verb_verify.c - verify: every byte of a bundle, and the image in it
 *
 * Seal and trailer are checked by opening; then every leaf against the tree, gaps,
 * padding and sections (bundle_verify); and meanwhile the image is walked and
 * unpacked by the jailed reader, so that one that is sealed but broken is found.
 * What no signature covers is said: the stub, compared with our own.
 *
 * Every signature is checked, and its trusted comment.  Status: 0 good and by a key
 * that is pinned for the app or trusted here, 1 bad, 3 good but unsigned, 4
 * signed, and by nobody who is known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/cli.h"
#include "launcher/out.h"
#include "launcher/state.h"
#include "launcher/trust.h"
#include "launcher/quoted.h"
#include "manifests/header.h"
#include "runtime/fd.h"
#include "runtime/image.h"

#define STATUS_UNSIGNED 3
#define STATUS_KEY_UNKNOWN 4
#define COMPARE_CHUNK 65536

/* ---- the stub ---- */

/* Are the first `len` bytes of both files equal?  1, 0, or -errno. */
static int same_bytes(int a, int b, uint64_t len)
{
	CLEANUP_FREE char *space = malloc(2 * COMPARE_CHUNK);

	if (!space)
		return -ENOMEM;
	for (uint64_t off = 0; off < len; off += COMPARE_CHUNK) {
		size_t n = len - off < COMPARE_CHUNK ?
			(size_t)(len - off) : COMPARE_CHUNK;
		int r = fd_pread_all(a, space, n, off);

		if (r == 0)
			r = fd_pread_all(b, space + COMPARE_CHUNK, n, off);
		if (r < 0)
			return r;
		if (memcmp(space, space + COMPARE_CHUNK, n) != 0)
			return 0;
	}
	return 1;
}

/* The stub's length in our own file: all of it, or what lies before the payload
 * when we are a bundle ourselves. */
static int own_stub_size(int fd, uint64_t *ret)
{
	struct err ignored;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (uint64_t)st.st_size;
	if (bundle_probe(fd) == 1) {
		CLEANUP_BUNDLE struct bundle own = BUNDLE_INIT;
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

		if (copy < 0 ||
		    bundle_open_fd(copy, "self", &own, &ignored) < 0)
			return -EIO;
		*ret = own.payload_start;
	}
	return 0;
}

/* 1: the bundle's stub is ours byte for byte (behind it the padding, which
 * bundle_verify has found to be zero); 0: not, or it cannot be said. */
static bool stub_is_ours(const struct bundle *b)
{
	CLEANUP_FD int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint64_t size = 0, padded;

	if (own < 0 || own_stub_size(own, &size) < 0)
		return false;
	padded = (size + LAYOUT_PAYLOAD_ALIGN - 1) / LAYOUT_PAYLOAD_ALIGN *
		 LAYOUT_PAYLOAD_ALIGN;
	return padded == b->payload_start && same_bytes(own, b->fd, size) == 1;
}

/* ---- bytes and image, side by side ---- */

static void show_progress(void *arg UNUSED, uint64_t done, uint64_t all)
{
	(void)fprintf(stderr, "\r%3u %%", all ? (unsigned)(done * 100 / all) :
					       100);
}

/* The first half, in a thread of its own where one can be had. */
struct bytes_job {
	const struct bundle *b;
	bool bar;
	int r;
	struct err err;
	atomic_bool bad;		/* the other half need not go on */
};

static void *check_bytes(void *arg)
{
	struct bytes_job *job = arg;

	job->r = bundle_verify(job->b, job->bar ? show_progress : NULL, NULL,
			       &job->err);
	atomic_store(&job->bad, job->r < 0);
	return NULL;
}

static int stop_when_bad(void *arg, struct err *err)
{
	const struct bytes_job *job = arg;

	return atomic_load(&job->bad) ? err_set(err, EIO, "bad bytes") : 0;
}

/* The second half works in the jailed process; here its entries are counted.
 * Bounded by the stream's own limits. */
static int count_entries(struct image_stream *s, struct bytes_job *job,
			 uint64_t *ret_entries, struct err *err)
{
	struct image_record rec;
	uint64_t n = 0;
	int r;

	image_stream_stop(s, stop_when_bad, job);
	do {
		r = image_stream_next(s, &rec, err);
		n += r > 0 && rec.type == IMAGE_ENTRY;
	} while (r > 0 && !atomic_load(&job->bad));
	*ret_entries = n;
	return r;
}

/* Whatever is wrong with the bytes is told first: a broken image is mostly what
 * comes of it. */
static int check_halves(const struct bundle *b, struct image_stream *s,
			uint64_t *ret_entries, struct err *err)
{
	struct bytes_job job = { .b = b, .bar = isatty(STDERR_FILENO) };
	pthread_t thread;
	bool aside = pthread_create(&thread, NULL, check_bytes, &job) == 0;
	int r;

	if (!aside)
		(void)check_bytes(&job);
	r = count_entries(s, &job, ret_entries, err);
	if (aside)
		(void)pthread_join(thread, NULL);
	if (job.bar)
		(void)fputs("\r\033[K", stderr);
	if (job.r < 0) {
		*err = job.err;
		return job.r;
	}
	return r;
}

/* The jailed process is forked before there are threads. */
static int check_content(const struct bundle *b, uint64_t *ret_entries,
			 struct err *err)
{
	struct image_stream *s = NULL;
	int r = image_stream_open(b, "", IMAGE_STREAM_CHECK |
				  IMAGE_STREAM_RECURSE, &s, err);

	if (r < 0)
		return r;
	r = check_halves(b, s, ret_entries, err);
	image_stream_close(s);
	return r;
}

/* ---- all of it ---- */

static void add_stub(const struct bundle *b, struct buf *out)
{
	buf_addf(out, "stub: %s\n", stub_is_ours(b) ? "this holdall's" :
		 b->signatures_size ? "not covered by the signature" :
		 "not this holdall's (another version, or changed), and "
		 "without a signature nobody vouches for it");
}

static void add_signatures(const struct trust *t, struct buf *out)
{
	char name[17];

	if (!t->list.n)
		buf_adds(out, "signatures: none\n");
	for (unsigned i = 0; i < t->list.n; i++) {
		const struct trust_signature *s = &t->each[i];

		if (!s->checked) {
			minisign_id_show(t->list.v[i].minisign.id, name);
			buf_addf(out, "signature: not checked, its key (id %s) "
				 "is neither in the bundle nor known here\n",
				 name);
			continue;
		}
		minisign_key_fingerprint(&s->key, name);
		buf_addf(out, "signature: good, by key-%s, %s\n", name,
			 s->pinned ? "the app's key here" :
			 s->removed ? "removed from the app's keys here" :
			 s->trusted ? "trusted here" : "unknown here");
	}
}

/* Is the app another key's here?  Who verifies before the first start is told what
 * that start would say. */
static void add_warning(const struct bundle *b, const struct header *h,
			struct buf *out)
{
	CLEANUP(state_free) struct state s = STATE_INIT;
	CLEANUP_FREE char *warning = NULL;
	struct err ignored;

	if (state_open_bundle(b, h, false, &s, &warning, &ignored) == 0 &&
	    warning)
		buf_addf(out, "note: %s\n", warning);
}

static int report(const struct bundle *b, const struct header *h,
		  const struct trust *t, uint64_t entries, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char size[32];

	buf_addf(&out, "bytes: good, %s\nimage: good, %llu entries\n",
		 text_size(size, sizeof(size), b->file_size),
		 (unsigned long long)entries);
	add_signatures(t, &out);
	add_warning(b, h, &out);
	add_stub(b, &out);
	return out_buf(&out, err);
}

/* The line on the stub comes always; the fault itself is the caller's to tell. */
static int report_bad(const struct bundle *b, const struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err ignored;

	add_stub(b, &out);
	(void)out_buf(&out, &ignored);
	return -err->num;
}

static int check_all(const struct bundle *b, struct header *h,
		     struct trust *trust, uint64_t *entries, struct err *err)
{
	struct quoted q;
	int r = header_parse(b->seal.header, b->seal.header_len, h, err);

	if (r < 0)
		return err_prefix(err, "%s", quote(&q, b->name));
	r = trust_of(b, h->id, TRUST_WHOLE, trust, err);
	return r < 0 ? r : check_content(b, entries, err);
}

int verb_verify(struct options *o, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP_HEADER struct header h = { 0 };
	CLEANUP_TRUST struct trust trust = { 0 };
	uint64_t entries = 0;
	int r = cli_open_bundle(o, &b, err);

	if (r < 0)
		return r;
	if (check_all(&b, &h, &trust, &entries, err) < 0)
		return report_bad(&b, err);
	r = report(&b, &h, &trust, entries, err);
	if (r < 0)
		return r;
	if (trust.level == TRUST_UNSIGNED)
		return STATUS_UNSIGNED;
	return trust.level == TRUST_KNOWN ? 0 : STATUS_KEY_UNKNOWN;
}
