/*
 * values.c - checks of single texts (see values.h)
 *
 * One table: for each kind a regular expression and words for schema and
 * reference, and the function that checks.  Kinds whose canonical text differs
 * from what is written (limits) stand in value_units.c, names of D-Bus and of
 * the files permission in value_names.c.
 */
#include "manifests/values_internal.h"

#include <string.h>

#include "runtime/buf.h"
#include "runtime/path.h"
#include "runtime/text.h"

#define SHOWN 96

const char *value_shown(char *space, size_t size, const char *text)
{
	size_t len;

	text_quoted(space, size, text);
	len = strlen(space);
	if (*space == '\'' || len + 3 > size)
		return space;
	memmove(space + 1, space, len);
	space[0] = space[len + 1] = '"';
	space[len + 2] = '\0';
	return space;
}

int value_bad(struct err *err, const char *text, const char *what,
	      const char *remedy)
{
	char space[SHOWN];

	err_set(err, EINVAL, "%s %s", value_shown(space, sizeof(space), text),
		what);
	return remedy ? err_hint(err, "%s", remedy) : -EINVAL;
}

/* ---- character classes ---------------------------------------------------- */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool value_is_alnum(char c)
{
	return is_alpha(c) || is_digit(c);
}

/* All of letters, digits and `more`, not empty. */
bool value_is_made_of(const char *text, const char *more)
{
	if (!*text)
		return false;
	for (const char *p = text; *p; p++)
		if (!value_is_alnum(*p) && !strchr(more, *p))
			return false;
	return true;
}

bool value_has_control(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return true;
	return false;
}

/* ---- texts ---------------------------------------------------------------- */

static int check_any(const char *text, struct err *err)
{
	(void)text;
	(void)err;
	return 0;
}

static int check_text(const char *text, struct err *err)
{
	if (!*text)
		return err_set(err, EINVAL, "the text is empty");
	if (value_has_control(text))
		return value_bad(err, text, "holds a control character", NULL);
	return 0;
}

static int check_bool(const char *text, struct err *err)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return 0;
	return value_bad(err, text, "is neither true nor false",
			 "write true or false");
}

static int check_schema(const char *text, struct err *err)
{
	uint64_t version;

	if (strcmp(text, "1") == 0)
		return 0;
	if (text_read_u64(text, strlen(text), &version) == 0 && version > 1)
		return value_bad(err, text,
				 "is a newer grammar than this holdall "
				 HOLDALL_VERSION " reads (1)",
				 "install a newer holdall, or write 1");
	return value_bad(err, text, "is no version of the grammar", "write 1");
}

static int check_app_id(const char *text, struct err *err)
{
	if (text_is_app_id(text))
		return 0;
	return value_bad(err, text, "is not an app id",
			 "write at least three parts of letters, digits, _ and -"
			 " with dots between, such as org.example.Editor");
}

static int check_version(const char *text, struct err *err)
{
	if (value_is_made_of(text, ".+~:_-") && value_is_alnum(*text) &&
	    strlen(text) <= 128)
		return 0;
	return value_bad(err, text, "is not a version",
			 "write letters, digits and . + ~ : _ -, beginning with a"
			 " letter or digit, at most 128 of them");
}

static int check_arch(const char *text, struct err *err)
{
	if (value_is_made_of(text, "_") && strlen(text) <= 32)
		return 0;
	return value_bad(err, text, "is not a machine's name",
			 "write what uname -m prints, such as x86_64");
}

static int check_command_name(const char *text, struct err *err)
{
	if (*text && !strchr(text, '/') && *text != '-' && !value_has_control(text) &&
	    strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	    strlen(text) <= 255)
		return 0;
	return value_bad(err, text, "is not a name of a command",
			 "write a file name without / that does not begin with -");
}

static int check_program(const char *text, struct err *err)
{
	if (*text == '/' && path_is_clean(text, true) && text[1] &&
	    !value_has_control(text))
		return 0;
	if (!strchr(text, '/') && check_command_name(text, err) == 0)
		return 0;
	return value_bad(err, text, "is not a program's name",
			 "write a name that is looked up in PATH, or an absolute"
			 " path in the image");
}

/*
 * HOME, the XDG runtime folder and what tells an app where it runs is the
 * launcher's to set: a manifest that moves them moves files out of the home
 * that holdall keeps, or talks an app into believing in another sandbox.
 * LD_PRELOAD and LD_LIBRARY_PATH name files of the image and stay allowed.
 */
static const char *const owned_names[] = {
	"HOME", "USER", "LOGNAME", "SHELL", "PWD", "XDG_RUNTIME_DIR",
	"DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "PULSE_SERVER", "container",
};

