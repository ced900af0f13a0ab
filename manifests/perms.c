/*
 * perms.c - permissions and sets of them (see words.h)
 *
 * A set is a sorted array.  Sets are small (at most PERMS_MAX), so adding
 * moves the tail instead of keeping a tree.
 */
#include "manifests/perms.h"

#include <string.h>

#include "manifests/table.h"
#include "runtime/text.h"

void perm_free(struct permission *p)
{
	free(p->value);
	p->value = NULL;
}

void perms_free(struct perms *p)
{
	for (size_t i = 0; i < p->n; i++)
		perm_free(&p->v[i]);
	free(p->v);
	p->v = NULL;
	p->n = 0;
}

/* ---- one permission -------------------------------------------------------- */

static int word_find(const char *name, enum perm_word *ret, struct err *err)
{
	const char *names[PERM_WORDS];
	const char *near;
	char space[96];

	for (unsigned w = 0; w < PERM_WORDS; w++) {
		names[w] = perm_word_name((enum perm_word)w);
		if (strcmp(names[w], name) == 0) {
			*ret = (enum perm_word)w;
			return 0;
		}
	}
	near = text_nearest(name, names, PERM_WORDS);
	err_set(err, EINVAL, "unknown permission %s",
		value_shown(space, sizeof(space), name));
	if (near)
		return err_hint(err, "did you mean \"%s\"?", near);
	return err_hint(err, "the words are display, sound, network, gpu, devices, "
			"files, bus-..., portals, sockets, extra");
}

static int make(enum perm_word word, const char *value,
		struct permission *ret, struct err *err)
{
	const struct perm_row *row = perm_row(word);
	char *copy;
	int r = value_read(row->value, row->choices, value, &copy, err);

	if (r < 0) {
		err_prefix(err, "permission %s", row->name);
		return r;
	}
	*ret = (struct permission){ .word = word, .value = copy };
	return 0;
}

int perm_make(const char *word, const char *value, struct permission *ret,
	      struct err *err)
{
	enum perm_word w;
	int r = word_find(word, &w, err);

	return r < 0 ? r : make(w, value, ret, err);
}

/* `gpu` alone stands for gpu=true: there is nothing else it could mean. */
static bool has_one_value(enum perm_word word)
{
	const struct choice *c = perm_row(word)->choices;

	return c && c[0].text && !c[1].text;
}

int perm_parse(const char *text, struct permission *ret, struct err *err)
{
	const char *equals = strchr(text, '=');
	CLEANUP_FREE char *name = NULL;
	enum perm_word word;
	int r;

	name = equals ? strndup(text, (size_t)(equals - text)) : strdup(text);
	if (!name)
		return err_nomem(err);
	r = word_find(name, &word, err);
	if (r < 0)
		return r;
	if (equals)
		return make(word, equals + 1, ret, err);
	if (has_one_value(word))
		return make(word, perm_row(word)->choices[0].text, ret, err);
	err_set(err, EINVAL, "permission %s has no value", name);
	return err_hint(err, "write %s=VALUE", name);
}

/* ---- sets -------------------------------------------------------------------- */

static int compare(const struct permission *p, enum perm_word word,
		   const char *value)
{
	if (p->word != word)
		return p->word < word ? -1 : 1;
	return strcmp(p->value, value);
}

/* The first place whose entry is not below (word, value). */
static size_t place_of(const struct perms *set, enum perm_word word,
		       const char *value)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&set->v[middle], word, value) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct perms *set, size_t i, enum perm_word word,
		  const char *value)
{
	return i < set->n && compare(&set->v[i], word, value) == 0;
}

bool perms_has(const struct perms *set, enum perm_word word, const char *value)
{
	return is_at(set, place_of(set, word, value), word, value);
}

const struct permission *perms_find(const struct perms *set,
				    enum perm_word word)
{
	size_t i = place_of(set, word, "");

	return i < set->n && set->v[i].word == word ? &set->v[i] : NULL;
}

static void remove_at(struct perms *set, size_t i)
{
	perm_free(&set->v[i]);
	memmove(&set->v[i], &set->v[i + 1],
		(set->n - i - 1) * sizeof(set->v[0]));
	set->n--;
}

void perms_remove(struct perms *set, enum perm_word word, const char *value)
{
	size_t i = place_of(set, word, value);

	if (is_at(set, i, word, value))
		remove_at(set, i);
}

static int insert_at(struct perms *set, size_t i, enum perm_word word,
		     char *value, struct err *err)
{
	struct permission *v;

	v = reallocarray(set->v, set->n + 1, sizeof(v[0]));
	if (!v)
		return err_nomem(err);
	set->v = v;
	memmove(&v[i + 1], &v[i], (set->n - i) * sizeof(v[0]));
	v[i] = (struct permission){ .word = word, .value = value };
	set->n++;
	return 0;
}

/* The entry that a word with one value has already, or NULL. */
static struct permission *to_replace(struct perms *set, enum perm_word word)
{
	size_t i = place_of(set, word, "");

	if (perm_row(word)->many || i == set->n || set->v[i].word != word)
		return NULL;
	return &set->v[i];
}

int perms_add(struct perms *set, const struct permission *p, struct err *err)
{
	struct permission *old = to_replace(set, p->word);
	CLEANUP_FREE char *value = NULL;
	int r;

	if (perms_has(set, p->word, p->value))
		return 0;
	if (!old && set->n >= PERMS_MAX)
		return err_set(err, E2BIG, "more than %d permissions in one set",
			       PERMS_MAX);
	value = strdup(p->value);
	if (!value)
		return err_nomem(err);
	if (old) {
		perm_free(old);
		old->value = steal_ptr(&value);
		return 0;
	}
	r = insert_at(set, place_of(set, p->word, value), p->word, value, err);
	if (r == 0)
		value = NULL;
	return r;
}

int perms_copy(struct perms *ret, const struct perms *from, struct err *err)
{
	CLEANUP_PERMS struct perms copy = { 0 };

	for (size_t i = 0; i < from->n; i++) {
		int r = perms_add(&copy, &from->v[i], err);

		if (r < 0)
			return r;
	}
	*ret = copy;
	copy = (struct perms){ 0 };
	return 0;
}
