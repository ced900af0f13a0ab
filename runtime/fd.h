/*
 * fd.h - descriptors: whole reads and writes, born close-on-exec
 *
 * Every system call that can be interrupted or cut short goes through here.
 * All functions return 0 or negative errno and leave the naming of the
 * object to the caller (they do not know it), except where a `struct err` is
 * taken.
 */
#ifndef HOLDALL_FD_H
#define HOLDALL_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/err.h"

/* Reads exactly len bytes.  -ENODATA when the file ends before. */
int fd_read_all(int fd, void *buf, size_t len);
int fd_pread_all(int fd, void *buf, size_t len, uint64_t off);
int fd_write_all(int fd, const void *buf, size_t len);
int fd_pwrite_all(int fd, const void *buf, size_t len, uint64_t off);

/* One read(2), restarted after a signal; bytes read or -errno. */
ssize_t fd_read(int fd, void *buf, size_t len);

/* Reads a whole small file into a fresh NUL-terminated string.  -EFBIG when it
 * is longer than max. */
int fd_slurp(int fd, size_t max, char **ret_data, size_t *ret_len);

/* Opens 0, 1 and 2 on /dev/null where they are closed, so that no later
 * descriptor can become somebody's stdout.  First thing in every main. */
int fd_ensure_std(void);

/* Marks every descriptor from `from` up close-on-exec (close_range with
 * CLOSE_RANGE_CLOEXEC, else a walk of /proc/self/fd). */
int fd_cloexec_from(int from);

/* Closes every descriptor from `from` up but those in keep[] (ascending). */
int fd_close_from(int from, const int *keep, size_t n_keep);

/* Sends and receives one descriptor with n bytes of data over a unix socket.
 * fd_send leaves errno alone (raw_syscall.h).  -EPROTO from fd_recv: not one
 * descriptor with exactly n bytes; -ENODATA: the other end is closed. */
int fd_send(int sock, int fd, const void *data, size_t len);
int fd_recv(int sock, int *ret_fd, void *data, size_t len);

#endif
