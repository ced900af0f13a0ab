/* reopen-stdin-rw.c - standard input was opened for reading by the caller;
 * opens the file behind it for writing.  Usage: reopen-stdin-rw <FILE */
#include <fcntl.h>
#include <sys/stat.h>

#include "attack.h"

int main(void)
{
	struct stat st;

	if (fstat(0, &st) || !S_ISREG(st.st_mode))
		return attack_not_tried("standard input is no regular file");
	return attack_result(open("/proc/self/fd/0", O_RDWR));
}
