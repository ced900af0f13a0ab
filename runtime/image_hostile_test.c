/*
 * image_hostile_test.c - images that lie, each in one place
 *
 * A tiny image is put together in memory: a root with an empty directory `d`, a
 * file `f` of five bytes and a link `l`, all metadata stored uncompressed.  It
 * can be read whole; then each case changes one thing, and reading must end
 * with -EIO and a sentence.  The cases are named after what must fail; those
 * with a number are what made squashfuse crash (its issues).
 */
#include "runtime/image.h"
#include "runtime/image_fixture.h"
#include "runtime/image_format.h"
#include "runtime/image_reader.h"

#define SPACE 8192u

struct image_parts {
	uint8_t super[SQUASHFS_SUPER_SIZE];
	uint8_t data[64];
	uint8_t inodes[SPACE], dirs[SPACE];
	size_t n_data, n_inodes, n_dirs;
	uint16_t inode_head, dir_head;	/* 0: right */
	size_t root, d, f, l;		/* offsets of inodes */
	size_t entry_d, entry_f, entry_l;
};

struct memory {
	uint8_t bytes[3 * SPACE];
	size_t len;
};

static void put(uint8_t *p, size_t *n, uint64_t v, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		p[(*n)++] = (uint8_t)(v >> 8 * i);
}

static void set(uint8_t *p, size_t at, uint64_t v, unsigned width)
{
	put(p, &at, v, width);
}

#define INODE(v, width) put(p->inodes, &p->n_inodes, v, width)
#define DIR(v, width) put(p->dirs, &p->n_dirs, v, width)

static size_t start_inode(struct image_parts *p, unsigned type)
{
	static const uint16_t mode = 0755;
	size_t at = p->n_inodes;

	INODE(type, 2);
	INODE(mode, 2);
	INODE(0, 4);			/* ids */
	INODE(1000, 4);			/* mtime */
	INODE(at + 1, 4);		/* number */
	return at;
}

static size_t add_entry(struct image_parts *p, size_t inode, unsigned type,
			const char *name)
{
	size_t at = p->n_dirs;

	DIR(inode, 2);
	DIR(inode + 1, 2);		/* number, from base 0 */
	DIR(type, 2);
	DIR(strlen(name) - 1, 2);
	memcpy(p->dirs + p->n_dirs, name, strlen(name));
	p->n_dirs += strlen(name);
	return at;
}

static void make_inodes(struct image_parts *p)
{
	p->d = start_inode(p, TYPE_DIR);
	INODE(0, 4);			/* block of the listing */
	INODE(2, 4);			/* links */
	INODE(3, 2);			/* size: empty */
	INODE(0, 2);			/* offset */
	INODE(4, 4);			/* parent */
	p->f = start_inode(p, TYPE_FILE);
	INODE(SQUASHFS_SUPER_SIZE, 4);	/* first block */
	INODE(SQUASHFS_NO_FRAGMENT, 4);
	INODE(0, 4);			/* in the fragment */
	INODE(5, 4);			/* size */
	INODE(5 | SQUASHFS_BLOCK_STORED, 4);
	p->l = start_inode(p, TYPE_LINK);
	INODE(1, 4);			/* links */
	INODE(3, 4);
	memcpy(p->inodes + p->n_inodes, "a/b", 3);
	p->n_inodes += 3;
	p->root = start_inode(p, TYPE_DIR);
	INODE(0, 4);
	INODE(3, 4);
	INODE(0, 2);			/* size: set below */
	INODE(0, 2);
	INODE(1, 4);
}

static void make_parts(struct image_parts *p)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->data, "hello", 5);
	p->n_data = 5;
	make_inodes(p);
	DIR(2, 4);			/* entries, less one */
	DIR(0, 4);			/* block of the inodes */
	DIR(0, 4);			/* base number */
	p->entry_d = add_entry(p, p->d, TYPE_DIR, "d");
	p->entry_f = add_entry(p, p->f, TYPE_FILE, "f");
	p->entry_l = add_entry(p, p->l, TYPE_LINK, "l");
	set(p->inodes, p->root + 24, p->n_dirs + 3, 2);
	set(p->super, SUPER_MAGIC, SQUASHFS_MAGIC, 4);
	set(p->super, SUPER_INODES, 4, 4);
	set(p->super, SUPER_BLOCK_SIZE, 4096, 4);
	set(p->super, SUPER_CODEC, SQUASHFS_ZSTD, 2);
	set(p->super, SUPER_BLOCK_LOG, 12, 2);
	set(p->super, SUPER_MAJOR, 4, 2);
	set(p->super, SUPER_ROOT, p->root, 8);
}

