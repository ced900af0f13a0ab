/*
 * image_trace.c - see image_trace.h
 *
 * A place in the row is taken by one atomic addition, so threads need no lock.
 * An event that says what the one before said is left out: mapped files are
 * asked for page by page.
 *
 * The clock is read without a system call on most machines:
 * #syscalls clock_gettime
 */
#include "runtime/image_trace.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "runtime/image_state.h"

struct image_trace {
	uint64_t start_ms;
	_Atomic uint32_t n;
	struct image_trace_event v[IMAGE_TRACE_MAX];
};

static uint64_t now_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int image_trace_new(struct image_trace **ret, struct err *err)
{
	struct image_trace *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS |
				     MAP_NORESERVE, -1, 0);

	if (t == MAP_FAILED)
		return err_sys(err, errno, "cannot make memory for the record "
			       "of what is read");
	t->start_ms = now_ms();
	*ret = t;
	return 0;
}

void image_trace_free(struct image_trace *t)
{
	if (t)
		(void)munmap(t, sizeof(*t));
}

void image_trace_note(struct image_trace *t, enum image_trace_kind kind,
		      uint32_t ino, uint32_t block)
{
	uint32_t kb = (uint32_t)kind << 28 | (block & 0xfffffff), i;

	if (!t)
		return;
	i = atomic_load(&t->n);
	if (i >= IMAGE_TRACE_MAX ||
	    (i && t->v[i - 1].ino == ino && t->v[i - 1].kind_block == kb))
		return;
	i = atomic_fetch_add(&t->n, 1);
	if (i < IMAGE_TRACE_MAX)
		t->v[i] = (struct image_trace_event){
			ino, kb, (uint32_t)(now_ms() - t->start_ms) };
}

void image_trace_read(struct image_trace *t, uint32_t ino, uint64_t off,
		      uint64_t len)
{
	if (!t || !len)
		return;
	for (uint64_t b = off / IMAGE_TRACE_UNIT;
	     b <= (off + len - 1) / IMAGE_TRACE_UNIT; b++)
		image_trace_note(t, TRACE_READ, ino, (uint32_t)b);
}

void image_trace_attach(struct image *im, struct image_trace *t)
{
	im->trace = t;
}

struct image_trace *image_trace_of(const struct image *im)
{
	return im->trace;
}

uint32_t image_trace_count(const struct image_trace *t)
{
	uint32_t n = atomic_load(&t->n);

	return n < IMAGE_TRACE_MAX ? n : IMAGE_TRACE_MAX;
}

struct image_trace_event image_trace_get(const struct image_trace *t,
					 uint32_t i)
{
	const volatile struct image_trace_event *e = &t->v[i];

	return (struct image_trace_event){ e->ino, e->kind_block,
					   e->time_ms };
}
