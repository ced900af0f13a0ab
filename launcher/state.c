/*
 * state.c - an app's directory, its origin, grants and machine id
 *
 * See state.h for what lies where.  On the way to the app's first instruction
 * everything usually exists: then state_open is two opens and state_origin
 * two more.  Small files go through store.h: whole, or not changed.
 *
 * The file `origins`: lax lines `packed=<path> <seal hash> <origin>`, each part
 * escaped, oldest first.
 */
#include "launcher/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "launcher/host.h"
#include "launcher/store.h"
#include "launcher/trust.h"
#include "launcher/quoted.h"
#include "runtime/fd.h"
#include "runtime/path.h"

#define FILE_MAX ((size_t)1 << 20)
#define ORIGIN_LOCAL "local-"
#define ORIGIN_HEX 16
#define MACHINE_ID_BYTES 16
#define SEAL_HEX (2 * LAYOUT_HASH_SIZE)
/* Packs that are remembered per app id; the oldest are forgotten. */
#define ORIGINS_MAX 512

void state_free(struct state *s)
{
	free(s->id);
	free(s->origin);
	free(s->base);
	free(s->rel);
	if (s->dir_fd >= 0)
		(void)close(s->dir_fd);
	*s = STATE_INIT;
}

/* ---- the base: $XDG_DATA_HOME/holdall ---- */

static int base_path(char **ret, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	char *base;
	int r = host_data_home(&data, err);

	if (r < 0)
		return err_prefix(err, "no place to keep the app's data");
	base = path_join(data, "holdall");
	if (!base)
		return err_nomem(err);
	*ret = base;
	return 0;
}

/* -ENOENT without err filled only if !make. */
static int open_base(const char *path, bool make, int *ret_fd,
		     struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct quoted q;
	int r;

	if (fd < 0 && errno == ENOENT && make) {
		r = store_make_base(path, err);
		if (r < 0)
			return err_hint(err, "set XDG_DATA_HOME to a folder "
					"that you can write to, or use --home "
					"ephemeral");
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0)
		return err_sys(err, errno, "cannot open the folder %s",
			       quote(&q, path));
	*ret_fd = fd;
	return 0;
}

int state_open_app(const char *id, bool make, int *ret_fd, struct err *err)
{
	CLEANUP_FREE char *base = NULL;
	CLEANUP_FD int base_fd = -1;
	struct quoted q;
	int r;

	if (!text_is_app_id(id))
		return err_set(err, EINVAL, "%s is no app id", quote(&q, id));
	r = base_path(&base, err);
	if (r == 0)
		r = open_base(base, make, &base_fd, err);
	return r < 0 ? r : store_open_dir(base_fd, id, make, ret_fd, err);
}

static bool is_origin(const char *s)
{
	size_t n = 0;

	if (!strncmp(s, ORIGIN_LOCAL, strlen(ORIGIN_LOCAL)))
		s += strlen(ORIGIN_LOCAL);
	else if (!strncmp(s, "key-", 4))
		s += 4;
	else
		return false;
	while ((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'f'))
		n++;
	return n == ORIGIN_HEX && !s[n];
}

static int no_place(const char *base, struct err *err)
{
	struct quoted q;

	(void)err_prefix(err, "in %s", quote(&q, base));
	return err_hint(err, "set XDG_DATA_HOME to a folder that you can write "
			"to, or use --home ephemeral");
}

int state_open(const char *id, const char *origin, bool make,
	       struct state *ret, struct err *err)
{
	CLEANUP(state_free) struct state s = STATE_INIT;
	CLEANUP_FD int base_fd = -1;
	struct quoted a, b;
	int r;

