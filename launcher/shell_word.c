/*
 * shell_word.c - see shell_word.h
 *
 * Plain words stay as they are; others stand in single quotes, and those with
 * control characters in $'...', so that what is printed stays one line.
 */
#include "launcher/shell_word.h"

#include <stdbool.h>
#include <string.h>

/* With control characters: $'...', so that the line stays one. */
static void add_ansi_word(struct buf *out, const char *s)
{
	buf_adds(out, "$'");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\%03o", c);
		else if (c == '\'' || c == '\\')
			buf_addf(out, "\\%c", c);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

void shell_word(struct buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";

	if (*s && !s[strspn(s, plain)]) {
		buf_adds(out, s);
		return;
	}
	if (has_control(s)) {
		add_ansi_word(out, s);
		return;
	}
	buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}
