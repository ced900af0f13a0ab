/*
 * passphrase.c - see passphrase.h
 *
 * The packager's program blocks the signals that end it while a verb works, so
 * the wait for a key is cut into pieces and asks between them.
 */
#include "bundler/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>

#include "runtime/fd.h"
#include "runtime/minisign_secret.h"

#define WAIT_MS 200

void passphrase_free(char **p)
{
	if (*p)
		minisign_wipe(*p, PASSPHRASE_MAX + 1);
	free(*p);
}

/* One byte; 0 at the end of the file. */
static int read_byte(int fd, const struct notes *notes, char *ret,
		     struct err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int r;

	do {
		r = notes_check(notes, err);
		if (r < 0)
			return r;
		r = poll(&p, 1, WAIT_MS);
	} while (r == 0 || (r < 0 && errno == EINTR));
	n = fd_read(fd, ret, 1);
	return n < 0 ? err_sys(err, (int)-n, "cannot read the passphrase") :
		       (int)n;
}

static int read_line(int fd, const struct notes *notes, char **ret,
		     struct err *err)
{
	CLEANUP_PASSPHRASE char *line = calloc(1, PASSPHRASE_MAX + 1);
	size_t len = 0;
	char c = 0;
	int r;

	if (!line)
		return err_nomem(err);
	while ((r = read_byte(fd, notes, &c, err)) > 0 && c != '\n') {
		if (len == PASSPHRASE_MAX || !c)
			return err_set(err, EINVAL, "a passphrase has at most "
				       "%u bytes and no zero byte",
				       PASSPHRASE_MAX);
		line[len++] = c;
	}
	if (r < 0)
		return r;
	if (r == 0 && !len)
		return err_set(err, ENODATA, "no passphrase was given");
	*ret = steal_ptr(&line);
	return 0;
}

static int read_hidden(int tty, const char *prompt,
		       const struct notes *notes, char **ret, struct err *err)
{
	struct termios old, quiet;
	int r;

	if (tcgetattr(tty, &old) < 0)
		return err_sys(err, errno, "cannot ask on the terminal");
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
		return err_sys(err, errno, "cannot hide what is typed");
	(void)fd_write_all(tty, prompt, strlen(prompt));
	r = read_line(tty, notes, ret, err);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	(void)fd_write_all(tty, "\n", 1);
	return r;
}

int passphrase_read(const char *prompt, const struct notes *notes,
		    char **ret, struct err *err)
{
	CLEANUP_FD int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	return tty >= 0 ? read_hidden(tty, prompt, notes, ret, err) :
			  read_line(STDIN_FILENO, notes, ret, err);
}
