/*
 * not_yet.c - see not_yet.h; one line per word, in the order of the manifest's table
 */
#include "bundler/not_yet.h"

#include "launcher/effects.h"

void not_yet_say(const struct manifest *m, const struct notes *notes)
{
	for (size_t i = 0; i < m->perms.n; i++) {
		const struct permission *p = &m->perms.v[i];

		if (!effect_is_ready(p))
			notes_note(notes, "the permission %s=%s has no effect "
				   "in this version yet; it gives nothing",
				   perm_word_name(p->word), p->value);
	}
	for (size_t i = 0; i < m->n_limits; i++)
		notes_note(notes, "the limit %s has no effect in this version "
			   "yet%s", m->limits[i].word, m->limits[i].require ?
			   "; as it is required, the app will not start" : "");
	if (m->has_services)
		notes_note(notes, "services have no effect in this version "
			   "yet; only the command is started");
}
