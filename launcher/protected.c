/*
 * protected.c - the table of protected places (see protected.h)
 *
 * The XDG variables move some of them; the default place stays protected too, for
 * a session that was started with other variables still reads it.
 */
#include "launcher/protected.h"

#include <errno.h>
#include <string.h>

#include "runtime/path.h"

static const struct {
	const char *path;		/* below $HOME */
	const char *why;
} in_home[] = {
	{ ".ssh", "keys, and commands in config and authorized_keys" },
	{ ".gnupg", "keys, and programs named in its configuration" },
	{ "bin", "programs found through PATH" },
	{ ".local/bin", "programs found through PATH" },
	{ ".config/autostart", "started with the session" },
	{ ".config/autostart-scripts", "started with the session" },
	{ ".config/plasma-workspace", "started with the session" },
	{ ".config/systemd", "units of the user's manager" },
	{ ".config/environment.d", "environment of every program" },
	{ ".config/holdall", "our settings" },
	{ ".config/fish", "shell start-up" },
	{ ".config/git", "commands in aliases and hooks" },
	{ ".config/sway", "started with the session" },
	{ ".config/i3", "started with the session" },
	{ ".config/hypr", "started with the session" },
	{ ".config/openbox", "started with the session" },
	{ ".config/nvim", "code run by the editor" },
	{ ".config/mimeapps.list", "which program opens a file" },
	{ ".config/user-dirs.dirs", "moves the folders that grants name" },
	{ ".local/lib", "modules that every python3 of the user loads" },
	{ ".local/share/bash-completion", "code run by the shell" },
	{ ".bash_completion", "code run by the shell" },
	{ ".local/share/holdall", "our state, homes of other apps" },
	{ ".local/share/applications", "what a menu entry starts" },
	{ ".local/share/dbus-1", "services started by the bus" },
	{ ".local/share/systemd", "units of the user's manager" },
	{ ".local/share/flatpak", "installed programs" },
	{ ".local/share/nautilus/scripts", "scripts of the file manager" },
	{ ".local/share/kio/servicemenus", "scripts of the file manager" },
	{ ".local/share/gnome-shell", "code of the desktop" },
	{ ".local/share/plasma", "code of the desktop" },
	{ ".cache/holdall", "our cache" },
	{ ".var/app", "homes of other apps" },
	{ "snap", "homes of other apps" },
	{ ".mozilla", "extensions and handlers of the browser" },
	{ ".bashrc", "shell start-up" },
	{ ".bash_profile", "shell start-up" },
	{ ".bash_login", "shell start-up" },
	{ ".bash_logout", "shell start-up" },
	{ ".bash_aliases", "shell start-up" },
	{ ".profile", "shell start-up" },
	{ ".zshrc", "shell start-up" },
	{ ".zshenv", "shell start-up" },
	{ ".zprofile", "shell start-up" },
	{ ".zlogin", "shell start-up" },
	{ ".zlogout", "shell start-up" },
	{ ".inputrc", "shell start-up" },
	{ ".pam_environment", "environment of every program" },
	{ ".xprofile", "started with the session" },
	{ ".xinitrc", "started with the session" },
	{ ".xsession", "started with the session" },
	{ ".xsessionrc", "started with the session" },
	{ ".kde/Autostart", "started with the session" },
	{ ".gitconfig", "commands in aliases and hooks" },
	{ ".vimrc", "code run by the editor" },
	{ ".vim", "code run by the editor" },
	{ ".emacs", "code run by the editor" },
	{ ".emacs.d", "code run by the editor" },
	{ ".gdbinit", "code run by the debugger" },
	{ ".npmrc", "scripts run by the package manager" },
	{ ".cargo/bin", "programs found through PATH" },
	{ ".pyenv", "programs found through PATH" },
};

static const struct {
	const char *variable;
	const char *below;
} in_xdg[] = {
	{ "XDG_CONFIG_HOME", "autostart" },
	{ "XDG_CONFIG_HOME", "systemd" },
	{ "XDG_CONFIG_HOME", "environment.d" },
	{ "XDG_CONFIG_HOME", "holdall" },
	{ "XDG_CONFIG_HOME", "user-dirs.dirs" },
	{ "XDG_DATA_HOME", "holdall" },
	{ "XDG_DATA_HOME", "applications" },
	{ "XDG_DATA_HOME", "dbus-1" },
	{ "XDG_DATA_HOME", "systemd" },
	{ "XDG_CACHE_HOME", "holdall" },
	{ "XDG_RUNTIME_DIR", "" },	/* our sockets, the bus, agents */
};

static int add(struct strlist *l, const char *base, const char *below,
	       struct err *err)
{
	CLEANUP_FREE char *path = path_join(base, below);
	CLEANUP_FREE char *real = path ? path_resolve_most(path, l) : NULL;

	if (!path || strlist_add(l, path) < 0)
		return err_nomem(err);
	/* Dotfiles are often links into a repository of the user's: what they
	 * lead to is what runs, be it there already or not; and whoever can
	 * change a link on the way decides what that is. */
	if (real && strcmp(real, path) != 0 && strlist_add(l, real) < 0)
		return err_nomem(err);
	return 0;
}

int protected_list(const char *home, struct strlist *ret, struct err *err)
{
	CLEANUP_STRLIST struct strlist l = { 0 };
	CLEANUP_FREE char *real = path_resolve_most(home, NULL);
	int r = 0;

	if (!real)
		return err_set(err, ELOOP, "the home folder %s cannot be "
			       "resolved (a loop of symbolic links)", home);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(in_home); i++)
		r = add(&l, real, in_home[i].path, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(in_xdg); i++) {
		const char *value = getenv(in_xdg[i].variable);
		CLEANUP_FREE char *base = value && value[0] == '/' ?
			path_normalise(value) : NULL;

		if (base)
			r = add(&l, base, in_xdg[i].below, err);
	}
	if (r < 0)
		return r;
	*ret = l;
	l = (struct strlist){ 0 };
	return 0;
}

const char *protected_inside(const struct strlist *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (path_below(list->v[i], path))
			return list->v[i];
	return NULL;
}

const char *protected_around(const struct strlist *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (path_below(path, list->v[i]))
			return list->v[i];
	return NULL;
}

bool protected_is_reserved(const char *path, const char *home)
{
	static const char *const top[] = {
		"/usr", "/etc", "/opt", "/var", "/bin", "/sbin", "/lib",
		"/lib32", "/lib64", "/libx32", "/app", "/proc", "/sys", "/dev",
		"/run",
	};

	if (path_below(path, home) || path_below(path, "/run/media"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(top); i++)
		if (path_below(path, top[i]))
			return true;
	return !strcmp(path, "/");
}
