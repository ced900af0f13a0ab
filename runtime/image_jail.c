/*
 * image_jail.c - what the reading process gives up before it reads
 *
 * Should: leave reading of what is open, answering, memory, and ending.
 * Mustn't: open, create, execute, signal, trace, or map anything executable;
 * be traced or dumped; have a capability; grow without bound.
 *
 * The steps are jail.h's.  The filter comes from the `#syscalls` comments of the
 * image_*.c files, each beside the code that makes the call; jail_gen.c compiles
 * them at build time, with what arguments of mmap, madvise and futex may be.
 * Anything else kills the process.
 *
 * The C library's allocator needs, whoever calls it:
 * #syscalls brk mmap munmap madvise
 *
 * A descriptor that arrives over a socket takes the lowest free number: below
 * NOFILE_MAX, since all but four are closed.
 */
#include "runtime/image_child.h"
#include "runtime/jail.h"

#ifndef HOLDALL_SAN
#include "image_jail.gen.h"
#else
static const struct sock_filter image_jail_filter[1];
#endif

#define NOFILE_MAX 10u
#define MEMORY_MAX ((size_t)128 << 20)

int image_jail_filter_calls(struct err *err)
{
	return jail_filter("image server", image_jail_filter,
			   ARRAY_SIZE(image_jail_filter), err);
}

int image_jail_drop(struct err *err)
{
	return jail_drop("image server", NOFILE_MAX, MEMORY_MAX, err);
}
