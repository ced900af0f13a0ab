/*
 * scripts_stubs.c - what a maintainer script finds instead of Debian
 *
 * One shell script under many names, first in PATH.  update-alternatives and ucf
 * append their words to the record; ucf copies too, for what a script does to
 * the file afterwards.  Questions about the state of the system are answered
 * as on a fresh one.  Everything else that would change a system does nothing
 * and succeeds; `install` forgets owners, whom nobody knows inside, and setuid
 * bits, which nobody may set.  A few names are also where scripts call them by
 * path.
 *
 * debconf's shell library is there and has no answers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundler/lock.h"
#include "bundler/scripts_parts.h"

#define STUB SCRIPTS_DIR "/bin/holdall-stub"

/* printf is the shell's own: one open, one write per call. */
static const char stub_text[] =
"#!/bin/sh\n"
"n=${0##*/}\n"
"case $n in update-alternatives|ucf)\n"
"	printf '%s\\0' \"$n\" \"$#\" \"$@\" >>/" SCRIPTS_RECORD " || exit 2 ;;\n"
"esac\n"
"case $n in\n"
"update-alternatives)\n"
"	for w in \"$@\"; do\n"
"		case $w in --list|--query|--display) exit 1 ;; esac\n"
"	done ;;\n"
"ucf)\n"
"	while [ $# -gt 2 ]; do\n"
"		case $1 in -p|--purge) exit 0 ;; esac\n"
"		shift\n"
"	done\n"
"	if [ $# = 2 ] && [ -f \"$1\" ] && [ ! -e \"$2\" ]; then\n"
"		mkdir -p \"${2%/*}\" && cp \"$1\" \"$2\"\n"
"	fi ;;\n"
"dpkg)\n"
"	case $1 in\n"
"	--print-architecture) echo \"$HOLDALL_ARCH\" ;;\n"
"	--print-foreign-architectures|--configure|--triggers-only) ;;\n"
"	*) exit 1 ;;\n"
"	esac ;;\n"
"dpkg-query|ucfq) exit 1 ;;\n"
"dpkg-divert)\n"
"	t=\n"
"	for w in \"$@\"; do\n"
"		case $w in --truename) t=1 ;; esac\n"
"	done\n"
"	[ -z \"$t\" ] || echo \"$w\" ;;\n"
"install)\n"
"	skip=\n"
"	for w in \"$@\"; do\n"
"		shift\n"
"		[ -z \"$skip\" ] || { skip=; continue; }\n"
"		case $w in\n"
"		-o|-g|--owner|--group) skip=1 ;;\n"
"		--owner=*|--group=*) ;;\n"
"		[1-7][0-7][0-7][0-7]) set -- \"$@\" \"${w#?}\" ;;\n"
"		*) set -- \"$@\" \"$w\" ;;\n"
"		esac\n"
"	done\n"
"	PATH=/usr/bin exec install \"$@\" ;;\n"
"dpkg-statoverride)\n"
"	for w in \"$@\"; do\n"
"		case $w in --list) exit 1 ;; esac\n"
"	done ;;\n"
"esac\n"
"exit 0\n";

static const char debconf_text[] =
"# debconf without questions or answers\n"
"RET=\n"
"for w in version capb input go get set fset fget reset title subst stop \\\n"
"	purge metaget register unregister x_loadtemplatefile settitle info \\\n"
"	progress beginblock endblock data clear exist; do\n"
"	eval \"db_$w() { RET=; return 0; }\"\n"
"done\n"
"unset w\n";

static const char *const names[] = {
	"addgroup", "adduser", "add-shell", "apparmor_parser", "chgrp", "chmod",
	"chown", "chpasswd", "deb-systemd-helper", "deb-systemd-invoke",
	"debconf-set-selections", "delgroup", "deluser", "depmod", "dpkg",
	"dpkg-divert", "dpkg-maintscript-helper", "dpkg-query",
	"dpkg-statoverride", "dpkg-trigger", "fc-cache",
	"glib-compile-schemas", "groupadd", "gtk-update-icon-cache",
	"install", "install-docs", "install-info", "invoke-rc.d", "ldconfig",
	"make-ssl-cert", "mandb", "pam-auth-update", "py3clean", "py3compile",
	"pycompile", "remove-shell", "runuser", "service", "setcap",
	"start-stop-daemon", "su", "systemctl", "systemd-sysusers",
	"systemd-tmpfiles", "ucf", "ucfq", "ucfr", "udevadm",
	"update-alternatives", "update-binfmts", "update-ca-certificates",
	"update-catalog", "update-desktop-database", "update-icon-caches",
	"update-initramfs", "update-menus", "update-mime",
	"update-mime-database", "update-rc.d", "update-xmlcatalog", "useradd",
	"usermod",
};

static const char *const by_path[] = {
	"usr/bin/dpkg", "usr/bin/ucf", "usr/bin/update-alternatives",
	"usr/sbin/update-alternatives", "usr/bin/dpkg-divert",
	"usr/sbin/dpkg-divert",
};

static int add_text(struct tree *t, const char *path, const char *text,
		    size_t len, unsigned mode, struct err *err)
{
	struct entry spec = { .path = (char *)path, .type = ENTRY_FILE,
			      .mode = mode,
			      .content = { .kind = CONTENT_MEMORY,
					   .base_fd = -1, .size = len } };
	int r;

	spec.content.data = malloc(len + 1);
	if (!spec.content.data)
		return err_nomem(err);
	memcpy(spec.content.data, text, len);
	r = tree_add(t, &spec, NULL, err);
	if (r < 0)
		free(spec.content.data);
	return r;
}

static int add_names(struct tree *t, struct err *err)
{
	char path[128];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++) {
		(void)snprintf(path, sizeof(path), SCRIPTS_DIR "/bin/%s",
			       names[i]);
		r = tree_add_link(t, path, "holdall-stub", NULL, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(by_path) && r == 0; i++)
		r = tree_add_link(t, by_path[i], "/" STUB, NULL, err);
	return r;
}

static int add_scripts(struct tree *t, const struct script_list *l,
		       struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), SCRIPTS_DIR "/script-%zu",
			       i);
		r = add_text(t, path, l->v[i].text, l->v[i].len, 0755, err);
	}
	return r;
}

int scripts_stubs(const struct script_list *l, struct tree *ret,
		  struct err *err)
{
	CLEANUP_TREE struct tree t = TREE_INIT;
	int r = tree_new(&t, err);

	if (r == 0)
		r = add_text(&t, STUB, stub_text, strlen(stub_text), 0755,
			     err);
	if (r == 0)
		r = add_names(&t, err);
	if (r == 0)
		r = add_text(&t, "usr/share/debconf/confmodule", debconf_text,
			     strlen(debconf_text), 0644, err);
	if (r == 0)
		r = add_scripts(&t, l, err);
	if (r == 0)
		r = tree_sort(&t, err);
	if (r < 0)
		return r;
	*ret = t;
	t = TREE_INIT;
	return 0;
}
