/*
 * memory.h - giving back what a waiting process does not need
 */
#ifndef HOLDALL_MEMORY_H
#define HOLDALL_MEMORY_H

/* Unmaps the pages of the program's own code and constants from this process
 * (they stay in the page cache and come back, sixteen at a time, when touched).
 * A process that only waits then maps some tens of KiB instead of the megabyte
 * that setting up has touched.  Never fails in a way that matters. */
void memory_drop_code(void);

#endif
