/*
 * scripts_parse.c - see scripts_parse.h
 */
#include "bundler/scripts_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/path.h"

/* ---- frames ---- */

struct frames {
	const char *p, *end;
};

/* The next field, or NULL: the data end before its NUL. */
static const char *next_field(struct frames *f)
{
	const char *field = f->p;
	const char *nul = f->p < f->end ?
			  memchr(f->p, '\0', (size_t)(f->end - f->p)) : NULL;

	if (!nul)
		return NULL;
	f->p = nul + 1;
	return field;
}

struct call {
	const char *name;
	const char *args[SCRIPT_ARGS_MAX];
	size_t n;
};

/* 1: a call, 0: the end, -EBADMSG: not whole. */
static int next_call(struct frames *f, struct call *ret)
{
	const char *count;
	uint64_t n;

	if (f->p == f->end)
		return 0;
	ret->name = next_field(f);
	count = next_field(f);
	if (!ret->name || !count ||
	    text_read_u64(count, strlen(count), &n) < 0 || n > SCRIPT_ARGS_MAX)
		return -EBADMSG;
	ret->n = (size_t)n;
	for (size_t i = 0; i < ret->n; i++) {
		ret->args[i] = next_field(f);
		if (!ret->args[i])
			return -EBADMSG;
	}
	return 1;
}

/* ---- paths ---- */

static bool is_printable(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return false;
	return text_is_utf8(s, strlen(s));
}

bool script_path_ok(const char *path)
{
	if (strlen(path) >= TREE_PATH_MAX || !path_is_clean(path, true) ||
	    !path[1] || !is_printable(path))
		return false;
	for (const char *p = path + 1; *p;) {
		size_t len = strcspn(p, "/");

		if (len > TREE_NAME_MAX)
			return false;
		p += len + (p[len] == '/');
	}
	return true;
}

/* ---- a record that grows ---- */

static void choice_free(struct script_choice *c)
{
	free(c->name);
	strlist_free(&c->links);
}

void script_record_free(struct script_record *r)
{
	strlist_free(&r->scripts);
	for (size_t i = 0; i < r->n_choices; i++)
		choice_free(&r->choices[i]);
	free(r->choices);
	for (size_t i = 0; i < r->n_copies; i++) {
		free(r->copies[i].dest);
		free(r->copies[i].data);
	}
	free(r->copies);
	free(r->refused_word);
	*r = (struct script_record){ 0 };
}

static int refuse(struct script_record *rec, const char *word,
		  struct err *err)
{
	if (!rec->refused++) {
		rec->refused_word = strdup(word);
		if (!rec->refused_word)
			return err_nomem(err);
	}
	return 0;
}

/* Takes the content of `c` over, also on failure. */
static int add_choice(struct script_record *rec, struct script_choice *c,
		      struct err *err)
{
	struct script_choice *v = reallocarray(rec->choices,
					       rec->n_choices + 1, sizeof(*v));

	if (!v) {
		choice_free(c);
		return err_nomem(err);
	}
	rec->choices = v;
	v[rec->n_choices++] = *c;
	return 0;
}

