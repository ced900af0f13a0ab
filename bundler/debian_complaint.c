/*
 * debian_complaint.c - what apt complained about, and what helps
 *
 * apt prints lines of `E:` and `W:`, some of them the consequence of others; one
 * sentence is made of them, without apt's own options and files.  What helps is
 * chosen by the cause: a full disk, nobody who answers, no such suite, a key.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "bundler/debian_root.h"

#define ROOM_LEAST 65536u		/* less is a full disk */

/* "E: Failed to fetch X  Y" -> "Failed to fetch X  Y".  Of what cannot be fetched
 * the first is enough (the reason is the same), else at most two lines. */
static void add_lines(struct buf *to, const struct buf *from, const char *mark)
{
	const char *p = buf_text(from);
	unsigned n = 0;

	while (p && *p && n < 2) {
		size_t len = strcspn(p, "\n");

		if (!strncmp(p, mark, 3) &&
		    strncmp(p + 3, "Some index files failed", 23) &&
		    strncmp(p + 3, "Some files failed", 17) &&
		    strncmp(p + 3, "Download Failed", 15)) {
			buf_addf(to, "%s%.*s", n++ ? "; " : "",
				 (int)(len - 3), p + 3);
			if (!strncmp(p + 3, "Failed to fetch", 15))
				return;
		}
		p += len + (p[len] != '\0');
	}
}

/* apt says this with the name of an option of its own. */
static int bad_suite(const char *said, struct err *err)
{
	const char *name = strstr(said, "The value '");
	size_t len;

	name = name ? name + strlen("The value '") : "";
	len = strcspn(name, "'\n");
	return err_set(err, EINVAL, "suite: this computer's archives have no "
		       "suite %.*s; correct the name, or say with `uris` where "
		       "it is", (int)len, name);
}

/* What helps, by what apt said; with a full disk that comes first, for all else
 * that is said then only follows from it. */
static int add_help(const struct debian_apt *a, const char *said,
		    struct err *err)
{
	static const struct { const char *said, *help; } rows[] = {
		{ "is not signed", "its signature is by no key that is known "
		  "here; name the right one with `keyring`" },
		{ "NO_PUBKEY", "its signature is by no key that is known "
		  "here; name the right one with `keyring`" },
		{ "does not have a Release file", "look at `uris` and `suite`: "
		  "there is no such archive, or it is not reached" },
		{ "Connection refused", "nothing answers there; look at the "
		  "address and at the proxy" },
		{ "Could not connect", "nothing answers there; look at the "
		  "address, the network and the proxy" },
		{ "Unable to connect", "nothing answers there; look at the "
		  "address, the network and the proxy" },
		{ "timed out", "nothing answers there; look at the network "
		  "and the proxy" },
		{ "Could not resolve", "is the name right, and the network "
		  "there?" },
		{ "Temporary failure resolving", "is the network there?" },
		{ "404 ", "look at `uris` and `suite`, or try again later" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strstr(said, rows[i].said))
			return err_hint(err, "%s", rows[i].help);
	return err_hint(err, "does `apt-get update` on this computer meet "
			"the same? (cache: %s)", a->dir);
}

static bool is_full(const struct debian_apt *a, const char *said)
{
	struct statvfs v;

	return strstr(said, "No space left on device") ||
	       strstr(said, "Disk quota exceeded") ||
	       (fstatvfs(a->dir_fd, &v) == 0 &&
		(uint64_t)v.f_bavail * v.f_frsize < ROOM_LEAST);
}

int apt_cannot_fetch(const struct debian_apt *a, const struct tool_output *o,
		     const char *what, struct err *err)
{
	const char *said = buf_text(&o->err);

	if (!is_full(a, said)) {
		(void)apt_complaint(o, EHOSTUNREACH, what, err);
		return add_help(a, said, err);
	}
	/* Halves that nobody will use, and that take the room. */
	debian_cache_remove(a->dir_fd, "lists/partial");
	debian_cache_remove(a->dir_fd, "archives/partial");
	return err_set(err, ENOSPC, "%s: the disk of the cache %s is full; "
		       "make room there, or set XDG_CACHE_HOME to a folder "
		       "on another disk", what, a->cache->path);
}

int apt_complaint(const struct tool_output *o, int num, const char *what,
		  struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (strstr(buf_text(&o->err), "is invalid for APT::Default-Release"))
		return bad_suite(buf_text(&o->err), err);

	add_lines(&text, &o->err, "E: ");
	if (!text.len)
		add_lines(&text, &o->err, "W: ");
	if (!text.len)
		buf_addf(&text, "apt ended with status %d", o->status);
	return err_set(err, num, "%s: %.700s", what, buf_text(&text));
}