static int check_env_name(const char *text, struct err *err)
{
	if (!value_is_made_of(text, "_") || is_digit(*text) ||
	    strlen(text) > 255)
		return value_bad(err, text, "is not a variable's name",
				 "write letters, digits and _, not beginning with"
				 " a digit");
	for (size_t i = 0; i < ARRAY_SIZE(owned_names); i++)
		if (strcmp(text, owned_names[i]) == 0)
			return value_bad(err, text, "is set by holdall itself",
					 "leave it out");
	if (strncmp(text, "HOLDALL_", 8) == 0)
		return value_bad(err, text, "is holdall's own (HOLDALL_*)",
				 "choose another name");
	return 0;
}

/* ---- names of Debian -------------------------------------------------------- */

static int check_locale(const char *text, struct err *err)
{
	if (value_is_made_of(text, "_@.-") && is_lower(*text) &&
	    strlen(text) <= 64)
		return 0;
	return value_bad(err, text, "is not a locale",
			 "write a language such as de or pt_BR");
}

static int check_package(const char *text, struct err *err)
{
	size_t name = strcspn(text, ":=/");

	for (size_t i = 0; i < name; i++)
		if (!is_lower(text[i]) && !is_digit(text[i]) &&
		    !(i && strchr("+-.", text[i])))
			name = 0;
	if (name >= 2 && value_is_made_of(text, "+-.:=~/") &&
	    strlen(text) <= 255)
		return 0;
	return value_bad(err, text, "is not a package's name",
			 "write NAME, NAME:ARCH or NAME=VERSION, NAME in small"
			 " letters");
}

static int check_suite(const char *text, struct err *err)
{
	if (value_is_made_of(text, "+-.~_/") && value_is_alnum(*text) &&
	    path_is_clean(text, false) && strlen(text) <= 128)
		return 0;
	return value_bad(err, text, "is not a suite",
			 "write a release such as bookworm");
}

static int check_uri(const char *text, struct err *err)
{
	static const char *const schemes[] = {
		"https://", "http://", "file:/", "copy:/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(text, schemes[i], len) == 0 && text[len] &&
		    !strpbrk(text, " \"'\\<>") && !value_has_control(text))
			return 0;
	}
	return value_bad(err, text, "is not an address of a package archive",
			 "write https://HOST/PATH, http://HOST/PATH or file:/PATH");
}

/* ---- the table -------------------------------------------------------------- */

static const struct value_row {
	const char *pattern, *words;
	int (*check)(const char *text, struct err *err);
	int (*convert)(const char *text, char **ret, struct err *err);
} kinds[VALUE_KINDS] = {
	[VALUE_TEXT] = { "^[^\\u0000-\\u001f\\u007f]+$", "text", check_text },
	[VALUE_ANY] = { NULL, "text", check_any },
	[VALUE_CHOICE] = { NULL, "one of the words below", NULL },
	[VALUE_BOOL] = { "^(true|false)$", "true or false", check_bool },
	[VALUE_SCHEMA] = { "^1$", "1", check_schema },
	[VALUE_APP_ID] = { "^[A-Za-z_-][A-Za-z0-9_-]*"
			   "(\\.[A-Za-z_-][A-Za-z0-9_-]*){2,}$",
			   "an app id such as org.example.Editor", check_app_id },
	[VALUE_VERSION] = { "^[A-Za-z0-9][A-Za-z0-9.+~:_-]{0,127}$",
			    "a version such as 1.10", check_version },
	[VALUE_ARCH] = { "^[A-Za-z0-9_]{1,32}$", "a machine's name", check_arch },
	[VALUE_PROGRAM] = { "^(/.+|[^-/][^/]*)$",
			    "a program's name or absolute path", check_program },
	[VALUE_COMMAND_NAME] = { "^[^-/][^/]{0,254}$", "a file name",
				 check_command_name },
	[VALUE_ENV_NAME] = { "^[A-Za-z_][A-Za-z0-9_]{0,254}$",
			     "a variable's name", check_env_name },
	[VALUE_INSIDE] = { "^/", "an absolute path in the image",
			   value_check_inside },
	[VALUE_BESIDE] = { "^[^~]", "a path from the manifest's folder",
			   value_check_beside },
	[VALUE_ICON] = { "^[^~].*\\.(png|svg)$", "an absolute path in the image, or a path from "
			 "the manifest's folder", value_check_icon },
	[VALUE_DESKTOP] = { "^(none|[^~].*\\.desktop)$", "an absolute path in the image, a path from "
			    "the manifest's folder, or none", value_check_desktop },
	[VALUE_GLOB] = { "^[^/]|^/.", "a pattern such as /usr/share/doc or *.la",
			 value_check_glob },
	[VALUE_LOCALE] = { "^[a-z][A-Za-z0-9_@.-]{0,63}$", "a language",
			   check_locale },
	[VALUE_PACKAGE] = { "^[a-z0-9][a-z0-9+.-]+([:=/][A-Za-z0-9+.:=~/-]*)?$",
			    "a package's name", check_package },
	[VALUE_SUITE] = { "^[A-Za-z0-9][A-Za-z0-9+.~_/-]{0,127}$", "a release",
			  check_suite },
	[VALUE_URI] = { "^(https?://|file:/|copy:/)[^ \"'\\\\<>]+$",
			"an address", check_uri },
	[VALUE_FILES_PATH] = { FILES_PATH_RE "$", FILES_PATH_WORDS,
			       value_check_files_path },
	[VALUE_FILES] = { FILES_PATH_RE ":(ro|rw|create)$",
			  "PATH:ACCESS; PATH: " FILES_PATH_WORDS
			  "; ACCESS: ro, rw, create", value_check_files },
	[VALUE_BUS_NAME] = { "^" BUS_NAME_RE "$",
			     "a bus name; .* at the end stands for all below",
			     value_check_bus_name },
	[VALUE_BUS_RULE] = { "^" BUS_NAME_RE "=.+$",
			     "NAME=INTERFACE.MEMBER@/path; INTERFACE.* or * for "
			     "all members, /path/* for all below",
			     value_check_bus_rule },
	[VALUE_MEMORY] = { "^[1-9][0-9]*(KiB|MiB|GiB|TiB|kB|MB|GB|TB)?$",
			   "a size such as 512MiB or 2GiB", NULL,
			   value_convert_memory },
	[VALUE_CPU] = { "^[1-9][0-9]*%$", "a percentage such as 150%", NULL,
			value_convert_cpu },
	[VALUE_TASKS] = { "^[1-9][0-9]*$", "a number", NULL,
			  value_convert_tasks },
	[VALUE_TIME] = { "^[1-9][0-9]*(s|min|h|d)$",
			 "a duration such as 60s, 5min, 2h or 1d", NULL,
			 value_convert_time },
};

