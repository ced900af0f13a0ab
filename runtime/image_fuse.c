/*
 * image_fuse.c - the FUSE front: the kernel's requests, answered from the image
 *
 * The protocol is spoken directly (linux/fuse.h): a read-only file system with
 * a dozen operations needs none of what libfuse offers, and docs/internals-
 * image.md says what leaving it out saves.
 *
 * The image never changes, so everything is cached for ever: attributes,
 * entries, negative entries, links, pages.  Operations that a read-only file
 * system does not need are answered ENOSYS once, and the kernel never asks
 * again: open and opendir (with the page and directory cache kept), xattrs,
 * access, flush, fsync.  A warm start sends no request at all.
 *
 * The kernel keeps directory pages in its cache then: a name over 255 bytes
 * would overflow one in old kernels; the reader refuses such names.
 *
 * A node id is the inode's reference plus 2; 1 is the root.  Nothing is counted,
 * so forgetting needs no work.
 *
 * After MEMORY_IDLE_MS without a request all caches go back to the system: an idle
 * server is a few pages of private memory.
 *
 * #syscalls read writev poll ppoll restart_syscall
 */
#include <errno.h>
#include <limits.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/image_ahead.h"
#include "runtime/image_child.h"
#include "runtime/image_crew.h"
#include "runtime/image_prefetch.h"
#include "runtime/image_run.h"
#include "runtime/image_state.h"
#include "runtime/image_stats.h"
#include "runtime/image_trace.h"
#include "runtime/memory.h"

#define REQUEST_MAX 8192u		/* FUSE_MIN_READ_BUFFER */
#define LISTING_MAX 32768u		/* of one reply to READDIR */
#define FOREVER (UINT64_C(1) << 31)	/* seconds */
#define MAX_PAGES (IMAGE_READ_MAX / 4096u)
#define LISTING_START 2u		/* the place behind "." and ".." */
/* Linux 6.15 can abort a connection in which a request is that old.  It is for one
 * case only: supervisor, server and pid 1 are killed together while the helper
 * pushes, and nobody is left to rescue (image_rescue.h).  A server that is slow,
 * stopped or frozen has longer than anybody would wait. */
#define TIMEOUT_S 600u
#define TIMEOUT_FLAG2 (1u << 10)	/* FUSE_REQUEST_TIMEOUT */
#define MINOR_MIN 23u			/* Linux 3.15; we need 4.18 anyway */

/* What all threads share; written before the second begins, and by INIT, before
 * which the kernel asks nothing. */
struct mounted {
	struct image *im;
	int fd;
	struct image_owner owner;
	struct image_report *report;
	struct image_trace *trace;	/* or NULL */
	bool stats;			/* to be told, by who is first */
	bool no_open, no_opendir;	/* the kernel takes ENOSYS for yes */
	struct front *fronts;
};

/* One thread's. */
struct front {
	struct mounted *m;
	struct image *im;
	struct image_worker *worker;
	bool locked;
	bool at_work;			/* counted in the crew */
	/* Where the last READDIR of a directory stopped. */
	struct image_dir dir;
	uint64_t dir_node, dir_place;
	struct image_slices slices;
	char target[IMAGE_TARGET_MAX + 1];
	_Alignas(8) uint8_t request[REQUEST_MAX];
	_Alignas(8) uint8_t listing[LISTING_MAX];
};

struct request {
	const struct fuse_in_header *head;
	const void *body;
	size_t len;			/* of the body */
};

/* ---- replies --------------------------------------------------------------- */

static void lock(struct front *f)
{
	image_lock(f->im, f->worker);
	f->locked = true;
}

static void unlock(struct front *f)
{
	if (f->locked)
		image_unlock(f->im);
	f->locked = false;
}

/* With the lock held. */
static void begin_work(struct front *f)
{
	image_crew_busy(f->im);
	f->at_work = f->im->crew;
	if (f->at_work)
		atomic_fetch_add(&f->im->crew->at_work, 1);
}

static void end_work(struct front *f)
{
	if (f->at_work)
		atomic_fetch_sub(&f->im->crew->at_work, 1);
	f->at_work = false;
}

/* Gives the lock up: what is replied is this thread's own, or pinned.
 * A reply that the kernel does not want any more (ENOENT: interrupted) is no
 * fault; when the connection is gone the next read says so. */
static void send_reply(struct front *f, uint64_t unique, int error,
		       struct iovec *iov, unsigned n)
{
	struct fuse_out_header head = { .unique = unique, .error = error,
					.len = sizeof(head) };

