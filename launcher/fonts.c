/*
 * fonts.c - host fonts through fontconfig's own configuration (see fonts.h)
 *
 * One generated file in /etc/fonts/conf.d names the folders: the bundle's
 * fonts.conf, whatever it says, includes that folder.  <remap-dir> says where each
 * stands on the host, because the host's caches, which are bound too, are found by
 * that name: a start scans nothing.
 *
 * The user's own folders are opened below the home through no link: an app that was
 * granted the folder a link leads to could else point it anywhere, and be shown that
 * at its next start.
 */
#include "launcher/fonts.h"

#include <errno.h>
#include <string.h>

#include "launcher/plan.h"
#include "runtime/path.h"

#define CONF "fonts/conf.d/09-holdall-host.conf"

/* Folders of root's, by full path; of the user's, beneath the home. */
static const struct place {
	const char *system, *user;
	const char *target;
	bool fonts;		/* named in the configuration */
	const char *why;
} places[] = {
	{ "/usr/share/fonts", NULL, "/run/host/fonts", true,
	  "fonts of this computer" },
	{ "/usr/local/share/fonts", NULL, "/run/host/local-fonts", true, NULL },
	{ NULL, ".local/share/fonts", "/run/host/user-fonts", true,
	  "your own fonts" },
	{ NULL, ".fonts", "/run/host/user-old-fonts", true, NULL },
	{ "/var/cache/fontconfig", NULL, "/run/host/fonts-cache", false, NULL },
	{ NULL, ".cache/fontconfig", "/run/host/user-fonts-cache", false,
	  NULL },
	{ "/usr/share/icons", NULL, "/run/host/share/icons", false,
	  "icons and mouse pointers of this computer" },
	{ "/usr/share/themes", NULL, "/run/host/share/themes", false, NULL },
};

static void add_xml(struct buf *out, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		default:
			buf_addc(out, *s);
		}
}

static void add_folder(struct buf *out, const char *home,
		       const struct place *place)
{
	buf_adds(out, "\t<remap-dir as-path=\"");
	if (place->user) {
		add_xml(out, home);
		buf_addc(out, '/');
	}
	add_xml(out, place->user ? place->user : place->system);
	buf_addf(out, "\">%s</remap-dir>\n", place->target);
}

static int configuration(struct plan *p, const char *etc, const char *home)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *target = path_join(etc, CONF);

	buf_adds(&out, "<?xml version=\"1.0\"?>\n"
		 "<!DOCTYPE fontconfig SYSTEM \"urn:fontconfig:fonts.dtd\">\n"
		 "<!-- Made by holdall at every start. -->\n<fontconfig>\n");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i].fonts)
			add_folder(&out, home, &places[i]);
	buf_adds(&out, "\t<cachedir>/run/host/fonts-cache</cachedir>\n"
		 "\t<cachedir>/run/host/user-fonts-cache</cachedir>\n"
		 "</fontconfig>\n");
	if (!target || out.failed)
		return -ENOMEM;
	return plan_file(p, target, buf_text(&out));
}

int fonts_rows(const struct plan_input *in, struct plan *p, const char *etc)
{
	const char *home = in->probe->home;
	int failed = 0;

	/* A thin bundle has the host's own /usr and /etc/fonts. */
	if (!DISPLAY_WINDOWS(&p->display) || in->header->kind != KIND_FULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *at = &places[i];

		failed |= plan_bind(p, at->target, BASE_HOST,
				    at->user ? home : at->system,
				    at->user ? at->user : "",
				    ROW_RO | ROW_NOEXEC | ROW_MAKE_DIR |
				    ROW_SKIP, at->why);
	}
	return failed | configuration(p, etc, home);
}