	/* Both become names of directories. */
	if (!text_is_app_id(id) || !is_origin(origin))
		return err_set(err, EINVAL, "%s from %s cannot have a place "
			       "for its data", quote(&a, id),
			       quote(&b, origin));
	s.id = strdup(id);
	s.origin = strdup(origin);
	s.rel = path_join(id, origin);
	if (!s.id || !s.origin || !s.rel)
		return err_nomem(err);
	r = base_path(&s.base, err);
	if (r == 0)
		r = open_base(s.base, make, &base_fd, err);
	if (r == 0) {
		r = store_open_dir(base_fd, s.rel, make, &s.dir_fd, err);
		if (r < 0 && make)
			return no_place(s.base, err);
	}
	if (r < 0 && !(r == -ENOENT && !make))
		return r;
	*ret = s;
	s = STATE_INIT;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list_origins(const char *id, struct strlist *ret, struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	CLEANUP_DIR DIR *dir = NULL;
	struct dirent *de;
	int fd = -1;
	int r = state_open_app(id, false, &fd, err);

	if (r == -ENOENT) {
		*ret = l;
		l = (struct strlist){ 0 };
		return 0;
	}
	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir) {
		r = errno;
		(void)close(fd);
		return err_sys(err, r, "cannot read the folder of %s", id);
	}
	while ((de = readdir(dir)) && l.n < ORIGINS_MAX)
		if (is_origin(de->d_name) && strlist_add(&l, de->d_name) < 0)
			return err_nomem(err);
	if (l.n)
		qsort(l.v, l.n, sizeof(l.v[0]), compare_names);
	*ret = l;
	l = (struct strlist){ 0 };
	return 0;
}

/* ---- origins ---- */

/* One list of three per pack: path, seal hash, origin. */
struct origins {
	struct strlist packs[ORIGINS_MAX];
	size_t n;
};

static void origins_free(struct origins **o)
{
	if (!*o)
		return;
	for (size_t i = 0; i < (*o)->n; i++)
		strlist_free(&(*o)->packs[i]);
	free(*o);
}

static void forget_oldest(struct origins *o)
{
	strlist_free(&o->packs[0]);
	memmove(&o->packs[0], &o->packs[1],
		(o->n - 1) * sizeof(o->packs[0]));
	o->n--;
}

static void origins_add(struct origins *o, struct strlist *pack)
{
	if (o->n == ORIGINS_MAX)
		forget_oldest(o);
	o->packs[o->n++] = *pack;
	*pack = (struct strlist){ 0 };
}

/* Lines that a newer holdall wrote, or somebody broke, name no origin. */
static int parse_origins(const char *text, size_t len, struct origins *o,
			 struct err *err)
{
	struct text_lines it = TEXT_LINES(text, len, false);
	struct text_line line;
	int r;

	while ((r = text_next_line(&it, &line, err)) > 0) {
		CLEANUP_STRLIST struct strlist pack = { 0 };

		if (!text_key_is(&line, "packed") ||
		    text_read_list(line.value, line.value_len, &pack) < 0 ||
		    pack.n != 3 || strlen(pack.v[1]) != SEAL_HEX ||
		    !is_origin(pack.v[2]))
			continue;
		origins_add(o, &pack);
	}
	return r < 0 ? err_prefix(err, "origins") : 0;
}

/* Missing file: -ENOENT, err not filled. */
static int read_origins(int app_fd, struct origins **ret, struct err *err)
{
	CLEANUP(origins_free) struct origins *o = NULL;
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = store_read(app_fd, "origins", FILE_MAX, &text, &len, err);

	if (r < 0)
		return r;
	o = calloc(1, sizeof(*o));
	if (!o)
		return err_nomem(err);
	r = parse_origins(text, len, o, err);
	if (r == 0)
		*ret = steal_ptr(&o);
	return r;
}

static int write_origins(int app_fd, const struct origins *o, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < o->n; i++) {
		buf_adds(&b, "packed=");
		text_write_list(&b, &o->packs[i]);
		buf_addc(&b, '\n');
	}
	r = buf_check(&b, err);
	return r < 0 ? r : store_write(app_fd, "origins", buf_text(&b), b.len,
				       err);
}

