/*
 * debian_index.c - reading an unpacked package's index (see debian_deb.h)
 *
 * The index is our own file in the user's own cache, but disks fill up and
 * machines lose power: a line that does not read, a missing end or a file
 * whose size is another makes the whole package "not unpacked", and it is
 * unpacked again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/debian_deb.h"
#include "runtime/fd.h"
#include "runtime/text.h"

#define FIELDS_MAX 6u

struct index_reader {
	int dir_fd;
	const char *prefix;
	uint64_t dev;
	struct { unsigned mode; int64_t mtime; uint64_t size; } *files;
	size_t n_files, cap;
	size_t n;
	bool ended;
};

struct field {
	const char *p;
	size_t len;
};

static int broken(struct err *err)
{
	return err_set(err, EBADMSG, "the cache holds a package that is not "
		       "whole");
}

/* Splits at spaces; number of fields, or 0 when there are too many. */
static size_t split(const char *p, const char *end, struct field f[FIELDS_MAX])
{
	size_t n = 0;

	for (;;) {
		const char *space = memchr(p, ' ', (size_t)(end - p));
		const char *stop = space ? space : end;

		if (n == FIELDS_MAX)
			return 0;
		f[n++] = (struct field){ p, (size_t)(stop - p) };
		if (!space)
			return n;
		p = space + 1;
	}
}

static bool number(const struct field *f, uint64_t *ret)
{
	return text_read_u64(f->p, f->len, ret) == 0;
}

static bool mode(const struct field *f, unsigned *ret)
{
	unsigned m = 0;

	for (size_t i = 0; i < f->len; i++) {
		if (f->p[i] < '0' || f->p[i] > '7' || m > 0777)
			return false;
		m = m * 8 + (unsigned)(f->p[i] - '0');
	}
	*ret = m;
	return f->len > 0 && m <= 0777;
}

static bool seconds(const struct field *f, int64_t *ret)
{
	bool minus = f->len && f->p[0] == '-';
	struct field rest = { f->p + minus, f->len - minus };
	uint64_t n;

	if (!number(&rest, &n) || n > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool name(const struct field *f, char **ret)
{
	return text_unescape(f->p, f->len, ret) == 0;
}

/* The file must lie there with the size that was written. */
static bool file_is_there(const struct index_reader *x, uint64_t size)
{
	char text[24];
	struct stat st;

	(void)snprintf(text, sizeof(text), "%zu", x->n_files);
	return fstatat(x->dir_fd, text, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static bool add_file(struct index_reader *x, const struct entry *spec)
{
	size_t cap = x->cap ? x->cap * 2 : 256;
	void *v;

	if (x->n_files == x->cap) {
		v = reallocarray(x->files, cap, sizeof(*x->files));
		if (!v)
			return false;
		x->files = v;
		x->cap = cap;
	}
	x->files[x->n_files].mode = spec->mode;
	x->files[x->n_files].mtime = spec->mtime;
	x->files[x->n_files++].size = spec->content.size;
	return true;
}

static bool read_file(struct index_reader *x, const struct field *f, size_t n,
		      struct entry *spec, uint64_t *ret_number)
{
	return n == 6 && mode(&f[1], &spec->mode) &&
	       seconds(&f[2], &spec->mtime) &&
	       number(&f[3], &spec->content.size) &&
	       number(&f[4], ret_number) && *ret_number == x->n_files &&
	       file_is_there(x, spec->content.size) &&
	       name(&f[5], &spec->path) && add_file(x, spec);
}

static bool read_hard(struct index_reader *x, const struct field *f, size_t n,
		      struct entry *spec, uint64_t *ret_number)
{
	if (n != 3 || !number(&f[1], ret_number) ||
	    *ret_number >= x->n_files || !name(&f[2], &spec->path))
		return false;
	spec->mode = x->files[*ret_number].mode;
	spec->mtime = x->files[*ret_number].mtime;
	spec->content.size = x->files[*ret_number].size;
	return true;
}

static bool set_content(const struct index_reader *x, struct entry *spec,
			uint64_t file)
{
	spec->type = ENTRY_FILE;
	spec->content.kind = CONTENT_BENEATH;
	spec->dev = x->dev;
	spec->ino = file + 1;
	return asprintf(&spec->content.rel, "%s/%llu", x->prefix,
			(unsigned long long)file) > 0;
}

static bool read_line(struct index_reader *x, const struct field *f, size_t n,
		      struct entry *spec)
{
	uint64_t file;

	if (!n || f[0].len != 1)
		return false;
	switch (f[0].p[0]) {
	case 'd':
		spec->type = ENTRY_DIR;
		return n == 4 && mode(&f[1], &spec->mode) &&
		       seconds(&f[2], &spec->mtime) &&
		       name(&f[3], &spec->path);
	case 'l':
		spec->type = ENTRY_LINK;
		spec->mode = 0777;
		return n == 4 && seconds(&f[1], &spec->mtime) &&
		       name(&f[2], &spec->path) && name(&f[3], &spec->target);
	case 'f':
		return read_file(x, f, n, spec, &file) &&
		       set_content(x, spec, file);
	case 'h':
		return read_hard(x, f, n, spec, &file) &&
		       set_content(x, spec, file);
	default:
		return false;
	}
}

static bool is_end(const struct field *f, size_t n, uint64_t *ret)
{
	return n == 2 && f[0].len == 3 && !memcmp(f[0].p, "end", 3) &&
	       number(&f[1], ret);
}

static int each_line(struct index_reader *x, const char *p, const char *end,
		     int (*each)(void *arg, struct entry *spec,
				 struct err *err),
		     void *arg, struct err *err)
{
	struct entry spec = { .content.base_fd = -1 };
	struct field f[FIELDS_MAX];
	size_t n = split(p, end, f);
	uint64_t count;
	int r;

	if (x->ended)
		return broken(err);
	if (is_end(f, n, &count)) {
		x->ended = true;
		return count == x->n ? 0 : broken(err);
	}
	x->n++;
	r = read_line(x, f, n, &spec) ? each(arg, &spec, err) : broken(err);
	free(spec.path);
	free(spec.target);
	free(spec.content.rel);
	return r;
}

int deb_index_read(int dir_fd, const char *prefix, uint64_t dev,
		   int (*each)(void *arg, struct entry *spec,
			       struct err *err),
		   void *arg, struct err *err)
{
	struct index_reader x = { .dir_fd = dir_fd, .prefix = prefix,
				  .dev = dev };
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = openat(dir_fd, "index", O_RDONLY | O_CLOEXEC |
				   O_NOFOLLOW);
	size_t len;
	int r = fd < 0 ? -errno : fd_slurp(fd, DEB_INDEX_MAX, &text, &len);

	if (r < 0)
		return err_sys(err, -r, "cannot read a package's index in the "
			       "cache");
	for (const char *p = text, *end = text + len; p < end && r == 0;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		r = nl ? each_line(&x, p, nl, each, arg, err) : broken(err);
		p = nl ? nl + 1 : end;
	}
	free(x.files);
	return r == 0 && !x.ended ? broken(err) : r;
}
