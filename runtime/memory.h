/*
 * memory.h - waits that give back what a waiting process does not need
 *
 * A process that has set something up and then waits for hours needs hardly any of
 * the memory that setting up has touched: no code but the instruction behind the
 * system call it waits in, and nothing of the stack below.  These waits give both
 * back: the code stays in the page cache and comes back when it is touched, the
 * stack reads as zero.
 *
 * Neither fails in a way that matters, and no clock ticks in the long wait.
 */
#ifndef HOLDALL_MEMORY_H
#define HOLDALL_MEMORY_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/* How long nothing happens before memory is given back: what soon goes on, or
 * ends, is not slowed down. */
#define MEMORY_IDLE_MS 1000

/* poll(2) without a limit of time, on the process's first stack (that of main). */
int memory_poll(struct pollfd *fds, unsigned n);
/* Gives back at once; then waits like FUTEX_WAIT while *word is `value`, woken by
 * memory_word_wake.  On any thread: it leaves stacks alone. */
void memory_word_sleep(const uint32_t *word, uint32_t value);
/* The same without giving anything back: until woken, or for MEMORY_IDLE_MS; then
 * -ETIMEDOUT. */
int memory_word_wait(const uint32_t *word, uint32_t value);
void memory_word_wake(const uint32_t *word);

/* The next `bytes` of the caller's stack are there, and its own: one call instead of
 * a fault for each page, which after a fork is a copy. */
void memory_touch_stack(size_t bytes);

#endif
