/*
 * stub.c - see stub.h
 */
#include "bundler/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/elf_file.h"
#include "runtime/bundle.h"
#include "runtime/fd.h"

static int own_folder(char folder[PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return err_sys(err, errno, "cannot find this program's file; "
			       "is /proc mounted?");
	folder[n] = '\0';
	slash = strrchr(folder, '/');
	if (!slash)
		return err_set(err, ENOENT, "cannot find this program's file");
	*slash = '\0';
	return 0;
}

static bool has_note(int fd)
{
	char head[LAYOUT_NOTE_WITHIN];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && memmem(head, (size_t)n, &layout_note,
			       sizeof(layout_note));
}

int stub_open_file(const char *path, int *ret_fd, struct err *err)
{
	CLEANUP_ELF_FILE struct elf_file elf = { 0 };
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "cannot open the stub %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "the stub %s is not a regular file",
			       path);
	r = elf_file_read(fd, path, &elf, err);
	if (r < 0)
		return r;
	if (r == 0 || !has_note(fd))
		return err_set(err, ENOEXEC, "%s is not a holdall stub; build "
			       "or install holdall anew", path);
	if (bundle_probe(fd) == 1)
		return err_set(err, ENOEXEC, "the stub %s is itself a bundle; "
			       "build or install holdall anew", path);
	if (elf.machine != elf_machine_here() || elf.class != elf_class_here())
		return err_set(err, ENOEXEC, "the stub %s is made for %s", path,
			       elf_machine_name(elf.machine, elf.class));
	*ret_fd = steal_fd(&fd);
	return 0;
}

int stub_open(int *ret_fd, struct err *err)
{
	char folder[PATH_MAX], path[PATH_MAX + 32];
	int r = own_folder(folder, err);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/holdall-stub", folder);
	return stub_open_file(path, ret_fd, err);
}

int share_open(const char *name, int *ret_fd, char **ret_path,
	       struct err *err)
{
	static const char *const places[] = {
		"%s/%s", "%s/../../share/holdall/%s",
	};
	char folder[PATH_MAX];
	int r = own_folder(folder, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++) {
		CLEANUP_FREE char *path = NULL;
		int fd;

		if (asprintf(&path, places[i], folder, name) < 0)
			return err_nomem(err);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			*ret_fd = fd;
			*ret_path = steal_ptr(&path);
			return 0;
		}
	}
	return r < 0 ? r : err_set(err, ENOENT, "cannot find %s beside this "
				   "program or in share/holdall; install "
				   "holdall anew", name);
}