/* The newest pack with this text in the given column, or NULL. */
static const struct strlist *find_pack(const struct origins *o, size_t column,
				       const char *text)
{
	for (size_t i = o->n; i-- > 0;)
		if (!strcmp(o->packs[i].v[column], text))
			return &o->packs[i];
	return NULL;
}

static int local_origin(const char *seal_hex, char **ret, struct err *err)
{
	char *s;

	if (asprintf(&s, ORIGIN_LOCAL "%.*s", ORIGIN_HEX, seal_hex) < 0)
		return err_nomem(err);
	*ret = s;
	return 0;
}

/* Of an unsigned bundle.  `ret_ours`: our own pack wrote it. */
static int unsigned_origin(const struct bundle *b, const char *id,
			   char **ret_origin, bool *ret_ours, struct err *err)
{
	CLEANUP(origins_free) struct origins *o = NULL;
	CLEANUP_FD int app_fd = -1;
	char hex[SEAL_HEX + 1];
	const struct strlist *pack;
	int r = state_open_app(id, false, &app_fd, err);

	if (r == 0)
		r = read_origins(app_fd, &o, err);
	if (r < 0 && r != -ENOENT)
		return r;
	text_hex(hex, b->seal_hash, LAYOUT_HASH_SIZE);
	pack = o ? find_pack(o, 1, hex) : NULL;
	*ret_ours = pack;
	if (!pack)
		return local_origin(hex, ret_origin, err);
	*ret_origin = strdup(pack->v[2]);
	return *ret_origin ? 0 : err_nomem(err);
}

static int find_origin(const struct bundle *b, const struct header *h,
		       const struct trust *t, char **ret, bool *ret_other,
		       struct err *err)
{
	char *origin = NULL;
	bool ours = false;
	int r = trust_require(t, h->id, b->name, err);

	if (r == 0 && t->origin)
		r = (origin = strdup(t->origin)) ? 0 : err_nomem(err);
	else if (r == 0)
		r = unsigned_origin(b, h->id, &origin, &ours, err);
	if (r < 0)
		return r;
	*ret = origin;
	*ret_other = t->other && !ours;
	return 0;
}

int state_origin(const struct bundle *b, const struct header *h,
		 char **ret_origin, struct err *err)
{
	CLEANUP_TRUST struct trust t = { 0 };
	bool other;
	int r = trust_of(b, h->id, TRUST_START, &t, err);

	return r < 0 ? r : find_origin(b, h, &t, ret_origin, &other, err);
}

/* The app ran here unsigned, and now comes with its first key: its home is another
 * one, and whoever misses the old one should read how to have it. */
static int tell_of_unsigned(const struct trust *t, const char *id,
			    char **ret_warning, struct err *err)
{
	const struct trust_signature *s = &t->each[t->which];
	CLEANUP_STRLIST struct strlist l = { 0 };
	char key[MINISIGN_KEY_TEXT + 1];
	int r;

	if (!t->origin || t->other || s->pinned)
		return 0;
	r = state_list_origins(id, &l, err);
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		if (strncmp(l.v[i], ORIGIN_LOCAL, strlen(ORIGIN_LOCAL)) != 0)
			continue;
		minisign_key_format(&s->key, key);
		if (asprintf(ret_warning, "%s ran here before it was signed, "
			     "and has a new, empty home now; to go on with "
			     "the old one: holdall trust add %s %s@%s", id,
			     key, id, l.v[i]) < 0) {
			*ret_warning = NULL;
			return err_nomem(err);
		}
		break;
	}
	return r;
}

int state_open_bundle(const struct bundle *b, const struct header *h,
		      bool make, struct state *ret, char **ret_warning,
		      struct err *err)
{
	CLEANUP(state_free) struct state s = STATE_INIT;
	CLEANUP_TRUST struct trust t = { 0 };
	CLEANUP_FREE char *origin = NULL;
	bool other = false;
	int r = trust_of(b, h->id, TRUST_START, &t, err);

