/*
 * command_line.c - see command_line.h
 *
 * The strings of the command line lie one behind the other, those of the
 * environment after them (execve(2), proc(5) /proc/pid/cmdline); both are wiped.
 */
#include "launcher/command_line.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

extern char **environ;

void command_line_hide(const char *name)
{
	char *start = program_invocation_name;
	char *end = start + strlen(start);
	size_t len = strlen(name) + 1;

	if (environ && environ[0] && environ[0] > end &&
	    environ[0] - end < 1 << 22)
		end = environ[0];
	(void)memset(start, 0, (size_t)(end - start));
	if ((size_t)(end - start) > len)
		memcpy(start, name, len);
}
