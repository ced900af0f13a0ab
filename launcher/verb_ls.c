/*
 * verb_ls.c - ls and cat: looking into the image through the jailed reader
 *
 * Names come from the image and may hold anything: they are shown quoted
 * where they could drive a terminal.  What cat writes is the file's bytes.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "launcher/cli.h"
#include "launcher/image_path.h"
#include "launcher/out.h"
#include "runtime/fd.h"
#include "runtime/image.h"
#include "runtime/json.h"

#define FLUSH_AT 65536

/* ---- ls ---- */

struct listing {
	bool longer, json;
	struct buf out;
	struct json j;
	const char *operand;
	char *root;			/* what the stream resolved the operand to */
	bool root_seen;
};

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '-';
	}
}

static const char *type_word(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFREG:
		return "file";
	default:
		return "other";
	}
}

static void add_mode(struct buf *out, mode_t mode)
{
	buf_addc(out, type_letter(mode));
	for (int shift = 6; shift >= 0; shift -= 3) {
		unsigned bits = (mode >> shift) & 7;

		buf_addc(out, bits & 4 ? 'r' : '-');
		buf_addc(out, bits & 2 ? 'w' : '-');
		buf_addc(out, bits & 1 ? 'x' : '-');
	}
}

/* In UTC: the image is the same everywhere, and no time zone file is read. */
static void add_time(struct buf *out, time_t when)
{
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&when, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_adds(out, text);
}

static void add_line(struct listing *l, const char *name,
		     const struct image_record *rec)
{
	if (l->longer) {
		add_mode(&l->out, rec->st.st_mode);
		buf_addf(&l->out, " %12lld ", (long long)rec->st.st_size);
		add_time(&l->out, rec->st.st_mtime);
		buf_addc(&l->out, ' ');
	}
	text_quote(&l->out, name);
	if (l->longer && rec->target) {
		buf_adds(&l->out, " -> ");
		text_quote(&l->out, rec->target);
	}
	buf_addc(&l->out, '\n');
}

static void add_json(struct listing *l, const struct image_record *rec)
{
	json_open(&l->j, NULL, '{');
	json_str(&l->j, "path", rec->path);
	json_str(&l->j, "type", type_word(rec->st.st_mode));
	json_u64(&l->j, "mode", rec->st.st_mode & 07777);
	json_u64(&l->j, "size", (uint64_t)rec->st.st_size);
	json_u64(&l->j, "mtime", rec->st.st_mtime < 0 ? 0 :
		 (uint64_t)rec->st.st_mtime);
	if (rec->target)
		json_str(&l->j, "target", rec->target);
	json_close(&l->j, '}');
}

/* The first entry is the operand itself: of a directory what is in it is shown. */
static int list_entry(struct listing *l, const struct image_record *rec,
		      struct err *err)
{
	const char *name = rec->path;

	if (!l->root_seen) {
		l->root_seen = true;
		if (S_ISDIR(rec->st.st_mode)) {
			l->root = strdup(rec->path);
			return l->root ? 0 : err_nomem(err);
		}
		/* By the name that was asked for, as ls does. */
		name = l->operand;
	} else if (l->root) {
		const char *slash = strrchr(name, '/');

		name = slash ? slash + 1 : name;
	}
	if (l->json)
		add_json(l, rec);
	else
		add_line(l, name, rec);
	if (l->json || l->out.len < FLUSH_AT)
		return buf_check(&l->out, err);
	if (out_buf(&l->out, err) < 0)
		return -err->num;
	l->out.len = 0;
	return 0;
}

static bool ends_in_slash(const char *operand)
{
	size_t n = strlen(operand);

	return n && operand[n - 1] == '/';
}

static int list_stream(const struct bundle *b, const char *path, int flags,
		       struct listing *l, struct err *err)
{
	struct image_stream *s = NULL;
	struct image_record rec;
	int r = image_stream_open(b, path, flags, &s, err);

	if (r < 0)
		return r;
	free(steal_ptr(&l->root));
	l->root_seen = false;
	l->operand = path;
	while ((r = image_stream_next(s, &rec, err)) > 0)
		if (rec.type == IMAGE_ENTRY) {
			r = list_entry(l, &rec, err);
			if (r < 0)
				break;
		}
	image_stream_close(s);
	return r;
}

/* With -l a link is shown as what it is, unless a slash behind it says what it
 * leads to, which is listed in all other cases; one that leads nowhere is a name
 * like any other. */
static int list_path(const struct bundle *b, const char *operand,
		     struct listing *l, struct err *err)
{
	bool slash = ends_in_slash(operand);
	bool follow = !l->longer || slash;
	CLEANUP_FREE char *path = NULL;
	int r = image_path(operand, &path, err);

	if (r == 0)
		r = list_stream(b, path, follow ? IMAGE_STREAM_FOLLOW : 0, l,
				err);
	if ((r == -ENOENT || r == -ELOOP) && follow && !slash)
		r = list_stream(b, path, 0, l, err);
	return r;
}

static int list_all(const struct bundle *b, const struct options *o,
		    struct listing *l, struct err *err)
{
	int r = 0;

	if (!o->args.n)
		return list_path(b, "", l, err);
	for (size_t i = 0; r == 0 && i < o->args.n; i++) {
		if (o->args.n > 1 && !l->json) {
			if (i)
				buf_addc(&l->out, '\n');
			text_quote(&l->out, o->args.v[i]);
			buf_adds(&l->out, ":\n");
		}
		r = list_path(b, o->args.v[i], l, err);
	}
	return r;
}

static void listing_free(struct listing *l)
{
	buf_free(&l->out);
	free(l->root);
}

int verb_ls(struct options *o, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	CLEANUP(listing_free) struct listing l = {
		.longer = o->long_list, .json = o->json, .out = BUF_INIT,
	};
	int r = cli_open_checked(o, &b, err);

	if (r < 0)
		return r;
	l.j = JSON_INIT(&l.out);
	if (l.json)
		json_open(&l.j, NULL, '[');
	r = list_all(&b, o, &l, err);
	if (r < 0)
		return r;
	if (l.json)
		json_close(&l.j, ']');
	return out_buf(&l.out, err);
}

/* ---- cat ---- */

static int cat_record(const struct image_record *rec, struct err *err)
{
	char quoted[256];

	if (rec->type == IMAGE_DATA)
		return out_write(rec->data, rec->len, err);
	if (rec->type != IMAGE_ENTRY || S_ISREG(rec->st.st_mode))
		return 0;
	return err_set(err, S_ISDIR(rec->st.st_mode) ? EISDIR : EINVAL,
		       "/%s is %s, not a regular file",
		       text_quoted(quoted, sizeof(quoted), rec->path),
		       S_ISDIR(rec->st.st_mode) ? "a directory" :
		       "something special");
}

static int cat_path(const struct bundle *b, const char *operand,
		    struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	struct image_stream *s = NULL;
	struct image_record rec;
	int r = image_path(operand, &path, err);

	if (r == 0)
		r = image_stream_open(b, path, IMAGE_STREAM_DATA |
				      IMAGE_STREAM_FOLLOW, &s, err);
	if (r < 0)
		return r;
	while ((r = image_stream_next(s, &rec, err)) > 0) {
		r = cat_record(&rec, err);
		if (r < 0)
			break;
	}
	image_stream_close(s);
	return r;
}

int verb_cat(struct options *o, struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	int r = cli_open_checked(o, &b, err);

	for (size_t i = 0; r == 0 && i < o->args.n; i++)
		r = cat_path(&b, o->args.v[i], err);
	return r;
}