	for (unsigned i = 1; i < n; i++)
		head.len += (uint32_t)iov[i].iov_len;
	iov[0] = (struct iovec){ &head, sizeof(head) };
	unlock(f);
	/* Whoever asked may ask again before this thread goes on. */
	end_work(f);
	(void)!writev(f->m->fd, iov, (int)n);
}

static void reply_error(struct front *f, const struct request *q, int error)
{
	struct iovec iov[1];

	send_reply(f, q->head->unique, -error, iov, 1);
}

static void reply(struct front *f, const struct request *q, const void *data,
		  size_t len)
{
	struct iovec iov[2] = { { 0 }, { (void *)(uintptr_t)data, len } };

	send_reply(f, q->head->unique, 0, iov, 2);
}

/* A broken object: EIO for who asked, one line for people. */
static void reply_fault(struct front *f, const struct request *q,
			const struct err *err)
{
	if (err->num != ENOTDIR && err->num != EINVAL)
		image_report(f->m->report, err);
	reply_error(f, q, err->num);
}

/* ---- nodes ----------------------------------------------------------------- */

static int get_node(struct front *f, uint64_t id, struct image_inode *ret,
		    struct err *err)
{
	if (id == FUSE_ROOT_ID)
		return image_inode_get(f->im, image_root(f->im), ret, err);
	if (id < NODE_ID_ADD)
		return err_set(err, ESTALE, "no such node");
	return image_inode_get(f->im, id - NODE_ID_ADD, ret, err);
}

static void fill_attr(const struct front *f, const struct image_inode *node,
		      struct fuse_attr *ret)
{
	struct stat st;

	image_inode_stat(f->im, node, &st);
	*ret = (struct fuse_attr){
		.ino = st.st_ino, .size = (uint64_t)st.st_size,
		.blocks = (uint64_t)st.st_blocks,
		.atime = (uint64_t)st.st_mtim.tv_sec,
		.mtime = (uint64_t)st.st_mtim.tv_sec,
		.ctime = (uint64_t)st.st_mtim.tv_sec,
		.mode = st.st_mode, .nlink = (uint32_t)st.st_nlink,
		.uid = f->m->owner.uid, .gid = f->m->owner.gid,
		.blksize = (uint32_t)st.st_blksize,
	};
}

static void fill_entry(const struct front *f, const struct image_inode *node,
		       struct fuse_entry_out *ret)
{
	*ret = (struct fuse_entry_out){
		.nodeid = node->ref + NODE_ID_ADD,
		.entry_valid = FOREVER, .attr_valid = FOREVER,
	};
	fill_attr(f, node, &ret->attr);
}

/* ---- operations ------------------------------------------------------------ */

/* The field lies behind what the headers of older systems name. */
static void ask_timeout(const struct fuse_init_in *in, size_t len,
			struct fuse_init_out *out)
{
	const uint16_t seconds = TIMEOUT_S;

	_Static_assert(offsetof(struct fuse_init_out, flags2) == 32 &&
		       sizeof(*out) == 64, "the fields before it");
	if (len < sizeof(*in) || !(in->flags & FUSE_INIT_EXT) ||
	    !(in->flags2 & TIMEOUT_FLAG2))
		return;
	out->flags |= FUSE_INIT_EXT;
	out->flags2 = TIMEOUT_FLAG2;
	memcpy((uint8_t *)out + 40, &seconds, sizeof(seconds));
}

static void do_init(struct front *f, const struct request *q)
{
	const struct fuse_init_in *in = q->body;
	const uint32_t want = FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS |
			      FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO |
			      FUSE_CACHE_SYMLINKS | FUSE_MAX_PAGES |
			      FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.max_write = 4096, .time_gran = 1000000000,
		.max_pages = MAX_PAGES,
	};

	/* Major, minor, max_readahead, flags: what every kernel sends. */
	if (q->len < 4 * sizeof(uint32_t) || in->major < out.major ||
	    (in->major == out.major && in->minor < MINOR_MIN)) {
		reply_error(f, q, EPROTO);
		return;
	}
	out.minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor :
		    FUSE_KERNEL_MINOR_VERSION;
	/* A newer kernel asks again with our major. */
	if (in->major == out.major) {
		out.max_readahead = in->max_readahead;
		out.flags = in->flags & want;
		ask_timeout(in, q->len, &out);
		f->m->no_open = out.flags & FUSE_NO_OPEN_SUPPORT;
		f->m->no_opendir = out.flags & FUSE_NO_OPENDIR_SUPPORT;
	}
	reply(f, q, &out, sizeof(out));
}

