/*
 * debian_deb_fuzz.c - any bytes as a .deb
 *
 * Unpacking succeeds or says why.  Either way only our own names lie in the
 * folder, and what was unpacked reads back.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundler/debian_cache.h"
#include "bundler/debian_deb.h"
#include "runtime/fd.h"
#include "runtime/path.h"

/* So many entries and blocks: what is compressed can be any size. */
#define CHECKS_MAX 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool stop(void *arg)
{
	return ++*(unsigned *)arg > CHECKS_MAX;
}

static int each(void *arg, struct entry *spec, struct err *err)
{
	(void)arg;
	(void)err;
	if (*spec->path == '/' || !path_is_clean(spec->path, false))
		abort();
	return 0;
}

static void check_names(int dir_fd)
{
	CLEANUP_DIR DIR *dir = fdopendir(dup(dir_fd));
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		const char *s = d->d_name;

		if (s[strspn(s, "0123456789.")] && strcmp(s, "index") &&
		    strcmp(s, "c-control") && strcmp(s, "c-postinst") &&
		    strcmp(s, "c-triggers"))
			abort();
	}
}

static void remove_folder(const char *path)
{
	CLEANUP_FD int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	debian_cache_remove(fd, path + strlen("/tmp/"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/holdall-fuzz-XXXXXX";
	CLEANUP_FD int fd = memfd_create("deb", MFD_CLOEXEC);
	CLEANUP_FD int dir_fd = -1;
	unsigned checks = 0;
	struct notes notes = { .arg = &checks, .stop = stop };
	struct err err = { 0 };

	if (fd < 0 || fd_write_all(fd, data, size) < 0 || !mkdtemp(path))
		return 0;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return 0;
	if (deb_unpack(fd, "x.deb", dir_fd, &notes, &err) == 0 &&
	    deb_index_read(dir_fd, "x", 1, each, NULL, &err) < 0)
		abort();
	check_names(dir_fd);
	remove_folder(path);
	return 0;
}
