/*
 * profile_record.h - from what the image server noted to a profile
 */
#ifndef HOLDALL_PROFILE_RECORD_H
#define HOLDALL_PROFILE_RECORD_H

#include "launcher/profile.h"
#include "runtime/bundle.h"

/* The start ends where nothing is asked for this long, */
#define PROFILE_SILENCE_MS 3000u
/* or after this time, counted from the first request. */
#define PROFILE_SECONDS 30u
#define PROFILE_SECONDS_MAX 3600u

/* Everything of the start, each once.  Paths are found in a listing of the
 * bundle's image, which a second jailed server sends. */
int profile_record(const struct image_trace *t, const struct bundle *b,
		   unsigned seconds, struct profile *ret, struct err *err);

#endif
