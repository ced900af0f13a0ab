/*
 * xdg_dirs.c - reading user-dirs.dirs
 *
 * Lines XDG_xxx_DIR="$HOME/yyy" or "/yyy", as xdg-user-dirs-update writes them;
 * a backslash takes the next character as it is.  Anything else is skipped.
 */
#include "launcher/xdg_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "runtime/fd.h"
#include "runtime/path.h"

static const struct {
	const char *word, *variable, *fallback;
} dirs[] = {
	{ "xdg-desktop", "XDG_DESKTOP_DIR", "Desktop" },
	{ "xdg-documents", "XDG_DOCUMENTS_DIR", "Documents" },
	{ "xdg-download", "XDG_DOWNLOAD_DIR", "Downloads" },
	{ "xdg-music", "XDG_MUSIC_DIR", "Music" },
	{ "xdg-pictures", "XDG_PICTURES_DIR", "Pictures" },
	{ "xdg-publicshare", "XDG_PUBLICSHARE_DIR", "Public" },
	{ "xdg-templates", "XDG_TEMPLATES_DIR", "Templates" },
	{ "xdg-videos", "XDG_VIDEOS_DIR", "Videos" },
};

static int read_config(const char *home, char **ret)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	CLEANUP_FREE char *file = NULL;
	CLEANUP_FD int fd = -1;

	if (config && config[0] == '/')
		file = path_join(config, "user-dirs.dirs");
	else
		file = path_join(home, ".config/user-dirs.dirs");
	if (!file)
		return -ENOMEM;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	return fd_slurp(fd, 64 << 10, ret, NULL);
}

/* The value of VARIABLE="..." in `line`, unescaped, or NULL. */
static char *value_of(const char *line, const char *variable,
		      const char *home)
{
	size_t n = strlen(variable);
	struct buf out = BUF_INIT;
	const char *p;

	line += strspn(line, " \t");
	if (strncmp(line, variable, n) != 0 || line[n] != '=' ||
	    line[n + 1] != '"')
		return NULL;
	p = line + n + 2;
	if (!strncmp(p, "$HOME", 5) && (p[5] == '/' || p[5] == '"')) {
		buf_adds(&out, home);
		p += 5;
	} else if (*p != '/') {
		return NULL;
	}
	for (; *p && *p != '"' && *p != '\n'; p++) {
		if (*p == '\\' && p[1])
			p++;
		buf_addc(&out, *p);
	}
	return buf_steal(&out);
}

int xdg_user_dir(const char *word, const char *home, char **ret,
		 struct err *err)
{
	CLEANUP_FREE char *config = NULL;
	CLEANUP_FREE char *found = NULL;
	char *line, *save = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!strcmp(dirs[i].word, word))
			break;
	if (i == ARRAY_SIZE(dirs))
		return err_set(err, EINVAL, "unknown folder %s", word);
	if (read_config(home, &config) == 0)
		for (line = strtok_r(config, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			char *v = value_of(line, dirs[i].variable, home);

			if (v) {
				free(found);
				found = v;
			}
		}
	if (!found)
		found = path_join(home, dirs[i].fallback);
	*ret = found ? path_normalise(found) : NULL;
	if (!*ret)
		return err_nomem(err);
	if (!strcmp(*ret, home)) {
		free(*ret);
		*ret = NULL;
		return err_set(err, ENOENT, "%s is the home folder itself in "
			       "user-dirs.dirs and cannot be granted", word);
	}
	return 0;
}
