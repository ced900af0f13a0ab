/* truncate-stdin.c - empties the file that is standard input, opened for
 * reading only.  Usage: truncate-stdin <FILE */
#include <sys/stat.h>

#include "attack.h"

int main(void)
{
	struct stat st;

	if (fstat(0, &st) || !S_ISREG(st.st_mode))
		return attack_not_tried("standard input is no regular file");
	return attack_result(truncate("/proc/self/fd/0", 0));
}
