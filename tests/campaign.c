/*
 * campaign.c - broken images through the real server
 *
 *	campaign OUT FIRST LAST SEED...
 *
 * Image number n is made from one of the seeds: a file of tests/corpus/image is
 * changed in random bytes, one of tests/corpus/image_parts in its decoded fields
 * (runtime/image_parts.h), so that every change gets behind lengths and compression.
 * Each becomes a bundle with right hashes, is received as a stream, and is mounted
 * in a namespace of our own, where a process walks, reads, looks up and lists what
 * there is, within bounds.  n alone decides what is done: a finding is repeated with
 * FIRST = LAST = n.
 *
 * Findings, each with the image kept in OUT: the jailed process died of a signal
 * ("inside"), it did not answer or end in time ("hang"), or a process of the other
 * side died ("outside").  The last line counts; the status is 0 without findings.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/bundle.h"
#include "runtime/bundle_write.h"
#include "runtime/child.h"
#include "runtime/fd.h"
#include "runtime/image.h"
#include "runtime/image_child.h"
#include "runtime/image_parts.h"

#define IMAGE_MAX (1u << 20)
#define ANSWER_MS 10000
#define RECORDS_MAX 20000u
#define STREAM_BYTES_MAX (32u << 20)
#define WALK_ENTRIES_MAX 400u
#define WALK_BYTES_MAX (4u << 20)
#define WALK_DEPTH_MAX 24u

struct seed {
	uint8_t *data;
	size_t size;
	bool parts;
};

struct campaign {
	const char *out;
	struct seed *seeds;
	unsigned n_seeds;
	uint8_t work[IMAGE_MAX], image[IMAGE_MAX];
	size_t size;
	ZSTD_CCtx *zstd;
	char point[64];
	unsigned long n, walked, refused, inside, hangs, outside, said;
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void finding(struct campaign *c, unsigned long n, const char *kind,
		    const char *what, int detail)
{
	char path[4096];
	int fd;

	(void)printf("finding: %s: image %lu, %s (%d)\n", kind, n, what,
		     detail);
	(void)snprintf(path, sizeof(path), "%s/%s-%lu.sqfs", c->out, kind, n);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || fd_write_all(fd, c->image, c->size) < 0)
		die(path);
	(void)close(fd);
	(void)fflush(stdout);
}

/* ---- images ---------------------------------------------------------------- */

static void mutate_raw(struct campaign *c, size_t size, uint32_t *seed)
{
	unsigned n = parts_random(seed) % 2 ? 1 : 1 + parts_random(seed) % 6;
	uint64_t tables = size > SQUASHFS_SUPER_SIZE ?
				  le64(c->work + SUPER_INODE_TABLE) : 0;

	while (n--) {
		uint32_t r = parts_random(seed);
		size_t at = parts_random(seed) % size;

		/* Most bytes are data: look for the others. */
		if (r % 4 == 0)
			at %= SQUASHFS_SUPER_SIZE;
		else if (r % 4 < 3 && tables < size)
			at = tables + at % (size - tables);
		if (at >= size)
			continue;
		c->work[at] = r & 0x10 ? (uint8_t)(r >> 8) :
					 c->work[at] ^ 1u << (r >> 8) % 8;
	}
}

static void make_image(struct campaign *c, unsigned long n)
{
	uint32_t seed = (uint32_t)(n * 2654435761u) | 1;
	const struct seed *s;
	unsigned changes;

	for (unsigned i = 0; i < 4; i++)
		(void)parts_random(&seed);
	s = &c->seeds[parts_random(&seed) % c->n_seeds];
	memcpy(c->work, s->data, s->size);
	if (!s->parts) {
		mutate_raw(c, s->size, &seed);
		memcpy(c->image, c->work, s->size);
		c->size = s->size;
		return;
	}
	c->work[0] = (uint8_t)(parts_random(&seed) % 4 == 0);
	/* Mostly one: behind the first fault nothing is read. */
	changes = parts_random(&seed) % 4 ? 1 : 1 + parts_random(&seed) % 8;
	while (changes--)
		image_parts_mutate(c->work, s->size, &seed);
	c->size = image_parts_make(c->work, s->size, c->image, IMAGE_MAX,
				   c->zstd);
}

