/* reopen-dir-fd0.c - the caller's standard input is a directory: reads a file
 * of the host through it.  Usage: reopen-dir-fd0 NAME <FOLDER */
#include <fcntl.h>

#include "attack.h"

int main(int argc, char **argv)
{
	if (argc != 2)
		return attack_not_tried("no name given");
	return attack_result(openat(0, argv[1], O_RDONLY));
}
