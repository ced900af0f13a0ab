/*
 * init_text.c - the manifest that init writes
 *
 * What is certain stands as a line, what is a guess says so, and what the app
 * may want beyond that stands as a comment: permissions are the packager's
 * decision.  The text is read back by the manifest's own reader before
 * anybody gets it.
 */
#include "bundler/init_verb.h"

#include <errno.h>
#include <string.h>

#include "manifests/manifest.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"abcdefghijklmnopqrstuvwxyz0123456789/._+-";

/* A text of YAML: plain, or in double quotes. */
static void add_text(struct buf *b, const char *s)
{
	if (*s && !s[strspn(s, plain)] && (s[0] != '-' || s[1])) {
		buf_adds(b, s);
		return;
	}
	buf_addc(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
	buf_addc(b, '"');
}

/* One line of a comment: control characters and what is not UTF-8 go. */
static void add_comment(struct buf *b, const char *s)
{
	if (!text_is_utf8(s, strlen(s)))
		return;
	for (; *s; s++)
		buf_addc(b, (unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s);
}

static void add_head(const struct init_facts *f, struct buf *b)
{
	buf_adds(b, "# Written by `holdall init ");
	add_comment(b, f->what);
	buf_adds(b, "`; `holdall pack` makes the bundle of it.\n");
	if (f->summary) {
		buf_adds(b, "# ");
		add_comment(b, f->summary);
		buf_addc(b, '\n');
	}
	buf_adds(b, "schema: 1\n\n");
}

static void add_id(const struct init_facts *f, struct buf *b)
{
	static const char *const why[] = {
		[INIT_ID_APPSTREAM] = "its authors', from the AppStream data",
		[INIT_ID_DESKTOP] = "the name of its desktop file",
		[INIT_ID_HOMEPAGE] = "a guess from the homepage; better "
				     "one below your own domain",
		[INIT_ID_OTHER] = "a guess; better one below your own domain",
	};

	buf_adds(b, "# The id stays for ever: home and permissions hang on it."
		 "\n");
	buf_addf(b, "# This one is %s.\n", why[f->id_from]);
	buf_addf(b, "id: %s\n\n", f->id);
}

static void add_version(const struct init_facts *f, struct buf *b)
{
	/* Which package it will be depends on the command. */
	if (f->package && !f->argv.n) {
		buf_adds(b, "# version: that of what is packed\n\n");
		return;
	}
	if (f->version && f->whole_version)
		buf_addf(b, "# Debian's is %s.  Without this line it is that "
			 "of what is packed.\n", f->whole_version);
	if (!f->version)
		buf_adds(b, "# Not known here; write the program's own.\n");
	buf_addf(b, "version: \"%s\"\n\n", f->version ? f->version : "1.0");
}

static void add_command(const struct init_facts *f, struct buf *b)
{
	if (!f->argv.n) {
		buf_adds(b, "# To be chosen: ");
		add_comment(b, f->choices ? f->choices : "");
		buf_adds(b, "\n# command: NAME\n\n");
		return;
	}
	buf_adds(b, f->argv.n > 1 ? "command: [" : "command: ");
	for (size_t i = 0; i < f->argv.n; i++) {
		buf_adds(b, i ? ", " : "");
		add_text(b, f->argv.v[i]);
	}
	buf_adds(b, f->argv.n > 1 ? "]\n\n" : "\n\n");
}

static void add_sources(const struct init_facts *f, struct buf *b)
{
	buf_adds(b, "sources:\n");
	if (f->package) {
		buf_addf(b, "  - debian: [%s]\n\n", f->package);
		buf_adds(b, "# Translations that are kept; without this line "
			 "none.\n# locales: [de, pt_BR]\n\n");
		return;
	}
	buf_adds(b, "  # of this computer; as a Debian package it would be the "
		 "same everywhere\n  - files: [");
	add_text(b, f->path);
	buf_adds(b, "]\n\n");
}

/* ---- permissions ---- */

struct wish {
	const char *category;
	const char *line, *why;
};

static const struct wish wishes[] = {
	{ "AudioVideo", "sound: playback", "it plays" },
	{ "Audio", "sound: playback", "it plays" },
	{ "Video", "sound: playback", "it plays" },
	{ "Game", "sound: playback", "a game" },
	{ "Chat", "sound: record", "people may talk to each other" },
	{ "Telephony", "sound: record", "people talk to each other" },
	{ "Recorder", "sound: record", "it records" },
	{ "Network", "network: host", "it uses the network" },
	{ "WebBrowser", "network: host", "it uses the network" },
	{ "Email", "network: host", "it uses the network" },
	{ "InstantMessaging", "network: host", "it uses the network" },
	{ "P2P", "network: host", "it uses the network" },
	{ "Game", "gpu: true", "a game" },
	{ "3DGraphics", "gpu: true", "it draws in 3D" },
	{ "AudioVideo", "gpu: true", "for video" },
	{ "Game", "devices: [gamepad]", "a game" },
	{ "Scanning", "devices: [usb]", "for scanners" },
	{ "Photography", "devices: [usb]", "for cameras" },
	{ "Office", "files: [\"xdg-documents:rw\"]", "the documents folder" },
	{ "TextEditor", "files: [\"xdg-documents:rw\"]", "the documents "
	  "folder" },
	{ "Graphics", "files: [\"xdg-pictures:rw\"]", "the pictures folder" },
	{ "Audio", "files: [\"xdg-music:ro\"]", "the music folder" },
	{ "Video", "files: [\"xdg-videos:ro\"]", "the videos folder" },
};

static size_t key_length(const char *line)
{
	return strcspn(line, ":");
}

/* The first wish of each key counts. */
static bool is_first(const struct init_facts *f, size_t n)
{
	size_t len = key_length(wishes[n].line);

	for (size_t i = 0; i < n; i++)
		if (desktop_entry_has_category(&f->entry,
					       wishes[i].category) &&
		    key_length(wishes[i].line) == len &&
		    !strncmp(wishes[i].line, wishes[n].line, len))
			return false;
	return true;
}

static void add_wish(struct buf *b, const char *line, const char *why)
{
	buf_addf(b, "#   %-32s # %s\n", line, why);
}

static void add_wishes(const struct init_facts *f, struct buf *b)
{
	bool network = false;

	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		if (!desktop_entry_has_category(&f->entry,
						wishes[i].category) ||
		    !is_first(f, i))
			continue;
		add_wish(b, wishes[i].line, wishes[i].why);
		network |= !strncmp(wishes[i].line, "network:", 8);
	}
	if (!f->graphical && !b->len)
		add_wish(b, "files: [\"cwd:rw\"]", "it writes in the folder "
			 "it is started in");
	if (f->network && !network)
		add_wish(b, "network: host", "it uses the network");
}

static void add_permissions(const struct init_facts *f, struct buf *b)
{
	CLEANUP_BUF struct buf list = BUF_INIT;

	if (f->graphical)
		buf_adds(b, "# It has windows, so without further words it may "
			 "show them (Wayland, else X11).\n# It may read the "
			 "files named on its command line, and no others.\n");
	else
		buf_adds(b, "# Without further words it may read the files "
			 "named on its command line, and\n# nothing else.\n");
	add_wishes(f, &list);
	if (!list.len)
		return;
	buf_addf(b, "# What it may want beyond that:\n# permissions:\n%s",
		 buf_text(&list));
}

/* ---- the whole ---- */

static int check(const struct init_facts *f, const struct buf *text,
		 struct err *err)
{
	CLEANUP_MANIFEST struct manifest m = { 0 };
	CLEANUP_BUF struct buf report = BUF_INIT;

	if (manifest_read("holdall.yaml", buf_text(text), text->len, &m,
			  &report, err) == 0)
		return 0;
	return err_set(err, EINVAL, "no manifest comes out for %s: %.300s",
		       f->what, buf_text(&report));
}

int init_text(const struct init_facts *f, struct buf *ret, struct err *err)
{
	add_head(f, ret);
	add_id(f, ret);
	add_version(f, ret);
	add_command(f, ret);
	add_sources(f, ret);
	add_permissions(f, ret);
	return buf_check(ret, err) < 0 ? -err->num : check(f, ret, err);
}
