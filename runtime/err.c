/*
 * err.c - filling the error value
 *
 * Everything is written with snprintf into the fixed text; what does not fit
 * is cut.  Control characters (a file's name may hold an escape sequence)
 * become '?', newlines of our own messages stay.
 */
#include "runtime/err.h"

#include <errno.h>
#include <string.h>

/* A name from outside must not be able to drive the terminal. */
void err_printable(char *text)
{
	for (char *s = text; *s; s++) {
		unsigned char c = (unsigned char)s[0];
		unsigned char next = (unsigned char)s[1];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			*s = '?';
		/* U+0080 to U+009F: a terminal may take them as ESC and a
		 * letter. */
		if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
			s[0] = s[1] = '?';
	}
}

static void fill(struct err *err, int num, const char *fmt, va_list ap)
{
	err->num = num > 0 ? num : EIO;
	err->status = 0;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	err_printable(err->text);
}

static void append(struct err *err, const char *s)
{
	size_t len = strlen(err->text);

	(void)snprintf(err->text + len, sizeof(err->text) - len, "%s", s);
}

int err_set(struct err *err, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, num, fmt, ap);
	va_end(ap);
	return -err->num;
}

int err_sys(struct err *err, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, num, fmt, ap);
	va_end(ap);
	append(err, ": ");
	append(err, strerror(err->num));
	return -err->num;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;

	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err_printable(err->text);
	append(err, ": ");
	append(err, old);
	return -err->num;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	char hint[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(hint, sizeof(hint), fmt, ap);
	va_end(ap);
	err_printable(hint);
	append(err, "; ");
	append(err, hint);
	return -err->num;
}

int err_nomem(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

int err_status(struct err *err, int status)
{
	err->status = status;
	return -err->num;
}
