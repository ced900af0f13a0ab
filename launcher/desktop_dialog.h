/*
 * desktop_dialog.h - words to a person who has no terminal
 *
 * A bundle that was double-clicked has nowhere to write to: its error would be
 * lost, its question never asked.  Both are shown by a program that the host has
 * (zenity, kdialog, xmessage, notify-send); an error, at the last, by a window of
 * our own.
 */
#ifndef HOLDALL_DESKTOP_DIALOG_H
#define HOLDALL_DESKTOP_DIALOG_H

#include <stdbool.h>

#include "runtime/err.h"

/* No terminal, nobody at the other end of standard error, and a display that
 * answers. */
bool desktop_is_only_way(void);

/* Shows the error and returns at once; who shows it ends when it is closed. */
void desktop_show_error(const char *text);

/* Is there a program that can ask? */
bool desktop_can_ask(void);

/* Waits for the answer.  Closing the window, or anything unexpected, is no. */
int desktop_ask(const char *text, bool *ret_yes, struct err *err);

#endif
