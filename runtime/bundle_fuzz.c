/*
 * bundle_fuzz.c - a bundle in which bytes were changed: never wrong data
 *
 * One good bundle is made in a memory file.  The input changes bytes of it:
 *	u8	mode: 1 the hashes of seal and trailer are made to fit again
 *	5 bytes each, at most 64: u32 place (modulo the file's size; with bit 31
 *		from its end), u8 XORed to the byte there
 * Whatever opens is read in every way there is: by payload_read, payload_view,
 * section by section, and by bundle_verify.  Without mode 1 no read may give other
 * bytes than the good bundle's, and verify must see every change behind the stub.
 * With it (what a forger can do) nothing is promised but bounds.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/bundle.h"
#include "runtime/bundle_write.h"
#include "runtime/fd.h"
#include "runtime/hash.h"

#define STUB_SIZE 5000u
#define IMAGE_SIZE 20000u
#define CHANGES_MAX 64u
#define READ_MAX (1u << 20)		/* of what a forged payload claims */
#define TRAILER_SEAL_HASH 96u		/* docs/format.md: trailer */
#define TRAILER_OWN_HASH 160u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct good {
	int fd;
	uint8_t *bytes;
	size_t size;
	size_t payload, payload_size, seal, seal_size;
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void fill(int fd, size_t from, size_t n)
{
	uint8_t *p = malloc(n);

	must(p != NULL);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 31 + i / 256 * 7);
	must(fd_pwrite_all(fd, p, n, from) == 0);
	free(p);
}

static void make_good(struct good *g)
{
	static const char header[] = "id=org.example.Fuzz\n";
	struct codec codec = { (char *)"zstd", (char *)"1", 3, 131072 };
	CLEANUP_FD int stub = memfd_create("stub", MFD_CLOEXEC);
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct bundle_writer *w;
	struct err err;

	g->fd = memfd_create("bundle", MFD_CLOEXEC);
	must(stub >= 0 && g->fd >= 0);
	fill(stub, 0, STUB_SIZE);
	must(bundle_writer_new(g->fd, stub, &w, &err) == 0);
	fill(g->fd, bundle_writer_payload_start(w), IMAGE_SIZE);
	must(bundle_writer_image_done(w, IMAGE_SIZE, &err) == 0);
	must(bundle_writer_section(w, SECTION_MANIFEST, false, "schema: 1\n",
				   10, &err) == 0);
	must(bundle_writer_finish(w, header, strlen(header), &codec, &err) ==
	     0);
	bundle_writer_free(w);
	must(bundle_open_fd(dup(g->fd), "fuzz", &b, &err) == 0);
	g->size = (size_t)b.file_size;
	g->payload = (size_t)b.payload_start;
	g->payload_size = (size_t)b.payload_size;
	g->seal = (size_t)b.seal_start;
	g->seal_size = (size_t)b.seal_size;
	g->bytes = malloc(g->size);
	must(g->bytes && fd_pread_all(g->fd, g->bytes, g->size, 0) == 0);
}

static const uint8_t *expected(const struct good *g, uint64_t off, size_t len)
{
	must(off <= g->payload_size && len <= g->payload_size - off);
	return g->bytes + g->payload + off;
}

/* `strict`: what comes must be the good bundle's. */
static void read_all(const struct good *g, const struct bundle *b, bool strict)
{
	static uint8_t buf[10000];
	uint64_t end = b->payload_size < READ_MAX ? b->payload_size : READ_MAX;
	struct payload *p;
	struct err err;

	must(payload_new(b, &p, &err) == 0);
	for (uint64_t off = 0; off < end; off += sizeof(buf)) {
		size_t n = end - off < sizeof(buf) ? (size_t)(end - off) :
						     sizeof(buf);
		const uint8_t *view;

		if (payload_read(p, buf, n, off, &err) == 0 && strict)
			must(!memcmp(buf, expected(g, off, n), n));
		if (payload_view(p, n, off, &view, &err) == 0 && strict)
			must(!memcmp(view, expected(g, off, n), n));
	}
	must(payload_read(p, buf, 1, b->payload_size, &err) < 0);
	payload_free(p);
}

static void read_sections(const struct good *g, const struct bundle *b,
			  bool strict)
{
	struct err err;

	for (unsigned i = 0; i < b->seal.n_sections; i++) {
		const struct section *s = &b->seal.sections[i];
		CLEANUP_FREE char *text = NULL;
		size_t len;

		if (s->size > READ_MAX ||
		    bundle_read_section(b, s, &text, &len, &err) < 0)
			continue;
		if (strict)
			must(!memcmp(text, expected(g, s->offset, len), len));
	}
}

static void look_at(const struct good *g, bool strict, bool changed)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	struct err err;
	int r;

	if (bundle_open_fd(dup(g->fd), "fuzz", &b, &err) < 0)
		return;
	read_all(g, &b, strict);
	read_sections(g, &b, strict);
	if (b.payload_size > READ_MAX)
		return;
	r = bundle_verify(&b, NULL, NULL, &err);
	if (strict)
		must((r < 0) == changed);
}

static void refit(const struct good *g)
{
	uint8_t *all = malloc(g->size);
	uint8_t *trailer;

	must(all && fd_pread_all(g->fd, all, g->size, 0) == 0);
	trailer = all + g->size - LAYOUT_TRAILER_SIZE;
	hash_bytes(all + g->seal, g->seal_size, trailer + TRAILER_SEAL_HASH);
	hash_bytes(trailer, TRAILER_OWN_HASH, trailer + TRAILER_OWN_HASH);
	must(fd_pwrite_all(g->fd, trailer, LAYOUT_TRAILER_SIZE,
			   g->size - LAYOUT_TRAILER_SIZE) == 0);
	free(all);
}

static size_t place(const struct good *g, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v >> 31 ? g->size - 1 - (v & 0x7fffffff) % g->size :
			 v % g->size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct good g;
	size_t n, places[CHANGES_MAX];
	bool changed = false;
	bool fit;

	if (!g.bytes)
		make_good(&g);
	if (!size)
		return 0;
	fit = data[0] & 1;
	n = (size - 1) / 5;
	if (n > CHANGES_MAX)
		n = CHANGES_MAX;
	for (size_t i = 0; i < n; i++) {
		uint8_t byte;

		places[i] = place(&g, data + 1 + 5 * i);
		must(fd_pread_all(g.fd, &byte, 1, places[i]) == 0);
		byte ^= data[5 + 5 * i];
		must(fd_pwrite_all(g.fd, &byte, 1, places[i]) == 0);
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t byte;

		must(fd_pread_all(g.fd, &byte, 1, places[i]) == 0);
		/* The stub is nobody's promise. */
		changed |= places[i] >= STUB_SIZE && byte != g.bytes[places[i]];
	}
	if (fit)
		refit(&g);
	look_at(&g, !fit, changed);
	for (size_t i = 0; i < n; i++)
		must(fd_pwrite_all(g.fd, g.bytes + places[i], 1, places[i]) ==
		     0);
	if (fit)
		must(fd_pwrite_all(g.fd, g.bytes + g.size - LAYOUT_TRAILER_SIZE,
				   LAYOUT_TRAILER_SIZE,
				   g.size - LAYOUT_TRAILER_SIZE) == 0);
	return 0;
}
