/* read-init-environ.c - reads the environment, memory, root and descriptors of
 * another process: pid 1 of a sandbox comes from the host.  Succeeds when any of
 * them opens.  Usage: read-init-environ [PID] */
#include <fcntl.h>

#include "attack.h"

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int flags;
	} files[] = {
		{ "environ", O_RDONLY }, { "mem", O_RDWR },
		{ "maps", O_RDONLY }, { "fd", O_RDONLY },
		{ "root/.", O_RDONLY }, { "cwd/.", O_RDONLY },
		{ "exe", O_RDONLY }, { "ns/mnt", O_RDONLY },
	};
	int num = 0;
	char byte;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/%s",
			 argc > 1 ? argv[1] : "1", files[i].name);
		fd = open(path, files[i].flags);
		/* maps opens for everybody and refuses to be read. */
		if (fd >= 0 && (strcmp(files[i].name, "maps") ||
				read(fd, &byte, 1) == 1)) {
			fprintf(stderr, "%s is open\n", path);
			return attack_succeeded();
		}
		if (fd < 0)
			num = errno;
	}
	return attack_refused(num);
}