const char *value_pattern(enum value_kind kind)
{
	return kinds[kind].pattern;
}

const char *value_words(enum value_kind kind)
{
	return kinds[kind].words;
}

/* ---- choices ---------------------------------------------------------------- */

#define CHOICES_MAX 16

const struct choice *choice_find(const struct choice *choices, const char *text)
{
	for (; choices->text; choices++)
		if (strcmp(choices->text, text) == 0)
			return choices;
	return NULL;
}

const char *choice_nearest(const struct choice *choices, const char *text)
{
	const char *words[CHOICES_MAX];
	size_t n = 0;

	for (; choices->text && n < CHOICES_MAX; choices++)
		words[n++] = choices->text;
	return text_nearest(text, words, n);
}

static void list_choices(const struct choice *choices, struct buf *out)
{
	for (const struct choice *c = choices; c->text; c++) {
		if (c != choices)
			buf_adds(out, c[1].text ? ", " : " or ");
		buf_adds(out, c->text);
	}
}

static int check_choice(const struct choice *choices, const char *text,
			struct err *err)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	const char *near;

	if (choice_find(choices, text))
		return 0;
	value_bad(err, text, "is not known here", NULL);
	near = choice_nearest(choices, text);
	if (near)
		return err_hint(err, "did you mean \"%s\"?", near);
	list_choices(choices, &list);
	return err_hint(err, "write %s", buf_text(&list));
}

/* ---- the doors --------------------------------------------------------------- */

static int check(enum value_kind kind, const struct choice *choices,
		 const char *text, struct err *err)
{
	if (strlen(text) > VALUE_MAX)
		return value_bad(err, text, "is longer than 4096 bytes", NULL);
	if (kind == VALUE_CHOICE)
		return check_choice(choices, text, err);
	return kinds[kind].check ? kinds[kind].check(text, err) : 0;
}

int value_read(enum value_kind kind, const struct choice *choices,
	       const char *text, char **ret, struct err *err)
{
	char *copy;
	int r = check(kind, choices, text, err);

	if (r < 0)
		return r;
	if (kinds[kind].convert)
		return kinds[kind].convert(text, ret, err);
	copy = strdup(text);
	if (!copy)
		return err_nomem(err);
	*ret = copy;
	return 0;
}

bool value_is_canonical(enum value_kind kind, const struct choice *choices,
			const char *text)
{
	struct err err;

	if (kinds[kind].convert)
		return value_is_number(kind, text);
	return check(kind, choices, text, &err) == 0;
}
