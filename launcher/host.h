/*
 * host.h - who the user is and where the XDG folders are
 *
 * A static program must not call getpwuid: glibc would load NSS modules of
 * another libc version.  /etc/passwd is read by our own reader; users that
 * only a directory service knows are helped by $USER and $HOME.
 *
 * The trusted prefix of the design: what these functions return may hold
 * symbolic links of the user's own and is opened once and normally.
 */
#ifndef HOLDALL_LAUNCHER_HOST_H
#define HOLDALL_LAUNCHER_HOST_H

#include <sys/types.h>

#include "runtime/err.h"

/* The line of `uid` in a passwd text: fresh strings, NULL where there is no
 * such line.  0 or -ENOMEM.  Apart for the tests. */
int host_passwd_find(char *text, uid_t uid, char **ret_name,
		     char **ret_home);

/* Login name: /etc/passwd, else $USER or $LOGNAME if they are plain names, else
 * the number. */
int host_user_name(uid_t uid, char **ret, struct err *err);

/* $HOME when it is absolute, not "/" and a directory; else the one of
 * /etc/passwd; else an error that says what to set.  Without "." and "..". */
int host_home(char **ret, struct err *err);

/* XDG base directories; a relative value is ignored, as the standard says. */
int host_data_home(char **ret, struct err *err);	/* .local/share */
int host_config_home(char **ret, struct err *err);	/* .config */

/* $XDG_RUNTIME_DIR if it is a directory of ours with mode 0700, else NULL. */
int host_runtime_dir(char **ret, struct err *err);

/* n random bytes as 2n hex digits and a NUL. */
int host_random_hex(char *ret, size_t n_bytes, struct err *err);

#endif