static void do_lookup(struct front *f, const struct request *q)
{
	const char *name = q->body;
	size_t len = strnlen(name, q->len);
	struct fuse_entry_out out;
	struct image_inode dir, node;
	struct image_dirent de;
	struct err err;
	int r;

	if (len == q->len || len > IMAGE_NAME_MAX) {
		reply_error(f, q, ENAMETOOLONG);
		return;
	}
	r = get_node(f, q->head->nodeid, &dir, &err);
	if (!r) {
		image_trace_note(f->m->trace, TRACE_LIST, dir.ino, 0);
		r = image_lookup(f->im, &dir, name, len, &de, &err);
	}
	if (r == -ENOENT) {
		/* Node 0 with a time: the absence is remembered. */
		out = (struct fuse_entry_out){ .entry_valid = FOREVER };
		reply(f, q, &out, sizeof(out));
		return;
	}
	if (!r)
		r = image_dirent_inode(f->im, &de, &node, &err);
	if (r < 0) {
		reply_fault(f, q, &err);
		return;
	}
	image_trace_note(f->m->trace, TRACE_NODE, node.ino, 0);
	fill_entry(f, &node, &out);
	reply(f, q, &out, sizeof(out));
	lock(f);
	image_prefetch_looked_up(f->im, &node);
}

static void do_getattr(struct front *f, const struct request *q)
{
	struct fuse_attr_out out = { .attr_valid = FOREVER };
	struct image_inode node;
	struct err err;

	if (get_node(f, q->head->nodeid, &node, &err) < 0) {
		reply_fault(f, q, &err);
		return;
	}
	image_trace_note(f->m->trace, TRACE_NODE, node.ino, 0);
	fill_attr(f, &node, &out.attr);
	reply(f, q, &out, sizeof(out));
}

static void do_readlink(struct front *f, const struct request *q)
{
	struct image_inode node;
	struct err err;
	int r = get_node(f, q->head->nodeid, &node, &err);

	if (!r)
		r = image_readlink(f->im, &node, f->target, &err);
	if (r < 0)
		reply_fault(f, q, &err);
	else
		reply(f, q, f->target, (size_t)node.size);
}

/* Only on kernels that do not take ENOSYS for an answer. */
static void do_open(struct front *f, const struct request *q, bool dir)
{
	struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE };

	if (dir ? f->m->no_opendir : f->m->no_open) {
		reply_error(f, q, ENOSYS);
		return;
	}
	if (dir)
		out.open_flags |= FOPEN_CACHE_DIR;
	reply(f, q, &out, sizeof(out));
}

static void do_read(struct front *f, const struct request *q)
{
	const struct fuse_read_in *in = q->body;
	struct iovec iov[IMAGE_SLICES_MAX + 1];
	struct image_inode node;
	struct err err;
	int r;

	/* A short answer would mean the end of the file. */
	if (q->len < sizeof(*in) || in->size > IMAGE_READ_MAX) {
		reply_error(f, q, EINVAL);
		return;
	}
	r = get_node(f, q->head->nodeid, &node, &err);
	if (!r)
		image_run_read(f->im, &node, in->offset);
	if (!r)
		r = image_file_read(f->im, &node, in->offset, in->size,
				    &f->slices, &err);
	if (r < 0) {
		reply_fault(f, q, &err);
		return;
	}
	image_trace_read(f->m->trace, node.ino, in->offset, f->slices.len);
	memcpy(iov + 1, f->slices.iov, f->slices.n * sizeof(*iov));
	send_reply(f, q->head->unique, 0, iov, f->slices.n + 1);
	lock(f);
	image_read_done(f->im);
	image_prefetch_read(f->im, &node, in->offset);
	image_ahead_follow(f->im, &node, in->offset, f->slices.len);
}

static void do_statfs(struct front *f, const struct request *q)
{
	uint32_t bs = image_block_size(f->im);
	struct fuse_statfs_out out = { .st = {
		.blocks = (image_bytes(f->im) + bs - 1) / bs,
		.files = image_inode_count(f->im),
		.bsize = bs, .frsize = bs, .namelen = IMAGE_NAME_MAX,
	} };

	reply(f, q, &out, sizeof(out));
}

/* ---- listings -------------------------------------------------------------- */

struct listing {
	size_t len, max;
	bool plus;
};

