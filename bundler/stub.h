/*
 * stub.h - finds the launcher that goes to the head of each bundle
 */
#ifndef HOLDALL_STUB_H
#define HOLDALL_STUB_H

#include "runtime/err.h"

/* holdall-stub beside this program's own file.  In the build folder and in
 * libexec/holdall both lie side by side. */
int stub_open(int *ret_fd, struct err *err);

/* Opens a given file and checks it: regular, ELF of this machine, our note in
 * it, and not itself a bundle. */
int stub_open_file(const char *path, int *ret_fd, struct err *err);

/* A data file: beside this program (the build folder), or in share/holdall when
 * this program lies in libexec/holdall.  Opened for reading; `ret_path` is
 * fresh. */
int share_open(const char *name, int *ret_fd, char **ret_path,
	       struct err *err);

#endif