static void make_bundle(struct campaign *c, int stub, struct bundle *ret)
{
	static const char header[] = "id=org.example.Campaign\n";
	struct codec codec = { (char *)"zstd", (char *)"1", 3, 131072 };
	int fd = memfd_create("bundle", MFD_CLOEXEC);
	struct bundle_writer *w;
	struct err err;

	if (fd < 0 || bundle_writer_new(fd, stub, &w, &err) < 0 ||
	    fd_pwrite_all(fd, c->image, c->size,
			  bundle_writer_payload_start(w)) < 0 ||
	    bundle_writer_image_done(w, c->size, &err) < 0 ||
	    bundle_writer_finish(w, header, strlen(header), &codec,
				 &err) < 0 ||
	    bundle_open_fd(fd, "campaign", ret, &err) < 0)
		die("making a bundle");
	bundle_writer_free(w);
}

/* ---- the stream ------------------------------------------------------------ */

/* Asked several times a second. */
static int silent_too_long(void *arg, struct err *err)
{
	struct timespec *start = arg, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - start->tv_sec) * 1000 < ANSWER_MS)
		return 0;
	return err_set(err, ETIMEDOUT, "the stream is silent");
}

static void try_stream(struct campaign *c, unsigned long n,
		       const struct bundle *b)
{
	struct image_stream *s;
	struct image_record rec;
	struct timespec start;
	size_t bytes = 0;
	unsigned records = 0;
	struct err err;
	int r = image_stream_open(b, "", IMAGE_STREAM_DATA |
				  IMAGE_STREAM_RECURSE |
				  (n % 2 ? IMAGE_STREAM_HOLES : 0), &s, &err);

	if (r < 0)
		die(err.text);
	image_stream_stop(s, silent_too_long, &start);
	while (r >= 0 && records++ < RECORDS_MAX && bytes < STREAM_BYTES_MAX) {
		(void)clock_gettime(CLOCK_MONOTONIC, &start);
		r = image_stream_next(s, &rec, &err);
		if (r == 0)
			break;
		if (r > 0 && rec.type == IMAGE_DATA)
			bytes += rec.len;
	}
	if (r == -ETIMEDOUT) {
		finding(c, n, "hang", err.text, 0);
		c->hangs++;
	}
	if (r < 0 && (strstr(err.text, "died of signal") ||
		      strstr(err.text, "ended too early"))) {
		finding(c, n, "inside", err.text, 0);
		c->inside++;
	}
	c->refused += r < 0;
	image_stream_close(s);
}

/* ---- the mount ------------------------------------------------------------- */

static unsigned entries, bytes_read;

static void read_file(int dir, const char *name)
{
	static char buf[65536];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
			O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return;
	while (bytes_read < WALK_BYTES_MAX &&
	       (n = read(fd, buf, sizeof(buf))) > 0)
		bytes_read += (unsigned)n;
	(void)pread(fd, buf, 100, 5000);
	(void)pread(fd, buf, 100, 1 << 30);
	(void)close(fd);
}

/* Recursion over our own bound, in a process of its own. */
static void walk_folder(int fd, unsigned depth)
{
	char target[5000];
	struct dirent *e;
	struct stat st;
	DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return;
	}
	(void)fstatat(fd, "no such name", &st, AT_SYMLINK_NOFOLLOW);
	while (entries < WALK_ENTRIES_MAX && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		entries++;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		(void)readlinkat(fd, e->d_name, target, sizeof(target));
		if (S_ISREG(st.st_mode))
			read_file(fd, e->d_name);
		if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH_MAX) {
			int sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY |
					 O_CLOEXEC | O_NOFOLLOW);

			if (sub >= 0)
				walk_folder(sub, depth + 1);
		}
	}
	rewinddir(d);
	(void)readdir(d);
	(void)closedir(d);
}

static pid_t start_walk(struct campaign *c)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	fd = open(c->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk_folder(fd, 0);
	_exit(fd >= 0 ? 0 : 1);
}

/* Waits; -1: still there. */
static int wait_some(pid_t pid, int ms)
{
	for (int i = 0; i < ms / 2; i++) {
		int status;
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r == pid)
			return status;
		(void)usleep(i < 50 ? 200 : 2000);
	}
	return -1;
}

static int mount_server(struct campaign *c, const struct bundle *b,
			struct image_server *s)
{
	struct image_owner owner = { geteuid(), getegid() };
	char options[128];
	struct err err;
	int fuse, r;

