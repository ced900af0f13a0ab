/*
 * ask.c - one question to a person (see ask.h)
 *
 * What was typed before the question is thrown away: a yes must be an answer.
 */
#include "launcher/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <termios.h>

#include "launcher/desktop_dialog.h"
#include "runtime/fd.h"

static int open_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (tcgetpgrp(fd) != getpgrp()) {
		(void)close(fd);
		return -ENOTTY;
	}
	return fd;
}

bool ask_is_possible(void)
{
	CLEANUP_FD int fd = open_terminal();

	return fd >= 0 || desktop_can_ask();
}

/* One line without its newline; what is too long for an answer is cut. */
static int read_answer(int fd, char *ret, size_t size)
{
	size_t n = 0;

	for (;;) {
		char c;
		ssize_t r = fd_read(fd, &c, 1);

		if (r < 0)
			return (int)r;
		if (r == 0 || c == '\n')
			break;
		if (n + 1 < size)
			ret[n++] = c;
	}
	ret[n] = '\0';
	return 0;
}

int ask_yes(const char *text, bool *ret_yes, struct err *err)
{
	CLEANUP_FD int fd = open_terminal();
	char answer[16];
	int r;

	if (fd < 0)
		return desktop_ask(text, ret_yes, err);
	(void)tcflush(fd, TCIFLUSH);
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0)
		r = fd_write_all(fd, " [y/N] ", 7);
	if (r == 0)
		r = read_answer(fd, answer, sizeof(answer));
	if (r < 0)
		return err_sys(err, -r, "cannot ask on the terminal");
	*ret_yes = !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
	return 0;
}
