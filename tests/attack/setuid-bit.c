/* setuid-bit.c - makes a file of its own setuid, by every call that can: another
 * user of the host who runs it becomes this one.  Usage: setuid-bit [FOLDER] */
#include <fcntl.h>
#include <sys/stat.h>

#include "attack.h"

static bool is_setuid(const char *name)
{
	struct stat st;

	return !stat(name, &st) && st.st_mode & (S_ISUID | S_ISGID);
}

int main(int argc, char **argv)
{
	static const char name[] = "attack-setuid";
	struct { uint64_t flags, mode, resolve; } how = {
		O_CREAT | O_WRONLY, 04755, 0,
	};
	int num = 0;
	bool done;

	if (chdir(argc > 1 ? argv[1] : "."))
		return attack_not_tried("cannot enter the folder");
	(void)umask(0);
	(void)unlink(name);
	if (open(name, O_CREAT | O_WRONLY, 04755) < 0)
		num = errno;
	if (!is_setuid(name) &&
	    syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how)) < 0)
		num = errno;
	if (!is_setuid(name) && mknod(name, S_IFREG | 04755, 0))
		num = errno;
	if (!is_setuid(name)) {
		int fd = open(name, O_CREAT | O_WRONLY, 0755);

		if (fd < 0)
			return attack_not_tried("cannot make a file");
		if (chmod(name, 04755) && fchmod(fd, 02755) &&
		    syscall(452 /* fchmodat2 */, AT_FDCWD, name, 04755, 0))
			num = errno;
	}
	done = is_setuid(name);
	(void)unlink(name);
	return done ? attack_succeeded() : attack_refused(num);
}