static int add_copy(struct script_record *rec, size_t script,
		    const char *dest, struct err *err)
{
	struct script_copy *v;

	/* Asked for twice, it is still one file. */
	for (size_t i = 0; i < rec->n_copies; i++)
		if (!strcmp(rec->copies[i].dest, dest))
			return 0;
	v = reallocarray(rec->copies, rec->n_copies + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	rec->copies = v;
	v[rec->n_copies] = (struct script_copy){ .script = script,
						 .dest = strdup(dest) };
	if (!v[rec->n_copies].dest)
		return err_nomem(err);
	rec->n_copies++;
	return 0;
}

/* ---- update-alternatives ---- */

static bool read_priority(const char *s, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(s, &end, 10);
	return *s && !*end && errno == 0 && *ret >= -1000000000L &&
	       *ret <= 1000000000L;
}

/* A name is a file of /var/lib/dpkg/alternatives. */
static bool is_name(const char *s)
{
	return *s && strlen(s) <= TREE_NAME_MAX && !strchr(s, '/') &&
	       is_printable(s);
}

/* Behind the first five words of an --install: --slave LINK NAME PATH... */
static int read_slaves(const struct call *c, size_t i,
		       struct script_record *rec, struct script_choice *to,
		       struct err *err)
{
	int r = 0;

	for (; r == 0 && i < c->n; i++) {
		if (strcmp(c->args[i], "--slave") || c->n - i < 4)
			continue;
		if (!script_path_ok(c->args[i + 1]) ||
		    !is_name(c->args[i + 2]) ||
		    !script_path_ok(c->args[i + 3]))
			r = refuse(rec, c->args[i + 1], err);
		else if (strlist_add(&to->links, c->args[i + 1]) < 0 ||
			 strlist_add(&to->links, c->args[i + 3]) < 0)
			r = err_nomem(err);
		i += 3;
	}
	return r;
}

/* --install LINK NAME PATH PRIORITY, wherever it stands among the options. */
static int read_alternative(const struct call *c, size_t script,
			    struct script_record *rec, struct err *err)
{
	struct script_choice choice = { .script = script };
	const char *const *w;
	size_t i;
	int r;

	for (i = 0; i < c->n && strcmp(c->args[i], "--install"); i++)
		;
	if (i == c->n)
		return 0;
	if (c->n - i < 5)
		return refuse(rec, "an --install without its words", err);
	w = c->args + i + 1;
	if (!script_path_ok(w[0]) || !is_name(w[1]) ||
	    !script_path_ok(w[2]) || !read_priority(w[3], &choice.priority))
		return refuse(rec, w[0], err);
	choice.name = strdup(w[1]);
	r = !choice.name || strlist_add(&choice.links, w[0]) < 0 ||
	    strlist_add(&choice.links, w[2]) < 0 ? err_nomem(err) : 0;
	if (r == 0)
		r = read_slaves(c, i + 5, rec, &choice, err);
	if (r < 0)
		choice_free(&choice);
	return r < 0 ? r : add_choice(rec, &choice, err);
}

/* ---- ucf ---- */

/* The last word is the file to make, the one before it what it is made of;
 * fewer words, or -p (forget the file), make nothing. */
static int read_ucf(const struct call *c, size_t script,
		    struct script_record *rec, struct err *err)
{
	const char *dest = c->n >= 2 ? c->args[c->n - 1] : "";

	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->args[i], "-p") ||
		    !strcmp(c->args[i], "--purge"))
			return 0;
	if (c->n < 2)
		return 0;
	if (!script_path_ok(dest) || !path_below(dest, "/etc"))
		return refuse(rec, dest, err);
	return add_copy(rec, script, dest, err);
}

/* ---- all ---- */

static int bad(struct err *err, const char *why)
{
	return err_set(err, EBADMSG, "its record %s", why);
}

static int read_call(const struct call *c, size_t script,
		     struct script_record *rec, struct err *err)
{
	if (!strcmp(c->name, "update-alternatives"))
		return read_alternative(c, script, rec, err);
	if (!strcmp(c->name, "ucf"))
		return read_ucf(c, script, rec, err);
	return bad(err, "names another program");
}

static size_t count_links(const struct script_record *rec)
{
	return rec->n_choices ?
	       rec->choices[rec->n_choices - 1].links.n / 2 : 0;
}

static int parse_all(const char *data, size_t len, size_t script,
		     struct script_record *rec, struct err *err)
{
	struct frames f = { data, data + len };
	struct call c;
	size_t links = 0, n = 0;
	int r;

	while ((r = next_call(&f, &c)) > 0) {
		size_t before = rec->n_choices;

		if (++n > SCRIPT_CALLS_MAX)
			return bad(err, "has too many calls");
		r = read_call(&c, script, rec, err);
		if (r < 0)
			return r;
		links += rec->n_choices > before ? count_links(rec) : 0;
		if (links > SCRIPT_LINKS_MAX ||
		    rec->n_copies > SCRIPT_COPIES_MAX)
			return bad(err, "asks for too much");
	}
	return r < 0 ? bad(err, "is not whole") : 0;
}

static int merge(struct script_record *from, struct script_record *to,
		 struct err *err)
{
	struct script_copy *copies =
		reallocarray(to->copies, to->n_copies + from->n_copies + 1,
			     sizeof(*copies));
	struct script_choice *choices;

	if (!copies)
		return err_nomem(err);
	to->copies = copies;
	choices = reallocarray(to->choices, to->n_choices + from->n_choices + 1,
			       sizeof(*choices));
	if (!choices)
		return err_nomem(err);
	to->choices = choices;
	for (size_t i = 0; i < from->n_copies; i++)
		copies[to->n_copies++] = from->copies[i];
	for (size_t i = 0; i < from->n_choices; i++)
		choices[to->n_choices++] = from->choices[i];
	from->n_copies = from->n_choices = 0;
	to->refused += from->refused;
	if (!to->refused_word)
		to->refused_word = steal_ptr(&from->refused_word);
	return 0;
}

int scripts_parse(const char *data, size_t len, size_t script,
		  struct script_record *rec, struct err *err)
{
	CLEANUP_SCRIPT_RECORD struct script_record one = { 0 };
	int r;

	if (len > SCRIPT_RECORD_MAX)
		return bad(err, "is too long");
	r = parse_all(data, len, script, &one, err);
	return r < 0 ? r : merge(&one, rec, err);
}
