/*
 * bundle_header.h - the header, from manifest, tree and desktop file
 */
#ifndef HOLDALL_BUNDLE_HEADER_H
#define HOLDALL_BUNDLE_HEADER_H

#include "bundler/desktop.h"
#include "bundler/notes.h"
#include "bundler/tree.h"
#include "manifests/header.h"
#include "manifests/manifest.h"

/* The manifest's run-time part; the entries of the image's root that the sandbox
 * shows; whether /etc and /var hold anything; and for a graphical app what it gets
 * by default, unless the manifest speaks of it. */
int bundle_header_make(const struct manifest *m, const struct tree *t,
		       const struct desktop *d, const struct notes *notes,
		       struct header *ret, struct err *err);

#endif
