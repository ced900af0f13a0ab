/*
 * fonts.h - the host's fonts, icons and themes, for an app with windows
 *
 * A bundle brings what its own language needs; what else may come to be shown,
 * nobody knows when it is packed.  Read-only, below /run/host.
 */
#ifndef HOLDALL_FONTS_H
#define HOLDALL_FONTS_H

struct plan;
struct plan_input;

/* Adds the rows.  `etc` is the layer that becomes the top of the app's /etc. */
int fonts_rows(const struct plan_input *in, struct plan *p, const char *etc);

#endif
