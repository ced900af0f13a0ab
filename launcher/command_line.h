/*
 * command_line.h - the words of this process that others may read
 */
#ifndef HOLDALL_COMMAND_LINE_H
#define HOLDALL_COMMAND_LINE_H

/* /proc/PID/cmdline of this process becomes `name`: pid 1 of a sandbox is a copy of
 * the caller, whose paths and options are no business of what runs inside. */
void command_line_hide(const char *name);

#endif
