/*
 * host.c - own reader of /etc/passwd, XDG base directories (see host.h)
 *
 * Limits: a passwd file of at most 1 MiB is read; lines with fewer than seven
 * fields are skipped.
 */
#include "launcher/host.h"
#include "launcher/quoted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "runtime/fd.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define PASSWD_MAX ((size_t)1 << 20)
#define RANDOM_MAX 64

/* name:password:uid:gid:gecos:home:shell; splits `line` in place. */
static bool split_passwd(char *line, char *fields[7])
{
	for (int i = 0; i < 7; i++) {
		fields[i] = line;
		line = strchr(line, ':');
		if (!line)
			return i == 6;
		*line++ = '\0';
	}
	return true;
}

int host_passwd_find(char *text, uid_t uid, char **ret_name,
		     char **ret_home)
{
	char *save = NULL, *line, *f[7];

	*ret_name = *ret_home = NULL;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		uint64_t n;

		if (!split_passwd(line, f) || !f[0][0] ||
		    text_read_u64(f[2], strlen(f[2]), &n) < 0 || n != uid)
			continue;
		*ret_name = strdup(f[0]);
		*ret_home = strdup(f[5]);
		return *ret_name && *ret_home ? 0 : -ENOMEM;
	}
	return 0;
}

/* A passwd file that cannot be read is one without our line. */
static int passwd_lookup(uid_t uid, char **ret_name, char **ret_home)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	*ret_name = *ret_home = NULL;
	if (fd < 0 || fd_slurp(fd, PASSWD_MAX, &text, NULL) < 0)
		return 0;
	return host_passwd_find(text, uid, ret_name, ret_home);
}

/* Fit for a line of passwd inside the sandbox and for $USER. */
static bool is_plain_name(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!n || n > 255)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == ':' || *s == '/' ||
		    *s == 0x7f)
			return false;
	return true;
}

int host_user_name(uid_t uid, char **ret, struct err *err)
{
	CLEANUP_FREE char *name = NULL;
	CLEANUP_FREE char *home = NULL;
	const char *env = getenv("USER");

	if (passwd_lookup(uid, &name, &home) < 0)
		return err_nomem(err);
	if (!is_plain_name(env))
		env = getenv("LOGNAME");
	if (is_plain_name(name))
		*ret = steal_ptr(&name);
	else if (is_plain_name(env))
		*ret = strdup(env);
	else if (asprintf(ret, "%u", (unsigned)uid) < 0)
		*ret = NULL;
	return *ret ? 0 : err_nomem(err);
}

static bool is_usable_home(const char *path)
{
	struct stat st;

	return path && path[0] == '/' && path[strspn(path, "/")] &&
	       stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int host_home(char **ret, struct err *err)
{
	const char *env = getenv("HOME");
	CLEANUP_FREE char *name = NULL;
	CLEANUP_FREE char *home = NULL;
	bool usable = is_usable_home(env);
	struct quoted q;
	char *clean;

	if (!usable) {
		if (passwd_lookup(getuid(), &name, &home) < 0)
			return err_nomem(err);
		usable = is_usable_home(home);
	}
	if (!usable)
		return err_set(err, ENOENT, "no home folder: $HOME is %s and "
			       "/etc/passwd names none that exists; set HOME "
			       "to a folder of yours",
			       env ? quote(&q, env) : "not set");
	clean = path_normalise(home ? home : env);
	if (!clean)
		return err_nomem(err);
	*ret = clean;
	return 0;
}

static int base_dir(const char *variable, const char *below_home, char **ret,
		    struct err *err)
{
	const char *env = getenv(variable);
	CLEANUP_FREE char *home = NULL;
	char *dir;
	int r;

	if (env && env[0] == '/') {
		dir = path_normalise(env);
	} else {
		r = host_home(&home, err);
		if (r < 0)
			return r;
		dir = path_join(home, below_home);
	}
	if (!dir)
		return err_nomem(err);
	*ret = dir;
	return 0;
}

int host_data_home(char **ret, struct err *err)
{
	return base_dir("XDG_DATA_HOME", ".local/share", ret, err);
}

int host_config_home(char **ret, struct err *err)
{
	return base_dir("XDG_CONFIG_HOME", ".config", ret, err);
}

int host_runtime_dir(char **ret, struct err *err)
{
	const char *env = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	char *dir;

	*ret = NULL;
	if (!env || env[0] != '/' || stat(env, &st) < 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
	    (st.st_mode & 077))
		return 0;
	dir = path_normalise(env);
	if (!dir)
		return err_nomem(err);
	*ret = dir;
	return 0;
}

int host_random_hex(char *ret, size_t n_bytes, struct err *err)
{
	uint8_t bytes[RANDOM_MAX];
	size_t got = 0;

	if (n_bytes > sizeof(bytes))
		return err_set(err, EINVAL, "too many random bytes wanted");
	while (got < n_bytes) {
		ssize_t n = getrandom(bytes + got, n_bytes - got, 0);

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "cannot get random bytes");
		if (n > 0)
			got += (size_t)n;
	}
	text_hex(ret, bytes, n_bytes);
	return 0;
}
