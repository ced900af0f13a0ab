/*
 * notes.c - formatting for notes.h
 *
 * Texts may hold names from outside; control characters become '?' here, once,
 * as err_set does it for errors.
 */
#include "bundler/notes.h"

#include <errno.h>
#include <stdio.h>

#define NOTE_MAX 1024

static void say(void (*to)(void *, const char *), void *arg, const char *fmt,
		va_list ap)
{
	char text[NOTE_MAX];

	if (!to)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	to(arg, text);
}

void notes_step(const struct notes *n, const char *fmt, ...)
{
	va_list ap;

	if (!n)
		return;
	va_start(ap, fmt);
	say(n->step, n->arg, fmt, ap);
	va_end(ap);
}

void notes_note(const struct notes *n, const char *fmt, ...)
{
	va_list ap;

	if (!n)
		return;
	va_start(ap, fmt);
	say(n->note, n->arg, fmt, ap);
	va_end(ap);
}

void notes_progress(const struct notes *n, uint64_t done, uint64_t all)
{
	if (n && n->progress)
		n->progress(n->arg, done, all);
}

int notes_check(const struct notes *n, struct err *err)
{
	if (n && n->stop && n->stop(n->arg))
		return err_set(err, EINTR, "interrupted; nothing was written");
	return 0;
}
