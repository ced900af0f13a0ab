/*
 * main.c - holdall: command and stub in one
 *
 * The same program is the command on the host and, with a bundle behind it in
 * the same file, that bundle.  Which of the two it is, cli.c finds out.
 */
#include "launcher/cli.h"
#include "runtime/fd.h"

int main(int argc, char **argv)
{
	/* First: no later descriptor may become somebody's stdout. */
	if (fd_ensure_std() < 0)
		return 125;
	return cli_main(argc, argv);
}
