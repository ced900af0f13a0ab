/*
 * effects.c - permission words to changes of the plan (see effects.h)
 */
#include "launcher/effects.h"

#include <sched.h>
#include <string.h>

#include "launcher/filters.h"
#include "launcher/plan.h"

typedef int effect_fn(const struct permission *perm, struct plan *p,
		      struct err *err);

struct effect {
	effect_fn *apply;	/* NULL: not yet */
	const char *ready;	/* values that work; NULL: all of them */
};

static int network(const struct permission *perm, struct plan *p,
		   struct err *err UNUSED)
{
	if (!strcmp(perm->value, "host"))
		p->namespaces &= ~(unsigned long)CLONE_NEWNET;
	else if (!strcmp(perm->value, "loopback"))
		p->loopback = true;
	return 0;
}

static int files(const struct permission *perm UNUSED, struct plan *p UNUSED,
		 struct err *err UNUSED)
{
	return 0;	/* plan_files takes them all together */
}

/* All words together say which display it is: display_decide. */
static int display(const struct permission *perm, struct plan *p,
		   struct err *err UNUSED)
{
	static const struct {
		const char *word;
		enum display_bits bit;
	} bits[] = {
		{ "wayland", DISPLAY_WAYLAND },
		{ "x11", DISPLAY_X11 },
		{ "x11-fallback", DISPLAY_X11_FALLBACK },
		{ "x11-isolated", DISPLAY_X11_ISOLATED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (!strcmp(perm->value, bits[i].word))
			p->display.granted |= bits[i].bit;
	return 0;
}

static int gpu(const struct permission *perm UNUSED, struct plan *p,
	       struct err *err UNUSED)
{
	p->gpu = true;
	return 0;
}

static int extra(const struct permission *perm, struct plan *p,
		 struct err *err UNUSED)
{
	if (!strcmp(perm->value, "nested-sandbox"))
		p->relax |= FILTER_NESTED;
	else if (!strcmp(perm->value, "debug"))
		p->relax |= FILTER_DEBUG;
	else if (!strcmp(perm->value, "multiarch"))
		p->relax |= FILTER_MULTIARCH;
	return 0;
}

/* No default: the compiler names a word that has no line here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"
static struct effect effect_of(enum perm_word word)
{
	const struct effect not_yet = { NULL, NULL };

	switch (word) {
	case PERM_NETWORK:
		return (struct effect){ network, "none loopback host" };
	case PERM_FILES:
		return (struct effect){ files, NULL };
	case PERM_EXTRA:
		return (struct effect){ extra, NULL };
	case PERM_DISPLAY:
		return (struct effect){ display, NULL };
	case PERM_GPU:
		return (struct effect){ gpu, NULL };
	case PERM_SOUND:
	case PERM_DEVICES:
	case PERM_BUS_PRESET:
	case PERM_BUS_SESSION_SEE:
	case PERM_BUS_SESSION_TALK:
	case PERM_BUS_SESSION_OWN:
	case PERM_BUS_SESSION_CALL:
	case PERM_BUS_SESSION_BROADCAST:
	case PERM_BUS_SYSTEM_SEE:
	case PERM_BUS_SYSTEM_TALK:
	case PERM_BUS_SYSTEM_OWN:
	case PERM_BUS_SYSTEM_CALL:
	case PERM_BUS_SYSTEM_BROADCAST:
	case PERM_PORTALS:
	case PERM_SOCKETS:
		return not_yet;
	case PERM_WORDS:
		break;
	}
	return not_yet;
}
#pragma GCC diagnostic pop

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(words, word); p; p = strstr(p + 1, word))
		if ((p == words || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

bool effect_is_ready(const struct permission *perm)
{
	struct effect e = effect_of(perm->word);

	return e.apply && (!e.ready || has_word(e.ready, perm->value));
}

int effect_apply(const struct permission *perm, struct plan *p,
		 struct err *err)
{
	struct effect e = effect_of(perm->word);

	return effect_is_ready(perm) ? e.apply(perm, p, err) : 0;
}