static void add_part(struct memory *m, const void *data, size_t len)
{
	memcpy(m->bytes + m->len, data, len);
	m->len += len;
}

static void add_table(struct memory *m, const uint8_t *data, size_t len,
		      uint16_t head)
{
	put(m->bytes, &m->len, head ? head : len | SQUASHFS_META_STORED, 2);
	add_part(m, data, len);
}

/* Places that a case has set stay. */
static void place(struct image_parts *p, unsigned field, uint64_t v)
{
	if (!le64(p->super + field))
		set(p->super, field, v, 8);
}

static void assemble(struct image_parts *p, struct memory *m)
{
	m->len = 0;
	add_part(m, p->super, sizeof(p->super));
	add_part(m, p->data, p->n_data);
	place(p, SUPER_INODE_TABLE, m->len);
	add_table(m, p->inodes, p->n_inodes, p->inode_head);
	place(p, SUPER_DIR_TABLE, m->len);
	add_table(m, p->dirs, p->n_dirs, p->dir_head);
	place(p, SUPER_FRAGMENT_TABLE, m->len);
	place(p, SUPER_EXPORT_TABLE, SQUASHFS_NONE);
	place(p, SUPER_ID_TABLE, m->len);
	place(p, SUPER_XATTR_TABLE, SQUASHFS_NONE);
	put(m->bytes, &m->len, 0, 8);
	place(p, SUPER_BYTES_USED, m->len);
	memcpy(m->bytes, p->super, sizeof(p->super));
}

/* ---- reading it ------------------------------------------------------------ */

static int read_memory(void *arg, void *buf, size_t len, uint64_t off,
		       struct err *err UNUSED)
{
	const struct memory *m = arg;

	ck_assert_msg(off <= m->len && len <= m->len - off,
		      "the reader asks for %zu bytes at %llu of %zu", len,
		      (unsigned long long)off, m->len);
	memcpy(buf, m->bytes + off, len);
	return 0;
}

static int read_content(struct image *im, const struct image_inode *node,
			struct err *err)
{
	static struct image_slices slices;
	char target[IMAGE_TARGET_MAX + 1];
	struct image_dirent de;
	struct image_dir dir;
	int r;

	if (node->type == TYPE_FILE) {
		r = image_file_read(im, node, 0, IMAGE_READ_MAX, &slices, err);
		/* And from the end, where a lie about the size would lead. */
		if (!r && node->size)
			r = image_file_read(im, node, node->size - 1, 1,
					    &slices, err);
		return r;
	}
	if (node->type == TYPE_LINK)
		return image_readlink(im, node, target, err);
	if (node->type != TYPE_DIR)
		return 0;
	r = image_dir_open(im, node, &dir, err);
	if (!r)
		r = image_dir_next(im, &dir, &de, err);
	return r < 0 ? r : 0;
}

/* Everything that is there, one level. */
static int read_all(struct image *im, unsigned *ret_n, struct err *err)
{
	struct image_inode root, node;
	struct image_dirent de;
	struct image_dir dir;
	int r = image_inode_get(im, image_root(im), &root, err);

	if (!r)
		r = image_dir_open(im, &root, &dir, err);
	while (!r) {
		r = image_dir_next(im, &dir, &de, err);
		if (r <= 0)
			break;
		r = image_dirent_inode(im, &de, &node, err);
		if (!r)
			r = read_content(im, &node, err);
		*ret_n += !r;
	}
	return r;
}

