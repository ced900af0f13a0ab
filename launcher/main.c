/*
 * main.c - holdall: command and stub in one
 *
 * The same program is the command on the host and, with a bundle behind it in
 * the same file, that bundle.  Which of the two it is, cli.c finds out.
 */
#include <stdio.h>
#include <unistd.h>

#include "launcher/cli.h"
#include "runtime/fd.h"

static int refuse(const char *why)
{
	dprintf(STDERR_FILENO, "holdall: %s\n", why);
	return 125;
}

int main(int argc, char **argv)
{
	/* First: no later descriptor may become somebody's stdout. */
	if (fd_ensure_std() < 0)
		return refuse("a standard descriptor is closed and /dev/null "
			      "cannot be opened in its place");
	if (argc < 1 || !argv[0] || !argv[0][0])
		return refuse("started without a name (empty argv[0])");
	return cli_main(argc, argv);
}