	if (r == 0)
		r = find_origin(b, h, &t, &origin, &other, err);
	if (r == 0)
		r = state_open(h->id, origin, make, &s, err);
	if (r == 0 && make)
		r = trust_remember(&t, h->id, err);
	if (r == 0 && other && ret_warning)
		r = trust_warning(&t, h->id, ret_warning, err);
	else if (r == 0 && ret_warning)
		r = tell_of_unsigned(&t, h->id, ret_warning, err);
	if (r < 0)
		return r;
	s.is_signed = t.origin != NULL;
	s.other = other;
	*ret = s;
	s = STATE_INIT;
	return 0;
}

/* The new line: a known path or a known seal continues, else a new origin. */
static int make_pack(const struct origins *o, const char *path,
		     const char *hex, struct strlist *ret, struct err *err)
{
	CLEANUP_STRLIST struct strlist pack = { 0 };
	const struct strlist *known = find_pack(o, 0, path);
	CLEANUP_FREE char *origin = NULL;

	if (!known)
		known = find_pack(o, 1, hex);
	if (known)
		origin = strdup(known->v[2]);
	else if (local_origin(hex, &origin, err) < 0)
		return -err->num;
	if (!origin || strlist_add(&pack, path) < 0 ||
	    strlist_add(&pack, hex) < 0 ||
	    strlist_add_steal(&pack, steal_ptr(&origin)) < 0)
		return err_nomem(err);
	*ret = pack;
	pack = (struct strlist){ 0 };
	return 0;
}

int state_record_pack(const char *id, const char *path,
		      const unsigned char *seal_hash, struct err *err)
{
	CLEANUP(origins_free) struct origins *o = NULL;
	CLEANUP_STRLIST struct strlist pack = { 0 };
	CLEANUP_FD int app_fd = -1;
	CLEANUP_FD int lock = -1;
	const struct strlist *same;
	char hex[SEAL_HEX + 1], real[PATH_MAX];
	struct quoted q;
	int r;

	if (!realpath(path, real))
		return err_sys(err, errno, "cannot find %s", quote(&q, path));
	text_hex(hex, seal_hash, LAYOUT_HASH_SIZE);
	r = state_open_app(id, true, &app_fd, err);
	if (r == 0)
		r = store_lock(app_fd, "origins.lock", true, &lock, err);
	if (r == 0)
		r = read_origins(app_fd, &o, err);
	if (r == -ENOENT)
		r = (o = calloc(1, sizeof(*o))) ? 0 : err_nomem(err);
	if (r == 0)
		r = make_pack(o, real, hex, &pack, err);
	if (r < 0)
		return r;
	same = find_pack(o, 0, real);
	/* Packing the same bytes again changes nothing. */
	if (same && !strcmp(same->v[1], hex))
		return 0;
	origins_add(o, &pack);
	return write_origins(app_fd, o, err);
}

/* ---- machine id ---- */

int state_machine_id(struct state *s, char ret[33], struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char fresh[2 * MACHINE_ID_BYTES + 1];
	uint8_t check[MACHINE_ID_BYTES];
	size_t len;
	int r = -ENOENT;

	if (s->dir_fd >= 0)
		r = store_read(s->dir_fd, "machine-id", 64, &text, &len, err);
	if (r == 0 && len >= sizeof(fresh) - 1 &&
	    text_unhex(text, sizeof(fresh) - 1, check, sizeof(check)) == 0) {
		memcpy(ret, text, sizeof(fresh) - 1);
		ret[sizeof(fresh) - 1] = '\0';
		return 0;
	}
	if (r < 0 && r != -ENOENT)
		return r;
	r = host_random_hex(fresh, MACHINE_ID_BYTES, err);
	if (r == 0 && s->dir_fd >= 0)
		r = store_write(s->dir_fd, "machine-id", fresh,
				sizeof(fresh) - 1, err);
	if (r == 0)
		memcpy(ret, fresh, sizeof(fresh));
	return r;
}