static int read_parts(struct image_parts *p, unsigned *ret_n, struct err *err)
{
	static struct memory m;
	struct image_source src = { .read = read_memory, .arg = &m,
				    .name = "hostile" };
	struct image *im;
	int r;

	assemble(p, &m);
	src.size = m.len;
	*ret_n = 0;
	r = image_new(&src, &im, err);
	if (r < 0)
		return r;
	r = read_all(im, ret_n, err);
	image_free(im);
	return r;
}

START_TEST(honest_image_is_read)
{
	struct image_parts p;
	struct err err;
	unsigned n;

	make_parts(&p);
	ck_assert_int_eq(read_parts(&p, &n, &err), 0);
	ck_assert_uint_eq(n, 3);
}
END_TEST

/* ---- one lie each ---------------------------------------------------------- */

/* A number in one of the parts; `base` is the offset of the inode or entry
 * that is meant. */
enum part { SUPER, INODE_D, INODE_F, INODE_L, INODE_ROOT, DIRS, ENTRY_D,
	    ENTRY_F, ENTRY_L };

static const struct lie {
	const char *name;
	enum part part;
	unsigned at, width;
	uint64_t value;
} lies[] = {
	{ "magic", SUPER, SUPER_MAGIC, 4, 1 },
	{ "no inodes", SUPER, SUPER_INODES, 4, 0 },
	{ "endless inodes", SUPER, SUPER_INODES, 4, UINT32_MAX },
	{ "more inodes than fit", SUPER, SUPER_INODES, 4, 1u << 23 },
	{ "block size 0 (division by zero)", SUPER, SUPER_BLOCK_SIZE, 4, 0 },
	{ "block size 4097", SUPER, SUPER_BLOCK_SIZE, 4, 4097 },
	{ "block size 2 GiB", SUPER, SUPER_BLOCK_SIZE, 4, 1u << 31 },
	{ "block log 0", SUPER, SUPER_BLOCK_LOG, 2, 0 },
	{ "block log 64 (shift)", SUPER, SUPER_BLOCK_LOG, 2, 64 },
	{ "more fragments than inodes", SUPER, SUPER_FRAGMENTS, 4, 100 },
	{ "codec 77", SUPER, SUPER_CODEC, 2, 77 },
	{ "endless image", SUPER, SUPER_BYTES_USED, 8, UINT64_MAX },
	{ "short image", SUPER, SUPER_BYTES_USED, 8, 95 },
	{ "inode table in superblock", SUPER, SUPER_INODE_TABLE, 8, 8 },
	{ "inode table outside", SUPER, SUPER_INODE_TABLE, 8, 1u << 30 },
	{ "directory table before inodes", SUPER, SUPER_DIR_TABLE, 8, 97 },
	{ "directory table outside (154)", SUPER, SUPER_DIR_TABLE, 8,
	  UINT64_C(1) << 62 },
	{ "id table outside", SUPER, SUPER_ID_TABLE, 8, UINT64_MAX - 1 },
	{ "root block outside", SUPER, SUPER_ROOT, 8, UINT64_C(1) << 40 },
	{ "root offset outside (158)", SUPER, SUPER_ROOT, 8, 8192 },
	{ "root offset behind the block (158)", SUPER, SUPER_ROOT, 8, 8191 },
	{ "root is a file", SUPER, SUPER_ROOT, 8, 32 },
	{ "inode type 0", INODE_F, 0, 2, 0 },
	{ "inode type 15", INODE_F, 0, 2, 15 },
	{ "inode type is another", INODE_F, 0, 2, TYPE_FIFO },
	{ "file data outside", INODE_F, 16, 4, UINT32_MAX },
	{ "file data in superblock", INODE_F, 16, 4, 0 },
	{ "fragment that is not there", INODE_F, 20, 4, 0 },
	{ "endless file", INODE_F, 28, 4, UINT32_MAX },
	{ "file longer than its block", INODE_F, 28, 4, 6 },
	{ "file shorter than its block", INODE_F, 28, 4, 4 },
	{ "block larger than blocks are", INODE_F, 32, 4,
	  4097 | SQUASHFS_BLOCK_STORED },
	{ "block with strange bits", INODE_F, 32, 4, 5 | 1u << 30 },
	{ "block that is not zstd", INODE_F, 32, 4, 5 },
	{ "empty link", INODE_L, 20, 4, 0 },
	{ "link longer than a path", INODE_L, 20, 4, 4096 },
	{ "endless link", INODE_L, 20, 4, UINT32_MAX },
	{ "link cut off by the table's end", INODE_L, 20, 4, 4000 },
	{ "link with a NUL", INODE_L, 25, 1, 0 },
	{ "listing outside", INODE_ROOT, 16, 4, 5000 },
	{ "listing offset 60000 (158)", INODE_ROOT, 26, 2, 60000 },
	{ "listing offset behind the block (158)", INODE_ROOT, 26, 2, 8000 },
	{ "listing longer than the table", INODE_ROOT, 24, 2, 60000 },
	{ "listing cut in an entry", INODE_ROOT, 24, 2, 3 + 12 + 4 },
	{ "listing cut in a header", INODE_ROOT, 24, 2, 3 + 7 },
	{ "run of 257 entries", DIRS, 0, 4, 256 },
	{ "run of 2^32 entries", DIRS, 0, 4, UINT32_MAX },
	{ "run with inodes outside", DIRS, 4, 4, 100000 },
	{ "entry offset 60000 (158)", ENTRY_F, 0, 2, 60000 },
	{ "entry of type 0", ENTRY_F, 4, 2, 0 },
	{ "entry of type 9", ENTRY_F, 4, 2, 9 },
	{ "entry says directory", ENTRY_F, 4, 2, TYPE_DIR },
	{ "name of 256 bytes (153)", ENTRY_F, 6, 2, 255 },
	{ "name of 65536 bytes (153)", ENTRY_F, 6, 2, 65535 },
	{ "name with a slash", ENTRY_F, 8, 1, '/' },
	{ "name with a NUL", ENTRY_F, 8, 1, 0 },
	{ "name is a dot", ENTRY_D, 8, 1, '.' },
	{ "name twice", ENTRY_F, 8, 1, 'd' },
	{ "names not sorted", ENTRY_F, 8, 1, 'z' },
};

