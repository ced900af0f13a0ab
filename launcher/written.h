/*
 * written.h - arguments whose file the app made where nobody will look for it
 *
 * `cd ~; ffmpeg -i a.wav out.mp3` ends well, and out.mp3 lies in the app's own home;
 * one named in /tmp is gone with the app's /tmp.  Before the start the arguments
 * are noted that name nothing on the host; after the end it is looked what became
 * of them.
 */
#ifndef HOLDALL_WRITTEN_H
#define HOLDALL_WRITTEN_H

#include "launcher/plan.h"

struct written_name {
	char *arg;		/* as it was typed */
	char *path;		/* absolute and clean */
	const char *in_home;	/* the end of path: below the home, or NULL: in /tmp */
	struct timespec changed;	/* in the app's home before, or 0 */
	ino_t ino;
};

#define WRITTEN_MAX 64

struct written {
	struct written_name *v;
	size_t n;
};

/* Never fails: what is not noted is not said. */
void written_note(const struct plan_input *in, const struct plan *p,
		  struct written *ret);
/* The lines to say.  `well`: the app's status was 0. */
void written_look(const struct plan_input *in, const struct written *w,
		  bool well, struct strlist *ret);
void written_free(struct written *w);

#endif
