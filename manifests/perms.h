/*
 * perms.h - bounds of permission sets
 */
#ifndef HOLDALL_PERMS_H
#define HOLDALL_PERMS_H

#include "manifests/words.h"

#define PERMS_MAX 1024

#endif
