/*
 * ask.h - one question to a person, on the terminal or, without one, on the desktop
 *
 * The controlling terminal is asked, not standard input: that may be the app's
 * data.  Nobody is asked from the background, where reading would stop us.
 */
#ifndef HOLDALL_ASK_H
#define HOLDALL_ASK_H

#include <stdbool.h>

#include "runtime/err.h"

/* Is there a terminal, or a desktop, with a person in front of it? */
bool ask_is_possible(void);

/* Shows `text` (lines, with the question at the end) and waits for the answer.  On a
 * terminal yes is y or yes; anything else, and end of file, is no. */
int ask_yes(const char *text, bool *ret_yes, struct err *err);

#endif
