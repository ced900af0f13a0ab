/*
 * memory.c - see memory.h
 *
 * How much of the program a process maps is not for the program to say: the kernel
 * maps, with the page that is touched, the 64 KiB around it, and from Linux 6.18
 * all of the page cache's folios that these 64 KiB lie in, whose size depends on
 * how the file was written.  A wait that goes through three functions of ours and
 * the C library costs 100 to 500 KiB then.  So the last thing before the wait is to
 * unmap all of the program but one page, and the call that waits is on that page.
 *
 * The program's segments are found through the auxiliary vector; only those that
 * are not writable are unmapped, so nothing is lost.
 */
#include "runtime/memory.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "runtime/cleanup.h"
#include "runtime/raw_syscall.h"

/* A dozen segments would be many; a page is kept in the middle of one. */
#define RANGES_MAX 16u
/* The kernel maps nothing of its own choice within 1 MiB below a stack. */
#define STACK_BELOW (256ul << 10)

/* Given by the linker: the first byte of the program in memory. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

struct call {
	long number, a, b, c, d;
};

struct ranges {
	struct range {
		uintptr_t start, end;
	} v[RANGES_MAX];
	unsigned n;
};

/* On one page, for it fits into 256 bytes, with nothing that it calls elsewhere:
 * between the first line and the last no other page of code is touched. */
__attribute__((noinline, aligned(256)))
static long unmap_and_call(const struct ranges *r, const struct call *c)
{
	for (unsigned i = 0; i < r->n; i++)
		(void)raw_syscall(SYS_madvise, (long)r->v[i].start,
				  (long)(r->v[i].end - r->v[i].start),
				  MADV_DONTNEED, 0);
	return raw_syscall(c->number, c->a, c->b, c->c, c->d);
}

/* Whole pages only: the last of a segment may belong to the next one too. */
static void add_range(struct ranges *r, uintptr_t start, uintptr_t end,
		      uintptr_t page)
{
	start &= ~(page - 1);
	end &= ~(page - 1);
	if (end > start && r->n < RANGES_MAX)
		r->v[r->n++] = (struct range){ start, end };
}

/* The program's code and constants, but for the page of unmap_and_call. */
static void add_code(struct ranges *r, uintptr_t page)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
	uintptr_t kept = (uintptr_t)unmap_and_call & ~(page - 1);
	unsigned long n = getauxval(AT_PHNUM);

	for (unsigned long i = 0; ph && i < n; i++) {
		uintptr_t start = (uintptr_t)__ehdr_start + ph[i].p_vaddr;
		uintptr_t end = start + ph[i].p_filesz;

		if (ph[i].p_type != PT_LOAD || ph[i].p_flags & PF_W)
			continue;
		if (kept >= start && kept < end) {
			add_range(r, start, kept, page);
			start = kept + page;
		}
		add_range(r, start, end, page);
	}
}

static uintptr_t page_size(void)
{
	return (uintptr_t)getauxval(AT_PAGESZ);
}

/* This frame and a page below it stay; what lies lower is of calls that have
 * returned. */
static void add_stack(struct ranges *r, uintptr_t page)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	add_range(r, here - STACK_BELOW, here - page, page);
}

static long ppoll_for(struct pollfd *fds, unsigned n,
		      const struct timespec *limit)
{
	return raw_syscall(SYS_ppoll, (long)fds, n, (long)limit, 0);
}

int memory_poll(struct pollfd *fds, unsigned n)
{
	const struct call forever = { SYS_ppoll, (long)fds, n, 0, 0 };
	struct timespec limit = { .tv_sec = MEMORY_IDLE_MS / 1000 };
	long r = ppoll_for(fds, n, &limit);
	struct ranges all = { .n = 0 };

	if (r == 0) {
		add_code(&all, page_size());
		add_stack(&all, page_size());
		r = unmap_and_call(&all, &forever);
	}
	if (r >= 0)
		return (int)r;
	errno = (int)-r;
	return -1;
}

/* ---- words ----------------------------------------------------------------- */

void memory_word_sleep(const uint32_t *word, uint32_t value)
{
	const struct call forever = { SYS_futex, (long)word, FUTEX_WAIT_PRIVATE,
				      (long)value, 0 };
	struct ranges code = { .n = 0 };

	add_code(&code, page_size());
	(void)unmap_and_call(&code, &forever);
}

int memory_word_wait(const uint32_t *word, uint32_t value)
{
	struct timespec limit = { .tv_sec = MEMORY_IDLE_MS / 1000 };

	return (int)raw_syscall(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE,
				(long)value, (long)&limit);
}

void memory_word_wake(const uint32_t *word)
{
	(void)raw_syscall(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0);
}

/* ---- the other way round --------------------------------------------------- */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void memory_touch_stack(size_t bytes)
{
	uintptr_t page = page_size();
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	/* Below Linux 5.14, and where the stack may not grow: one by one. */
	if (page && here > bytes)
		(void)madvise((void *)((here - bytes) & ~(page - 1)), bytes,
			      MADV_POPULATE_WRITE);
}