	if (image_server_start(b, owner, -1, s, &err) < 0)
		die(err.text);
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		die("/dev/fuse");
	image_mount_options(options, sizeof(options), fuse, owner);
	if (mount("campaign", c->point, "fuse", MS_RDONLY | MS_NOSUID |
		  MS_NODEV, options) < 0)
		die("mount");
	r = image_server_serve(s->start_sock, fuse, &err);
	(void)close(fuse);
	(void)close(s->start_sock);
	return r;
}

static void end_server(struct campaign *c, unsigned long n,
		       struct image_server *s)
{
	char said[8192];
	int status;

	(void)umount2(c->point, MNT_FORCE);
	(void)umount2(c->point, MNT_DETACH);
	status = wait_some(s->pid, ANSWER_MS);
	if (status == -1) {
		finding(c, n, "hang", "the server does not end", s->pid);
		c->hangs++;
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	} else if (WIFSIGNALED(status)) {
		finding(c, n, "inside", "the server died of a signal",
			WTERMSIG(status));
		c->inside++;
	}
	if (read(s->report, said, sizeof(said)) > 0)
		c->said++;
	(void)close(s->report);
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
}

static void try_mount(struct campaign *c, unsigned long n,
		      const struct bundle *b)
{
	struct image_server s = IMAGE_SERVER_INIT;

	if (mount_server(c, b, &s) == 0) {
		pid_t walker = start_walk(c);
		int status = wait_some(walker, ANSWER_MS);

		if (status == -1) {
			finding(c, n, "hang", "the walk does not end", walker);
			c->hangs++;
			(void)umount2(c->point, MNT_FORCE);
			(void)kill(walker, SIGKILL);
			(void)waitpid(walker, NULL, 0);
		} else if (!WIFEXITED(status)) {
			finding(c, n, "outside", "the walk died",
				WTERMSIG(status));
			c->outside++;
		} else {
			c->walked += WEXITSTATUS(status) == 0;
		}
	}
	end_server(c, n, &s);
}

/* ---- all of it ------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	(void)close(fd);
}

static void enter_namespaces(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWNS) < 0)
		die("unshare");
	if (uid) {
		write_file("/proc/self/setgroups", "deny");
		(void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
		write_file("/proc/self/uid_map", map);
		(void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
		write_file("/proc/self/gid_map", map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount private");
}

static void read_seeds(struct campaign *c, char **paths, int n)
{
	c->seeds = calloc((size_t)n, sizeof(*c->seeds));
	if (!c->seeds)
		die("seeds");
	for (int i = 0; i < n; i++) {
		struct seed *s = &c->seeds[c->n_seeds];
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fd_slurp(fd, IMAGE_MAX, (char **)&s->data,
				       &s->size) < 0)
			die(paths[i]);
		(void)close(fd);
		s->parts = strstr(paths[i], "/image_parts/") != NULL;
		c->n_seeds += s->size > SQUASHFS_SUPER_SIZE;
	}
}

int main(int argc, char **argv)
{
	static struct campaign c;
	unsigned long last;
	int stub = memfd_create("stub", MFD_CLOEXEC);

	if (argc < 5) {
		(void)fprintf(stderr, "campaign OUT FIRST LAST SEED...\n");
		return 2;
	}
	c.out = argv[1];
	c.n = strtoul(argv[2], NULL, 10);
	last = strtoul(argv[3], NULL, 10);
	read_seeds(&c, argv + 4, argc - 4);
	c.zstd = ZSTD_createCCtx();
	(void)snprintf(c.point, sizeof(c.point), "/tmp/campaign.XXXXXX");
	if (!c.zstd || !c.n_seeds || stub < 0 ||
	    fd_pwrite_all(stub, "stub", 4, 0) < 0 || !mkdtemp(c.point))
		die("preparing");
	enter_namespaces();
	for (unsigned long n = c.n; n <= last; n++) {
		CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;

		make_image(&c, n);
		if (!c.size)
			continue;
		make_bundle(&c, stub, &b);
		try_stream(&c, n, &b);
		try_mount(&c, n, &b);
	}
	(void)rmdir(c.point);
	(void)printf("images %lu to %lu: %lu mounted and walked, %lu streams "
		     "ended with a fault, %lu servers said something; "
		     "findings: %lu inside the jail, %lu hangs, %lu outside\n",
		     c.n, last, c.walked, c.refused, c.said, c.inside, c.hangs,
		     c.outside);
	return c.inside || c.hangs || c.outside;
}
