/*
 * debian_fuzz_kit.h - what both fuzz targets of packages do with records
 *
 * They are taken or refused; either way only our own names lie in the folder, and what
 * was taken reads back.  Only *_fuzz.c include this.
 */
#ifndef HOLDALL_DEBIAN_FUZZ_KIT_H
#define HOLDALL_DEBIAN_FUZZ_KIT_H

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundler/debian_cache.h"
#include "bundler/debian_deb.h"
#include "bundler/debian_deb_records.h"
#include "runtime/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* The records in `said`, from its start. */
static void fuzz_take(int said)
{
	char path[] = "/tmp/holdall-fuzz-XXXXXX";
	CLEANUP_FD int dir_fd = -1;
	struct err err = { 0 };

	if (lseek(said, 0, SEEK_SET) < 0 || !mkdtemp(path))
		return;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		abort();
	if (deb_take(said, "x.deb", dir_fd, NULL, &err) == 0 &&
	    deb_index_read(dir_fd, "x", 1, each, NULL, &err) < 0)
		abort();
	check_names(dir_fd);
	remove_folder(path);
}

#endif
