/*
 * value_names.c - what the permissions files and bus name
 *
 * files: PATH:ACCESS, split at the last colon because a path may hold one.
 * Whether a path is protected or exists is the launcher's question; here only
 * the form counts.
 *
 * Bus names and rules are those of xdg-dbus-proxy: NAME may end with ".*", a
 * rule is NAME=, then INTERFACE.MEMBER, "INTERFACE.*" or "*", then @ and an
 * object path; one of the two parts may be missing.
 */
#include "manifests/values_internal.h"

#include <string.h>

#include "runtime/path.h"
#include "runtime/text.h"

/* ---- files ------------------------------------------------------------------ */

static const char *const places[] = {
	"cwd", "drives", "xdg-documents", "xdg-download", "xdg-music",
	"xdg-pictures", "xdg-videos", "xdg-desktop", "xdg-templates",
	"xdg-publicshare",
};

static const char *const accesses[] = {
	[ACCESS_RO] = "ro", [ACCESS_RW] = "rw", [ACCESS_CREATE] = "create",
};

static bool is_files_path(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strcmp(path, places[i]) == 0)
			return true;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	if (path[0] == '~')
		return path[1] == '\0' ||
		       (path[1] == '/' && path_is_clean(path + 2, false));
	return path[0] == '/' && path_is_clean(path, true);
}

int value_check_files_path(const char *text, struct err *err)
{
	const char *near;

	if (is_files_path(text))
		return 0;
	if (text[0] == '/' || text[0] == '~')
		return value_bad(err, text, "is not a clean path",
				 "write it without \"//\", \".\", \"..\" and a /"
				 " at the end");
	value_bad(err, text, "is not a place of files", NULL);
	near = text_nearest(text, places, ARRAY_SIZE(places));
	if (near)
		return err_hint(err, "did you mean \"%s\"?", near);
	return err_hint(err, "write cwd, drives, an xdg- folder such as "
			"xdg-documents, ~/PATH or /PATH");
}

static int read_access(const char *text, enum file_access *ret,
		       struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
		if (strcmp(text, accesses[i]) == 0) {
			*ret = (enum file_access)i;
			return 0;
		}
	value_bad(err, text, "is not a way to access files", NULL);
	return err_hint(err, "write ro, rw or create behind the last colon");
}

int perm_files_split(const char *value, char **ret_path,
		     enum file_access *ret_access, struct err *err)
{
	const char *colon = strrchr(value, ':');
	CLEANUP_FREE char *path = NULL;
	enum file_access access = ACCESS_RO;
	int r;

	if (!colon)
		return value_bad(err, value, "says no access",
				 "write PATH:ro, PATH:rw or PATH:create");
	path = strndup(value, (size_t)(colon - value));
	if (!path)
		return err_nomem(err);
	r = value_check_files_path(path, err);
	if (r < 0)
		return r;
	r = read_access(colon + 1, &access, err);
	if (r < 0)
		return r;
	*ret_path = steal_ptr(&path);
	*ret_access = access;
	return 0;
}

int value_check_files(const char *text, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	enum file_access access;

	return perm_files_split(text, &path, &access, err);
}

/* ---- D-Bus ------------------------------------------------------------------- */

#define BUS_NAME_MAX 255

static size_t element_len(const char *s, const char *more)
{
	size_t n = 0;

	while (value_is_alnum(s[n]) || (s[n] && strchr(more, s[n])))
		n++;
	return s[0] >= '0' && s[0] <= '9' ? 0 : n;
}

/* Length of a dotted name of at least `least` elements, at the end ".*" when
 * that is allowed; 0: there is none. */
static size_t dotted_len(const char *s, const char *more, unsigned least,
			 bool star)
{
	size_t len = 0;
	unsigned n = 0;

	for (;;) {
		size_t e;

		if (star && n >= least && s[len] == '*')
			return len + 1;
		e = element_len(s + len, more);
		if (e == 0)
			return 0;
		len += e;
		n++;
		if (s[len] != '.')
			return n >= least ? len : 0;
		len++;
	}
}

static bool is_bus_name(const char *s, size_t len)
{
	return len && len <= BUS_NAME_MAX &&
	       dotted_len(s, "_-", 2, true) == len;
}

int value_check_bus_name(const char *text, struct err *err)
{
	if (is_bus_name(text, strlen(text)))
		return 0;
	return value_bad(err, text, "is not a bus name",
			 "write at least two parts with a dot between, such as"
			 " org.example.Service or org.example.*");
}

/* "*", INTERFACE.* or INTERFACE.MEMBER; empty when only a path is meant. */
static bool is_method(const char *s, size_t len)
{
	if (len == 1 && s[0] == '*')
		return true;
	return len <= BUS_NAME_MAX &&
	       (dotted_len(s, "_", 3, false) == len ||
		(len > 2 && s[len - 1] == '*' &&
		 dotted_len(s, "_", 2, true) == len));
}

/* An object path; its last element may be a star alone. */
static bool is_object_path(const char *s)
{
	if (strcmp(s, "/") == 0)
		return true;
	if (s[0] != '/')
		return false;
	while (s[0] == '/') {
		size_t n = 0;

		if (s[1] == '*' && !s[2])
			return true;
		while (value_is_alnum(s[1 + n]) || s[1 + n] == '_')
			n++;
		if (n == 0)
			return false;
		s += 1 + n;
	}
	return *s == '\0';
}

static bool is_bus_rule(const char *s)
{
	size_t name = strcspn(s, "="), method;

	if (s[name] != '=' || !is_bus_name(s, name))
		return false;
	s += name + 1;
	method = strcspn(s, "@");
	if (s[method] == '@' && !is_object_path(s + method + 1))
		return false;
	if (method == 0)
		return s[0] == '@';
	return is_method(s, method);
}

int value_check_bus_rule(const char *text, struct err *err)
{
	if (is_bus_rule(text))
		return 0;
	return value_bad(err, text, "is not a rule of the bus",
			 "write NAME=INTERFACE.MEMBER@/path, such as"
			 " org.example.Service=org.example.Door.Open@/door/*");
}
