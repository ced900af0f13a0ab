/*
 * lock.c - see lock.h
 */
#include "bundler/lock.h"

#include <errno.h>
#include <string.h>

#define PACKAGE_FIELDS 8u

void lock_source_free(struct lock_source *s)
{
	strlist_free(&s->request);
	strlist_free(&s->uris);
	strlist_free(&s->index);
	debian_list_free(&s->packages);
	free(s->suite);
	free(s->keyring);
	*s = (struct lock_source){ 0 };
}

void lock_free(struct lock *l)
{
	for (size_t i = 0; i < l->n_sources; i++)
		lock_source_free(&l->sources[i]);
	lock_source_free(&l->tools);
	free(l->sources);
	free(l->architecture);
	*l = (struct lock){ 0 };
}

const char *lock_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__i386__)
	return "i386";
#elif defined(__riscv)
	return "riscv64";
#elif defined(__powerpc64__)
	return "ppc64el";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__arm__)
	return "armhf";
#else
#error "Debian's name of this machine is missing here"
#endif
}

int lock_add_source(struct lock *l, struct lock_source *s, struct err *err)
{
	struct lock_source *v;

	if (l->n_sources >= LOCK_SOURCES_MAX)
		return err_set(err, EFBIG, "more than %u debian sources",
			       LOCK_SOURCES_MAX);
	v = reallocarray(l->sources, l->n_sources + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	l->sources = v;
	v[l->n_sources++] = *s;
	*s = (struct lock_source){ 0 };
	return 0;
}

/* ---- writing ---- */

/* `part` is "source.0" or "tools". */
static void write_key(struct buf *b, const char *part, const char *field)
{
	buf_addf(b, "%s.%s=", part, field);
}

static void write_text(struct buf *b, const char *part, const char *field,
		       const char *value)
{
	if (!value)
		return;
	write_key(b, part, field);
	text_escape(b, value, strlen(value));
	buf_addc(b, '\n');
}

static void write_list(struct buf *b, const char *part, const char *field,
		       const struct strlist *l)
{
	if (!l->n)
		return;
	write_key(b, part, field);
	text_write_list(b, l);
	buf_addc(b, '\n');
}

static void write_package(struct buf *b, const char *part,
			  const struct debian_package *p)
{
	char size[24];
	char *fields[PACKAGE_FIELDS] = {
		p->name, p->version, p->arch, p->sha256, size, p->path,
		p->source, p->source_version,
	};
	struct strlist l = { .v = fields, .n = PACKAGE_FIELDS };

	(void)snprintf(size, sizeof(size), "%llu",
		       (unsigned long long)p->size);
	write_list(b, part, "package", &l);
}

static void write_part(struct buf *b, const char *part,
		       const struct lock_source *s)
{
	write_text(b, part, "base", s->base ? "yes" : "no");
	write_list(b, part, "request", &s->request);
	write_text(b, part, "suite", s->suite);
	write_list(b, part, "uris", &s->uris);
	write_text(b, part, "keyring", s->keyring);
	for (size_t j = 0; j + 1 < s->index.n; j += 2) {
		struct strlist pair = { .v = s->index.v + j, .n = 2 };

		write_list(b, part, "index", &pair);
	}
	for (size_t j = 0; j < s->packages.n; j++)
		write_package(b, part, &s->packages.v[j]);
}

int lock_format(const struct lock *l, struct buf *ret, struct err *err)
{
	text_write_line(ret, "lock", "1");
	text_write_line(ret, "architecture", l->architecture);
	for (size_t i = 0; i < l->n_sources; i++) {
		char part[32];

		(void)snprintf(part, sizeof(part), "source.%zu", i);
		write_part(ret, part, &l->sources[i]);
	}
	if (l->tools.packages.n)
		write_part(ret, "tools", &l->tools);
	return text_sort(ret, err);
}

/* ---- reading ---- */

static int bad_line(const struct text_line *line, const char *what,
		    struct err *err)
{
	return err_set(err, EBADMSG, "line %u: %s; was it edited by hand? "
		       "`holdall lock` makes it anew", line->number, what);
}

static int read_text(const struct text_line *line, char **field,
		     struct err *err)
{
	char *s;
	int r;

	if (*field)
		return bad_line(line, "a key stands twice", err);
	r = text_unescape(line->value, line->value_len, &s);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return bad_line(line, "a bad escape", err);
	*field = s;
	return 0;
}

static int read_list(const struct text_line *line, struct strlist *ret,
		     struct err *err)
{
	int r = text_read_list(line->value, line->value_len, ret);

	if (r == -ENOMEM)
		return err_nomem(err);
	return r < 0 ? bad_line(line, "a bad list", err) : 0;
}

static int read_once(const struct text_line *line, struct strlist *ret,
		     struct err *err)
{
	if (ret->n)
		return bad_line(line, "a key stands twice", err);
	return read_list(line, ret, err);
}

static int read_index(const struct text_line *line, struct strlist *to,
		      struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	int r = read_list(line, &l, err);

	if (r < 0)
		return r;
	if (l.n != 2 || !debian_is_sha256(l.v[1]))
		return bad_line(line, "not a name and a SHA-256", err);
	if (strlist_add(to, l.v[0]) < 0 || strlist_add(to, l.v[1]) < 0)
		return err_nomem(err);
	return 0;
}

static int read_package(const struct text_line *line, struct debian_list *to,
			struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	CLEANUP(debian_package_free) struct debian_package p = { 0 };
	char **fields[PACKAGE_FIELDS] = {
		&p.name, &p.version, &p.arch, &p.sha256, NULL, &p.path,
		&p.source, &p.source_version,
	};
	int r = read_list(line, &l, err);

	if (r < 0)
		return r;
	if (l.n != PACKAGE_FIELDS ||
	    text_read_u64(l.v[4], strlen(l.v[4]), &p.size) < 0)
		return bad_line(line, "not the eight parts of a package", err);
	for (size_t i = 0; i < PACKAGE_FIELDS; i++)
		if (fields[i])
			*fields[i] = steal_ptr(&l.v[i]);
	/* Taken strings leave holes that strlist_free frees as NULL. */
	r = debian_list_add(to, &p, err);
	return r < 0 ? err_prefix(err, "line %u", line->number) : 0;
}

static int read_base(const struct text_line *line, struct lock_source *s,
		     struct err *err)
{
	CLEANUP_FREE char *word = NULL;
	int r = read_text(line, &word, err);

	if (r < 0)
		return r;
	if (strcmp(word, "yes") && strcmp(word, "no"))
		return bad_line(line, "base is yes or no", err);
	s->base = !strcmp(word, "yes");
	return 0;
}

static bool field_is(const char *field, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(field, name, len);
}

static int read_field(const struct text_line *line, const char *field,
		      size_t len, struct lock_source *s, struct err *err)
{
	if (field_is(field, len, "base"))
		return read_base(line, s, err);
	if (field_is(field, len, "index"))
		return read_index(line, &s->index, err);
	if (field_is(field, len, "keyring"))
		return read_text(line, &s->keyring, err);
	if (field_is(field, len, "package"))
		return read_package(line, &s->packages, err);
	if (field_is(field, len, "request"))
		return read_once(line, &s->request, err);
	if (field_is(field, len, "suite"))
		return read_text(line, &s->suite, err);
	if (field_is(field, len, "uris"))
		return read_once(line, &s->uris, err);
	return bad_line(line, "a key that this holdall does not know", err);
}

/* tools.FIELD; 1: it was one. */
static int read_tools(const struct text_line *line, struct lock *l,
		      struct err *err)
{
	static const char prefix[] = "tools.";
	size_t len = sizeof(prefix) - 1;
	int r;

	if (line->key_len <= len || memcmp(line->key, prefix, len))
		return 0;
	r = read_field(line, line->key + len, line->key_len - len, &l->tools,
		       err);
	return r < 0 ? r : 1;
}

/* source.N.FIELD */
static int read_source(const struct text_line *line, struct lock *l,
		       struct err *err)
{
	static const char prefix[] = "source.";
	const char *p = line->key + sizeof(prefix) - 1;
	const char *end = line->key + line->key_len, *dot;
	struct lock_source empty = { 0 };
	uint64_t i;
	int r = read_tools(line, l, err);

	if (r)
		return r < 0 ? r : 0;
	if (line->key_len < sizeof(prefix) ||
	    memcmp(line->key, prefix, sizeof(prefix) - 1) ||
	    !(dot = memchr(p, '.', (size_t)(end - p))) ||
	    text_read_u64(p, (size_t)(dot - p), &i) < 0 ||
	    i >= LOCK_SOURCES_MAX)
		return bad_line(line, "a key that this holdall does not know",
				err);
	while (r == 0 && l->n_sources <= i)
		r = lock_add_source(l, &empty, err);
	return r < 0 ? r : read_field(line, dot + 1, (size_t)(end - dot - 1),
				      &l->sources[i], err);
}

static int read_version(const struct text_line *line, struct err *err)
{
	if (line->value_len == 1 && line->value[0] == '1')
		return 0;
	return err_set(err, ENOTSUP, "it is of a form that this holdall (%s) "
		       "does not know; a newer one reads it, or `holdall lock` "
		       "makes it anew", HOLDALL_VERSION);
}

static int read_lines(const char *text, size_t len, struct lock *l,
		      bool *ret_version, struct err *err)
{
	struct text_lines it = TEXT_LINES(text, len, true);
	struct text_line line;
	int r, step;

	while ((step = text_next_line(&it, &line, err)) > 0) {
		if (text_key_is(&line, "lock")) {
			r = read_version(&line, err);
			*ret_version = true;
		} else if (text_key_is(&line, "architecture")) {
			r = read_text(&line, &l->architecture, err);
		} else {
			r = read_source(&line, l, err);
		}
		if (r < 0)
			return r;
	}
	return step;
}

static int check_part(const struct debian_list *p, struct err *err)
{
	for (size_t j = 1; j < p->n; j++)
		if (!strcmp(p->v[j].name, p->v[j - 1].name) &&
		    !strcmp(p->v[j].arch, p->v[j - 1].arch))
			return err_set(err, EBADMSG, "%s stands in it twice",
				       p->v[j].name);
	return 0;
}

static int check_whole(const struct lock *l, bool version, struct err *err)
{
	if (!version || !l->architecture)
		return err_set(err, EBADMSG, "it is cut short; `holdall lock` "
			       "makes it anew");
	for (size_t i = 0; i < l->n_sources; i++)
		if (check_part(&l->sources[i].packages, err) < 0)
			return -err->num;
	return check_part(&l->tools.packages, err);
}

/* One meaning has one text: gaps between sources, empty lists and the like are
 * not what lock_format writes. */
static int check_text(const struct lock *l, const char *text, size_t len,
		      struct err *err)
{
	CLEANUP_BUF struct buf again = BUF_INIT;
	int r = lock_format(l, &again, err);

	if (r < 0)
		return r;
	if (again.len != len || memcmp(again.data, text, len))
		return err_set(err, EBADMSG, "it is not as holdall writes it; "
			       "was it edited by hand? `holdall lock` makes it "
			       "anew");
	return 0;
}

int lock_parse(const char *text, size_t len, struct lock *ret,
	       struct err *err)
{
	CLEANUP_LOCK struct lock l = { 0 };
	bool version = false;
	int r = read_lines(text, len, &l, &version, err);

	for (size_t i = 0; i < l.n_sources; i++)
		debian_list_sort(&l.sources[i].packages);
	debian_list_sort(&l.tools.packages);
	if (r == 0)
		r = check_whole(&l, version, err);
	if (r == 0)
		r = check_text(&l, text, len, err);
	if (r < 0)
		return r;
	*ret = l;
	l = (struct lock){ 0 };
	return 0;
}

/* ---- comparing ---- */

static bool same_list(const struct strlist *a, const struct strlist *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return a->n == b->n;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool lock_source_fits(const struct lock_source *s,
		      const struct lock_source *wanted)
{
	return s->base == wanted->base &&
	       same_list(&s->request, &wanted->request) &&
	       same_text(s->suite, wanted->suite) &&
	       same_list(&s->uris, &wanted->uris) &&
	       same_text(s->keyring, wanted->keyring);
}

static size_t list_changes(const struct debian_list *old,
			   const struct debian_list *new, const char *what,
			   struct buf *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < new->n; i++) {
		const struct debian_package *p = &new->v[i];
		const struct debian_package *was =
			debian_list_find(old, p->name, p->arch);

		if (was && !strcmp(was->sha256, p->sha256))
			continue;
		n++;
		if (!was)
			buf_addf(ret, "+ %s %s%s\n", p->name, p->version,
				 what);
		else if (strcmp(was->version, p->version))
			buf_addf(ret, "  %s %s -> %s%s\n", p->name,
				 was->version, p->version, what);
		else
			buf_addf(ret, "  %s %s: other bytes%s\n", p->name,
				 p->version, what);
	}
	for (size_t i = 0; i < old->n; i++) {
		const struct debian_package *p = &old->v[i];

		if (debian_list_find(new, p->name, p->arch))
			continue;
		n++;
		buf_addf(ret, "- %s %s%s\n", p->name, p->version, what);
	}
	return n;
}

size_t lock_changes(const struct lock *old, const struct lock *new,
		    struct buf *ret)
{
	static const struct debian_list none = { 0 };
	size_t n_old = old ? old->n_sources : 0, n = 0;

	for (size_t i = 0; i < n_old || i < new->n_sources; i++)
		n += list_changes(i < n_old ? &old->sources[i].packages : &none,
				  i < new->n_sources ?
				  &new->sources[i].packages : &none, "", ret);
	return n + list_changes(old ? &old->tools.packages : &none,
				&new->tools.packages, " (tools)", ret);
}
