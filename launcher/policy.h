/*
 * policy.h - may a bundle without a signature be used at all?
 *
 * `unsigned=refuse` in the settings of site or user: no verb then starts, mounts
 * or unpacks an unsigned bundle.  Those that only judge it (info, verify) and
 * those that make it (pack, sign) work all the same.
 */
#ifndef HOLDALL_POLICY_H
#define HOLDALL_POLICY_H

#include "runtime/bundle.h"
#include "runtime/err.h"

/* Before anything of the image is read and anything is made for the app.  `id` is
 * the header's.  -EACCES: refused, and by whom; other errors: the settings cannot
 * be read, so nobody knows. */
int policy_check(const struct bundle *b, const char *id, struct err *err);

#endif
