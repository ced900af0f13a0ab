/*
 * not_yet.h - words of a manifest that are read and checked but do nothing yet
 *
 * Which they are, the launcher's effects.h says; here the packager is told.
 */
#ifndef HOLDALL_NOT_YET_H
#define HOLDALL_NOT_YET_H

#include "bundler/notes.h"
#include "manifests/manifest.h"

void not_yet_say(const struct manifest *m, const struct notes *notes);

#endif