static void tell(struct image_parts *p, const struct lie *l)
{
	const struct { uint8_t *part; size_t base; } where[] = {
		[SUPER] = { p->super, 0 }, [INODE_D] = { p->inodes, p->d },
		[INODE_F] = { p->inodes, p->f },
		[INODE_L] = { p->inodes, p->l },
		[INODE_ROOT] = { p->inodes, p->root },
		[DIRS] = { p->dirs, 0 }, [ENTRY_D] = { p->dirs, p->entry_d },
		[ENTRY_F] = { p->dirs, p->entry_f },
		[ENTRY_L] = { p->dirs, p->entry_l },
	};

	set(where[l->part].part, where[l->part].base + l->at, l->value,
	    l->width);
}

START_TEST(one_lie_is_refused)
{
	const struct lie *l = &lies[_i];
	struct image_parts p;
	struct err err = { 0 };
	unsigned n;
	int r;

	make_parts(&p);
	tell(&p, l);
	r = read_parts(&p, &n, &err);
	/* A root that is no directory says just that. */
	ck_assert_msg(r == -EIO || r == -ENOTDIR, "%s: %d", l->name, r);
	ck_assert_msg(strstr(err.text, "hostile: ") == err.text, "%s: %s",
		      l->name, err.text);
}
END_TEST

START_TEST(metadata_lengths)
{
	static const uint16_t heads[] = {
		0x8000, 0x0001, 0x8000 | 8193, 0xffff, 8193, 0x7fff, 0x8000 | 3,
	};
	struct image_parts p;
	struct err err;
	unsigned n;

	for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
		make_parts(&p);
		p.inode_head = heads[i];
		ck_assert_int_eq(read_parts(&p, &n, &err), -EIO);
		make_parts(&p);
		p.dir_head = heads[i];
		ck_assert_int_eq(read_parts(&p, &n, &err), -EIO);
	}
}
END_TEST

