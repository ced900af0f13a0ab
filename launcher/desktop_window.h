/*
 * desktop_window.h - a window of our own, for when the host has nothing else
 */
#ifndef HOLDALL_DESKTOP_WINDOW_H
#define HOLDALL_DESKTOP_WINDOW_H

#include "launcher/x11_wire.h"

/* Shows the text until a key or a button is pressed, the window is closed, or the
 * time is over.  Whatever goes wrong ends it: there is nobody left to tell. */
void desktop_window(struct x11_conn *c, const char *title, const char *text,
		    unsigned seconds);

/* Cuts the text into lines of at most `columns` at blanks and newlines; what does
 * not fit into the lines is left out.  Anything but ASCII becomes '?': the font that
 * every server has knows nothing else.  Returns how many. */
#define WINDOW_COLUMNS 76
#define WINDOW_LINES 24
size_t window_lines(const char *text,
		    char lines[WINDOW_LINES][WINDOW_COLUMNS + 1]);

#endif
