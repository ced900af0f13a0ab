/*
 * pathset.c - see pathset.h
 */
#include "bundler/pathset.h"

#include <stdint.h>
#include <string.h>

void pathset_free(struct pathset *s)
{
	for (size_t i = 0; i < s->n_slots; i++)
		free(s->slots[i]);
	free(s->slots);
	*s = (struct pathset){ 0 };
}

static char **slot_of(char **slots, size_t n_slots, const char *path)
{
	uint64_t h = UINT64_C(14695981039346656037);	/* FNV-1a */
	size_t i;

	for (const char *p = path; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	i = (size_t)(h ^ h >> 29) & (n_slots - 1);
	while (slots[i] && strcmp(slots[i], path))
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static int grow(struct pathset *s, struct err *err)
{
	size_t n_slots = s->n_slots ? s->n_slots * 2 : 64;
	char **slots = calloc(n_slots, sizeof(char *));

	if (!slots)
		return err_nomem(err);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			*slot_of(slots, n_slots, s->slots[i]) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	return 0;
}

int pathset_add(struct pathset *s, const char *path, struct err *err)
{
	char **slot;
	int r;

	if (s->n * 2 >= s->n_slots) {
		r = grow(s, err);
		if (r < 0)
			return r;
	}
	slot = slot_of(s->slots, s->n_slots, path);
	if (*slot)
		return 0;
	*slot = strdup(path);
	if (!*slot)
		return err_nomem(err);
	s->n++;
	return 1;
}
