/*
 * cleanup.h - resources that release themselves at the end of their scope
 *
 * The one place of the project where GNU attributes and statement
 * expressions are used.  A function that owns something declares it with
 * one of these and needs no label to undo:
 *
 *	CLEANUP_FD int fd = -1;
 *	CLEANUP_FREE char *name = NULL;
 *	...
 *	*ret_fd = steal_fd(&fd);	(ownership goes to the caller)
 *
 * Always initialise on declaration.  Releasing never changes errno.
 */
#ifndef HOLDALL_CLEANUP_H
#define HOLDALL_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

static inline void cleanup_fd_(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

static inline void cleanup_file_(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void cleanup_dir_(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define CLEANUP_FREE CLEANUP(cleanup_free_)
#define CLEANUP_FD CLEANUP(cleanup_fd_)
#define CLEANUP_FILE CLEANUP(cleanup_file_)
#define CLEANUP_DIR CLEANUP(cleanup_dir_)

/* Hands the descriptor over: the variable is -1 afterwards. */
static inline int steal_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

/* Hands the pointer over, with its type: the variable is NULL afterwards. */
#define steal_ptr(pp) \
	({ __typeof__(*(pp)) v_ = *(pp); *(pp) = NULL; v_; })

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED __attribute__((unused))
#define MUST_CHECK __attribute__((warn_unused_result))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