START_TEST(dotdot_as_a_name)
{
	struct image_parts p;
	struct err err;
	unsigned n;

	make_parts(&p);
	p.n_dirs = 12;
	add_entry(&p, p.d, TYPE_DIR, "..");
	set(p.dirs, 0, 0, 4);
	set(p.inodes, p.root + 24, p.n_dirs + 3, 2);
	ck_assert_int_eq(read_parts(&p, &n, &err), -EIO);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(root_inside_itself)
{
	struct image_parts p;
	struct err err;
	unsigned n;

	make_parts(&p);
	set(p.dirs, p.entry_d, p.root, 2);
	ck_assert_int_eq(read_parts(&p, &n, &err), -EIO);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* A file of 2^60 bytes needs a list of its blocks that cannot be there. */
START_TEST(endless_extended_file)
{
	struct image_parts p;
	struct err err;
	unsigned n;

	make_parts(&p);
	p.n_inodes += 64;		/* room for the larger form */
	set(p.inodes, p.root, TYPE_FILE + TYPE_EXTENDED, 2);
	memset(p.inodes + p.root + 16, 0, 40);
	set(p.inodes, p.root + 24, UINT64_C(1) << 60, 8);
	set(p.dirs, p.entry_f, p.root, 2);
	set(p.super, SUPER_ROOT, p.root + 60, 8);
	memcpy(p.inodes + p.root + 60, p.inodes + p.d, 32);
	set(p.inodes, p.root + 60 + 24, p.n_dirs + 3, 2);
	ck_assert_int_eq(read_parts(&p, &n, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "list of its blocks"));
}
END_TEST

/* ---- what only a walk can see ---------------------------------------------- */

static void write_image(const struct fixture *f, const struct memory *m)
{
	CLEANUP_FD int fd = open(f->image, O_WRONLY | O_CREAT | O_TRUNC |
				 O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, m->bytes, m->len), 0);
}

static int walk_image(struct fixture *f, unsigned *ret_n)
{
	struct image_stream *s;
	struct image_record rec;
	int r;

	fixture_bundle(f);
	*ret_n = 0;
	r = image_stream_open(&f->bundle, "", IMAGE_STREAM_RECURSE, &s,
			      &f->err);
	ck_assert_int_eq(r, 0);
	while ((r = image_stream_next(s, &rec, &f->err)) > 0)
		++*ret_n;
	image_stream_close(s);
	return r;
}

/* d lists d: an endless tree. */
START_TEST(directory_inside_itself)
{
	static struct memory m;
	struct image_parts p;
	struct fixture f;
	size_t at;
	unsigned n;

	fixture_start(&f);
	make_parts(&p);
	at = p.n_dirs;
	put(p.dirs, &p.n_dirs, 0, 4);
	put(p.dirs, &p.n_dirs, 0, 4);
	put(p.dirs, &p.n_dirs, 0, 4);
	add_entry(&p, p.d, TYPE_DIR, "again");
	set(p.inodes, p.d + 24, p.n_dirs - at + 3, 2);
	set(p.inodes, p.d + 26, at, 2);
	assemble(&p, &m);
	write_image(&f, &m);
	ck_assert_int_eq(walk_image(&f, &n), -ELOOP);
	ck_assert_ptr_nonnull(strstr(f.err.text, "contains itself"));
	ck_assert_uint_le(n, 3);
	fixture_end(&f);
}
END_TEST

START_TEST(nested_too_deep)
{
	struct fixture f;
	unsigned n;

	fixture_start(&f);
	run_command("cd %s && p=$(printf 'd/%%.0s' $(seq 300)) && mkdir -p $p",
		    f.tree);
	fixture_squash(&f, "");
	ck_assert_int_eq(walk_image(&f, &n), -ELOOP);
	ck_assert_ptr_nonnull(strstr(f.err.text, "too deep"));
	ck_assert_uint_ge(n, 200);
	fixture_end(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_hostile");
	TCase *t = tcase_create("hostile");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, honest_image_is_read);
	tcase_add_loop_test(t, one_lie_is_refused, 0, (int)ARRAY_SIZE(lies));
	tcase_add_test(t, metadata_lengths);
	tcase_add_test(t, dotdot_as_a_name);
	tcase_add_test(t, root_inside_itself);
	tcase_add_test(t, endless_extended_file);
	tcase_add_test(t, directory_inside_itself);
	tcase_add_test(t, nested_too_deep);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