/* Room for one entry with its header, or NULL. */
static struct fuse_dirent *put_entry(struct front *f, struct listing *l,
				     const char *name, size_t len,
				     struct fuse_entry_out **ret_entry)
{
	size_t extra = l->plus ? sizeof(struct fuse_entry_out) : 0;
	size_t size = extra + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + len);
	struct fuse_dirent *de;

	if (size > l->max - l->len)
		return NULL;
	memset(f->listing + l->len, 0, size);
	*ret_entry = l->plus ? (void *)(f->listing + l->len) : NULL;
	de = (void *)(f->listing + l->len + extra);
	de->namelen = (uint32_t)len;
	memcpy(de->name, name, len);
	l->len += size;
	return de;
}

/* "." and "..": the kernel knows better and takes only number and type. */
static bool put_dots(struct front *f, struct listing *l, uint64_t *place,
		     const struct image_inode *dir)
{
	struct fuse_entry_out *entry;

	while (*place < LISTING_START) {
		struct fuse_dirent *de = put_entry(f, l, "..", *place + 1,
						   &entry);

		if (!de)
			return false;
		de->ino = dir->ino;
		de->type = S_IFDIR >> 12;
		de->off = ++*place;
	}
	return true;
}

static uint32_t entry_dtype(uint8_t type)
{
	static const uint8_t types[] = {
		[TYPE_DIR] = S_IFDIR >> 12, [TYPE_FILE] = S_IFREG >> 12,
		[TYPE_LINK] = S_IFLNK >> 12, [TYPE_BLOCK] = S_IFBLK >> 12,
		[TYPE_CHAR] = S_IFCHR >> 12, [TYPE_FIFO] = S_IFIFO >> 12,
		[TYPE_SOCKET] = S_IFSOCK >> 12,
	};

	return types[type];
}

/* With attributes: an inode that cannot be read leaves node 0, which the
 * kernel takes for "ask when you need it". */
static bool put_dirent(struct front *f, struct listing *l,
		       const struct image_dirent *de)
{
	struct fuse_entry_out *entry;
	struct fuse_dirent *out = put_entry(f, l, de->name, de->len, &entry);
	struct image_inode node;
	struct err err;

	if (!out)
		return false;
	out->ino = de->ino;
	out->type = entry_dtype(de->type);
	out->off = de->next + LISTING_START;
	if (!entry)
		return true;
	if (!image_dirent_inode(f->im, de, &node, &err))
		fill_entry(f, &node, entry);
	else
		image_report(f->m->report, &err);
	return true;
}

/* The directory at a place: where the last listing stopped, or anew. */
static int open_at(struct front *f, uint64_t id, uint64_t place,
		   const struct image_inode *node, struct err *err)
{
	int r;

	if (f->dir_node == id && f->dir_place == place &&
	    place > LISTING_START)
		return 0;
	f->dir_node = 0;
	r = image_dir_open(f->im, node, &f->dir, err);
	if (!r && place > LISTING_START)
		r = image_dir_seek(f->im, &f->dir, place - LISTING_START, err);
	if (r < 0)
		return r;
	f->dir_node = id;
	f->dir_place = place;
	return 0;
}

/* Entries until the reply is full; one that does not fit is read again. */
static int put_entries(struct front *f, struct listing *l, struct err *err)
{
	for (;;) {
		struct image_dir before = f->dir;
		struct image_dirent de;
		int r = image_dir_next(f->im, &f->dir, &de, err);

		if (r <= 0) {
			f->dir = before;
			return r;
		}
		if (!put_dirent(f, l, &de)) {
			f->dir = before;
			return 0;
		}
		f->dir_place = de.next + LISTING_START;
	}
}

static void do_readdir(struct front *f, const struct request *q, bool plus)
{
	const struct fuse_read_in *in = q->body;
	struct listing l = { .plus = plus };
	struct image_inode node;
	uint64_t place;
	struct err err;
	int r;

	if (q->len < sizeof(*in)) {
		reply_error(f, q, EINVAL);
		return;
	}
	l.max = in->size < LISTING_MAX ? in->size : LISTING_MAX;
	place = in->offset;
	r = get_node(f, q->head->nodeid, &node, &err);
	if (!r && node.type != TYPE_DIR)
		r = err_set(&err, ENOTDIR, "not a directory");
	if (!r)
		image_trace_note(f->m->trace, TRACE_LIST, node.ino, 0);
	if (!r && put_dots(f, &l, &place, &node)) {
		r = open_at(f, q->head->nodeid, place, &node, &err);
		if (!r)
			r = put_entries(f, &l, &err);
	}
	/* What was read before a fault is shown; the next request meets it. */
	if (r < 0 && !l.len)
		reply_fault(f, q, &err);
	else
		reply(f, q, f->listing, l.len);
}

