/*
 * debian_deb_jail.c - the process that reads a .deb (see debian_deb_records.h)
 *
 * Role: libarchive over one .deb.
 * Fds: the .deb, the pipe; 0-2 are /dev/null.
 * Watched by: the packer that unpacks, by the end of the pipe.
 * Ends: when the .deb is read; by EPIPE when nobody listens any more; by SIGKILL of the
 *	packer or with it; by its filter when it asks the kernel for anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bundler/debian_deb.h"
#include "bundler/debian_deb_records.h"
#include "runtime/fd.h"
#include "runtime/jail.h"

#ifndef HOLDALL_SAN
#include "deb_jail.gen.h"
#else
static const struct sock_filter deb_jail_filter[1];
#endif

#define WHO "the reader of packages"
/* xz -9 needs 65 MiB to unpack, zstd with its longest ordinary window 130. */
#define MEMORY_MAX ((size_t)256 << 20)
/* Of records: the bytes of the files, their frames, names. */
#define STREAM_MAX (DEB_BYTES_MAX * 2)
#define PIPE_SIZE (1 << 20)

static void send_failure(int fd, const struct err *err)
{
	const struct deb_record rec = {
		.kind = DEB_FAILED, .mode = (uint32_t)err->num,
		.path_len = (uint32_t)strlen(err->text),
	};

	if (fd_write_all(fd, &rec, sizeof(rec)) == 0)
		(void)fd_write_all(fd, err->text, rec.path_len);
}

int deb_reader_lock_up(int deb_fd, int out_fd, struct err *err)
{
	const int keep[] = { deb_fd, out_fd };
	int r = jail_leave(WHO, keep, ARRAY_SIZE(keep), err);

	if (r == 0)
		r = jail_drop(WHO, 0, MEMORY_MAX, err);
	if (r == 0)
		r = jail_filter(WHO, deb_jail_filter,
				ARRAY_SIZE(deb_jail_filter), err);
	return r;
}

static void reader_main(int deb_fd, int out_fd, pid_t parent)
{
	struct err err = { 0 };

	/* Should the packer be gone already, the pipe says so. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	if (deb_reader_lock_up(deb_fd, out_fd, &err) < 0) {
		err_prefix(&err, "cannot be unpacked");
		send_failure(out_fd, &err);
		_exit(1);
	}
	_exit(deb_read(deb_fd, out_fd, STREAM_MAX) < 0);
}

int deb_reader_start(int deb_fd, pid_t *ret_pid, int *ret_fd,
		     struct err *err)
{
	const pid_t self = getpid();
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	/* Fewer turns; where the user's share of pipes is used up, more. */
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	pid = fork();
	if (pid == 0)
		reader_main(deb_fd, ends[1], self);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return err_sys(err, errno, "cannot fork " WHO);
	}
	*ret_pid = pid;
	*ret_fd = ends[0];
	return 0;
}