/* ---- the loop -------------------------------------------------------------- */

static void dispatch(struct front *f, const struct request *q)
{
	switch (q->head->opcode) {
	case FUSE_INIT:
		do_init(f, q);
		break;
	case FUSE_LOOKUP:
		do_lookup(f, q);
		break;
	case FUSE_GETATTR:
		do_getattr(f, q);
		break;
	case FUSE_READLINK:
		do_readlink(f, q);
		break;
	case FUSE_OPEN:
		do_open(f, q, false);
		break;
	case FUSE_OPENDIR:
		do_open(f, q, true);
		break;
	case FUSE_READ:
		do_read(f, q);
		break;
	case FUSE_READDIR:
		do_readdir(f, q, false);
		break;
	case FUSE_READDIRPLUS:
		do_readdir(f, q, true);
		break;
	case FUSE_STATFS:
		do_statfs(f, q);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply_error(f, q, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;			/* want no answer */
	default:
		reply_error(f, q, ENOSYS);
		break;
	}
}

static void count_request(struct image *im, uint32_t opcode)
{
	im->stats.requests[opcode < ARRAY_SIZE(im->stats.requests) ? opcode :
			   0]++;
}

/* A request as the kernel writes it: whole, with its own length. */
static void handle(struct front *f, size_t n)
{
	struct request q = { .head = (const void *)f->request,
			     .body = f->request + sizeof(*q.head),
			     .len = n - sizeof(*q.head) };

	if (n < sizeof(*q.head) || q.head->len != n)
		return;
	lock(f);
	begin_work(f);
	count_request(f->im, q.head->opcode);
	dispatch(f, &q);
	unlock(f);
	end_work(f);
}

/* Without a crew: when no request comes for a while, gives memory back. */
static void wait_idle(struct front *f)
{
	struct pollfd p = { .fd = f->m->fd, .events = POLLIN };

	if (poll(&p, 1, MEMORY_IDLE_MS) != 0)
		return;
	image_idle(f->im);
	(void)memory_poll(&p, 1);
}

/* The mount is gone, and each thread comes here. */
static int finish(struct front *f)
{
	struct mounted *m = f->m;

	lock(f);
	if (m->stats)
		image_stats_tell(f->im, m->report->fd);
	m->stats = false;
	unlock(f);
	return 0;
}

/* Until the connection is gone: 0. */
static int serve(struct front *f)
{
	struct mounted *m = f->m;
	struct err err;

	for (;;) {
		ssize_t n;

		if (!f->im->crew)
			wait_idle(f);
		n = fd_read(m->fd, f->request, sizeof(f->request));
		if (n > 0)
			handle(f, (size_t)n);
		else if (n == -ENODEV || n == -ECONNABORTED)
			return finish(f);
		/* ENOENT: the request was taken back. */
		else if (n != -ENOENT && n != -EAGAIN)
			break;
	}
	(void)err_set(&err, EIO, "%s: the image server lost /dev/fuse",
		      image_name(f->im));
	image_report(m->report, &err);
	return 1;
}

/* Another server: its end is the end of the process, for the mount is gone. */
static void serve_beside(void *arg, unsigned i)
{
	struct mounted *m = arg;

	_exit(serve(&m->fronts[i]));
}

int image_fuse_serve(struct image *im, int fd, const struct image_child *c,
		     struct image_report *report)
{
	struct mounted m = {
		.im = im, .fd = fd, .owner = c->owner, .report = report,
		.trace = image_trace_of(im), .stats = c->stats,
	};
	struct err err;

	m.fronts = malloc(SERVERS_MAX * sizeof(*m.fronts));
	if (!m.fronts) {
		(void)err_nomem(&err);
		image_report(report, &err);
		return 1;
	}
	for (unsigned i = 0; i < SERVERS_MAX; i++) {
		struct front *f = &m.fronts[i];

		f->m = &m;
		f->im = im;
		f->worker = &im->workers[i];
		f->locked = f->at_work = false;
		f->dir_node = 0;
	}
	if (im->crew)
		(void)image_crew_serve(im->crew, serve_beside, &m);
	return serve(&m.fronts[0]);
}
